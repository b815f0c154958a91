"""Slice: y[i, …] = x[begin + i · stride, …] along each axis.

Inputs   x, 1 to 8 axes, any type
Attrs    begin, end, strides: one per axis, begin < end ≤ length, end not included, strides from 1 up. 0, 1, 1 for the
         leading axis is the whole batch; its first element alone is 0, length, length (`slice_attrs`)
Integer  scale and zero point stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import starmap
from typing import TYPE_CHECKING

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Signature, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_rank, whole_numbers
from lilliput.compiler.ops._move import Move, View
from lilliput.compiler.ops._strided import MOST_AXES, strides_of

if TYPE_CHECKING:
    from torch import Tensor

_range = slice
"""The name of this operator's module and file is that of Python's own type."""


def _ranges(node: Node, rank: int) -> list[tuple[int, int, int]]:
    begin, end, strides = (whole_numbers(node, k, rank, low) for k, low in (("begin", 0), ("end", 1), ("strides", 1)))
    return list(zip(begin, end, strides, strict=True))


def slice_attrs(
    shape: Sequence[int], begin: Sequence[int], end: Sequence[int], strides: Sequence[int] | None = None
) -> dict[str, tuple[int, ...]]:
    """The attributes of a slice of a value of `shape`; strides are 1 where none are given."""
    ends, steps = list(end), list(strides or [1] * len(end))
    if (begin[0], ends[0], steps[0]) == (0, 1, 1):
        ends[0] = steps[0] = shape[0]
    return {"begin": tuple(begin), "end": tuple(ends), "strides": tuple(steps)}


@register_op
class Slice(Move):
    """y = x[begin:end:stride] along each axis."""

    name = "slice"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x = inputs[0]
        expect_rank(node, x, 1, MOST_AXES)
        ranges = _ranges(node, len(x.shape))
        for axis, (length, (begin, end, _)) in enumerate(zip(x.shape, ranges, strict=True)):
            expect(begin < end <= length, node, f"axis {axis} of {x.shape} has no elements from {begin} to {end}")
        expect(
            ranges[0] != (0, 1, 1) or x.shape[0] == 1,
            node,
            f"the first of {x.shape[0]} is 0, {x.shape[0]}, {x.shape[0]}",
        )
        return tuple(-(-(end - begin) // stride) for begin, end, stride in ranges), x.dtype

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return _ranges(node, len(output.shape))[0] != (0, inputs[0].shape[0], 1)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0][self._index(node, x[0].ndim)]

    def moved(self, node: Node, x: Array, output: Value) -> Array:
        cut: Array = x[self._index(node, x.ndim)]
        return cut

    def view(self, node: Node, x: Value, y: Value) -> View:
        ranges, steps = _ranges(node, len(x.shape)), strides_of(x.shape)
        start = sum(begin * step for (begin, _, _), step in zip(ranges, steps, strict=True))
        # A stride past the end, where one element is taken, is never walked.
        return View(start, y.shape, [stride * step for (_, _, stride), step in zip(ranges, steps, strict=True)])

    @staticmethod
    def _index(node: Node, rank: int) -> tuple[_range, ...]:
        first, *others = _ranges(node, rank)
        # An axis of one taken whole is the batch, of any length.
        return (_range(None) if first == (0, 1, 1) else _range(*first), *starmap(_range, others))
