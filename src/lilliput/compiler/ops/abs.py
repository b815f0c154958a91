"""Magnitude: y = |x|.

Integer  int8, any two scales, by table. TensorFlow Lite's rule: |x - z_x| + z_y where the scales are equal, else
         requantise(|x - z_x|, s_x / s_y) + z_y. int16 likewise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import Multiplier, requantise
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._lookup import Lookup
from lilliput.compiler.ops._rescale import clamped, codes_of, proved_multiplier, rescale
from lilliput.compiler.ops._weights_s16 import REACH

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Abs(Lookup):
    """y = |x|."""

    name = "abs"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].abs()

    def real(self, node: Node, x: Array) -> Array:
        return np.abs(x)

    def table(self, node: Node, x: Value, y: Value) -> Array:
        magnitude = np.abs(codes_of(x) - x.zero_point)
        same = x.scale == y.scale
        return clamped(magnitude + y.zero_point if same else rescale(magnitude, x.scale / y.scale, y))

    def integer_s16(self, node: Node, x: Value, y: Value, codes: Array) -> Array:
        moved = requantise(np.abs(codes.astype(np.int64)), *_factor_s16(node, x, y))
        return np.clip(moved, -32768, 32767).astype(np.int16)

    def kernel_s16(self, node: Node, x: Value, y: Value) -> Kernel | None:
        mult, shift = _factor_s16(node, x, y)
        numbers = {"n": x.elements, "mult": mult, "shift": shift}
        return Kernel(
            function="lp_abs_s16",
            fields=tuple(Field(name, "int32_t", value) for name, value in numbers.items()),
            operands=(x.name, y.name),
            in_place=(0,),
        )


def _factor_s16(node: Node, x: Value, y: Value) -> Multiplier:
    return proved_multiplier(node, x.scale / y.scale, REACH)
