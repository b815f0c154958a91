"""Sum of several values.

Inputs   2 to 8 values of one shape
Attrs    start: added to each sum, in steps of x
Integer  int8, one scale for all inputs, any for y. TensorFlow Lite's rule: with S = start + Σ (x_i - z_x), t = 2 s_x,
         y = requantise(2^19 S, t / (2^20 s_y)) + z_y, clamped. TensorFlow Lite Micro begins at the code 0 and not at
         z_x: its `start` is -z_x.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import requantise
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._rescale import clamped
from lilliput.compiler.ops.cumsum import output_factor

if TYPE_CHECKING:
    from torch import Tensor

_MOST = 8


@register_op
class AddN(Op):
    """y = x_0 + x_1 + …."""

    name = "add_n"
    arity = (2, _MOST)
    elementwise = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        first = inputs[0]
        for value in inputs[1:]:
            same = (value.shape, value.dtype) == (first.shape, first.dtype)
            expect(same, node, f"{first.name!r} and {value.name!r} differ in shape or type")
        return first.shape, first.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        for value in inputs:
            expect(value.quant == inputs[0].quant, node, "all inputs must have one scale and zero point")
        start = node.attrs.get("start", 0)
        expect(type(start) is int and abs(start) <= 128, node, f"start must be from -128 to 128, got {start!r}")

    def float(self, node: Node, *x: Tensor) -> Tensor:
        total = x[0]
        for value in x[1:]:
            total = total + value
        return total

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        if x[0].dtype != np.int8:
            raise self.unsupported(node, f"has no {x[0].dtype} form")
        sums: Array = np.sum([value.astype(np.int64) for value in x], axis=0) + self._start(node, inputs)
        return clamped(requantise(sums << 19, *output_factor(self, node, inputs[0], output)) + output.zero_point)

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        if any(value.dtype != "int8" or value.is_constant for value in inputs):
            raise self.unsupported(node, "has a kernel for int8 activations only")
        mult, shift = output_factor(self, node, inputs[0], output)
        numbers = {
            "count": len(inputs), "n": output.elements, "start": self._start(node, inputs), "mult": mult,
            "right": -shift, "y_offset": output.zero_point,
        }  # fmt: skip
        return Kernel(
            function="lp_add_n_s8",
            fields=tuple(Field(name, "int32_t", value) for name, value in numbers.items()),
            operands=(*node.inputs, *[node.inputs[-1]] * (_MOST - len(inputs)), node.output),
            in_place=tuple(range(_MOST)),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        if any(value.is_constant for value in inputs):
            raise self.unsupported(node, "has a kernel for activations only")
        return Kernel(
            function="lp_add_n_f32",
            fields=(Field("count", "int32_t", len(inputs)), Field("n", "int32_t", output.elements)),
            operands=(*node.inputs, *[node.inputs[-1]] * (_MOST - len(inputs)), node.output),
            in_place=tuple(range(_MOST)),
        )

    @staticmethod
    def _start(node: Node, inputs: Sequence[Value]) -> int:
        return int(node.attrs.get("start", 0)) - len(inputs) * inputs[0].zero_point
