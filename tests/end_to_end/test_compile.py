"""`lilliput compile` on files from elsewhere, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.end_to_end.conftest import run_lilliput
from tests.tasks.shared_data import shared

BOARD = ("--board", "nucleo-f446re")


@pytest.mark.shared
def test_a_streaming_network_is_compiled_proved_and_run_step_by_step(tmp_path: Path) -> None:
    file = str(shared("models") / "micro_speech_quantized.tflite")
    told = json.loads(run_lilliput(["compile", file, *BOARD, "--stream", "--out", "net", "--json"], tmp_path).stdout)
    assert told["stream"] == {"hop": 2, "lag": 54, "first_run": 26, "kept_bytes": 4400}
    assert told["proof"]["rows"] > told["stream"]["first_run"]
    assert told["proof"]["differing_bytes"] == 0
    x = np.random.default_rng(0).integers(-128, 128, (30, 80)).astype(np.int8)
    np.save(tmp_path / "x.npy", x)
    run_lilliput(["exec", "net", "--on", "board", "--input", "x.npy", "--output", "a.npy"], tmp_path)
    run_lilliput(["exec", "net", "--on", "host", "--input", "x.npy", "--output", "b.npy"], tmp_path)
    made = np.load(tmp_path / "a.npy")
    np.testing.assert_array_equal(made, np.load(tmp_path / "b.npy"))
    assert len(np.unique(made, axis=0)) > 5


@pytest.mark.shared
def test_a_hop_without_streaming_is_a_mistake(tmp_path: Path) -> None:
    file = str(shared("models") / "micro_speech_quantized.tflite")
    done = run_lilliput(["compile", file, *BOARD, "--hop", "4"], tmp_path, check=False)
    assert done.returncode == 2
    assert "--hop 4 without --stream" in done.stderr
    assert not (tmp_path / "build").exists()


@pytest.mark.shared
def test_two_compiled_networks_are_compared_by_layer(tmp_path: Path) -> None:
    file = str(shared("models") / "hello_world_int8.tflite")
    for name, more in (("a", ()), ("b", ("--toolchain", "zig"))):
        run_lilliput(["compile", file, *BOARD, "--out", name, *more], tmp_path)
    told = json.loads(run_lilliput(["compare", "a", "b", "--json"], tmp_path).stdout)
    assert {row["ratio"] for row in told["figures"] if row["ratio"] is not None} == {1.0}
    assert all(layer["a"] == layer["b"] > 0 for layer in told["layers"])
    assert "flash B" in run_lilliput(["compare", "a", "b"], tmp_path).stdout
    done = run_lilliput(["compare", "a", "4f2a"], tmp_path, check=False)
    assert done.returncode == 2
    assert "one is a folder and the other is not" in done.stderr
    (tmp_path / "a" / "report.json").write_text("{")
    done = run_lilliput(["compare", "a", "b"], tmp_path, check=False)
    assert done.returncode == 3


def test_a_float_network_is_compiled_to_int16_activations(tmp_path: Path) -> None:
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(8, 8, 3, padding=1, groups=8),
        torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8 * 36, 4), torch.nn.Softmax(1),
    )  # fmt: skip
    torch.export.save(torch.export.export(net.eval(), (torch.zeros(1, 3, 6, 6),)), tmp_path / "net.pt2")
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(0, 1, (64, 6, 6, 3)).astype(np.float32))
    given = ["compile", "net.pt2", *BOARD, "--calibration", "x.npy"]
    told = {
        name: json.loads(run_lilliput([*given, *more, "--out", name, "--json"], tmp_path).stdout)
        for name, more in (("narrow", ()), ("wide", ("--activations", "int16")))
    }
    assert told["wide"]["proof"]["differing_bytes"] == 0
    assert told["wide"]["proof"]["output_bytes"] == 2 * told["narrow"]["proof"]["output_bytes"]
    kernels = {layer["kernel"] for layer in told["wide"]["layers"]}
    assert {"lp_conv2d_s16_dsp", "lp_fully_connected_s16_dsp", "lp_softmax_s16"} <= kernels


def test_two_runs_are_compared_by_figure(tmp_path: Path) -> None:
    store = Path(__file__).resolve().parents[2] / "results" / "builds.jsonl"
    run_lilliput(["results", "import", str(store)], tmp_path)
    first, second = run_lilliput(["results", "-q"], tmp_path).stdout.split()[:2]
    told = json.loads(run_lilliput(["compare", first, second, "--json"], tmp_path).stdout)
    assert (told["a"], told["b"]) == (first, second)
    figures = {row["metric"]: row for row in told["figures"]}
    assert figures["accuracy"]["difference"] == figures["accuracy"]["b"] - figures["accuracy"]["a"]
    assert "Figures, with intervals" in run_lilliput(["compare", first, second], tmp_path).stdout
