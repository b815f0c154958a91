"""Negation of truth: y is true where x is false.

Inputs   x bool, one byte each, 0 or 1
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._rescale import lookup_kernel

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class LogicalNot(Op):
    """y = not x."""

    name = "logical_not"
    elementwise = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        expect(inputs[0].dtype == "bool", node, f"x must be bool, got {inputs[0].dtype}")
        return inputs[0].shape, "bool"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].logical_not()

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        return np.logical_not(x[0])

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        return lookup_kernel(node, inputs[0], (np.arange(-128, 128) == 0).astype(np.int8), target)
