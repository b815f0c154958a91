"""Leaky rectifier: y = x where x ≥ 0, else α x.

Attrs    alpha: α, from 0 up
Integer  int8 or int16, any two scales. TensorFlow Lite's rule: requantise(x - z_x, m) + z_y, clamped, with m =
         s_x / s_y from the zero point up and α s_x / s_y below it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import Multiplier, requantise
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._float import MapCall
from lilliput.compiler.ops._lookup import Lookup
from lilliput.compiler.ops._rescale import codes_of, proved_multiplier, rescale
from lilliput.compiler.ops._weights_s16 import REACH

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class LeakyRelu(Lookup):
    """y = x where x ≥ 0, else α x."""

    name = "leaky_relu"

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        alpha = node.attrs.get("alpha")
        fits = isinstance(alpha, (int, float)) and math.isfinite(alpha) and alpha >= 0
        expect(fits, node, f"alpha must be from 0 up, got {alpha!r}")

    def float(self, node: Node, *x: Tensor) -> Tensor:
        from torch.nn import functional

        return functional.leaky_relu(x[0], node.attrs["alpha"])

    def float_call(self, node: Node) -> MapCall:
        return MapCall("lp_leaky_relu_f32", node.attrs["alpha"])

    def real(self, node: Node, x: Array) -> Array:
        return np.where(x >= 0, x, node.attrs["alpha"] * x)

    def table(self, node: Node, x: Value, y: Value) -> Array:
        centred, factor = codes_of(x) - x.zero_point, x.scale / y.scale
        moved = np.where(centred >= 0, rescale(centred, factor, y), rescale(centred, node.attrs["alpha"] * factor, y))
        return np.clip(moved, -128, 127).astype(np.int8)

    def integer_s16(self, node: Node, x: Value, y: Value, codes: Array) -> Array:
        above, below = (requantise(codes, *factor) for factor in _factors_s16(node, x, y))
        return np.clip(np.where(codes >= 0, above, below), -32768, 32767).astype(np.int16)

    def kernel_s16(self, node: Node, x: Value, y: Value) -> Kernel | None:
        above, below = _factors_s16(node, x, y)
        numbers = {
            "n": x.elements, "mult": above.mult, "shift": above.shift, "mult_below": below.mult,
            "shift_below": below.shift,
        }  # fmt: skip
        return Kernel(
            function="lp_leaky_relu_s16",
            fields=tuple(Field(name, "int32_t", value) for name, value in numbers.items()),
            operands=(x.name, y.name),
            in_place=(0,),
        )


def _factors_s16(node: Node, x: Value, y: Value) -> tuple[Multiplier, Multiplier]:
    factor = x.scale / y.scale
    return proved_multiplier(node, factor, REACH), proved_multiplier(node, node.attrs["alpha"] * factor, REACH)
