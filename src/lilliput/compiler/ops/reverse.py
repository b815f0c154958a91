"""Reverse: the elements of some axes in the opposite order.

Inputs   x, 1 to 8 axes, any type
Attrs    axes: which, ascending
Integer  scale and zero point stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Signature
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import axes_of, expect_rank
from lilliput.compiler.ops._move import Move, View
from lilliput.compiler.ops._strided import MOST_AXES, strides_of

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Reverse(Move):
    """y[i, …] = x[length - 1 - i, …] along `axes`."""

    name = "reverse"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x = inputs[0]
        expect_rank(node, x, 1, MOST_AXES)
        axes_of(node, len(x.shape))
        return x.shape, x.dtype

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return 0 in axes_of(node, len(output.shape))

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].flip(axes_of(node, x[0].ndim))

    def moved(self, node: Node, x: Array, output: Value) -> Array:
        return np.flip(x, axes_of(node, x.ndim))

    def view(self, node: Node, x: Value, y: Value) -> View:
        axes, steps = axes_of(node, len(x.shape)), strides_of(x.shape)
        start = sum((x.shape[axis] - 1) * steps[axis] for axis in axes)
        return View(start, y.shape, [-step if axis in axes else step for axis, step in enumerate(steps)])
