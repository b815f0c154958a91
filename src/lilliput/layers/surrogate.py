r"""What fires, and what stands in for the derivative of firing.

Firing is a step: :math:`s = 1` where the potential reaches the threshold, its derivative zero but at one place.
Training takes the derivative of a smooth step instead: a density :math:`\varphi` with area 1, made narrower by `slope`:

    ds/du = scale · slope · φ(slope · u),    u = potential - threshold

Spikes themselves are never smooth: they are exactly 0 or 1, in training as in evaluation.

Source: Deep Learning in Spiking Neural Networks (arXiv:1804.08150), section 2.2, on gate functions of area 1.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor


class Firing(ABC):
    """What a neuron gives at a potential, and the derivative that training takes for it."""

    levels: int
    """Largest value that can be given; 1 where spikes are 0 or 1."""

    @abstractmethod
    def spikes(self, potential: Tensor, threshold: Tensor) -> Tensor:
        """Of the potential's shape and type."""

    @abstractmethod
    def derivative(self, potential: Tensor, threshold: Tensor) -> Tensor:
        """By the potential."""


def _rectangle(z: Tensor) -> Tensor:
    return (z.abs() < 0.5).to(z)


def _triangle(z: Tensor) -> Tensor:
    return z.abs().neg_().add_(1).clamp_min_(0)


def _sigmoid(z: Tensor) -> Tensor:
    s = torch.sigmoid(z)
    return torch.addcmul(s, s, s, value=-1)


def _atan(z: Tensor) -> Tensor:
    return (math.pi / 2 * z).square_().add_(1).reciprocal_().mul_(0.5)


def _fast_sigmoid(z: Tensor) -> Tensor:
    return z.abs().add_(1).square_().reciprocal_().mul_(0.5)


def _gaussian(z: Tensor) -> Tensor:
    return z.square().mul_(-0.5).exp_().mul_(1 / math.sqrt(2 * math.pi))


DENSITIES = {
    "rectangle": _rectangle,
    "triangle": _triangle,
    "sigmoid": _sigmoid,
    "atan": _atan,
    "fast_sigmoid": _fast_sigmoid,
    "gaussian": _gaussian,
}
"""φ by name, each with area 1. They work in place on what they made: a layer is bound by memory, not by arithmetic."""


@dataclass(frozen=True)
class Surrogate(Firing):
    """Spikes of 0 or 1, with one of the densities as derivative. At exactly the threshold there is a spike.

    Args:
        kind: one of `DENSITIES`.
        slope: how narrow, per unit of potential, above 0. What others call alpha of sigmoid and arc tangent.
        scale: factor of the derivative. 0.3 with a triangle of slope 1 is that of recurrent networks (LSNN); 2 / slope
            with `fast_sigmoid` is that of SuperSpike, whose height is 1.

    Raises:
        ValueError: an unknown kind, or `slope` or `scale` not above 0.
    """

    kind: str = "atan"
    slope: float = 2.0
    scale: float = 1.0

    levels = 1

    def __post_init__(self) -> None:
        if self.kind not in DENSITIES:
            raise ValueError(f"no surrogate is called {self.kind!r}; there are {', '.join(sorted(DENSITIES))}")
        for name in ("slope", "scale"):
            value = getattr(self, name)
            if not value > 0:
                raise ValueError(f"`{name}` of a surrogate must be above 0, got {value}")

    def spikes(self, potential: Tensor, threshold: Tensor) -> Tensor:
        return (potential >= threshold).to(potential.dtype)

    def derivative(self, potential: Tensor, threshold: Tensor) -> Tensor:
        return DENSITIES[self.kind]((potential - threshold).mul_(self.slope)).mul_(self.scale * self.slope)


ARC_TANGENT = Surrogate("atan", 2.0)
DAMPED_TRIANGLE = Surrogate("triangle", 1.0, 0.3)
"""Of recurrent networks of adaptive neurons (arXiv:1803.09574)."""
PER_MILLIVOLT = Surrogate("atan", 0.2)
"""As wide as the potentials of neurons that are computed in millivolts."""


@dataclass(frozen=True)
class Counting(Firing):
    """Counts of spikes: potential / threshold rounded to the nearest whole number from 0 to `levels`, halves up.

    A count of n is n spikes of a neuron that fires up to `levels` times within the step, so that training with counts
    and running with spikes give the same sums. The derivative is that of the range: 1 / threshold inside, 0 outside.

    Args:
        levels: the largest count, at least 1.

    Raises:
        ValueError: `levels` below 1.

    Source: Scaling Spike-driven Transformer with Efficient Spike Firing Approximation Training (arXiv:2411.16061);
    there exact halves are rounded to even, which no neuron with one threshold does.
    """

    levels: int = 4

    def __post_init__(self) -> None:
        if self.levels < 1:
            raise ValueError(f"`levels` must be at least 1, got {self.levels}")

    def spikes(self, potential: Tensor, threshold: Tensor) -> Tensor:
        return torch.floor(potential / threshold + 0.5).clamp(0, self.levels)

    def derivative(self, potential: Tensor, threshold: Tensor) -> Tensor:
        level = potential / threshold
        return ((level >= 0) & (level <= self.levels)).to(potential.dtype) / threshold
