r"""How far apart two spike trains are. A train is its spike times, in any order and unit.

    van Rossum        D² = (1 / τ) ∫ (f - g)² dt,  each spike an exponential of height 1 and time constant τ
    Victor, Purpura   the cheapest way to turn one into the other: 1 to delete or insert a spike, q a unit of time to
                      move it

Source: van Rossum, A novel spike distance (Neural Computation 13, 2001); Victor and Purpura, Nature and precision of
temporal coding in visual cortex (J. Neurophysiol. 76, 1996).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def van_rossum(first: Sequence[float], second: Sequence[float], tau: float = 10.0) -> float:
    """D, in closed form; one spike too many is √½.

    Args:
        first: times.
        second: times.
        tau: above 0, in their unit. Small counts coincidences, large compares counts.

    Raises:
        ValueError: `tau` is not above 0.
    """
    if not tau > 0:
        raise ValueError(f"`tau` must be above 0, got {tau}")
    a, b = (torch.tensor(list(train), dtype=torch.float64) for train in (first, second))

    def shared(x: Tensor, y: Tensor) -> float:
        return float(torch.exp(-(x.unsqueeze(1) - y).abs() / tau).sum())

    return math.sqrt(max(0.0, (shared(a, a) + shared(b, b) - 2 * shared(a, b)) / 2))


def victor_purpura(first: Sequence[float], second: Sequence[float], cost: float = 1.0) -> float:
    """The cheapest way from one train to the other.

    Args:
        first: times.
        second: times.
        cost: q, of moving a spike by one unit of time, at least 0. Spikes farther apart than 2 / q are not moved.

    Raises:
        ValueError: `cost` is negative.
    """
    if not cost >= 0:
        raise ValueError(f"`cost` must be at least 0, got {cost}")
    a, b = sorted(first), sorted(second)
    row = [float(n) for n in range(len(b) + 1)]
    for i, time in enumerate(a, 1):
        before, row = row, [float(i)]
        for j, other in enumerate(b, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + cost * abs(time - other)))
    return row[-1]
