"""`lilliput energy`: counts of networks that were saved, named, converted, or read from a NIR file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lilliput.cli.main import run
from lilliput.layers.spiking import IF, LIF, SpikingSequential
from lilliput.models import create_model
from lilliput.models.package import save_model


def said(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert run(["energy", *words, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_named_network_multiplies_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    found = said(capsys, "resnet8", "--items", "2")
    assert found["macs"] == found["macs_dense"] == 12_501_632
    assert (found["additions"], found["neurons"], found["steps"]) == (0, [], None)
    assert found["energy"]["45nm_fp32"]["total_pj"] == pytest.approx(12_501_632 * 4.6)
    assert found["energy"]["28nm_chip"]["total_pj"] is None
    assert "has no figure for multiplications" in found["energy"]["28nm_chip"]["why"]
    assert len(found["notes"]) == 2
    assert run(["energy", "resnet8", "--items", "1"]) == 0
    out = capsys.readouterr().out
    assert "there are no spiking neurons in it: every layer multiplies" in out
    assert "the input is random numbers" in out
    assert "the weights are untrained" in out


def test_a_saved_network_is_counted_in_its_spiking_form_on_real_items(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    save_model(create_model("resnet8", channels=1, height=28, width=28, filters=4), tmp_path / "model")
    words = [str(tmp_path), "--task", "fashion", "--items", "4", "--convert", "--steps", "6"]
    found = said(capsys, *words)
    assert found["notes"] == []
    assert (found["steps"], found["items"], found["input"]) == (6, 4, [1, 28, 28])
    first, *others = found["layers"]
    assert (first["enters"], first["macs"]) == ("real", 28 * 28 * 9 * 4)
    assert {layer["enters"] for layer in others} <= {"spikes", "counts", "silent"}
    assert found["macs"] == first["macs"]
    assert found["additions"] == pytest.approx(sum(layer["additions"] for layer in others))
    assert found["updates"] == pytest.approx(sum(n["updates"] for n in found["neurons"]))
    energy = found["energy"]["45nm_int8"]
    wanted = 0.23 * found["macs"] + 0.03 * found["additions"] + energy["neurons_pj"]
    assert energy["total_pj"] == pytest.approx(wanted)
    assert energy["total_pj"] == pytest.approx(sum(energy["layers_pj"]) + energy["neurons_pj"])
    faster = said(capsys, *words, "--balance", "percentile", "--start", "0.5")
    assert faster["additions"] > found["additions"]


def test_warnings_name_layers_that_are_dead_or_multiply(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("nir")
    from lilliput.spiking.nir import export_nir

    torch.manual_seed(0)
    quiet, loud = LIF(threshold=1e3), IF(threshold=0.05)
    net = SpikingSequential(nn.Conv2d(2, 3, 3), loud, nn.AvgPool2d(2), nn.Conv2d(3, 3, 3), quiet)
    export_nir(net, tmp_path / "a.nir", torch.rand(2, 1, 2, 10, 10), dt=1e-3)
    assert run(["energy", str(tmp_path / "a.nir"), "--items", "3", "--steps", "5"]) == 0
    out = capsys.readouterr().out
    assert "dead: the neurons of nodes.4 fire less than once in 100 000 updates" in out
    assert "multiplies: nodes.3, since what enters it is no spikes" in out
    assert "the input is spikes by chance" in out
    found = said(capsys, str(tmp_path / "a.nir"), "--items", "3", "--steps", "5")
    assert (found["dead"], found["hidden_floats"], found["steps"]) == (["nodes.4"], ["nodes.3"], 5)
    assert found["layers"][1]["macs"] == found["layers"][1]["macs_dense"] == 5 * 2 * 2 * 27 * 3


def test_a_nir_file_gets_the_frames_of_a_task_of_events(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("nir")
    from lilliput.spiking.nir import export_nir

    torch.manual_seed(0)
    net = SpikingSequential(nn.Conv2d(2, 2, 3, stride=4), IF(threshold=0.5), nn.Flatten(), nn.Linear(128, 10), IF())
    export_nir(net, tmp_path / "a.nir", torch.rand(2, 1, 2, 34, 34), dt=1.0)
    for digit in range(10):
        for part, count in (("Train", 10), ("Test", 1)):
            (tmp_path / part / str(digit)).mkdir(parents=True)
            for item in range(count):
                rng = np.random.default_rng(digit + 10 * item)
                raw = rng.integers(0, 34, (50, 5)).astype(np.uint8)  # x, y, and bits of p and t: any will do
                (tmp_path / part / str(digit) / f"{item}.bin").write_bytes(raw.tobytes())
    words = [str(tmp_path / "a.nir"), "--dt", "1", "--task", "nmnist", "--data", str(tmp_path), "--items", "5"]
    found = said(capsys, *words)
    assert (found["items"], found["steps"], found["input"]) == (5, 10, [20, 34, 34])
    assert (found["layers"][0]["enters"], found["macs"]) in (("spikes", 0), ("counts", 0))


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["resnet9"], 2, "LP100: no model is called 'resnet9'"),
        (["resnet8", "--technology", "3nm"], 2, "LP101: --technology 3nm\n  fix: there are 45nm_fp32"),
        (["resnet8", "--convert", "--balance", "most"], 2, "LP101: balance most and start 0"),
        (["efficientnet_b0_32px", "--convert", "--items", "2"], 4, "LP320: SiLU (stem.2) has no rule"),
        (["none.nir"], 3, "LP221: none.nir is not there"),
    ],
)
def test_what_cannot_be_counted_is_said(
    words: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if words == ["none.nir"]:
        pytest.importorskip("nir")
    assert run(["energy", *words]) == code
    assert message in capsys.readouterr().err


def test_items_that_do_not_fit_and_settings_of_what_is_saved_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_model(create_model("resnet8", channels=1, height=28, width=28, filters=4), tmp_path / "model")
    assert run(["energy", str(tmp_path), "--task", "digits"]) == 2
    assert "LP101: the network takes (1, 28, 28), items of digits are (1, 8, 8)" in capsys.readouterr().err
    assert run(["energy", str(tmp_path), "--set", "filters=8"]) == 2
    assert "LP101: --set filters" in capsys.readouterr().err
    assert run(["energy", "resnet8", "--items", "1", "--quiet"]) == 0
    assert capsys.readouterr().out == "5.75075e+07\n"
