"""The integer arithmetic of requantisation, in NumPy, exactly as the kernels do it.

A real factor m > 0 is written m = M · 2^(shift - 31), with M in [2^30, 2^31). A 32-bit accumulator is brought to the
output's scale with two roundings, as TensorFlow Lite's reference kernels for microcontrollers do:

    t = (acc · 2^max(shift, 0) · M + 2^30) >> 31          round half up, on the exact 64-bit product
    y = t / 2^max(-shift, 0)                              round half away from zero

or, where a node says so (`rounding="single"`), with one, as TensorFlow Lite's optimised kernels for processors do:

    y = (acc · M + 2^(30 - shift)) >> (31 - shift)        round half up, on the exact 64-bit product

Layers on int16 activations sum in 64 bits, and round once, with a factor of 15 bits:

    M16 = min((M + 2^15) >> 16, 2^15 - 1),   y = (acc · M16 + 2^(14 - shift)) >> (15 - shift)

The C twins are `runtime/lp_fixed_point.h` and `runtime/lp_wide_s16.h`.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from lilliput.compiler.graph import Array, Node
from lilliput.core.errors import UnsafeRange

Rounding: TypeAlias = Literal["double", "single"]

ONCE = 64
"""Kernels that round twice round once where this is added to a shift."""


class Multiplier(NamedTuple):
    """m = mult · 2^(shift - 31): `mult` in [2^30, 2^31) or 0, `shift` in [-31, 30], above 0 shifts left."""

    mult: int
    shift: int


def to_multiplier(real: float) -> Multiplier:
    """The fixed-point form of a factor, rounded half away from zero to 31 bits.

    Raises:
        UnsafeRange: LP312, not finite, negative, or 2^30 and above; scales of a file can give any such factor.
    """
    if not math.isfinite(real) or real < 0 or real >= 2.0**30:
        raise UnsafeRange(
            f"a requantisation factor must be in [0, 2^30), got {real}",
            why="the scales of a layer's input, weights and output do not belong together",
        )
    if real == 0:
        return Multiplier(0, 0)
    fraction, exponent = math.frexp(real)
    mult = math.floor(fraction * 2.0**31 + 0.5)
    if mult == 1 << 31:
        mult, exponent = 1 << 30, exponent + 1
    if exponent < -31:
        return Multiplier(0, 0)
    return Multiplier(mult, exponent)


def rounding_of(node: Node) -> Rounding:
    """Which of the two rules a node follows: its attribute `rounding`. Raises ValueError for any other word."""
    given = node.attrs.get("rounding", "double")
    if given == "single":
        return "single"
    if given != "double":
        raise ValueError(f'{node.op} at "{node.name}": rounding must be double or single, got {given!r}')
    return "double"


def coded_shift(shift: Array, rounding: Rounding) -> Array:
    """How the kernels are told of the rule: a shift of `ONCE` more rounds once. int8."""
    coded: Array = (shift.astype(np.int64) + (ONCE if rounding == "single" else 0)).astype(np.int8)
    return coded


def to_multipliers(real: Array) -> tuple[Array, Array]:
    """`to_multiplier` for each of a row of factors: (mult int32, shift int8)."""
    pairs = [to_multiplier(float(value)) for value in np.atleast_1d(real)]
    return np.array([p.mult for p in pairs], np.int32), np.array([p.shift for p in pairs], np.int8)


def high_mul(a: Array, b: Array | int) -> Array:
    """(a · b + 2^30) >> 31 on the exact product: the rounded high half of a doubled product. int64 in and out."""
    high: Array = (a.astype(np.int64) * b + (1 << 30)) >> 31
    return high


def rounding_shift(x: Array, bits: Array | int) -> Array:
    """x / 2^bits, round half away from zero. int64 in and out; `bits` ≥ 0 broadcasts."""
    bits = np.asarray(bits, np.int64)
    mask = (np.int64(1) << bits) - 1
    threshold = (mask >> 1) + (x < 0)
    rounded: Array = (x >> bits) + ((x & mask) > threshold)
    return rounded


def requantise(acc: Array, mult: Array | int, shift: Array | int, rounding: Rounding = "double") -> Array:
    """Bring an accumulator to the output's scale. int64 in and out; `mult` and `shift` broadcast over `acc`."""
    shift = np.asarray(shift, np.int64)
    if rounding == "single":
        places = 31 - shift  # 1 to 62; the product stays below 2^62
        single: Array = (acc.astype(np.int64) * np.asarray(mult, np.int64) + (np.int64(1) << (places - 1))) >> places
        return single
    left, right = np.maximum(shift, 0), np.maximum(-shift, 0)
    return rounding_shift(high_mul(acc.astype(np.int64) << left, np.asarray(mult, np.int64)), right)


def reduced(mult: Array) -> Array:
    """Multipliers of 31 bits in 15, rounded half up. int64 out."""
    short: Array = np.minimum((np.asarray(mult, np.int64) + (1 << 15)) >> 16, (1 << 15) - 1)
    return short


def requantise_wide(acc: Array, mult: Array | int, shift: Array | int) -> Array:
    """Bring a sum of 64 bits to the output's scale; |acc| < 2^47 and shift at most 14. int64 in and out; `mult` and
    `shift` are those of `to_multiplier` and broadcast over `acc`."""
    right = 15 - np.asarray(shift, np.int64)
    short = reduced(np.asarray(mult))
    moved: Array = (acc.astype(np.int64) * short + (np.int64(1) << (right - 1))) >> right
    return moved
