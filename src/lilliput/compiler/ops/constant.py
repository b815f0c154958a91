"""Constant: a copy in working memory of what lies in flash, for kernels and outputs that need it there.

Inputs   x: a constant of any type
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_same_quant

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Constant(Op):
    """y = x, which is known at compile time."""

    name = "constant"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        expect(inputs[0].is_constant, node, f"{inputs[0].name!r} must be a constant")
        return inputs[0].shape, inputs[0].dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        expect_same_quant(node, inputs[0], output)

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return True  # it has no batch

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].clone()

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        return x[0].copy()

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        data = np.ascontiguousarray(inputs[0].data).reshape(-1).view(np.uint8)
        fields = (Field("data", "uint8_t", data), Field("bytes", "int32_t", output.nbytes))
        return Kernel(function="lp_constant", fields=fields, operands=(node.output,))

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        return self.kernel(node, inputs, output, target)
