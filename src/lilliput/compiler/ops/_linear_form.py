"""Whole numbers A, B, C and a shift with (A·a + B·b + C) >> shift = f(a, b) for every pair of int8 codes.

The rule for sums of TensorFlow Lite rounds five times on the way, to about 2^-19 of a step. Its result is a staircase
over the plane of codes, and one plane with 31 bits almost always has the very same stairs; whether it has is decided by
trying all 65 536 pairs, so a form that is found is exact.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lilliput.compiler.graph import Array

SEARCH = 12
"""Neighbours tried on each side of the two rounded slopes."""
LEAST_SHIFT = 12
"""With less the slopes are too coarse to be worth a search."""

_CODES = np.arange(-128, 128, dtype=np.int64)


class LinearForm(NamedTuple):
    """f(a, b) = (a_factor · a + b_factor · b + start) >> shift; no partial sum leaves 32 bits."""

    a_factor: int
    b_factor: int
    start: int
    shift: int

    def of(self, a: Array, b: Array) -> Array:
        """f in int64."""
        value: Array = (self.a_factor * a + self.b_factor * b + self.start) >> self.shift
        return value


def find_linear_form(
    wanted: Array, slopes: tuple[float, float], offset: float, low: int, high: int
) -> LinearForm | None:
    """The form whose result, clamped to [low, high], is `wanted` for every pair.

    Args:
        wanted: int64 (256, 256), for a = -128 … 127 down and b = -128 … 127 across, clamped to [low, high].
        slopes: the real factors of a and b.
        offset: the real constant, without the half step of rounding.
        low: least result of the clamp.
        high: largest result of the clamp.

    Returns: None when none is found near the real slopes.
    """
    reach = 128 * (abs(slopes[0]) + abs(slopes[1])) + abs(offset) + 2
    shift = 30 - math.floor(math.log2(reach))
    if shift < LEAST_SHIFT:
        return None
    shift = min(shift, 24)
    if not ((wanted > low).any() and (wanted < high).any()):
        return None  # all of it lies at one end of the clamp, and nothing bounds C from that side
    step = 1 << shift
    near = (round(slopes[0] * step), round(slopes[1] * step))
    rest = near[0] * _CODES[:, None] + near[1] * _CODES[None, :]
    # C must be in [floor, ceiling] of every pair; where the clamp acts one of the two does not bind.
    floors = _Bounds.of(wanted * step - rest, wanted > low, 1)
    ceilings = _Bounds.of((wanted + 1) * step - 1 - rest, wanted < high, -1)
    best: tuple[int, LinearForm] | None = None
    for i in range(-SEARCH, SEARCH + 1):
        for j in range(-SEARCH, SEARCH + 1):
            floor, ceiling = floors.tightest(i, j), ceilings.tightest(i, j)
            if ceiling >= floor and (best is None or ceiling - floor > best[0]):
                best = (ceiling - floor, LinearForm(near[0] + i, near[1] + j, (floor + ceiling) // 2, shift))
    return best[1] if best is not None and _is_exact(best[1], wanted, low, high) else None


class _Bounds(NamedTuple):
    """The pairs that can bind C from one side within the search, with their bounds."""

    a: Array
    b: Array
    bound: Array
    side: int

    @classmethod
    def of(cls, bounds: Array, binds: Array, side: int) -> _Bounds:
        """`side` 1: bounds from below; -1: from above."""
        away = np.where(binds, side * bounds, np.iinfo(np.int64).min)
        a, b = np.nonzero(away >= away.max() - 4 * 128 * SEARCH)
        return cls(_CODES[a], _CODES[b], bounds[a, b], side)

    def tightest(self, i: int, j: int) -> int:
        """The tightest bound when the slopes are i and j larger."""
        return self.side * int((self.side * (self.bound - i * self.a - j * self.b)).max())


def _is_exact(form: LinearForm, wanted: Array, low: int, high: int) -> bool:
    if 128 * (abs(form.a_factor) + abs(form.b_factor)) + abs(form.start) >= 1 << 31:
        return False
    return bool((np.clip(form.of(_CODES[:, None], _CODES[None, :]), low, high) == wanted).all())
