"""Product: y = a · b.

Inputs   a, b: one shape, or axes of length 1 that stretch; one of them may be a constant
Attrs    activation: none | relu | relu6 | relu_n1_to_1, fused
Integer  int8 or int16, any three scales: requantise((a - z_a)(b - z_b), s_a s_b / s_y) + z_y, clamped
         int32, int64 without a scale: wrapping around.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import ONCE, Multiplier, requantise, rounding_of, to_multiplier
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import (
    Field,
    Kernel,
    Op,
    Signature,
    Target,
    activation_of,
    activation_range,
    apply_activation,
)
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._broadcast import demand_int8, loop_fields, mixes_rows, stretched, whole_operands
from lilliput.compiler.ops._float import pair_kernel
from lilliput.compiler.ops._mve import with_vectors
from lilliput.compiler.ops._pairs_s16 import product_s16
from lilliput.compiler.ops._rescale import codes_of, lookup_kernel, proved_multiplier
from lilliput.compiler.ops._whole import is_whole, whole_kernel, whole_pairs

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Mul(Op):
    """y = activation(a · b)."""

    name = "mul"
    arity = (2, 2)
    elementwise = True
    takes_activation = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        return stretched(node, inputs)

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        activation_of(node)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return apply_activation(activation_of(node), x[0] * x[1])

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return mixes_rows(inputs, output)

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        if is_whole(inputs):
            return whole_pairs(node, *x)
        a, b = inputs
        product = (x[0].astype(np.int64) - a.zero_point) * (x[1].astype(np.int64) - b.zero_point)
        y = requantise(product, *_multiplier(node, a, b, output), rounding_of(node)) + output.zero_point
        clamped: Array = np.clip(y, *activation_range(activation_of(node), output)).astype(output.dtype)
        return clamped

    def macs(self, node: Node, inputs: Sequence[Value], output: Value) -> int:
        return output.elements

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        if output.dtype == "int16":
            return product_s16(self, node, inputs, output)
        if is_whole(inputs):
            return whole_kernel(self, node, inputs, output)
        demand_int8(self, node, inputs)
        constants = [value for value in inputs if value.is_constant]
        if len(constants) == 2:
            raise self.unsupported(node, "of two constants has no kernel: fold it first")
        if not constants:
            portable = Kernel(
                function="lp_mul_s8",
                fields=self._fields(node, inputs[0], inputs[1], output),
                operands=(*node.inputs, node.output),
                in_place=whole_operands(inputs, output),
            )
            return with_vectors(portable, target)
        (constant,), (active,) = constants, [value for value in inputs if not value.is_constant]
        if constant.data is not None and constant.elements == 1:
            codes = codes_of(active).astype(np.int8)
            table = self.integer(node, (active, constant), output, codes, constant.data.reshape(1))
            return lookup_kernel(node, active, table, target)
        portable = Kernel(
            function="lp_mul_constant_s8",
            fields=(
                Field("b", "int8_t", np.asarray(constant.data)),
                *(Field(f"with.{f.name}", f.ctype, f.value) for f in self._fields(node, active, constant, output)),
            ),
            operands=(active.name, node.output),
            in_place=whole_operands(inputs, output),
            also=("lp_mul_s8",),
        )
        return with_vectors(portable, target)

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        return pair_kernel(self, node, inputs, output)

    def _fields(self, node: Node, a: Value, b: Value, y: Value) -> tuple[Field, ...]:
        mult, shift = _multiplier(node, a, b, y)
        shift += ONCE if rounding_of(node) == "single" else 0
        low, high = activation_range(activation_of(node), y)
        numbers = {
            "a_offset": -a.zero_point, "b_offset": -b.zero_point, "mult": mult, "shift": shift,
            "y_offset": y.zero_point, "y_min": low, "y_max": high,
        }  # fmt: skip
        return loop_fields(self, node, a, b, y) + tuple(Field(n, "int32_t", v) for n, v in numbers.items())


def _multiplier(node: Node, a: Value, b: Value, y: Value) -> Multiplier:
    factor = a.scale * b.scale / y.scale
    return to_multiplier(factor) if y.dtype == "int16" else proved_multiplier(node, factor, 255 * 255)
