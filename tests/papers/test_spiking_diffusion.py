"""The recipe of spiking diffusion: structure as claimed, the same pictures judged alike, and files of what was made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lilliput.papers import Context, Result, Row, papers
from lilliput.papers.spiking_diffusion import OWN, Settings, compare, run

FEW = {
    "epochs": 1, "tune_epochs": 1, "judge_epochs": 1, "calls": 2, "steps": 2, "base": 8, "groups": 4, "levels": 3,
    "thresholds": "0.9", "others": "analytic", "samples": 80, "counted": 4, "powered": 8, "shown": 4, "columns": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bright squares on dark ground, in two places."""
    rng = np.random.default_rng(0)
    y = np.tile([0, 1], 140)
    x = rng.integers(0, 40, (len(y), 8, 8)).astype(np.uint8)
    for item, label in zip(x, y, strict=True):
        item[1:4, 1 + 3 * label : 4 + 3 * label] += 200
    path = tmp_path_factory.mktemp("squares") / "squares.npz"
    np.savez(path, x=x, y=y, split=np.repeat([0, 1, 2], [160, 20, 100]))
    return path


def result(method: str, folder: Path, task: Path) -> Result:
    folder.mkdir()
    settings = Settings(task=str(task), **FEW)  # type: ignore[arg-type]
    return run(
        Context(paper="spiking-diffusion", scale="smoke", method=method, seed=0, settings=settings, folder=folder)
    )


def rows(found: Result) -> dict[tuple[str, str], float]:
    return {(row.name.split(",")[0], row.split): row.value for row in found.rows}


def test_the_spiking_network_with_and_without_gains_and_guidance(tmp_path: Path, task: Path):
    found = result("spiking-diffusion", tmp_path / "own", task)
    table = rows(found)
    for split in (
        "neither",
        "gains",
        "guidance",
        "both",
        "real pictures",
        "noise",
        "gains, analytic",
        "gains, thresholds x 0.9",
    ):
        assert any(name == "Fréchet distance" and row.startswith(split) for name, row in table), split
    assert table["Fréchet distance", "real pictures, held out"] < table["Fréchet distance", "noise"] / 10
    assert table["squared error of the noise", "best linear guess"] < 1
    assert table["parameters", "gains"] > table["parameters", "neither"]
    assert table["energy of one call", "gains"] > 0
    assert table["factor of the thresholds", "both"] == 0.9
    assert table["mean gain", "time step 1"] != 1
    assert (
        table["squared error of the noise", "gains, neurons silenced"] != table["squared error of the noise", "gains"]
    )
    claims = {claim.id: claim.figure for claim in papers["spiking-diffusion"].claims}
    assert found.measured == {
        name: claims[name] for name in ("unet.params", "unet.macs", "unet.neurons", "gain.params")
    }
    written = {path.name for path in found.artifacts}
    assert {"judge.json", "both.png", "neither.png", "real-pictures-held-out.png", "gains-layers.json"} <= written
    judge = json.loads((tmp_path / "own" / "judge.json").read_text("utf-8"))
    assert judge["judge"].startswith("resnet8 trained on ")
    assert len(judge["weights"]) == 12


def test_the_ordinary_and_the_converted_network(tmp_path: Path, task: Path):
    ann = rows(result("ann", tmp_path / "ann", task))
    assert ann["energy of one call", "test"] > 0
    assert ("spikes a neuron and step", "test") not in ann
    converted = rows(result("converted", tmp_path / "converted", task))
    for split in ("before conversion", "converted", "tuned by blocks"):
        assert converted["Fréchet distance", split] > 0
    errors = [
        converted["relative squared error of the conversion", split] for split in ("converted", "tuned by blocks")
    ]
    assert errors[1] != errors[0]
    assert converted["spikes a neuron and step", "converted"] > 0


def test_claims_compare_means_over_seeds():
    name = "Fréchet distance, judge"
    table = [
        (name, OWN, "neither", (10, 11)),
        (name, OWN, "both", (8, 9)),
        (name, OWN, "guidance", (9, 10)),
        ("energy of one call", OWN, "gains", (2, 2)),
        ("energy of one call by the usual formula", OWN, "gains", (99, 99)),
        ("energy of one call", "ann", "test", (5, 5)),
    ]
    found = compare(
        Result(
            tuple(
                Row(what, value, split=split, method=method, seed=seed)
                for what, method, split, values in table
                for seed, value in enumerate(values)
            )
        )
    )
    assert found == {"both.gain": pytest.approx(100 * (8.5 / 10.5 - 1)), "threshold.gain": -1, "energy.gain": 2.5}
