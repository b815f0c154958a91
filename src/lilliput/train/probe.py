"""What can be read off a network's maps in a straight line: the class, and the picture.

A probe is a ridge regression in closed form, fitted on some items and judged on others.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_RIDGE = 1e-3  # of the mean square of the features


def fit_linear(x: Tensor, y: Tensor) -> Tensor:
    """Weights of the best line from features to targets, with a row for the constant.

    Shapes:
        x (N, D), y (N, K) -> (D + 1, K), float64.
    """
    features = _with_constant(x)
    gram = features.T @ features
    ridge = _RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    weights: Tensor = torch.linalg.solve(gram + ridge, features.T @ y.double())
    return weights


def class_accuracy(seen: Tensor, y: Tensor, held: Tensor, y_held: Tensor, classes: int) -> float:
    """Share of held-out items whose class a line from the mean of their maps tells.

    Shapes:
        seen (N, C, H, W), y (N,), held (M, C, H, W), y_held (M,) -> in [0, 1].
    """
    weights = fit_linear(seen.mean((2, 3)), F.one_hot(y, classes))
    told = (_with_constant(held.mean((2, 3))) @ weights).argmax(1)
    return float((told == y_held).double().mean())


def picture_error(seen: Tensor, pictures: Tensor, held: Tensor, held_pictures: Tensor) -> float:
    """Squared error of patches that a line draws from the map's pixel above them, through the patches' variance.

    Shapes:
        seen (N, C, h, w), pictures (N, c, H, W), held (M, C, h, w), held_pictures (M, c, H, W); h divides H -> 0 for
        a perfect picture, 1 for the mean one.
    """
    weights = fit_linear(_pixels(seen), _patches(pictures, seen.shape[-1]))
    aim = _patches(held_pictures, held.shape[-1]).double()
    drawn = _with_constant(_pixels(held)) @ weights
    return float((drawn - aim).square().mean() / (aim - aim.mean(0)).square().mean())


def _with_constant(x: Tensor) -> Tensor:
    return torch.cat([x.double(), torch.ones(len(x), 1, dtype=torch.float64)], 1)


def _pixels(maps: Tensor) -> Tensor:
    return maps.permute(0, 2, 3, 1).flatten(0, 2)


def _patches(pictures: Tensor, side: int) -> Tensor:
    """(N, c, H, W) -> (N·side², c·(H/side)²), in the order of `_pixels`."""
    step = pictures.shape[-1] // side
    return F.unfold(pictures, step, stride=step).transpose(1, 2).flatten(0, 1)
