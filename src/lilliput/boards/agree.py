"""When outputs count as equal: integers byte for byte, float32 within a bound.

A float32 sum depends on the order of its terms, and the reference adds in another order than the kernels. So a float32
output y agrees with the reference r where

    |y - r| ≤ BOUND · (|r| + m + e)     m the largest |r| of the row, e what the caller knows of the row's conditioning

Not a number agrees with nothing. An integer that comes from float32 arithmetic (a network that is quantised half-way)
may be one step apart, where a sum lies near the middle between two.

The kernels themselves fix every order, so that all builds of the C give the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lilliput.compiler.graph import Array

BOUND = 1e-5
"""About 84 steps of float32 at 1: more than the sums of any layer that fits a microcontroller differ by, less than any
mistake that matters."""


@dataclass(frozen=True)
class Agreement:
    """How some outputs compare with those wanted.

    Args:
        wrong_bytes: of the elements that do not agree.
        row: the first row with one; None where all agree.
        largest_error: of all float32 outputs, the largest |y - r| / (|r| + m); None where there are none.
    """

    wrong_bytes: int
    row: int | None
    largest_error: float | None


def agreement(
    made: Sequence[Array], wanted: Sequence[Array], rows: int, *, slack: float = 0.0, steps: Sequence[int] = ()
) -> Agreement:
    """Compare all outputs.

    Args:
        made: (N, …) each.
        wanted: the reference, of the same types and shapes.
        rows: inferences; an output gives the same number of its leading elements to each.
        slack: e of the module's rule, the same for all rows.
        steps: by output, how far integers may be apart; 0 where it is left out.

    Raises:
        ValueError: types or shapes differ.
    """
    wrong, first, largest = 0, None, None
    for index, (y, r) in enumerate(zip(made, wanted, strict=True)):
        if y.shape != r.shape or y.dtype != r.dtype:
            raise ValueError(f"outputs are {y.dtype}{y.shape} and {r.dtype}{r.shape}")
        flat, reference = (np.ascontiguousarray(array).reshape(rows, -1) for array in (y, r))
        if y.dtype == np.float32:
            error, apart = _apart(flat, reference, slack)
            largest = error if largest is None else max(largest, error)
        else:
            allowed = steps[index] if steps else 0
            apart = np.abs(flat.astype(np.int64) - reference.astype(np.int64)) > allowed
        wrong += int(apart.sum()) * y.dtype.itemsize
        found = np.flatnonzero(apart.any(axis=1))
        if len(found) and (first is None or found[0] < first):
            first = int(found[0])
    return Agreement(wrong, first, largest)


def _apart(y: Array, r: Array, slack: float) -> tuple[float, Array]:
    """The largest relative error, and which elements do not agree."""
    if y.size == 0:
        return 0.0, np.zeros(y.shape, bool)
    wide, reference = y.astype(np.float64), r.astype(np.float64)
    with np.errstate(invalid="ignore"):
        distance = np.where(wide == reference, 0.0, np.abs(wide - reference))  # equal infinities too
    size = np.abs(np.where(np.isfinite(reference), reference, 0.0))
    scale = size + size.max(axis=1, keepdims=True)
    apart: Array = ~(distance <= BOUND * (scale + slack))
    known = np.isfinite(distance)
    relative = np.where(known, distance, 0.0) / np.where(scale > 0, scale, 1.0)
    return (float(relative.max()) if known.all() else float("inf")), apart
