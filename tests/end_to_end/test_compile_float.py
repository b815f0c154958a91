"""Networks in float32 from the command line: compiled as they are, proved, run, packaged, checked, quantised."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

from lilliput.boards.agree import agreement
from lilliput.cli.main import run
from tests.tasks.shared_data import shared

BOARD = ("--board", "nucleo-f446re")


def lilliput(arguments: list[str], folder: Path, code: int = 0) -> str:
    """What a command in `folder` writes; to standard error where it is to fail."""
    out, error = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        assert run(arguments) == code, error.getvalue()
    return error.getvalue() if code else out.getvalue()


def small() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU6(), nn.Conv2d(8, 8, 3, padding=1, groups=8),
        nn.SiLU(), nn.Conv2d(8, 8, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5), nn.Softmax(-1),
    ).eval()  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network from PyTorch, compiled without calibration."""
    place = tmp_path_factory.mktemp("float")
    torch.export.save(torch.export.export(small(), (torch.zeros(1, 3, 12, 10),)), place / "small.pt2")
    with pytest.MonkeyPatch.context() as patch:  # the home of each test is set for tests, not for what they share
        patch.setenv("LILLIPUT_HOME", str(tmp_path_factory.getbasetemp() / "home"))
        told = json.loads(lilliput(["compile", "small.pt2", *BOARD, "--out", "net", "--json"], place))
    assert (told["arithmetic"], told["proof"]["rows"], told["proof"]["differing_bytes"]) == ("float32", 8, 0)
    assert 0 <= told["proof"]["largest_error"] < told["proof"]["bound"] == 1e-5
    assert told["arena_bytes"] >= 12 * 10 * 3 * 4
    assert told["flash_bytes"] > told["constants_bytes"] > 4 * told["params"]
    return place


def test_host_and_board_give_what_torch_gives(folder: Path) -> None:
    x = np.random.default_rng(0).normal(0, 1, (4, 3, 12, 10)).astype(np.float32)
    with torch.no_grad():
        wanted = small()(torch.from_numpy(x)).numpy()
    np.save(folder / "x.npy", x.transpose(0, 2, 3, 1).astype(np.float64))
    for on in ("host", "board"):
        lilliput(["exec", "net", "--on", on, "--input", "x.npy", "--output", f"{on}.npy"], folder)
    made = np.load(folder / "host.npy")
    assert made.dtype == np.float32
    assert agreement([made], [wanted], 4).row is None
    np.testing.assert_array_equal(np.load(folder / "board.npy"), made)


def test_what_is_no_float32_is_refused(folder: Path) -> None:
    np.save(folder / "far.npy", np.full((1, 12, 10, 3), 1e300))
    told = lilliput(["exec", "net", "--on", "host", "--input", "far.npy"], folder, 2)
    assert "lilliput_model_input takes float32, the file holds float64 up to 1e+300" in told
    np.save(folder / "nan.npy", np.full((1, 12, 10, 3), np.nan, np.float32))
    assert "NaN or infinity" in lilliput(["exec", "net", "--on", "host", "--input", "nan.npy"], folder, 3)


def test_the_folder_holds_the_network_and_its_check(folder: Path) -> None:
    weights = load_file(folder / "net" / "model" / "model.float32.safetensors")
    assert {array.dtype for array in weights.values()} == {np.dtype(np.float32)}
    told = lilliput(["check", "net"], folder)
    assert "within the bound: yes, host and nucleo-f446re by" in told
    assert "arithmetic: float32" in (folder / "net" / "report.md").read_text()


def test_the_packaged_check_passes_and_fails_with_the_number(folder: Path, tmp_path: Path) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not installed")
    package = shutil.copytree(folder / "net" / "firmware", tmp_path / "firmware")
    command = [
        compiler, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-Isrc", "-Iexamples/Check",
        "-o", "check", "examples/check.c", *(str(path) for path in sorted(package.glob("src/*.c"))),
    ]  # fmt: skip
    subprocess.run(command, cwd=package, check=True)
    done = subprocess.run([package / "check"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("OK: ")
    source = package / "src" / "lp_fully_connected_f32.c"
    source.write_text(source.read_text().replace("op->bias[o]", "op->bias[o] + 1.0f"))
    subprocess.run(command, cwd=package, check=True)
    done = subprocess.run([package / "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "row 0, output 0, value 0: expected 0." in done.stdout


def test_calibration_still_quantises(folder: Path) -> None:
    np.save(folder / "real.npy", np.random.default_rng(1).normal(0, 1, (16, 12, 10, 3)).astype(np.float32))
    arguments = ["compile", "small.pt2", *BOARD, "--calibration", "real.npy", "--out", "small8", "--json"]
    told = json.loads(lilliput(arguments, folder))
    assert (told["arithmetic"], told["inputs"][0]["dtype"]) == ("integer", "int8")
    assert "largest_error" not in told["proof"]


@pytest.mark.shared
def test_a_published_onnx_network_gives_its_published_outputs(tmp_path: Path) -> None:
    stored = np.load(shared("models") / "mnist_onnx_io.npz")
    lilliput(["compile", str(shared("models") / "mnist.onnx"), *BOARD, "--out", "net"], tmp_path)
    np.save(tmp_path / "x.npy", stored["input"].transpose(0, 2, 3, 1))
    lilliput(["exec", "net", "--on", "board", "--input", "x.npy", "--output", "y.npy"], tmp_path)
    assert agreement([np.load(tmp_path / "y.npy")], [stored["output"]], 3).row is None


@pytest.mark.shared
def test_a_hybrid_network_says_what_can_be_done(tmp_path: Path) -> None:
    file = str(shared("models") / "kws_ref_model_float32.tflite")
    assert "--dequantise" in lilliput(["compile", file, *BOARD], tmp_path, 4)
    told = json.loads(lilliput(["cost", file, *BOARD, "--dequantise", "--json"], tmp_path))
    assert told["arithmetic"] == "float32"
