"""How a classifier does on pictures that were changed: by noise, by hand, or by somebody who knows the network.

Sizes of changes are shares of the way from black to white, so that they mean the same for every normalisation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EIGHT_BIT = 1 / 255
"""One step of a picture's 256."""

_CHUNK = 128


@dataclass(frozen=True)
class Change:
    """A way to change pictures.

    Args:
        kind: "clean", "noise" (normal, of that standard deviation), "occlusion" (a grey square of that share of the
            side), "contrast" (towards grey by that share), "brightness" (lighter by that share), "fgsm" or "pgd".
        size: how much; of attacks the largest change of a pixel.
        steps: of "pgd".

    Raises:
        ValueError: another kind, or a size that is not in [0, 1].
    """

    kind: str
    size: float = 0.0
    steps: int = 10

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"`kind` {self.kind!r} is none of {', '.join(KINDS)}")
        if not 0 <= self.size <= 1 or self.steps < 1:
            raise ValueError(f"`size` must be in [0, 1] and `steps` 1 or more, got {self.size} and {self.steps}")

    @property
    def name(self) -> str:
        """As it stands in a table."""
        if self.kind in ("fgsm", "pgd"):
            return f"{self.kind} {self.size / EIGHT_BIT:.3g}/255"
        return self.kind if self.kind == "clean" else f"{self.kind} {self.size:g}"


def robustness(
    model: nn.Module, x: Tensor, y: Tensor, changes: list[Change], *, low: float, high: float, seed: int = 0
) -> dict[str, float]:
    """Share of pictures told right, by change.

    Args:
        model: a classifier; it is put in evaluation mode, and its parameters get no gradients.
        x: (N, C, H, W), as the network takes them.
        y: (N,), classes.
        changes: what to try.
        low: what black is in `x`.
        high: what white is.
        seed: of noise and of the places of squares.

    Raises:
        ValueError: white is not above black.
    """
    if not high > low:
        raise ValueError(f"white is {high} and black {low}: white must be above")
    model.eval()
    found = {}
    for change in changes:
        generator = torch.Generator().manual_seed(seed)
        right = 0
        for start in range(0, len(x), _CHUNK):
            part, target = x[start : start + _CHUNK], y[start : start + _CHUNK]
            changed = change_pictures(model, part, target, change, low=low, high=high, generator=generator)
            with torch.no_grad():
                right += int((model(changed).argmax(1) == target).sum())
        found[change.name] = right / len(x)
    return found


def change_pictures(
    model: nn.Module, x: Tensor, y: Tensor, change: Change, *, low: float, high: float, generator: torch.Generator
) -> Tensor:
    """The pictures, changed, within black and white; those of `robustness`.

    Shapes:
        x (B, C, H, W), y (B,) -> (B, C, H, W).
    """
    return _CHANGES[change.kind](_Case(model, x, y, change, low, high, generator)).clamp(low, high)


class _Case(NamedTuple):
    model: nn.Module
    x: Tensor
    y: Tensor
    change: Change
    low: float
    high: float
    generator: torch.Generator

    @property
    def span(self) -> float:
        return self.high - self.low


def _clean(case: _Case) -> Tensor:
    return case.x


def _noise(case: _Case) -> Tensor:
    return case.x + case.span * case.change.size * torch.randn(case.x.shape, generator=case.generator)


def _occlusion(case: _Case) -> Tensor:
    height, width = (round(side * case.change.size) for side in case.x.shape[2:])
    tops = torch.randint(case.x.shape[2] - height + 1, (len(case.x),), generator=case.generator)
    lefts = torch.randint(case.x.shape[3] - width + 1, (len(case.x),), generator=case.generator)
    hidden = case.x.clone()
    for picture, top, left in zip(hidden, tops.tolist(), lefts.tolist(), strict=True):
        picture[:, top : top + height, left : left + width] = (case.low + case.high) / 2
    return hidden


def _contrast(case: _Case) -> Tensor:
    grey = (case.low + case.high) / 2
    return grey + (1 - case.change.size) * (case.x - grey)


def _brightness(case: _Case) -> Tensor:
    return case.x + case.span * case.change.size


def _fgsm(case: _Case) -> Tensor:
    """One step of the sign of the gradient (arXiv:1412.6572)."""
    return case.x + case.span * case.change.size * _gradient(case.model, case.x, case.y).sign()


def _pgd(case: _Case) -> Tensor:
    """Steps of a quarter of the size from a start at random, each cut back to it (arXiv:1706.06083)."""
    size = case.span * case.change.size
    step = max(size / 4, 2.5 * size / case.change.steps)
    moved = case.x + size * (2 * torch.rand(case.x.shape, generator=case.generator) - 1)
    for _ in range(case.change.steps):
        moved = moved.clamp(case.low, case.high)
        moved = moved + step * _gradient(case.model, moved, case.y).sign()
        moved = case.x + (moved - case.x).clamp(-size, size)
    return moved


def _gradient(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        loss = F.cross_entropy(model(x), y, reduction="sum")
        return torch.autograd.grad(loss, x)[0]


_CHANGES: dict[str, Callable[[_Case], Tensor]] = {
    "clean": _clean, "noise": _noise, "occlusion": _occlusion, "contrast": _contrast, "brightness": _brightness,
    "fgsm": _fgsm, "pgd": _pgd,
}  # fmt: skip
KINDS = tuple(_CHANGES)
