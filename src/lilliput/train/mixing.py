"""Two items of a batch made into one: mixup blends them, cutmix puts a box of one into the other.

Targets become shares of classes that add up to one.

Source: mixup (arXiv:1710.09412); CutMix (arXiv:1905.04899).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lilliput.core.errors import BadSetting
from lilliput.train.settings import TrainSettings


class Box(NamedTuple):
    """Rows `top` up to `bottom` and columns `left` up to `right` of a picture."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def area(self) -> int:
        """Pixels."""
        return (self.bottom - self.top) * (self.right - self.left)


def mix(x: Tensor, target: Tensor, share: float, order: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Mixup: each item with another, `share` of the first.

    Shapes:
        x (B, ...), target (B,), order (B,), a permutation -> x (B, ...), target (B, classes).
    """
    return share * x + (1 - share) * x[order], _shared(target, share, order, classes, x.dtype)


def cut_mix(x: Tensor, target: Tensor, box: Box, order: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Cutmix: each picture with a box of another in it; the first one's share is what is left of its area.

    Shapes:
        x (B, C, H, W), target (B,), order (B,), a permutation -> x (B, C, H, W), target (B, classes).
    """
    inside = (..., slice(box.top, box.bottom), slice(box.left, box.right))
    y = x.clone()
    y[inside] = x[order][inside]
    share = 1 - box.area / (x.shape[-2] * x.shape[-1])
    return y, _shared(target, share, order, classes, x.dtype)


def box_of(height: int, width: int, share: float, rng: np.random.Generator) -> Box:
    """A box of 1 - `share` of the area about a point drawn anywhere; what lies outside the picture is cut off."""
    half = (1 - share) ** 0.5 / 2
    row, column = int(rng.integers(height)), int(rng.integers(width))
    high, wide = int(height * half), int(width * half)
    return Box(max(row - high, 0), min(row + high, height), max(column - wide, 0), min(column + wide, width))


def mixes(settings: TrainSettings) -> bool:
    """Whether a training mixes items at all."""
    return bool(settings.mixup_alpha or settings.cutmix_alpha)


def mixed(
    x: Tensor, target: Tensor, settings: TrainSettings, epoch: int, classes: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """A batch as the settings ask for: blended, cut or left alone, all of its items alike.

    Shapes:
        x (B, ...), target (B,) -> x (B, ...), target (B,) or (B, classes).

    Raises:
        BadSetting: LP101, cutmix of items that are no pictures.
    """
    if not mixes(settings) or (settings.mix_epochs and epoch >= settings.mix_epochs):
        return x, target
    if settings.mix_probability < 1 and rng.random() >= settings.mix_probability:
        return x, target
    alpha, cuts = settings.mixup_alpha, not settings.mixup_alpha
    if settings.mixup_alpha and settings.cutmix_alpha:
        cuts = rng.random() < settings.mix_switch
    if cuts:
        alpha = settings.cutmix_alpha
        if x.ndim != 4:
            raise BadSetting(
                f"train.cutmix_alpha = {alpha}",
                why=f"items of shape {tuple(x.shape[1:])} have no box to cut",
                fix="train.cutmix_alpha=0",
            )
    share = float(rng.beta(alpha, alpha))
    order = torch.from_numpy(rng.permutation(len(x))).to(x.device)
    if not cuts:
        return mix(x, target, share, order, classes)
    return cut_mix(x, target, box_of(x.shape[2], x.shape[3], share, rng), order, classes)


def _shared(target: Tensor, share: float, order: Tensor, classes: int, dtype: torch.dtype) -> Tensor:
    soft = F.one_hot(target, classes).to(dtype)
    return share * soft + (1 - share) * soft[order]
