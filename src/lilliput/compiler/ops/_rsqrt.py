"""Fixed-point 1/√n of a whole number, as TensorFlow Lite defines it, in Python integers.

n is brought into [2^27, 2^29) by an even shift; five Newton steps from 1 in Q3.28 give 1/√ of n / 2^29, and √2 / 2
takes the odd half of the shift back. The C twin is `runtime/lp_rsqrt.h`.
"""

from __future__ import annotations

from lilliput.compiler.fixed_point import Multiplier

_HALF_SQRT_2 = 1518500250
"""√2 / 2 in Q0.31."""
_THREE_HALVES = 3 << 27
"""1.5 in Q3.28."""


def rsqrt(n: int) -> Multiplier:
    """1/√n = mult · 2^(shift - 31), `shift` at most 0; 0 counts as 1. n is in [0, 2^31)."""
    if n <= 1:
        return Multiplier((1 << 31) - 1, 0)
    right = 11
    while n >= 1 << 29:
        n //= 4
        right += 1
    pairs = (31 - n.bit_length()) // 2 - 1
    right -= pairs
    x = newton((n << 2 * pairs) >> 1)
    return Multiplier(x << max(-right, 0), -max(right, 0))


def newton(a: int) -> int:
    """1/√a · √2 / 2 in Q3.28, a in Q3.28."""
    half, x = (a >> 1) + (a & 1), 1 << 28
    for _ in range(5):
        cube = _high(_high(x, x), x) << 6
        x = (_high(_THREE_HALVES, x) - _high(half, cube)) << 3
    return _high(x, _HALF_SQRT_2)


def _high(a: int, b: int) -> int:
    """(a · b + 2^30) >> 31."""
    return (a * b + (1 << 30)) >> 31
