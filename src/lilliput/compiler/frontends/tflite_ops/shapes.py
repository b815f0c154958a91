"""Operators that move values, cut them, join them, or tell about shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lilliput.compiler.frontends.tflite_ops.reader import Operator, Reader, on
from lilliput.compiler.graph import Value
from lilliput.compiler.ops.slice import slice_attrs
from lilliput.core.errors import BrokenGraph


def cut(reader: Reader, operator: Operator, x: str, output: str, begin: Sequence[int], size: Sequence[int]) -> None:
    """y = x from `begin`, `size` elements along each axis, under the shape that the file gives y."""
    end = [first + count for first, count in zip(begin, size, strict=True)]
    if any(not 0 <= first < last for first, last in zip(begin, end, strict=True)):
        raise BrokenGraph(f"{operator.name} ({operator.path}): nothing from {list(begin)} to {end}")
    attrs: dict[str, Any] = slice_attrs(reader.values[x].shape, begin, end)
    if reader.values[output].shape == tuple(size):
        reader.node("slice", operator, [x], output, **attrs)
        return
    part = reader.between("slice", operator, [x], **attrs)
    reader.node("reshape", operator, [part], output, shape=reader.values[output].shape)


@on("SLICE")
def _slice(reader: Reader, operator: Operator) -> None:
    x = operator.need(0)
    begin, size = (reader.numbers(operator.need(i), operator) for i in (1, 2))
    shape = reader.values[x].shape
    if not len(begin) == len(size) == len(shape):
        raise BrokenGraph(f"SLICE ({operator.path}): begin {begin}, size {size} of {shape}")
    size = [length - first if n == -1 else n for first, n, length in zip(begin, size, shape, strict=True)]
    cut(reader, operator, x, operator.output, begin, size)


@on("SPLIT", "SPLIT_V", "UNPACK")
def _split(reader: Reader, operator: Operator) -> None:
    x = operator.need(1 if operator.name == "SPLIT" else 0)
    shape, count = reader.values[x].shape, len(operator.outputs)
    axis = _axis(reader, operator, len(shape))
    sizes = [shape[axis] // max(count, 1)] * count
    if operator.name == "SPLIT_V":
        sizes = reader.numbers(operator.need(1), operator)
        sizes = [shape[axis] - sum(sizes) - 1 if size == -1 else size for size in sizes]
    if len(sizes) != count or sum(sizes) != shape[axis] or min(sizes, default=0) < 1:
        raise BrokenGraph(f"{operator.name} ({operator.path}): parts of {sizes} of axis {axis} of {shape}")
    start = 0
    for output, size in zip(operator.outputs, sizes, strict=True):
        begin = [start if i == axis else 0 for i in range(len(shape))]
        cut(reader, operator, x, output, begin, [size if i == axis else n for i, n in enumerate(shape)])
        start += size


def _axis(reader: Reader, operator: Operator, rank: int) -> int:
    if operator.name == "UNPACK":
        axis = operator.scalar(1, "i")
    else:
        (axis,) = reader.numbers(operator.need(0 if operator.name == "SPLIT" else 2), operator)[:1] or [rank]
    if not -rank <= axis < rank:
        raise BrokenGraph(f"{operator.name} ({operator.path}): axis {axis} of {rank}")
    return axis % rank


@on("PACK")
def _pack(reader: Reader, operator: Operator) -> None:
    shape = reader.values[operator.output].shape
    axis = operator.scalar(1, "i")
    if not -len(shape) <= axis < len(shape):
        raise BrokenGraph(f"PACK ({operator.path}): axis {axis} of {len(shape)}")
    axis %= len(shape)
    one = tuple(1 if i == axis else n for i, n in enumerate(shape))
    parts = [reader.reshaped(operator.need(i), one, operator) for i in range(len(operator.inputs))]
    reader.node("concat", operator, parts, axis=axis)


@on("STRIDED_SLICE")
def _strided_slice(reader: Reader, operator: Operator) -> None:
    x = operator.need(0)
    ranges = _ranges(reader, operator, reader.values[x].shape)
    attrs, backwards = {"begin": [], "end": [], "strides": []}, []  # type: dict[str, list[int]], list[int]
    for axis, taken in enumerate(ranges):
        if len(taken) == 0:
            raise BrokenGraph(f"STRIDED_SLICE ({operator.path}): nothing of axis {axis} of {reader.values[x].shape}")
        if taken.step < 0:
            backwards.append(axis)
        low, high = min(taken[0], taken[-1]), max(taken[0], taken[-1])
        for key, number in (("begin", low), ("end", high + 1), ("strides", abs(taken.step))):
            attrs[key].append(number)
    cut_attrs: dict[str, Any] = slice_attrs(reader.values[x].shape, **attrs)
    part = reader.between("slice", operator, [x], **cut_attrs)
    if backwards:
        part = reader.between("reverse", operator, [part], axes=tuple(backwards))
    reader.node("reshape", operator, [part], shape=reader.values[operator.output].shape)


def _ranges(reader: Reader, operator: Operator, shape: Sequence[int]) -> list[range]:
    """What is taken of each axis of x; axes that are added or dropped show in the shape of y alone."""
    begin, end, strides = (reader.numbers(operator.need(i), operator) for i in (1, 2, 3))
    begin_mask, end_mask, ellipsis, new_axis, shrink = (operator.scalar(i, "i") for i in range(5))
    whole = [range(length) for length in shape]
    spare = len(shape) - sum(not (ellipsis | new_axis) >> i & 1 for i in range(len(begin)))
    taken: list[range] = []
    for i, (first, last, step) in enumerate(zip(begin, end, strides, strict=True)):
        if ellipsis >> i & 1:
            taken += whole[len(taken) : len(taken) + max(spare, 0)]
        elif not new_axis >> i & 1:
            if len(taken) >= len(shape) or step == 0:
                raise BrokenGraph(f"STRIDED_SLICE ({operator.path}): {begin}, {end}, {strides} of {tuple(shape)}")
            length = shape[len(taken)]
            if operator.scalar(5, "?"):
                last += first
            low = None if begin_mask >> i & 1 else first
            high = None if end_mask >> i & 1 else last
            if shrink >> i & 1:
                low, high, step = first % length, first % length + 1, 1
            taken.append(range(*slice(low, high, step).indices(length)))
    return taken + whole[len(taken) :]


@on("GATHER")
def _gather(reader: Reader, operator: Operator) -> None:
    x, index = operator.need(0), operator.need(1)
    axis, batch = operator.scalar(0, "i"), operator.scalar(1, "i")
    rank, index_rank = len(reader.values[x].shape), len(reader.values[index].shape)
    if not -rank <= axis < rank or not -index_rank <= batch <= index_rank:
        raise BrokenGraph(f"GATHER ({operator.path}): axis {axis} of {rank}, batch axes {batch} of {index_rank}")
    batch = batch + index_rank if batch < 0 else batch
    reader.node("gather", operator, [x, index], axis=axis % rank, batch=batch, depth=0)


@on("GATHER_ND")
def _gather_nd(reader: Reader, operator: Operator) -> None:
    x, index = operator.need(0), operator.need(1)
    shape = reader.values[index].shape
    if not shape:
        raise BrokenGraph(f"GATHER_ND ({operator.path}): the index has no axes")
    reader.node("gather", operator, [x, index], axis=0, batch=0, depth=shape[-1])


@on("EMBEDDING_LOOKUP")
def _embedding(reader: Reader, operator: Operator) -> None:
    index, table = operator.need(0), operator.need(1)
    if reader.values[table].dtype == reader.values[operator.output].dtype:
        reader.node("gather", operator, [table, index], axis=0, batch=0, depth=0)
        return
    rows = reader.between("gather", operator, [table, index], axis=0, batch=0, depth=0)
    reader.node("dequantize", operator, [rows])


@on("TILE")
def _tile(reader: Reader, operator: Operator) -> None:
    repeats = tuple(reader.numbers(operator.need(1), operator))
    reader.node("tile", operator, [operator.need(0)], repeats=repeats)


@on("BROADCAST_TO")
def _broadcast_to(reader: Reader, operator: Operator) -> None:
    reader.node("broadcast_to", operator, [operator.need(0)], shape=reader.values[operator.output].shape)


@on("BROADCAST_ARGS")
def _broadcast_args(reader: Reader, operator: Operator) -> None:
    shapes = [reader.numbers(operator.need(i), operator) for i in (0, 1)]
    try:
        made = np.broadcast_shapes(*(tuple(shape) for shape in shapes))
    except ValueError:
        raise BrokenGraph(f"BROADCAST_ARGS ({operator.path}): {shapes[0]} and {shapes[1]} do not fit") from None
    reader.known(np.array(made, reader.values[operator.output].dtype), operator)


@on("SHAPE", "RANK")
def _shape(reader: Reader, operator: Operator) -> None:
    shape, output = reader.values[operator.need(0)].shape, reader.values[operator.output]
    reader.known(np.array(shape if operator.name == "SHAPE" else len(shape), output.dtype), operator)


@on("FILL")
def _fill(reader: Reader, operator: Operator) -> None:
    reader.node("broadcast_to", operator, [operator.need(1)], shape=reader.values[operator.output].shape)


@on("ZEROS_LIKE")
def _zeros(reader: Reader, operator: Operator) -> None:
    value: Value = reader.values[operator.output]
    reader.known(np.zeros(reader.values[operator.need(0)].shape, value.dtype), operator)


@on("REVERSE_V2")
def _reverse(reader: Reader, operator: Operator) -> None:
    x = operator.need(0)
    axes = reader.axes(operator.need(1), len(reader.values[x].shape), operator)
    reader.node("reverse", operator, [x], axes=axes)
