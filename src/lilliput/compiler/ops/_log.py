"""Fixed-point natural logarithm of a sum, as TensorFlow Lite's integer log-softmax defines it, in Python integers.

x in Q12.19, at least 1, is written 2^e · r in two ways, with r around 1/√2 and around 1 / ⁴√2; the one with the larger
estimate of e is taken, e in quarters. log r comes from a quotient of two polynomials around ⁴√(1/2). The C twin is in
`runtime/lp_log_softmax_s8.c`.
"""

from __future__ import annotations

import numpy as np

from lilliput.compiler.ops._exp import reciprocal

_LOG_2 = 1488522236
_FOURTH_ROOT_HALF = 1805811301
_ROOT_HALF = 1518500250
_ALPHA_N, _ALPHA_D, _ALPHA_I, _ALPHA_F = 117049297, 127690142, 1057819769, 638450708
"""11/240 ⁴√2, 1/20 ⁴√2, 2/⁴√2 - ⁴√2 and 1/4 ⁴√2; all constants in Q0.31."""
_QUARTER = 1 << 23
"""1/4 in Q6.25, in which the exponent is counted."""
_TOP, _BOTTOM = (1 << 31) - 1, -(1 << 31)


def log_of_sum(x: int) -> int:
    """log x in Q5.26, x in [2^19, 2^31) in Q12.19."""
    zeros = 32 - x.bit_length()
    r_a = _saturated(_high(x << (zeros - 1), _ROOT_HALF) << 1)
    e_a = _saturated(((12 - zeros) << 25) + _QUARTER)
    zeros_b = 31 - _high(x, _ROOT_HALF).bit_length()
    r_b = _saturated(x << zeros_b)
    e_b = _saturated(((12 - zeros_b) << 25) - _QUARTER)
    log_r = _ratio(min(r_a, r_b))
    return _saturated((_high(max(e_a, e_b), _LOG_2) + log_r) << 1)


def _ratio(r: int) -> int:
    """The part of the logarithm that r, in Q0.31, leaves to the exponent; in Q6.25."""
    p, q = (r + _FOURTH_ROOT_HALF + 1) >> 1, 2 * (r - _FOURTH_ROOT_HALF)
    square = _high(q, q)
    numerator = _high(q, r) + _high(_high(q, square), _ALPHA_N)
    denominator = _high(p, _ALPHA_I + q + _high(_ALPHA_D, square)) + _high(_ALPHA_F, q)
    return _high(_rounded(numerator, 6), int(reciprocal(np.array(denominator, np.int64))))


def _high(a: int, b: int) -> int:
    return (a * b + (1 << 30)) >> 31


def _rounded(x: int, bits: int) -> int:
    """x / 2^bits, half away from zero."""
    half = 1 << (bits - 1)
    return (x + half) >> bits if x >= 0 else -((half - x) >> bits)


def _saturated(x: int) -> int:
    return min(max(x, _BOTTOM), _TOP)
