"""Choice: y = a where the condition holds, else b.

Inputs   condition bool; a, b of one type; all of one shape, or stretched to it. Some may be constants.
Integer  any type, one scale for a, b and y.
Kernel   takes whole operands; the pass `legalise` stretches the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import ITEM_BYTES, Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_same_quant
from lilliput.compiler.ops._broadcast import mixes_rows, stretched_shape

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Select(Op):
    """y = condition ? a : b."""

    name = "select"
    arity = (3, 3)
    elementwise = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        condition, a, b = inputs
        expect(condition.dtype == "bool", node, f"the condition must be bool, got {condition.dtype}")
        expect(a.dtype == b.dtype, node, f"operands must have one type, got {a.dtype} and {b.dtype}")
        return stretched_shape(node, inputs), a.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        for value in inputs[1:]:
            expect_same_quant(node, value, output)

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return mixes_rows(inputs, output)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        import torch

        return torch.where(x[0].bool(), x[1], x[2])

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        return np.where(*x)

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        condition, *sources = inputs
        if condition.is_constant or any(value.shape != output.shape for value in inputs):
            raise self.unsupported(node, "takes an activation as condition, and operands of its own shape")
        fields = [
            Field(name, "uint8_t", 0 if v.data is None else np.ascontiguousarray(v.data).reshape(-1).view(np.uint8))
            for name, v in zip("ab", sources, strict=True)
        ]
        names = [condition.name if value.is_constant else value.name for value in sources]
        return Kernel(
            function="lp_select",
            fields=(
                *fields,
                Field("n", "int32_t", output.elements),
                Field("item", "int32_t", ITEM_BYTES[output.dtype]),
            ),
            operands=(condition.name, *names, node.output),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        return self.kernel(node, inputs, output, target)
