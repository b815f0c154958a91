"""The functions of the float kernels over all of float32: every 4099th number, and the numbers near the seams."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch

from lilliput.compiler.graph import Array
from tests.runtime.harness import STRICT

MAIN = """
#include <stdio.h>
%(includes)s
int main(void)
{
    float x[1024];
    size_t n;
    while ((n = fread(x, sizeof x[0], 1024, stdin)) > 0) {
        for (size_t i = 0; i < n; i++) {
            const float y[] = {%(calls)s};
            if (fwrite(y, sizeof y, 1, stdout) != 1) return 3;
        }
    }
    return 0;
}
"""


def _erf(x: Array) -> Array:
    made: Array = torch.special.erf(torch.from_numpy(x)).numpy()
    return made


def _sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1.0) / (1.0 + e)


REFERENCES: dict[str, tuple[Callable[[Array], Array], float]] = {
    "lp_expf": (np.exp, 2.0), "lp_tanhf": (np.tanh, 3.0), "lp_sigmoidf": (_sigmoid, 4.0), "lp_erff": (_erf, 3.0),
    "lp_logf": (np.log, 2.0), "lp_sqrtf": (np.sqrt, 0.5), "lp_sinf": (np.sin, 0.0), "lp_cosf": (np.cos, 0.0),
    "lp_floor": (np.floor, 0.0), "lp_truncate": (np.trunc, 0.0),
}  # fmt: skip
"""Function → the same in float64, and the units in the last place that its header allows; 0 where it says otherwise."""
HEADERS = ("lp_expf", "lp_tanhf", "lp_sigmoidf", "lp_erff", "lp_logf", "lp_sqrtf", "lp_sinf", "lp_powf")
TRIGONOMETRIC = 1.3e-7


def numbers() -> Array:
    near = np.array(
        [0.0, 0.625, 1.0, 4.0, 9.1, 88.72283, -87.33654, -103.97208, 4096.0, 8388608.0, 2.0**-126, 0.34657359]
    )
    around = (near[:, None] * (1 + np.arange(-8, 9) * 2.0**-23)).ravel().astype(np.float32)
    bits = np.arange(0, 1 << 32, 4099, dtype=np.uint64).astype(np.uint32)
    x = np.concatenate([bits.view(np.float32), around, -around])
    return x[np.isfinite(x)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Array]:
    """Input, and by function what the C gives."""
    compiler, folder = shutil.which("gcc"), tmp_path_factory.mktemp("math")
    if compiler is None:
        pytest.skip("gcc is not installed")
    calls = [f"{name}(x[i])" for name in REFERENCES] + ["lp_powf(x[i], 2.5f)", "lp_powf(x[i], -3.0f)"]
    text = MAIN % {"includes": "\n".join(f'#include "{name}.h"' for name in HEADERS), "calls": ", ".join(calls)}
    (folder / "main.c").write_text(text)
    command = [compiler, *STRICT, "-O2", "-ffp-contract=off", f"-I{files('lilliput.runtime')}", "main.c", "-o", "run"]
    subprocess.run(command, cwd=folder, check=True)
    x = numbers()
    done = subprocess.run([str(folder / "run")], input=x.tobytes(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    y = np.frombuffer(done.stdout, np.float32).reshape(len(x), len(calls))
    return {"x": x, "power": y[:, -2], "inverse": y[:, -1]} | {name: y[:, i] for i, name in enumerate(REFERENCES)}


def wanted(name: str, x: Array) -> Array:
    with np.errstate(all="ignore"):
        return REFERENCES[name][0](x.astype(np.float64))


def steps(y: Array, reference: Array) -> Array:
    """Distance in units in the last place of the result, those of the least normal number below it."""
    size = np.maximum(np.abs(reference), 2.0**-126)
    distance: Array = np.abs(y.astype(np.float64) - reference) / 2.0 ** (np.floor(np.log2(size)) - 23)
    return distance


@pytest.mark.parametrize("name", [name for name, (_, bound) in REFERENCES.items() if bound])
def test_the_result_is_as_near_as_the_header_says(made: dict[str, Array], name: str) -> None:
    reference = wanted(name, made["x"])
    known = np.isfinite(reference) & (np.abs(reference) < 3.4e38)
    assert steps(made[name][known], reference[known]).max() <= REFERENCES[name][1]
    assert known.sum() > 400_000
    assert np.isnan(made[name][np.isnan(reference)]).all()
    assert np.isinf(made[name][np.abs(reference) > 3.5e38]).all()


@pytest.mark.parametrize("name", ["lp_sinf", "lp_cosf"])
def test_sine_and_cosine_are_near_for_every_number(made: dict[str, Array], name: str) -> None:
    assert np.abs(made[name] - wanted(name, made["x"])).max() <= TRIGONOMETRIC


@pytest.mark.parametrize("name", ["lp_floor", "lp_truncate"])
def test_whole_numbers_are_exact(made: dict[str, Array], name: str) -> None:
    np.testing.assert_array_equal(made[name], wanted(name, made["x"]))


def test_powers_are_as_near_as_the_header_says(made: dict[str, Array]) -> None:
    x = made["x"].astype(np.float64)
    with np.errstate(all="ignore"):
        power, inverse = x**2.5, x**-3.0
        bound = 2.0**-22 * (1 + np.abs(2.5 * np.log(x)))
    known = np.isfinite(power) & (power < 3e38) & (power > 1e-37)
    assert (np.abs(made["power"][known] / power[known] - 1) <= bound[known]).all()
    assert np.isnan(made["power"][x < 0]).all()
    known = (np.abs(inverse) < 1e37) & (np.abs(inverse) > 1e-37)
    assert (np.abs(made["inverse"][known] / inverse[known] - 1) <= 5 * 2.0**-24).all()


def test_not_a_number_stays_so(tmp_path: Path) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not installed")
    names = [name for name in REFERENCES if name not in ("lp_floor", "lp_truncate")]
    text = MAIN % {
        "includes": "\n".join(f'#include "{name}.h"' for name in HEADERS),
        "calls": ", ".join(f"{name}(x[i])" for name in names),
    }
    (tmp_path / "main.c").write_text(text)
    command = [compiler, *STRICT, f"-I{files('lilliput.runtime')}", "main.c", "-o", "run"]
    subprocess.run(command, cwd=tmp_path, check=True)
    given = np.array([np.nan, np.inf], np.float32)
    done = subprocess.run([str(tmp_path / "run")], input=given.tobytes(), capture_output=True, check=True)
    y = dict(zip(names, np.frombuffer(done.stdout, np.float32).reshape(2, -1).T, strict=True))
    assert all(np.isnan(pair[0]) for pair in y.values())
    ends = {"lp_expf": np.inf, "lp_tanhf": 1, "lp_sigmoidf": 1, "lp_erff": 1, "lp_logf": np.inf, "lp_sqrtf": np.inf}
    assert {name: y[name][1] for name in ends} == ends
    assert np.isnan(y["lp_sinf"][1])
