"""Linear probes find what is there in a straight line, and nothing else."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from lilliput.train.probe import class_accuracy, fit_linear, picture_error


def test_a_line_is_found_again() -> None:
    x = torch.randn(200, 5)
    weights = torch.randn(5, 2)
    found = fit_linear(x, x @ weights + 3)
    torch.testing.assert_close(found[:5].float(), weights, atol=0.02, rtol=0.02)
    torch.testing.assert_close(found[5].float(), torch.full((2,), 3.0), atol=0.02, rtol=0.02)


def test_classes_in_the_means_are_told_and_others_are_not() -> None:
    y = torch.arange(300) % 3
    maps = 0.1 * torch.randn(300, 4, 5, 5) + F.one_hot(y, 4)[:, :, None, None]
    assert class_accuracy(maps[:200], y[:200], maps[200:], y[200:], 3) == 1.0
    noise = torch.randn(300, 4, 5, 5)
    assert class_accuracy(noise[:200], y[:200], noise[200:], y[200:], 3) < 0.55


def test_a_picture_is_drawn_from_its_own_pixels() -> None:
    pictures = torch.rand(40, 1, 8, 8)
    folded = F.pixel_unshuffle(pictures, 2)  # all four pixels of a patch, as channels
    assert picture_error(folded[:30], pictures[:30], folded[30:], pictures[30:]) < 1e-3
    means = F.avg_pool2d(pictures, 2)
    assert 0.5 < picture_error(means[:30], pictures[:30], means[30:], pictures[30:]) < 0.95
    noise = torch.randn(40, 2, 4, 4)
    assert picture_error(noise[:30], pictures[:30], noise[30:], pictures[30:]) > 0.9
