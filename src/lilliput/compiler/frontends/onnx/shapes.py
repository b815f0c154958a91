"""What the operators that change shapes say: read once, for constants and for activations alike.

Opsets moved many of these numbers from attributes to inputs; `Operator.ints` looks in both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from lilliput.compiler.frontends.onnx.model import Operator
from lilliput.core.errors import BrokenGraph

Shape = tuple[int, ...]


def reshaped(op: Operator, shape: Shape) -> Shape:
    """The shape that `Reshape` gives: 0 keeps an axis, one -1 takes what is left."""
    wanted = list(op.ints("shape", 1) or ())
    if not op.attrs.get("allowzero", 0):
        for axis, length in enumerate(wanted):
            if length == 0:
                wanted[axis] = shape[axis] if axis < len(shape) else -2
    known = math.prod(n for n in wanted if n != -1)
    if wanted.count(-1) == 1 and known > 0 and math.prod(shape) % known == 0:
        wanted[wanted.index(-1)] = math.prod(shape) // known
    if any(n < 0 for n in wanted) or math.prod(wanted) != math.prod(shape):
        raise BrokenGraph(f"{op.path}: {list(shape)} does not reshape to {list(op.ints('shape', 1) or ())}")
    return tuple(wanted)


def flattened(op: Operator, shape: Shape) -> Shape:
    """The two axes that `Flatten` leaves."""
    axis = int(op.attrs.get("axis", 1))
    if not -len(shape) <= axis <= len(shape):
        raise BrokenGraph(f"{op.path}: axis {axis} of {len(shape)}")
    axis += len(shape) if axis < 0 else 0
    return math.prod(shape[:axis]), math.prod(shape[axis:])


def squeezed(op: Operator, shape: Shape) -> tuple[int, ...]:
    """The axes that `Squeeze` drops. Raises BrokenGraph where one is longer than 1."""
    given = op.ints("axes", 1)
    axes = tuple(i for i, n in enumerate(shape) if n == 1) if given is None else op.axes(given, len(shape))
    if any(shape[axis] != 1 for axis in axes):
        raise BrokenGraph(f"{op.path}: axes {list(axes)} of {list(shape)} are not all of length 1")
    return axes


def unsqueezed(op: Operator, shape: Shape) -> Shape:
    """The shape that `Unsqueeze` gives."""
    given = op.ints("axes", 1) or ()
    axes = op.axes(given, len(shape) + len(given))
    left = iter(shape)
    return tuple(1 if axis in axes else next(left) for axis in range(len(shape) + len(axes)))


def permutation(op: Operator, rank: int) -> tuple[int, ...]:
    """The order of axes that `Transpose` gives; by default all reversed."""
    perm = op.axes(op.ints("perm") or tuple(reversed(range(rank))), rank)
    if len(perm) != rank:
        raise BrokenGraph(f"{op.path}: perm {list(perm)} of {rank} axes")
    return perm


def cuts(op: Operator, shape: Shape) -> list[range]:
    """The positions that `Slice` takes along each axis."""
    starts, ends = op.ints("starts", 1), op.ints("ends", 2)
    if starts is None or ends is None:
        raise BrokenGraph(f"{op.path} lacks starts or ends")
    given = op.ints("axes", 3)
    axes = op.axes(tuple(range(len(starts))) if given is None else given, len(shape))
    steps = op.ints("steps", 4) or (1,) * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise BrokenGraph(f"{op.path}: starts {starts}, ends {ends}, axes {axes}, steps {steps}")
    found = [range(length) for length in shape]
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        found[axis] = range(*slice(start, end if step > 0 or end >= -shape[axis] else None, step).indices(shape[axis]))
    return found


def parts(op: Operator, length: int) -> tuple[int, ...]:
    """The lengths that `Split` gives its outputs."""
    count = len(op.outputs)
    sizes = op.ints("split", 1)
    if sizes is None:
        wanted = int(op.attrs.get("num_outputs", count))
        each = -(-length // max(wanted, 1))
        sizes = (each,) * (count - 1) + (length - each * (count - 1),)
    if len(sizes) != count or sum(sizes) != length or min(sizes) < 0:
        raise BrokenGraph(f"{op.path}: {length} into {list(sizes)} for {count} outputs")
    return sizes


def reduced(op: Operator, rank: int) -> tuple[tuple[int, ...], bool]:
    """The axes that a reduction works over, ascending, and whether they stay with length 1."""
    given = op.ints("axes", 1)
    if not given:
        given = () if op.attrs.get("noop_with_empty_axes", 0) else tuple(range(rank))
    return tuple(sorted(op.axes(given, rank))), bool(op.attrs.get("keepdims", 1))


def without(shape: Sequence[int], axes: Sequence[int]) -> Shape:
    """A shape less some axes."""
    return tuple(length for axis, length in enumerate(shape) if axis not in axes)
