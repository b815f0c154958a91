"""Conjunction: y = a and b.

Inputs   a, b bool, one byte each, 0 or 1: one shape, or axes of length 1 that stretch; one of them may be a constant
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lilliput.compiler.graph import Array, DType, Node, Value
from lilliput.compiler.op import Signature, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._broadcast import stretched
from lilliput.compiler.ops._extreme import Extreme

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class LogicalAnd(Extreme):
    """y = a and b."""

    name = "logical_and"
    largest = False
    takes: ClassVar[tuple[DType, ...]] = ("bool",)

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        expect(inputs[0].dtype == "bool", node, f"operands must be bool, got {inputs[0].dtype}")
        return stretched(node, inputs)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].logical_and(x[1])

    def extreme(self, a: Array, b: Array) -> Array:
        return np.logical_and(a, b)
