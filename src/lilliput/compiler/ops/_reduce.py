"""What the reductions share: the axes that are summed up, and their loops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lilliput.compiler.fixed_point import Multiplier
from lilliput.compiler.graph import Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature
from lilliput.compiler.ops._attrs import axes_of, expect_rank
from lilliput.compiler.ops._strided import MOST_AXES
from lilliput.compiler.ops._weights_s16 import demand_symmetric


class Loops(NamedTuple):
    """x as (outer, sum1, middle, sum2, inner), reduced over sum1 and sum2."""

    outer: int
    sum1: int
    middle: int
    sum2: int
    inner: int


class Reduction(Op):
    """y = x reduced over `axes`; with `keepdims` they stay with length 1."""

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x = inputs[0]
        expect_rank(node, x, 1, MOST_AXES)
        return reduced_shape(node, x.shape), x.dtype

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return 0 in axes_of(node, len(inputs[0].shape))


def reduced_shape(node: Node, shape: Sequence[int]) -> tuple[int, ...]:
    """The shape that is left. Raises BrokenGraph."""
    axes = axes_of(node, len(shape))
    if keeps(node):
        return tuple(1 if axis in axes else length for axis, length in enumerate(shape))
    return tuple(length for axis, length in enumerate(shape) if axis not in axes)


def keeps(node: Node) -> bool:
    """Attribute `keepdims`."""
    return bool(node.attrs.get("keepdims", False))


def groups_of(shape: Sequence[int], axes: Sequence[int]) -> list[tuple[bool, int]]:
    """(reduced or not, length), neighbours of one kind made one, the first one kept; axes of length 1 are of either
    kind."""
    groups: list[tuple[bool, int]] = [(False, 1)]
    for axis, length in enumerate(shape):
        if length == 1:
            continue
        summed = axis in axes
        if groups[-1][0] == summed:
            groups[-1] = (summed, groups[-1][1] * length)
        else:
            groups.append((summed, length))
    return groups


def loops_over(op: Op, node: Node, shape: Sequence[int]) -> Loops:
    """The loops of a kernel. Raises UnsupportedOp for axes in more than two groups; the pass `legalise` moves them."""
    lengths = [length for _, length in groups_of(shape, axes_of(node, len(shape)))]
    if len(lengths) > len(Loops._fields):
        raise op.unsupported(node, f"over axes {node.attrs['axes']} of {tuple(shape)} has no kernel")
    if len(lengths) <= 3:  # one run of axes: as sum2, so that what lies together is looked at together
        lengths[1:1] = [1, 1]
    return Loops(*lengths, *[1] * (5 - len(lengths)))


def sum_kernel(node: Node, x: Value, y: Value, loops: Loops, factor: Multiplier) -> Kernel:
    """The call that brings sums of int8 or int16 to the scale of y."""
    numbers = {**loops._asdict(), "mult": factor.mult, "shift": factor.shift}
    if x.dtype == "int16":
        demand_symmetric(node, (x, y))
    else:
        start = -loops.sum1 * loops.sum2 * x.zero_point
        numbers = {
            **loops._asdict(), "acc_start": start, "mult": factor.mult, "shift": factor.shift, "y_offset": y.zero_point
        }  # fmt: skip
    return Kernel(
        function="lp_mean_s8" if x.dtype == "int8" else "lp_mean_s16",
        fields=tuple(Field(name, "int32_t", value) for name, value in numbers.items()),
        operands=(x.name, y.name),
    )
