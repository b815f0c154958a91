from __future__ import annotations

import math

import pytest
import torch

from lilliput.spiking.distances import van_rossum, victor_purpura


def test_victor_purpura_gives_hand_values() -> None:
    assert victor_purpura([10.0], [11.0], 0.5) == 0.5  # moved by 1 ms
    assert victor_purpura([10.0], [30.0], 0.5) == 2  # deleted, and inserted elsewhere
    assert victor_purpura([1.0, 5.0, 9.0], [9.0, 1.0, 5.0], 3.0) == 0
    assert victor_purpura([], [1.0, 2.0, 3.0], 7.0) == 3
    assert victor_purpura([1.0, 2.0], [50.0], 0.0) == 1  # counts only
    assert victor_purpura([1.0, 4.0, 8.0], [1.5, 8.5], 1.0) == 2


def test_van_rossum_gives_hand_values() -> None:
    assert van_rossum([5.0], []) == pytest.approx(math.sqrt(0.5))
    assert van_rossum([5.0, 7.0], [7.0, 5.0]) == 0
    assert van_rossum([5.0], [8.0], 3.0) == pytest.approx(math.sqrt(1 - math.exp(-1)))
    assert van_rossum([0.0], [1e6], 3.0) == pytest.approx(1)


def test_van_rossum_is_the_integral() -> None:
    a, b, tau = [3.0, 10.0, 11.5, 40.0], [2.0, 12.0, 39.0], 6.0
    t = torch.arange(0, 200, 0.001, dtype=torch.float64)

    def filtered(train: list[float]) -> torch.Tensor:
        return sum((torch.where(t >= s, torch.exp(-(t - s).clamp_min(0) / tau), 0.0) for s in train), torch.zeros(1))

    integral = float((filtered(a) - filtered(b)).square().sum()) * 0.001 / tau
    assert van_rossum(a, b, tau) ** 2 == pytest.approx(integral, rel=1e-3)


def test_what_is_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="`tau` must be above 0, got 0"):
        van_rossum([1.0], [2.0], 0)
    with pytest.raises(ValueError, match="`cost` must be at least 0, got -1"):
        victor_purpura([1.0], [2.0], -1)
