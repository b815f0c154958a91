"""Transpose: y's axis i is x's axis perm[i].

Inputs   x (N, …), up to 4 axes
Attrs    perm: the new order of all axes; the batch stays first
Integer  int8; scale and zero point stay. No code where only axes of length 1 move.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_rank, expect_same_quant, whole_numbers
from lilliput.compiler.ops._strided import strided_copy, strides_of

if TYPE_CHECKING:
    from torch import Tensor


def _perm(node: Node, rank: int) -> tuple[int, ...]:
    perm = whole_numbers(node, "perm", rank, 0)
    expect(sorted(perm) == list(range(rank)), node, f"perm must hold each of 0 to {rank - 1} once, got {perm}")
    expect(perm[0] == 0, node, f"perm must leave the batch first, got {perm}")
    return perm


@register_op
class Transpose(Op):
    """y[i, j, …] = x with its axes in the order `perm`."""

    name = "transpose"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x = inputs[0]
        expect_rank(node, x, 1, 4)
        return tuple(x.shape[axis] for axis in _perm(node, len(x.shape))), x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        expect_same_quant(node, inputs[0], output)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].permute(_perm(node, x[0].ndim))

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        return x[0].transpose(_perm(node, x[0].ndim))

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        x = inputs[0]
        perm, strides = _perm(node, len(x.shape)), strides_of(x.shape)
        call = strided_copy(node, 0, output.shape, [strides[axis] for axis in perm], target)
        if call is not None and x.dtype != "int8":
            raise self.unsupported(node, f"has no {x.dtype} kernel")
        return call
