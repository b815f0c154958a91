"""What the element-wise pairs share: shapes that stretch, and the loops over them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lilliput.compiler.graph import Node, Value
from lilliput.compiler.op import Field, Op, Signature, broken, expect
from lilliput.compiler.ops._strided import MOST_AXES

MOST_LOOPS = 3
"""Of the kernels; the pass `legalise` stretches operands that need more."""


def stretched(node: Node, inputs: Sequence[Value]) -> Signature:
    """Shape and type of an element-wise pair: axes of length 1 stretch, missing leading axes are added.

    Raises:
        BrokenGraph: shapes that do not fit, or types that differ.
    """
    a, b = inputs
    expect(a.dtype == b.dtype, node, f"operands must have one type, got {a.dtype} and {b.dtype}")
    return stretched_shape(node, inputs), a.dtype


def stretched_shape(node: Node, inputs: Sequence[Value]) -> tuple[int, ...]:
    """The shape that all operands stretch to. Raises BrokenGraph when there is none."""
    try:
        shape = tuple(int(axis) for axis in np.broadcast_shapes(*(value.shape for value in inputs)))
    except ValueError:
        raise broken(node, f"shapes {' and '.join(str(value.shape) for value in inputs)} do not fit") from None
    expect(len(shape) <= MOST_AXES, node, f"at most {MOST_AXES} axes, got {shape}")
    return shape


def mixes_rows(inputs: Sequence[Value], y: Value) -> bool:
    """Whether stretching reaches over the batch: an activation lacks axes, or a constant has a batch."""
    active = [value for value in inputs if not value.is_constant]
    return any(len(value.shape) != len(y.shape) for value in active) or any(
        value.is_constant and len(value.shape) == len(y.shape) and value.shape[:1] != (1,) for value in inputs
    )


def demand_int8(op: Op, node: Node, inputs: Sequence[Value]) -> None:
    """Raise UnsupportedOp unless both operands are int8 with one scale each."""
    for value in inputs:
        if value.dtype != "int8" or value.quant is None or not value.quant.is_per_tensor:
            raise op.unsupported(node, f"has no kernel for {value.name!r}: {value.dtype}, scales {value.quant}")


def loops_of(a: Value, b: Value, y: Value) -> list[tuple[int, bool, bool]]:
    """y as loops, outermost first: length, whether a moves along, whether b does."""
    loops: list[tuple[int, bool, bool]] = []
    for length, a_length, b_length in zip(y.shape, _full(a, y), _full(b, y), strict=True):
        if length == 1:
            continue
        kind = (a_length > 1, b_length > 1)
        if loops and loops[-1][1:] == kind:
            loops[-1] = (loops[-1][0] * length, *kind)
        else:
            loops.append((length, *kind))
    return loops


def loop_fields(op: Op, node: Node, a: Value, b: Value, y: Value) -> tuple[Field, ...]:
    """d0…d2, a0…a2, b0…b2: y as three loops, and the steps of a and b in each, 0 where they stand still."""
    loops = loops_of(a, b, y)
    if len(loops) > MOST_LOOPS:
        raise op.unsupported(node, f"of {a.shape} and {b.shape} has no kernel: they stretch in turns over 4 axes")
    loops = [(1, False, False)] * (MOST_LOOPS - len(loops)) + loops
    numbers = {f"d{i}": loop[0] for i, loop in enumerate(loops)}
    for which, name in ((1, "a"), (2, "b")):
        step, steps = 1, [0, 0, 0]
        for i in (2, 1, 0):
            if loops[i][which]:
                steps[i], step = step, step * loops[i][0]
        numbers |= {f"{name}{i}": steps[i] for i in range(3)}
    return tuple(Field(name, "int32_t", value) for name, value in numbers.items())


def whole_operands(inputs: Sequence[Value], y: Value) -> tuple[int, ...]:
    """Positions of the activations with the shape of y, in whose place y can be written."""
    active = [value for value in inputs if not value.is_constant]
    return tuple(i for i, value in enumerate(active) if value.shape == y.shape)


def _full(value: Value, y: Value) -> tuple[int, ...]:
    return (1,) * (len(y.shape) - len(value.shape)) + value.shape
