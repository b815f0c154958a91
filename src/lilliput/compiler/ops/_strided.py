"""Copies with strides, which all operators that only move values are: y[i][j]… = x[start + i·s0 + j·s1 + …]."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lilliput.compiler.graph import ITEM_BYTES, Node, Value
from lilliput.compiler.op import Field, Kernel, Target
from lilliput.compiler.ops._mve import FARTHEST_STEP, with_vectors

MOST_AXES = 8
"""More than any published operator has."""


def strided_copy(
    node: Node, y: Value, start: int, shape: Sequence[int], strides: Sequence[int], target: Target | None = None
) -> Kernel | None:
    """The call that gathers elements of x into y in order.

    Args:
        node: gives the operands.
        y: gives the type.
        start: position in x of y's first element.
        shape: lengths of y's axes; they may be split further than those of y.
        strides: for each axis of y, the step in x, in elements; 0 repeats, below 0 runs backwards.
        target: what the kernel may use; None for the portable one.

    Returns: None when it copies the whole of x as it is.
    """
    loops: list[tuple[int, int]] = []
    for length, stride in zip(shape, strides, strict=True):
        if length == 1:
            continue
        if loops and loops[-1][1] == length * stride:  # one longer axis with the inner stride
            loops[-1] = (loops[-1][0] * length, stride)
        else:
            loops.append((length, stride))
    if start == 0 and len(loops) <= 1 and all(stride == 1 for _, stride in loops):
        return None
    operands = (node.inputs[0], node.output)
    if y.dtype in ("int8", "bool") and len(loops) <= 3:
        loops = [(1, 0)] * (3 - len(loops)) + loops
        numbers = {"start": start}
        numbers |= {f"d{i}": length for i, (length, _) in enumerate(loops)}
        numbers |= {f"s{i}": stride for i, (_, stride) in enumerate(loops)}
        fields = tuple(Field(name, "int32_t", value) for name, value in numbers.items())
        portable = Kernel(function="lp_strided_copy_s8", fields=fields, operands=operands)
        return with_vectors(portable, target) if 0 <= loops[2][1] <= FARTHEST_STEP else portable
    return Kernel(function="lp_strided_copy", fields=copy_fields(y, start, loops), operands=operands)


def copy_fields(y: Value, start: int, loops: Sequence[tuple[int, int]]) -> tuple[Field, ...]:
    """The struct of `lp_strided_copy` for loops (length, stride), outermost first. The innermost is always one of the
    smallest runs, `run` elements that lie side by side."""
    item, rest = ITEM_BYTES[y.dtype], list(loops)
    run = rest.pop()[0] if rest and rest[-1][1] == 1 else 1
    rest = rest or [(1, 0)]
    return (
        Field("lengths", "int32_t", np.array([length for length, _ in rest], np.int32)),
        Field("steps", "int32_t", np.array([stride * item for _, stride in rest], np.int32)),
        Field("axes", "int32_t", len(rest)),
        Field("start", "int32_t", start * item),
        Field("run", "int32_t", run * item),
    )


def strides_of(shape: Sequence[int]) -> list[int]:
    """Elements between neighbours along each axis of a packed array."""
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
