"""Reshape: the same values in the same order under another shape. Needs no code.

Attrs    shape: the new shape, batch included
Integer  any type; scale and zero point stay
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_same_quant, shape_of
from lilliput.compiler.ops._strided import MOST_AXES

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Reshape(Op):
    """y[i…] = x[j…], flat positions equal."""

    name = "reshape"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, shape = inputs[0], shape_of(node, MOST_AXES)
        expect(math.prod(shape) == x.elements, node, f"{x.shape} has {x.elements} elements, {shape} has another number")
        return shape, x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        expect_same_quant(node, inputs[0], output)

    def steps(self, node: Node, inputs: Sequence[Value]) -> int:
        return inputs[0].steps

    def float(self, node: Node, *x: Tensor) -> Tensor:
        shape = shape_of(node, MOST_AXES)
        return x[0].reshape(-1, *shape[1:]) if shape else x[0].reshape(shape)

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        moved: Array = x[0].reshape(-1, *output.shape[1:]) if output.shape else x[0].reshape(())
        return moved

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        return None

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        return None
