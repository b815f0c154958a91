"""Copies with strides, which transpose and slice are: y[i][j][k] = x[start + i·s0 + j·s1 + k·s2]."""

from __future__ import annotations

from collections.abc import Sequence

from lilliput.compiler.graph import Node
from lilliput.compiler.op import Field, Kernel, Target
from lilliput.compiler.ops._mve import FARTHEST_STEP, with_vectors


def strided_copy(
    node: Node, start: int, shape: Sequence[int], strides: Sequence[int], target: Target | None = None
) -> Kernel | None:
    """The call that gathers int8 elements of x into y in order.

    Args:
        node: gives the operands.
        start: position in x of y's first element.
        shape: lengths of y's axes, at most 3 of them above 1 after merging.
        strides: for each axis of y, the step in x, in elements.
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
    loops = [(1, 0)] * (3 - len(loops)) + loops
    if start == 0 and loops[:2] == [(1, 0)] * 2 and loops[2][1] in (0, 1):
        return None
    numbers = {"start": start}
    numbers |= {f"d{i}": length for i, (length, _) in enumerate(loops)}
    numbers |= {f"s{i}": stride for i, (_, stride) in enumerate(loops)}
    portable = Kernel(
        function="lp_strided_copy_s8",
        fields=tuple(Field(name, "int32_t", value) for name, value in numbers.items()),
        operands=(node.inputs[0], node.output),
    )
    return with_vectors(portable, target) if 0 <= loops[2][1] <= FARTHEST_STEP else portable


def strides_of(shape: Sequence[int]) -> list[int]:
    """Elements between neighbours along each axis of a packed array."""
    strides = [1] * len(shape)
    for axis in range(len(shape) - 2, -1, -1):
        strides[axis] = strides[axis + 1] * shape[axis + 1]
    return strides
