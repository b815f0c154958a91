"""Operators that pad, and those that trade pixels for channels or for images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lilliput.compiler.frontends.tflite_ops.reader import Operator, Reader, on
from lilliput.compiler.ops.slice import slice_attrs
from lilliput.core.errors import BrokenGraph


def _pads(reader: Reader, operator: Operator, position: int, axes: int) -> list[tuple[int, int]]:
    pads = reader.constant(operator.need(position), operator)
    if pads.shape != (axes, 2) or (pads < 0).any():
        raise BrokenGraph(f"{operator.name} ({operator.path}): paddings {pads.tolist()} of {axes} axes")
    return [(int(before), int(after)) for before, after in pads]


@on("PAD", "PADV2")
def _pad(reader: Reader, operator: Operator) -> None:
    x, value = operator.need(0), 0.0
    if operator.name == "PADV2":
        given, code = reader.values[operator.need(2)], reader.constant(operator.need(2), operator)
        if code.size != 1:
            raise BrokenGraph(f"PADV2 ({operator.path}): the border has {list(code.shape)} values")
        quant = reader.values[operator.output].quant
        # The code is moved as it is, whatever scale the file gives it.
        value = float((code if quant is None or given.dtype == "float32" else quant.dequantise(code)).reshape(()))
    padding = tuple(_pads(reader, operator, 1, len(reader.values[x].shape)))
    reader.node("pad", operator, [x], padding=padding, value=value)


@on("MIRROR_PAD")
def _mirror(reader: Reader, operator: Operator) -> None:
    x = operator.need(0)
    shape, skip = reader.values[x].shape, 1 - operator.scalar(0, "b")  # REFLECT leaves the edge out
    padding = _pads(reader, operator, 1, len(shape))
    if skip not in (0, 1) or any(max(pads) > n - skip for pads, n in zip(padding, shape, strict=True)):
        raise BrokenGraph(f"MIRROR_PAD ({operator.path}): {padding} around {shape}")
    moved = [axis for axis, pads in enumerate(padding) if pads != (0, 0)]
    for axis in moved:
        before, after = padding[axis]
        length = shape[axis]
        places = [*range(before - 1 + skip, skip - 1, -1), *range(length)]
        places += range(length - 1 - skip, length - 1 - skip - after, -1)
        index = reader.new_constant(np.array(places, np.int32), operator)
        attrs: dict[str, Any] = {"axis": axis, "batch": 0, "depth": 0}
        if axis == moved[-1]:
            reader.node("gather", operator, [x, index], **attrs)
        else:
            x = reader.between("gather", operator, [x, index], **attrs)
    if not moved:
        reader.node("reshape", operator, [x], shape=shape)


def _turned(reader: Reader, operator: Operator, x: str, split: Sequence[int], perm: Sequence[int]) -> str:
    """x under the shape `split`, its axes in the order `perm`."""
    parts = reader.between("reshape", operator, [x], shape=tuple(split))
    return reader.between("transpose", operator, [parts], perm=tuple(perm))


@on("SPACE_TO_DEPTH", "DEPTH_TO_SPACE")
def _blocks(reader: Reader, operator: Operator) -> None:
    x, block = operator.need(0), operator.scalar(0, "i")
    shape = reader.values[x].shape
    if len(shape) != 4 or block < 1:
        raise BrokenGraph(f"{operator.name} ({operator.path}): blocks of {block} of {shape}")
    n, h, w, c = shape
    if operator.name == "SPACE_TO_DEPTH":
        split, perm = (n, h // block, block, w // block, block, c), (0, 1, 3, 2, 4, 5)
    else:
        split, perm = (n, h, w, block, block, c // (block * block)), (0, 1, 3, 2, 4, 5)
    if math.prod(split) != math.prod(shape):
        raise BrokenGraph(f"{operator.name} ({operator.path}): blocks of {block} do not fit {shape}")
    y = _turned(reader, operator, x, split, perm)
    reader.node("reshape", operator, [y], shape=reader.values[operator.output].shape)


@on("SPACE_TO_BATCH_ND")
def _to_batch(reader: Reader, operator: Operator) -> None:
    x, block = operator.need(0), reader.numbers(operator.need(1), operator)
    count, rank = len(block), len(reader.values[x].shape)
    pads = [(0, 0), *_pads(reader, operator, 2, count), *[(0, 0)] * (rank - count - 1)]
    if count + 1 > rank or min(block, default=0) < 1:
        raise BrokenGraph(f"SPACE_TO_BATCH_ND ({operator.path}): blocks of {block} of {reader.values[x].shape}")
    padded = reader.between("pad", operator, [x], padding=tuple(pads), value=0.0)
    n, *sides = reader.values[padded].shape
    split = [n, *(part for side, b in zip(sides, block, strict=False) for part in (side // b, b)), *sides[count:]]
    inside, blocks = range(1, 2 * count, 2), range(2, 2 * count + 1, 2)
    y = _turned(reader, operator, padded, split, (*blocks, 0, *inside, *range(2 * count + 1, rank + count)))
    reader.node("reshape", operator, [y], shape=reader.values[operator.output].shape)


@on("BATCH_TO_SPACE_ND")
def _from_batch(reader: Reader, operator: Operator) -> None:
    x, block = operator.need(0), reader.numbers(operator.need(1), operator)
    n, *sides = reader.values[x].shape
    count, rank = len(block), len(sides) + 1
    crops = _pads(reader, operator, 2, count)
    if count > len(sides) or min(block, default=0) < 1 or n % math.prod(block):
        raise BrokenGraph(f"BATCH_TO_SPACE_ND ({operator.path}): blocks of {block} of {(n, *sides)}")
    split = [*block, n // math.prod(block), *sides]
    perm = [count, *(axis for i in range(count) for axis in (count + 1 + i, i)), *range(2 * count + 1, rank + count)]
    turned = _turned(reader, operator, x, split, perm)
    whole = [side * b for side, b in zip(sides, block, strict=False)] + sides[count:]
    joined = reader.between("reshape", operator, [turned], shape=(split[count], *whole))
    begin = [0, *(before for before, _ in crops), *[0] * (rank - count - 1)]
    end = [split[count], *(side - after for side, (_, after) in zip(whole, crops, strict=False)), *sides[count:]]
    attrs: dict[str, Any] = slice_attrs((split[count], *whole), begin, end)
    reader.node("slice", operator, [joined], **attrs)
