"""Fixed-point exp and reciprocal, as TensorFlow Lite's integer softmax defines them, in NumPy int64.

Qm.n is a 32-bit integer with m bits before the point and n behind: its value is integer / 2^n, m + n = 31.
"""

from __future__ import annotations

import numpy as np

from lilliput.compiler.fixed_point import high_mul, rounding_shift
from lilliput.compiler.graph import Array

_EXP_MINUS_EIGHTH = 1895147668
"""e^(-1/8) in Q0.31."""
_THIRD = 715827883
"""1/3 in Q0.31."""
_EXP_MINUS_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
"""e^(-1/4), e^(-1/2), e^(-1), … e^(-16) in Q0.31."""
_48_OVER_17 = 1515870810
"""In Q2.29; with the next, the line that starts Newton's division."""
_MINUS_32_OVER_17 = -1010580540
_ONE = (1 << 31) - 1
"""The largest Q0.31, for 1."""


def exp_of_negative(x: Array) -> Array:
    """e^x in Q0.31 for x ≤ 0 in Q5.26.

    x is split as -k/4 + r with r in [-1/4, 0): a Taylor polynomial around -1/8 for r, one product for each bit of k.
    """
    quarter = 1 << 24
    rest = (x & (quarter - 1)) - quarter
    result = _exp_of_quarter(rest << 5)
    steps = rest - x
    for bit, factor in enumerate(_EXP_MINUS_POWERS):
        result = np.where(steps & (quarter << bit), high_mul(result, factor), result)
    return np.where(x == 0, _ONE, result)


def _exp_of_quarter(a: Array) -> Array:
    """e^a in Q0.31 for a in [-1/4, 0) in Q0.31."""
    x = a + (1 << 28)
    x2 = high_mul(x, x)
    x3, x4 = high_mul(x2, x), high_mul(x2, x2)
    tail = high_mul(rounding_shift(x4, 2) + x3, _THIRD) + x2
    bracket: Array = x + rounding_shift(tail, 1)
    return _EXP_MINUS_EIGHTH + high_mul(bracket, _EXP_MINUS_EIGHTH)


def reciprocal(x: Array) -> Array:
    """1 / (1 + x) in Q0.31 for x in [0, 1) in Q0.31: three Newton steps."""
    half = (x + _ONE + 1) >> 1  # (1 + x) / 2; the sum is not negative, so half rounds up
    y = _48_OVER_17 + high_mul(half, _MINUS_32_OVER_17)
    for _ in range(3):
        error = (1 << 29) - high_mul(half, y)
        y = y + (high_mul(y, error) << 2)
    doubled: Array = np.minimum(y << 1, _ONE)
    return doubled
