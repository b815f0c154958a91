"""Look at the activations of a float graph over calibration data, and choose the range that each must hold.

    minmax      the smallest and the largest value seen
    percentile  what cuts off the share 1 - p / 100 of the values at each end
    mse         [l, h] with the least  Σ_inside min(x², s²/12) + Σ_outside (x - clip(x, l, h))²,  s = (h - l) / 255,
                on int16 (h - l) / 65535

Outputs of the network, and what a softmax reads, always have minmax: there the largest value is the answer, and two
classes that are cut off at the same end can no longer be told apart.

One pass over the data is enough for all three: beside its extremes, an activation keeps a histogram whose bins are the
upper 16 bits of the float32 pattern. Such bins are at most 1/128 of their value wide, however far an outlier lies.
The first term of `mse` is the rounding error of a uniform step, and x² where that is less: zero is always exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.interpret import run_float
from lilliput.compress.quantise.moves import answers_of
from lilliput.compress.quantise.settings import QuantiseSettings
from lilliput.core.errors import BadValue


@dataclass(frozen=True)
class Range:
    """The real values [low, high] that an activation must hold. It always contains 0."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not -np.inf < self.low <= 0 <= self.high < np.inf:
            raise ValueError(f"a range must be finite and contain 0, got [{self.low}, {self.high}]")

    def union(self, other: Range) -> Range:
        """The smallest range that holds both."""
        return Range(min(self.low, other.low), max(self.high, other.high))


class Observer:
    """Extremes and histogram of one activation, fed batch by batch.

    Args:
        name: of the activation, for messages.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.low = self.high = 0.0
        self.counts = np.zeros(1 << 16, np.int64)

    def add(self, x: Array) -> None:
        """Take a batch in.

        Raises:
            BadValue: LP207, a value is NaN or infinite.
        """
        x = np.ascontiguousarray(x, np.float32).ravel()
        low, high = float(x.min()), float(x.max())
        if not np.isfinite([low, high]).all():
            raise BadValue(
                f"activation {self.name!r} holds {x[~np.isfinite(x)][0]} on the calibration data",
                why="its range cannot be chosen",
                fix="look for values of that kind in the calibration items and in the weights",
            )
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.counts += np.bincount(x.view(np.uint32) >> 16, minlength=1 << 16)

    def minmax(self) -> Range:
        """All that was seen."""
        return Range(self.low, self.high)

    def percentile(self, percent: float) -> Range:
        """`percent` per cent of the values are at most the upper end, and as many at least the lower end."""
        values, counts = self._histogram()
        below = np.cumsum(counts)
        cut = below[-1] * (1 - percent / 100)
        low = values[np.searchsorted(below, cut, side="right")]
        high = values[np.searchsorted(below, below[-1] - cut, side="left")]
        return self._range(low, high)

    def mse(self, steps: int = 255) -> Range:
        """The range with the least squared error when it is cut into `steps`, out of 97 × 97 that shrink the extremes
        step by step to 1/64."""
        values, counts = self._histogram()
        shrink = 2.0 ** (-np.arange(97) / 16)
        lows = self.low * shrink if self.low < 0 else np.zeros(1)
        highs = self.high * shrink if self.high > 0 else np.zeros(1)
        low, high = (ends.ravel() for ends in np.meshgrid(lows, highs, indexing="ij"))
        best = int(np.argmin(_squared_error(values, counts, low, high, steps)))
        return Range(float(low[best]), float(high[best]))

    def _histogram(self) -> tuple[Array, Array]:
        """(values, counts) of the bins that are not empty, in rising order; float64."""
        bins = np.flatnonzero(self.counts)
        centres = ((bins.astype(np.uint32) << 16) + 0x8000).view(np.float32).astype(np.float64)
        values = np.where((bins & 0x7FFF) == 0, 0.0, np.clip(centres, self.low, self.high))
        order = np.argsort(values, kind="stable")
        return values[order], self.counts[bins][order].astype(np.float64)

    def _range(self, low: float, high: float) -> Range:
        return Range(min(0.0, max(float(low), self.low)), max(0.0, min(float(high), self.high)))


def _squared_error(values: Array, counts: Array, low: Array, high: Array, steps: int) -> Array:
    """Σ of squared errors for each pair of `low` and `high`, from sums over the histogram that run along."""
    sums = [np.concatenate([[0.0], np.cumsum(counts * values**power)]) for power in range(3)]

    def moment(start: Array, stop: Array, power: int) -> Array:
        part: Array = sums[power][stop] - sums[power][start]
        return part

    def clipped(start: Array, stop: Array, end: Array) -> Array:
        zeroth, first, second = (moment(start, stop, power) for power in range(3))
        part: Array = second - 2 * end * first + end**2 * zeroth
        return part

    noise = ((high - low) / steps) ** 2 / 12
    first, last = np.zeros_like(low, dtype=np.intp), np.full(low.shape, len(values))
    start = np.searchsorted(values, low, side="left")
    stop = np.searchsorted(values, high, side="right")
    near = np.clip(np.searchsorted(values, -np.sqrt(noise)), start, stop)
    far = np.clip(np.searchsorted(values, np.sqrt(noise), side="right"), near, stop)
    rounding = noise * (moment(start, near, 0) + moment(far, stop, 0)) + moment(near, far, 2)
    error: Array = rounding + clipped(first, start, low) + clipped(stop, last, high)
    return error


METHODS: Mapping[str, Callable[[Observer, QuantiseSettings], Range]] = {
    "minmax": lambda observer, _: observer.minmax(),
    "percentile": lambda observer, settings: observer.percentile(settings.percentile),
    "mse": lambda observer, settings: observer.mse(255 if settings.activations == "int8" else 65535),
}


def observe(graph: Graph, batches: Iterable[Mapping[str, Tensor]], settings: QuantiseSettings) -> dict[str, Range]:
    """The range of each activation, inputs included.

    Args:
        graph: legal float graph.
        batches: input name → float32 tensor (N, …), channels last.
        settings: `activations`, `calibration` and `percentile` are read.

    Raises:
        BadValue: LP207, an activation is not finite.
    """
    observers: dict[str, Observer] = {}

    def look(name: str, tensor: Tensor) -> Tensor:
        observers.setdefault(name, Observer(name)).add(tensor.detach().cpu().numpy())
        return tensor

    with torch.no_grad():
        for batch in batches:
            run_float(graph, batch, hook=look)
    answers = answers_of(graph)
    return {
        name: METHODS["minmax" if name in answers else settings.calibration](observer, settings)
        for name, observer in observers.items()
    }
