"""Rectifier with a learned slope: y = x where x ≥ 0, else a · x.

Inputs   x, a: one shape, or axes of length 1 that stretch; a is usually a constant, one slope a channel
Integer  int8, any three scales. TensorFlow Lite's rule: requantise(x - z_x, s_x / s_y) + z_y where x ≥ z_x, else
         requantise((x - z_x)(a - z_a), s_x s_a / s_y) + z_y, clamped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import Multiplier, requantise
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._pair import Pair
from lilliput.compiler.ops._rescale import clamped, proved_multiplier

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Prelu(Pair):
    """y = max(x, 0) + a · min(x, 0)."""

    name = "prelu"
    function = "lp_prelu"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].clamp_min(0.0) + x[1] * x[0].clamp_max(0.0)

    def pairs(self, node: Node, inputs: Sequence[Value], output: Value, a: Array, b: Array) -> Array:
        whole, product = _factors(node, inputs, output)
        x, slope = (c.astype(np.int64) - v.zero_point for v, c in zip(inputs, (a, b), strict=True))
        y = np.where(x >= 0, requantise(x, *whole), requantise(x * slope, *product)) + output.zero_point
        return clamped(y)

    def fields(self, node: Node, inputs: Sequence[Value], output: Value) -> tuple[Field, ...]:
        whole, product = _factors(node, inputs, output)
        numbers = {
            "a_offset": -inputs[0].zero_point, "b_offset": -inputs[1].zero_point,
            "mult": whole.mult, "shift": whole.shift, "slope_mult": product.mult, "slope_shift": product.shift,
            "y_offset": output.zero_point,
        }  # fmt: skip
        return tuple(Field(name, "int32_t", value) for name, value in numbers.items())


def _factors(node: Node, inputs: Sequence[Value], y: Value) -> tuple[Multiplier, Multiplier]:
    x, slope = inputs
    return (
        proved_multiplier(node, x.scale / y.scale, 255),
        proved_multiplier(node, x.scale * slope.scale / y.scale, 255 * 255),
    )
