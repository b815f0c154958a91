"""Cells of the first area: tuned to directions, blind to phase where they are complex."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from lilliput.layers.gabor import DivisiveNorm, GaborCells, gabor_bank, local_contrast


def grating(angle: float, frequency: float, phase: float = 0.0, side: int = 33) -> Tensor:
    place = torch.arange(side) - side // 2
    rows, columns = torch.meshgrid(place, place, indexing="ij")
    along = columns * math.cos(angle) + rows * math.sin(angle)
    return torch.cos(2 * math.pi * frequency * along + phase)[None, None]


def test_filters_have_no_mean_and_norm_one() -> None:
    bank = gabor_bank(8, (0.15, 0.30))
    assert bank.shape == (32, 1, 7, 7)
    torch.testing.assert_close(bank.flatten(1).mean(1), torch.zeros(32), atol=1e-6, rtol=0)
    torch.testing.assert_close(bank.flatten(1).norm(dim=1), torch.ones(32))


@pytest.mark.parametrize("number", range(8))
def test_a_complex_cell_answers_most_to_its_own_direction(number: int) -> None:
    cells = GaborCells(8, (0.15, 0.30))
    angles = [math.radians(5.625) * n for n in range(32)]
    answers = [float(cells(grating(a, 0.30).float())[1][0, 8 + number, 16, 16].detach()) for a in angles]
    best = angles[max(range(32), key=answers.__getitem__)]
    away = abs((best - math.pi * number / 8 + math.pi / 2) % math.pi - math.pi / 2)
    assert math.degrees(away) <= 11.25


def test_phase_moves_a_simple_cell_and_no_complex_one() -> None:
    cells = GaborCells(8, (0.15, 0.30))
    simple, complex_ = [], []
    for step in range(8):
        a, b = cells(grating(0.0, 0.30, math.pi * step / 4).float())
        simple.append(a[0, 8, 16, 16].detach())
        complex_.append(b[0, 8, 16, 16].detach())
    strong = torch.stack(complex_)
    assert (strong.max() - strong.min()) / strong.mean() < 0.05
    weak = torch.stack(simple)
    assert (weak.max() - weak.min()) / weak.abs().max() > 0.5


def test_kinds_of_filters() -> None:
    assert not GaborCells(4, (0.1,), kind="frozen").weight.requires_grad
    assert not torch.equal(GaborCells(4, (0.1,), kind="random").weight, GaborCells(4, (0.1,)).weight)
    with pytest.raises(ValueError, match="`gabor` 'none' is none of learned, frozen, random"):
        GaborCells(4, (0.1,), kind="none")


def test_normalisation_divides_by_what_is_around() -> None:
    norm = DivisiveNorm(2)
    x = torch.full((1, 2, 9, 9), 3.0)
    assert float(norm(x)[0, 0, 4, 4].detach()) == pytest.approx(3.0 / (0.5 + 1e-3 + 0.5 * 3.0))
    strong = norm(10 * x)[0, 0, 4, 4]
    assert strong < 2.5 * norm(x)[0, 0, 4, 4], "a tenfold input gives far less than a tenfold answer"


def test_a_flat_picture_has_no_contrast_even_at_its_border() -> None:
    torch.testing.assert_close(local_contrast(torch.full((1, 1, 12, 12), 0.7)), torch.zeros(1, 1, 12, 12))
