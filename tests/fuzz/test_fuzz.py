"""Any bytes give a network whose C equals the reference, or one of our errors: some mutants on every change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.fuzz.attempt import Slow, fuzz, limits
from tests.fuzz.mutate import mutant
from tests.tasks.shared_data import shared


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["hello_world_int8", "tinymaix_mnist_valid_q", "micro_speech_quantized", "hello_world_float"]
)
def test_a_damaged_tflite_file_is_refused_or_runs(name: str) -> None:
    original = (shared("models") / f"{name}.tflite").read_bytes()
    outcomes, _ = fuzz(original, ".tflite", 600, seed=1, build_each=40)
    assert outcomes["runs"] > 10
    assert outcomes["equal"] >= 1
    assert sum(count for code, count in outcomes.items() if code.startswith("LP")) > 100


def test_a_damaged_exported_program_is_refused_or_read(tmp_path: Path) -> None:
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(18, 2))
    torch.export.save(torch.export.export(model.eval(), (torch.zeros(1, 1, 5, 5),)), tmp_path / "net.pt2")
    outcomes, _ = fuzz((tmp_path / "net.pt2").read_bytes(), ".pt2", 60, seed=1)
    assert sum(count for code, count in outcomes.items() if code.startswith("LP")) > 20


def test_the_same_seed_damages_in_the_same_way() -> None:
    data = bytes(range(256)) * 20
    first, again, other = (mutant(data, np.random.default_rng([seed, 3])) for seed in (1, 1, 2))
    assert first == again != other
    assert first != data


def test_a_hang_is_noticed() -> None:
    def hang() -> None:
        while True:
            pass

    with pytest.raises(Slow, match="more than 1 seconds"), limits(1):
        hang()
