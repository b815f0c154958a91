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


class MapSpikes(NamedTuple):
    """Which map fired at each place, when, and with which potential: (B, Y, X) each; time T for none of them."""

    time: Tensor
    channel: Tensor
    potential: Tensor


def no_spikes(like: Tensor, steps: int) -> MapSpikes:
    """Before the first step: potentials (B, C, Y, X) -> (B, Y, X)."""
    empty = torch.full((len(like), *like.shape[2:]), steps, device=like.device)
    return MapSpikes(empty, torch.zeros_like(empty), torch.zeros_like(empty, dtype=like.dtype))


@torch.no_grad()
def fire_first(potential: Tensor, threshold: float, step: int, before: MapSpikes) -> MapSpikes:
    """One step of maps that inhibit each other: at a place where none has fired yet, the highest that may fire does.

    Args:
        potential: (B, C, Y, X), of neurons without a leak.
        threshold: firing level.
        step: number of this step.
        before: what the steps before it gave; it is not changed.
    """
    highest = potential.amax(1)
    at = ((highest >= threshold) & (before.time > step)).nonzero(as_tuple=True)
    found = MapSpikes(*(part.clone() for part in before))
    found.time[at] = step
    found.channel[at] = potential[at[0], :, at[1], at[2]].argmax(1)
    found.potential[at] = highest[at]
    return found


class Winners(NamedTuple):
    """Neurons that learn, N of them: picture, map and place of each, and its time."""

    picture: Tensor
    channel: Tensor
    y: Tensor
    x: Tensor
    time: Tensor


@torch.no_grad()
def winners(fired: MapSpikes, steps: int, count: int, radius: int) -> Winners:
    """Up to `count` neurons a picture, earliest first, each of another map and none within `radius` of another.

    Args:
        fired: after all steps.
        steps: T.
        count: at least 1.
        radius: of places around a winner, in height and in width, that are shut in all maps.

    Raises:
        ValueError: `count` below 1 or `radius` below 0.
    """
    if count < 1 or radius < 0:
        raise ValueError(f"`count` must be at least 1 and `radius` at least 0, got {count} and {radius}")
    # Larger is earlier, then higher; potentials are squeezed into (0, 1); 0 is silence.
    level = fired.potential.double()
    rank = torch.where(fired.time < steps, steps - fired.time + 0.5 * (level / (1 + level.abs()) + 1), 0.0)
    height, width = rank.shape[1:]
    rows = torch.arange(len(rank), device=rank.device)
    ys, xs = torch.arange(height, device=rank.device), torch.arange(width, device=rank.device)
    found = []
    for _ in range(count):
        best, at = rank.flatten(1).max(1)
        y, x = at // width, at % width
        channel = fired.channel[rows, y, x]
        found.append(torch.stack([rows, channel, y, x, fired.time[rows, y, x]])[:, best > 0])
        near = ((ys - y.unsqueeze(1)).abs() <= radius).unsqueeze(2) & ((xs - x.unsqueeze(1)).abs() <= radius).unsqueeze(
            1
        )
        rank.masked_fill_(near | (fired.channel == channel.reshape(-1, 1, 1)), 0)
    return Winners(*torch.cat(found, 1))
