"""Reshape: the same values in the same order under another shape. Needs no code.

Attrs    shape: the new shape, batch included; the batch stays as it is
Integer  any type; scale and zero point stay
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_same_quant, whole_numbers

if TYPE_CHECKING:
    from torch import Tensor


def _shape(node: Node) -> tuple[int, ...]:
    given = node.attrs.get("shape")
    return whole_numbers(node, "shape", len(given) if isinstance(given, Sequence) else 1, 1)


@register_op
class Reshape(Op):
    """y[i…] = x[j…], flat positions equal."""

    name = "reshape"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, shape = inputs[0], _shape(node)
        expect(math.prod(shape) == x.elements, node, f"{x.shape} has {x.elements} elements, {shape} has another number")
        expect(not shape or not x.shape or shape[0] == x.shape[0], node, f"{x.shape} to {shape} changes the batch")
        return shape, x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        expect_same_quant(node, inputs[0], output)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].reshape(x[0].shape[0], *_shape(node)[1:])

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        moved: Array = x[0].reshape(x[0].shape[0], *output.shape[1:])
        return moved

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        return None
