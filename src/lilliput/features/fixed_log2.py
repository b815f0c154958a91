"""Binary logarithm of 64-bit integers in Q10, defined bit for bit.

    n = the place of the highest one bit of x, x ≥ 2^15
    f = the 15 bits below it: 10 bits of fraction between the 33 entries of a Q15 table of log2(1 + i/32)
    log2(x) · 1024 = 1024·n + round(interpolated / 2^15), halves upwards

The line between two entries lies below the curve by at most 1.8·10^-4; with the rounding to Q10 the result is within
7·10^-4 of the logarithm. The C twin is in `runtime/lp_log_mel_s16.c`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SEGMENTS = 32


def log2_table() -> Array:
    """(33,) uint16: log2(1 + i/32) in Q15."""
    table: Array = np.rint(np.log2(1 + np.arange(SEGMENTS + 1) / SEGMENTS) * 32768).astype(np.uint16)
    return table


def log2_q10(x: Array, table: Array) -> Array:
    """1024 · log2(x) for x in [2^15, 2^63), int64 in, int32 out, same shape."""
    # The exponent of the float is one too large where rounding to 53 bits carries into the next power of two.
    exponent = np.frexp(x.astype(np.float64))[1].astype(np.int64) - 1
    exponent -= (x >> exponent) == 0
    f = (x >> (exponent - 15)) & 0x7FFF
    index, fraction = f >> 10, f & 1023
    wide = table.astype(np.int64)
    low = wide[index]
    interpolated = (low << 10) + (wide[index + 1] - low) * fraction
    result: Array = ((exponent << 10) + ((interpolated + (1 << 14)) >> 15)).astype(np.int32)
    return result
