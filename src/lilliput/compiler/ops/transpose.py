"""Transpose: y's axis i is x's axis perm[i].

Inputs   x, up to 8 axes, any type
Attrs    perm: the new order of all axes
Integer  scale and zero point stay. No code where only axes of length 1 move.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Signature, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_rank, whole_numbers
from lilliput.compiler.ops._move import Move, View
from lilliput.compiler.ops._strided import MOST_AXES, strides_of

if TYPE_CHECKING:
    from torch import Tensor


def _perm(node: Node, rank: int) -> tuple[int, ...]:
    perm = whole_numbers(node, "perm", rank, 0)
    expect(sorted(perm) == list(range(rank)), node, f"perm must hold each of 0 to {rank - 1} once, got {perm}")
    return perm


@register_op
class Transpose(Move):
    """y[i, j, …] = x with its axes in the order `perm`."""

    name = "transpose"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x = inputs[0]
        expect_rank(node, x, 1, MOST_AXES)
        return tuple(x.shape[axis] for axis in _perm(node, len(x.shape))), x.dtype

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return _perm(node, len(output.shape))[0] != 0

    def steps(self, node: Node, inputs: Sequence[Value]) -> int:
        return inputs[0].steps

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].permute(_perm(node, x[0].ndim))

    def moved(self, node: Node, x: Array, output: Value) -> Array:
        return x.transpose(_perm(node, x.ndim))

    def view(self, node: Node, x: Value, y: Value) -> View:
        strides = strides_of(x.shape)
        return View(0, y.shape, [strides[axis] for axis in _perm(node, len(x.shape))])
