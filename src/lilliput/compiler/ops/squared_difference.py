"""Squared difference: y = (a - b)².

Inputs   a, b: one shape, or axes of length 1 that stretch; one of them may be a constant
Integer  int8, any three scales: TensorFlow Lite's rule. With t = 2 max(s_a, s_b),
         u = requantise((a - z_a) 2^7, s_a / t), v likewise from b:
         y = requantise((u - v)², t² / (2^14 s_y)) + z_y, clamped. On int16 1 stands for 2^7.
         int32, int64 without a scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import Multiplier, requantise, to_multiplier
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Target
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._pair import Pair
from lilliput.compiler.ops._rescale import clamped
from lilliput.compiler.ops._weights_s16 import demand_symmetric
from lilliput.compiler.ops._whole import is_whole, whole_kernel, whole_pairs
from lilliput.core.errors import UnsafeRange

if TYPE_CHECKING:
    from torch import Tensor

LEFT_SHIFT = 7


@register_op
class SquaredDifference(Pair):
    """y = (a - b)²."""

    name = "squared_difference"
    takes = ("int8", "int16", "int32", "int64")
    function = "lp_squared_difference"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return (x[0] - x[1]).square()

    def pairs(self, node: Node, inputs: Sequence[Value], output: Value, a: Array, b: Array) -> Array:
        if is_whole(inputs):
            return whole_pairs(node, a, b)
        u, v = (
            requantise((codes.astype(np.int64) - value.zero_point) << _left(output), *factor)
            for value, codes, factor in zip(inputs, (a, b), _input_factors(inputs), strict=True)
        )
        y = requantise((u - v) ** 2, *_output_factor(node, inputs, output)) + output.zero_point
        return clamped(y) if output.dtype == "int8" else np.clip(y, -32768, 32767).astype(np.int16)

    def fields(self, node: Node, inputs: Sequence[Value], output: Value) -> tuple[Field, ...]:
        (a_mult, a_shift), (b_mult, b_shift) = _input_factors(inputs)
        y_mult, y_shift = _output_factor(node, inputs, output)
        if output.dtype == "int16":
            demand_symmetric(node, (*inputs, output))
            short = {"a_mult": a_mult, "a_shift": a_shift, "b_mult": b_mult, "b_shift": b_shift}
            return tuple(Field(n, "int32_t", v) for n, v in (short | {"y_mult": y_mult, "y_shift": y_shift}).items())
        numbers = {
            "a_offset": -inputs[0].zero_point, "a_mult": a_mult, "a_shift": a_shift,
            "b_offset": -inputs[1].zero_point, "b_mult": b_mult, "b_shift": b_shift,
            "y_mult": y_mult, "y_shift": y_shift, "y_offset": output.zero_point,
        }  # fmt: skip
        return tuple(Field(name, "int32_t", value) for name, value in numbers.items())

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        if is_whole(inputs):
            return whole_kernel(self, node, inputs, output)
        return super().kernel(node, inputs, output, target)


def _left(y: Value) -> int:
    return LEFT_SHIFT if y.dtype == "int8" else 0


def _input_factors(inputs: Sequence[Value]) -> tuple[Multiplier, ...]:
    largest = 2 * max(value.scale for value in inputs)
    return tuple(to_multiplier(value.scale / largest) for value in inputs)


def _output_factor(node: Node, inputs: Sequence[Value], y: Value) -> Multiplier:
    largest = 2 * max(value.scale for value in inputs)
    factor = to_multiplier(min(largest * largest / (2 ** (2 * _left(y)) * y.scale), 2.0**29))
    if factor.shift > 0:
        raise UnsafeRange(
            f'{node.op} at "{node.name}" has an output scale of {y.scale:g}, too fine for 32 bits',
            fix="quantise with a larger output scale",
        )
    return factor
