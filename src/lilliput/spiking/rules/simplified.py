r"""Plasticity by order alone, and the competition that makes neurons learn different things.

    Δw = a⁺ w (1 - w)   where the input fired before or with the output
    Δw = a⁻ w (1 - w)   elsewhere, silent inputs too

Competition is causal: who fires is settled by the steps so far, never by later ones.

Axes: T time steps, B batch, C maps, Y and X places, I inputs, O outputs.

Source: Kheradpisheh et al., STDP-based spiking deep convolutional neural networks (arXiv:1611.01421); the review
(arXiv:1804.08150), section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True)
class OrderSTDP:
    """The simplified rule; weights stay in (0, 1) by its form.

    Args:
        potentiation: a⁺, above 0 and at most 1.
        depression: a⁻, below 0 and at least -1.

    Raises:
        ValueError: one of them is out of range.
    """

    potentiation: float = 0.004
    depression: float = -0.003

    def __post_init__(self) -> None:
        if not 0 < self.potentiation <= 1 or not -1 <= self.depression < 0:
            raise ValueError(
                f"`potentiation` must be in (0, 1] and `depression` in [-1, 0), got {self.potentiation} and "
                f"{self.depression}"
            )

    @torch.no_grad()
    def change(self, weight: Tensor, came_before: Tensor) -> Tensor:
        """What one spike of an output changes: weight and came_before (bool) of one shape."""
        rate = torch.where(came_before, self.potentiation, self.depression)
        return rate * weight * (1 - weight)

    def faster(self, factor: float = 2.0, most: float = 0.15, ratio: float = 0.75) -> OrderSTDP:
        """The rule some hundred pictures later: `potentiation` times `factor`, up to `most`; depression by `ratio`."""
        grown = min(self.potentiation * factor, most)
        return replace(self, potentiation=grown, depression=-ratio * grown)


def convergence(weight: Tensor) -> float:
    """Mean of w (1 - w): 0 once all weights are 0 or 1; training stops below 0.01."""
    return float((weight * (1 - weight)).mean())


class FirstSpikes(NamedTuple):
    """When each neuron fires for the first time, and with which potential: both (B, C, Y, X); T for never, then 0."""

    time: Tensor
    potential: Tensor


@torch.no_grad()
def first_spikes(potential: Tensor, threshold: float) -> FirstSpikes:
    """Of neurons without a leak that fire once: potentials (T, B, C, Y, X) that no spike has reset."""
    reached = potential >= threshold
    steps = len(potential)
    time = torch.where(reached.any(0), reached.to(torch.uint8).argmax(0), steps)
    at = potential.gather(0, time.clamp_max(steps - 1).unsqueeze(0)).squeeze(0)
    return FirstSpikes(time, torch.where(time < steps, at, 0.0))


@torch.no_grad()
def inhibit_maps(fired: FirstSpikes, steps: int) -> FirstSpikes:
    """At each place only the map that fires first, with the higher potential among those of one step, fires at all."""
    winner = _rank(fired, steps).argmax(1, keepdim=True)
    kept = torch.zeros_like(fired.time, dtype=torch.bool).scatter_(1, winner, True)
    return FirstSpikes(torch.where(kept, fired.time, steps), torch.where(kept, fired.potential, 0.0))


class Winners(NamedTuple):
    """Neurons that learn, N of them: picture, map and place of each, and its time."""

    picture: Tensor
    channel: Tensor
    y: Tensor
    x: Tensor
    time: Tensor


@torch.no_grad()
def winners(fired: FirstSpikes, steps: int, count: int, radius: int) -> Winners:
    """Up to `count` neurons a picture, earliest first, each of another map and none within `radius` of another.

    Args:
        fired: after `inhibit_maps`.
        steps: T.
        count: at least 1.
        radius: of places around a winner, in height and in width, that are shut in all maps.

    Raises:
        ValueError: `count` below 1 or `radius` below 0.
    """
    if count < 1 or radius < 0:
        raise ValueError(f"`count` must be at least 1 and `radius` at least 0, got {count} and {radius}")
    rank = _rank(fired, steps)
    pictures, channels, height, width = rank.shape
    rows = torch.arange(pictures, device=rank.device)
    ys, xs = torch.arange(height, device=rank.device), torch.arange(width, device=rank.device)
    found = []
    for _ in range(min(count, channels)):
        best, at = rank.flatten(1).max(1)
        channel, y, x = at // (height * width), at // width % height, at % width
        time = fired.time.flatten(1).gather(1, at.unsqueeze(1)).squeeze(1)
        found.append(torch.stack([rows, channel, y, x, time])[:, best > 0])
        rank[rows, channel] = 0
        near_y = (ys - y.unsqueeze(1)).abs() <= radius
        near_x = (xs - x.unsqueeze(1)).abs() <= radius
        rank.masked_fill_((near_y.unsqueeze(2) & near_x.unsqueeze(1)).unsqueeze(1), 0)
    return Winners(*torch.cat(found, 1))


def _rank(fired: FirstSpikes, steps: int) -> Tensor:
    """Larger is earlier, then higher; 0 for those that never fire. Potentials are squeezed into (0, 1)."""
    share = fired.potential.double() / (1 + fired.potential.double().abs())
    return torch.where(fired.time < steps, steps - fired.time + 0.5 * (share + 1), 0.0)
