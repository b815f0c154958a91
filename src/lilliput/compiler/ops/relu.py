"""Rectifier: y = max(x, 0).

Integer  int8 or int16, any two scales. TensorFlow Lite's rule: requantise(x - z_x, s_x / s_y) + z_y, not below z_y.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import requantise
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, activation_range
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._float import MapCall
from lilliput.compiler.ops._lookup import Lookup
from lilliput.compiler.ops._rescale import codes_of, proved_multiplier, rescale
from lilliput.compiler.ops._weights_s16 import REACH

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Relu(Lookup):
    """y = max(x, 0)."""

    name = "relu"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].clamp_min(0.0)

    def float_call(self, node: Node) -> MapCall:
        return MapCall("lp_clip_f32", 0.0, math.inf)

    def real(self, node: Node, x: Array) -> Array:
        return np.maximum(x, 0.0)

    def table(self, node: Node, x: Value, y: Value) -> Array:
        moved = rescale(codes_of(x) - x.zero_point, x.scale / y.scale, y)
        return np.clip(moved, *activation_range(self.name, y)).astype(np.int8)

    def integer_s16(self, node: Node, x: Value, y: Value, codes: Array) -> Array:
        moved = requantise(codes, *proved_multiplier(node, x.scale / y.scale, REACH))
        return np.clip(moved, *activation_range(self.name, y)).astype(np.int16)

    def kernel_s16(self, node: Node, x: Value, y: Value) -> Kernel | None:
        mult, shift = proved_multiplier(node, x.scale / y.scale, REACH)
        low, high = activation_range(self.name, y)
        numbers = {"n": x.elements, "mult": mult, "shift": shift, "y_min": low, "y_max": high}
        return Kernel(
            function="lp_requantize_s16",
            fields=tuple(Field(name, "int32_t", value) for name, value in numbers.items()),
            operands=(x.name, y.name),
            in_place=(0,),
        )
