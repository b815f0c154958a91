"""Changing the scale of 8-bit values by a table of all 256: exact whatever the rule, and one load an element."""

from __future__ import annotations

import numpy as np

from lilliput.compiler.fixed_point import Multiplier, requantise, to_multiplier
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Target
from lilliput.compiler.ops._mve import with_vectors
from lilliput.core.errors import UnsafeRange

SATURATING_FACTOR = 2.0**16
"""From here up any 8-bit input but the zero point saturates an 8-bit output, so larger is no different."""


def codes_of(x: Value) -> Array:
    """All integers of an 8-bit type in order, int64: index i of a table is for the input codes[i]."""
    limits = np.iinfo(x.dtype)
    return np.arange(limits.min, limits.max + 1, dtype=np.int64)


def proved_multiplier(node: Node, factor: float, reach: int) -> Multiplier:
    """Fixed-point form of a factor for accumulators of up to `reach` in size.

    Raises:
        UnsafeRange: LP312, the left shift of requantisation could carry one out of 32 bits.
    """
    multiplier = to_multiplier(min(factor, 2.0**29))
    prove_reach(node, reach, multiplier)
    return multiplier


def prove_reach(node: Node, reach: int, multiplier: Multiplier) -> None:
    """Raise UnsafeRange, LP312, unless reach · 2^max(shift, 0) < 2^30."""
    bound = reach << max(0, multiplier.shift)
    if bound >= 1 << 30:
        raise UnsafeRange(
            f'{node.op} at "{node.name}" could reach {bound} in an accumulator, the kernel holds less than {1 << 30}',
            fix="quantise with a larger output scale",
        )


def rescale(centred: Array, factor: float, y: Value) -> Array:
    """requantise(x - zero point, factor) + zero point of y, not clamped, for 8-bit x. int64 in and out."""
    moved: Array = requantise(centred, *to_multiplier(min(factor, SATURATING_FACTOR))) + y.zero_point
    return moved


def rescale_table(x: Value, y: Value) -> Array:
    """The table that brings 8-bit `x` to the scale of int8 `y`: TensorFlow Lite's REQUANTIZE rule."""
    moved = rescale(codes_of(x) - x.zero_point, x.scale / y.scale, y)
    table: Array = np.clip(moved, -128, 127).astype(np.int8)
    return table


def nearest_table(real: Array, y: Value) -> Array:
    """Real values (float64) to int8 codes of `y`: round half away from zero, clamp."""
    scaled = np.clip(real / y.scale, -1e6, 1e6)
    table: Array = np.clip(np.trunc(scaled + np.copysign(0.5, scaled)) + y.zero_point, -128, 127).astype(np.int8)
    return table


def clamped(y: Array, low: int = -128, high: int = 127) -> Array:
    """int8 codes, cut off at both ends."""
    codes: Array = np.clip(y, low, high).astype(np.int8)
    return codes


def is_identity(table: Array) -> bool:
    """True when an int8 table gives each code back."""
    return bool((table == np.arange(-128, 128)).all())


def lookup_kernel(
    node: Node, source: Value, table: Array, target: Target | None = None, function: str = "lp_lookup_s8"
) -> Kernel | None:
    """The call that applies an int8 table to `source`; None when it changes nothing."""
    if source.dtype == "int8" and is_identity(table):
        return None
    portable = Kernel(
        function=function,
        fields=(Field("table", "int8_t", table), Field("n", "int32_t", source.elements)),
        operands=(source.name, node.output),
        in_place=(0,),
    )
    return with_vectors(portable, target)
