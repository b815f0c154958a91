"""Broadcast: axes of length 1 stretch, missing leading axes are added.

Inputs   x, any type
Attrs    shape: of y
Integer  scale and zero point stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Signature, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import shape_of
from lilliput.compiler.ops._move import Move, View
from lilliput.compiler.ops._strided import MOST_AXES, strides_of

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class BroadcastTo(Move):
    """y[i, j, …] = x, repeated along the axes where x has length 1."""

    name = "broadcast_to"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, shape = inputs[0], shape_of(node, MOST_AXES)
        spare = len(shape) - len(x.shape)
        fits = spare >= 0 and all(a in (1, b) for a, b in zip(x.shape, shape[spare:], strict=True))
        expect(fits, node, f"{x.shape} does not stretch to {shape}")
        return shape, x.dtype

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return len(inputs[0].shape) != len(output.shape)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        shape = shape_of(node, MOST_AXES)
        return x[0].broadcast_to((x[0].shape[0], *shape[1:]) if _keeps_batch(shape, x[0].ndim) else shape)

    def moved(self, node: Node, x: Array, output: Value) -> Array:
        shape = output.shape
        return np.broadcast_to(x, (x.shape[0], *shape[1:]) if _keeps_batch(shape, x.ndim) else shape)

    def view(self, node: Node, x: Value, y: Value) -> View:
        steps = [0 if length == 1 else step for length, step in zip(x.shape, strides_of(x.shape), strict=True)]
        return View(0, y.shape, [0] * (len(y.shape) - len(steps)) + steps)


def _keeps_batch(shape: Sequence[int], rank: int) -> bool:
    return len(shape) == rank > 0 and shape[0] == 1
