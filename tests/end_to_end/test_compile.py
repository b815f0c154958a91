"""`lilliput compile` on files from elsewhere, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

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
