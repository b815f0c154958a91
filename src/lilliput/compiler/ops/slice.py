"""Slice: y[i, …] = x[begin + i · stride, …] along each axis.

Inputs   x (N, …), 1 to 4 axes
Attrs    begin, end, strides: one per axis, begin < end ≤ length, end not included, strides from 1 up; the batch whole
Integer  int8; scale and zero point stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import starmap
from typing import TYPE_CHECKING

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_rank, expect_same_quant, whole_numbers
from lilliput.compiler.ops._strided import strided_copy, strides_of

if TYPE_CHECKING:
    from torch import Tensor

_range = slice
"""The name of this operator's module and file is that of Python's own type."""


def _ranges(node: Node, rank: int) -> list[tuple[int, int, int]]:
    begin, end, strides = (whole_numbers(node, k, rank, low) for k, low in (("begin", 0), ("end", 1), ("strides", 1)))
    return list(zip(begin, end, strides, strict=True))


@register_op
class Slice(Op):
    """y = x[begin:end:stride] along each axis."""

    name = "slice"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x = inputs[0]
        expect_rank(node, x, 1, 4)
        ranges = _ranges(node, len(x.shape))
        for axis, (length, (begin, end, _)) in enumerate(zip(x.shape, ranges, strict=True)):
            expect(begin < end <= length, node, f"axis {axis} of {x.shape} has no elements from {begin} to {end}")
        expect(ranges[0] == (0, x.shape[0], 1), node, "the batch cannot be cut")
        return tuple(-(-(end - begin) // stride) for begin, end, stride in ranges), x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        expect_same_quant(node, inputs[0], output)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0][self._index(node, x[0].ndim)]

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        cut: Array = x[0][self._index(node, x[0].ndim)]
        return cut

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        x = inputs[0]
        ranges, steps = _ranges(node, len(x.shape)), strides_of(x.shape)
        start = sum(begin * step for (begin, _, _), step in zip(ranges, steps, strict=True))
        strides = [stride * step for (_, _, stride), step in zip(ranges, steps, strict=True)]
        call = strided_copy(node, start, output.shape, strides, target) if output.elements < x.elements else None
        if call is not None and x.dtype != "int8":
            raise self.unsupported(node, f"has no {x.dtype} kernel")
        return call

    @staticmethod
    def _index(node: Node, rank: int) -> tuple[_range, ...]:
        whole = _range(None)
        return (whole, *starmap(_range, _ranges(node, rank)[1:]))
