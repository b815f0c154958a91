"""Change the sample rate with a windowed-sinc filter, one set of weights for each phase that occurs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

_CROSSINGS = 24  # zero crossings of the sinc on each side
_BETA = 9.0  # of the Kaiser window: stop band below -88 dB
_PASS = 0.92  # of half the lower rate is kept; the rest is the slope of the filter
_BLOCK = 4096  # outputs at a time


def resample(x: Samples, rate: int, to: int) -> Samples:
    """`x` at `to` samples a second, ceil(len · to / rate) of them; silence is assumed before and after it.

    y[n] = Σ_k x[k] · h(n · rate / to - k), h a sinc of cut-off 0.92 · min(rate, to) / 2 under a Kaiser window,
    normalised so that a constant stays what it is.

    Raises:
        ValueError: a rate not above 0.
    """
    if rate <= 0 or to <= 0:
        raise ValueError(f"rates must be above 0, got {rate} and {to}")
    if rate == to:
        return x
    common = math.gcd(rate, to)
    up, down = to // common, rate // common
    cut = _PASS * min(1.0, to / rate)
    reach = math.ceil(_CROSSINGS / cut)
    padded = np.concatenate([np.zeros(reach), x, np.zeros(reach + 1)])
    n = np.arange(-(-len(x) * up // down), dtype=np.int64)
    phases, which = np.unique(n * down % up, return_inverse=True)
    weights = _weights(phases / up, cut, reach)
    first = n * down // up + 1  # in `padded`: the sample `reach - 1` before
    y = np.empty(len(n))
    for start in range(0, len(n), _BLOCK):
        part = slice(start, start + _BLOCK)
        taps = padded[first[part, None] + np.arange(2 * reach)]
        np.einsum("nk,nk->n", taps, weights[which[part]], out=y[part])
    return y


def _weights(phases: Samples, cut: float, reach: int) -> Samples:
    """(P, 2·reach): weight of each sample from `reach - 1` before to `reach` after an output at that phase."""
    t = phases[:, None] - np.arange(1 - reach, reach + 1)
    window = np.i0(_BETA * np.sqrt(np.clip(1 - np.square(t / reach), 0, None)))
    h = np.sinc(cut * t) * window
    scaled: Samples = h / h.sum(axis=1, keepdims=True)
    return scaled
