"""Operators that move values, or choose among them: shapes, order, cuts, joins, borders, sizes.

What has no operator of ours is put together from slices and concatenations, which are exact for any type.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lilliput.compiler.frontends.onnx import shapes
from lilliput.compiler.frontends.onnx.integer import holds
from lilliput.compiler.frontends.onnx.model import Operator
from lilliput.compiler.frontends.onnx.reader import TO_FIRST, TO_LAST, Activation, Reader, on

_JOINED = 8
"""Most inputs of our concat."""
_MOST_PIECES = 256
"""More slices than this for one operator are refused."""


@on("Reshape", moves=True)
def _reshape(r: Reader, op: Operator) -> str:
    return r.reshape(op, r.x(op), shapes.reshaped(op, r.shape(r.x(op))))


@on("Flatten", moves=True)
def _flatten(r: Reader, op: Operator) -> str:
    return r.reshape(op, r.x(op), shapes.flattened(op, r.shape(r.x(op))))


@on("Squeeze", moves=True)
def _squeeze(r: Reader, op: Operator) -> str:
    """Without axes, all of length one but the batch, which every value here keeps."""
    x = r.x(op)
    drop = shapes.squeezed(op, r.shape(x))
    if op.ints("axes", 1) is None:
        drop = tuple(axis for axis in drop if axis)
    return r.reshape(op, x, shapes.without(r.shape(x), drop))


@on("Unsqueeze", moves=True)
def _unsqueeze(r: Reader, op: Operator) -> str:
    return r.reshape(op, r.x(op), shapes.unsqueezed(op, r.shape(r.x(op))))


@on("Transpose", moves=True)
def _transpose(r: Reader, op: Operator) -> str:
    x = r.x(op)
    shape = r.shape(x)
    perm = shapes.permutation(op, len(shape))
    if perm[0] == 0:
        return r.transpose(op, x, perm)
    long_axes = [axis for axis in perm if shape[axis] > 1]
    op.demand(long_axes == sorted(long_axes), f"perm {list(perm)} moves the batch")
    # The batch of one may come to stand elsewhere, as recurrent layers have it: such a graph runs row by row.
    return r.node(op, "reshape", [x], shape=tuple(shape[axis] for axis in perm))


@on("Concat", moves=True)
def _concat(r: Reader, op: Operator) -> str:
    values = [r.x(op, i) for i in range(len(op.inputs))]
    axis = op.axis(len(r.shape(values[0])), 0)
    op.demand(axis > 0, "joins along the batch")
    return joined(r, op, values, axis)


def joined(r: Reader, op: Operator, values: Sequence[str], axis: int) -> str:
    """The values one after the other along an axis, any number of them."""
    while len(values) > 1:
        groups = [values[i : i + _JOINED] for i in range(0, len(values), _JOINED)]
        values = [r.node(op, "concat", group, axis=axis) if len(group) > 1 else group[0] for group in groups]
    return values[0]


def cut(r: Reader, op: Operator, x: str, ranges: Sequence[range]) -> str:
    """The positions in `ranges` along each axis, steps from 1 up. Raises UnsupportedAttribute where nothing is left."""
    shape = r.shape(x)
    op.demand(all(len(positions) for positions in ranges), f"cuts {list(shape)} to nothing")
    if all(len(positions) == length and positions.step == 1 for positions, length in zip(ranges, shape, strict=True)):
        return x
    op.demand(ranges[0] == range(shape[0]), "cuts the batch")
    return r.node(
        op, "slice", [x],
        begin=tuple(p[0] for p in ranges), end=tuple(p[-1] + 1 for p in ranges), strides=tuple(p.step for p in ranges),
    )  # fmt: skip


def picked(r: Reader, op: Operator, x: str, axis: int, positions: Sequence[int]) -> str:
    """The given positions along an axis, in that order: runs that ascend by one are one slice each."""
    shape = r.shape(x)
    op.demand(bool(positions), f"takes nothing of {list(shape)}")
    runs: list[list[int]] = []
    for position in positions:
        if runs and position == runs[-1][-1] + 1:
            runs[-1].append(position)
        else:
            runs.append([position])
    op.demand(len(runs) <= _MOST_PIECES, f"takes {len(runs)} pieces of {list(shape)}, the most is {_MOST_PIECES}")
    whole = [range(length) for length in shape]
    pieces = [cut(r, op, x, [*whole[:axis], range(run[0], run[-1] + 1), *whole[axis + 1 :]]) for run in runs]
    return joined(r, op, pieces, axis)


@on("Slice", moves=True)
def _slice(r: Reader, op: Operator) -> str:
    x = r.x(op)
    ranges = shapes.cuts(op, r.shape(x))
    for axis, positions in enumerate(ranges):
        if positions.step < 0:
            op.demand(axis > 0, "turns the batch round")
            x = picked(r, op, x, axis, list(positions))
            ranges[axis] = range(len(positions))
    return cut(r, op, x, ranges)


@on("Split", moves=True)
def _split(r: Reader, op: Operator) -> list[str]:
    x = r.x(op)
    shape = r.shape(x)
    axis, start, made = op.axis(len(shape), 0), 0, []
    for size in shapes.parts(op, shape[axis]):
        ranges = [range(length) for length in shape]
        ranges[axis] = range(start, start + size)
        made.append(cut(r, op, x, ranges))
        start += size
    return made


@on("Gather", moves=True)
def _gather(r: Reader, op: Operator) -> str:
    """Fixed positions only, along any axis but the batch."""
    x, where = r.x(op), op.constant(1, "the positions")
    shape = r.shape(x)
    axis = op.axis(len(shape), 0)
    op.demand(axis > 0 and where.dtype.kind in "iu" and where.ndim <= 1, "gathers along the batch, or by a table")
    positions = [int(i) + shape[axis] * (int(i) < 0) for i in where.reshape(-1)]
    op.demand(all(0 <= i < shape[axis] for i in positions), f"positions {positions[:5]} of {shape[axis]}")
    y = picked(r, op, x, axis, positions)
    return y if where.ndim else r.reshape(op, y, shapes.without(r.shape(y), (axis,)))


@on("Expand", moves=True)
def _expand(r: Reader, op: Operator) -> str:
    x, wanted = r.x(op), op.ints("shape", 1) or ()
    shape = np.broadcast_shapes(r.shape(x), wanted)
    op.demand(len(shape) == len(r.shape(x)), "adds axes in front of the batch")
    return _repeated(r, op, x, [b // a for a, b in zip(r.shape(x), shape, strict=True)])


@on("Tile", moves=True)
def _tile(r: Reader, op: Operator) -> str:
    x, repeats = r.x(op), op.ints("repeats", 1) or ()
    op.demand(len(repeats) == len(r.shape(x)) and min(repeats, default=0) > 0, f"repeats {list(repeats)}")
    return _repeated(r, op, x, repeats)


def _repeated(r: Reader, op: Operator, x: str, repeats: Sequence[int]) -> str:
    op.demand(repeats[0] == 1, "repeats the batch")
    op.demand(math.prod(repeats) <= _MOST_PIECES**2 and max(repeats) <= _MOST_PIECES, f"repeats {list(repeats)} times")
    for axis, count in enumerate(repeats):
        x = joined(r, op, [x] * count, axis)
    return x


@on("Pad", moves=True)
def _pad(r: Reader, op: Operator) -> str | Activation:
    x, mode = r.x(op), str(op.attrs.get("mode", "constant"))
    rank, shape = len(r.shape(x)), r.shape(x)
    flat, given = op.ints("pads", 1) or (), op.ints("axes", 3)
    axes = tuple(range(rank)) if given is None else op.axes(given, rank)
    op.demand(len(flat) == 2 * len(axes), f"pads {list(flat)} for {len(axes)} axes")
    pads = [(0, 0)] * rank
    for i, axis in enumerate(axes):
        pads[axis] = (flat[i], flat[i + len(axes)])
    op.demand(min(flat, default=0) >= 0, f"pads of {list(flat)} cut", "slice instead")
    if not any(flat):
        return x
    op.demand(pads[0] == (0, 0), "pads the batch")
    if mode == "constant":
        border = _border(r, op)
        y = r.node(op, "pad", [x], padding=tuple(pads), value=border)
        return y if holds(r.quant(x), border) else Activation(y)
    op.demand(mode in ("reflect", "edge", "wrap"), f"mode {mode!r}")
    for axis, (before, after) in enumerate(pads):
        if before or after:
            op.demand(max(before, after) <= _MOST_PIECES, f"a border of {max(before, after)}")
            order = np.pad(np.arange(shape[axis]), (before, after), mode=mode)  # type: ignore[call-overload]
            x = picked(r, op, x, axis, order.tolist())
    return x


def _border(r: Reader, op: Operator) -> float:
    """The border's real value; the file has it as an integer where the values are integers."""
    number = op.number("value", 2)
    source = r.source(op, 0)
    quant = r.quant(source.value)
    if not source.integers or quant is None:
        return number
    zero = quant.zero_point[0] + (128 if source.integers == "uint8" else 0)
    return quant.scale[0] * (number - zero)


@on("DepthToSpace", moves=True)
def _depth_to_space(r: Reader, op: Operator) -> str:
    """Channel slices laid side by side, first along each row, then row under row."""
    x, block = r.transpose(op, r.x(op), TO_LAST), _block(op)
    n, height, width, channels = r.shape(x)
    op.demand(channels % block**2 == 0, f"{channels} channels in blocks of {block}")
    depth = channels // block**2
    whole = [range(n), range(height), range(width)]
    rows = []
    for i in range(block):
        tiles = []
        for j in range(block):
            k = i * block + j
            crd = op.attrs.get("mode", "DCR") == "CRD"
            chosen = range(k, channels, block**2) if crd else range(k * depth, (k + 1) * depth)
            tiles.append(r.reshape(op, cut(r, op, x, [*whole, chosen]), (n, height * width, 1, depth)))
        row = joined(r, op, tiles, 2)
        rows.append(r.reshape(op, row, (n, height, 1, width * block * depth)))
    y = r.reshape(op, joined(r, op, rows, 2), (n, height * block, width * block, depth))
    return r.transpose(op, y, TO_FIRST)


@on("SpaceToDepth", moves=True)
def _space_to_depth(r: Reader, op: Operator) -> str:
    """Every block-th pixel of each phase, as channels one after the other."""
    x, block = r.transpose(op, r.x(op), TO_LAST), _block(op)
    n, height, width, channels = r.shape(x)
    op.demand(height % block == 0 and width % block == 0, f"{height}×{width} in blocks of {block}")
    phases = [(range(i, height, block), range(j, width, block)) for i in range(block) for j in range(block)]
    tiles = [cut(r, op, x, [range(n), rows, columns, range(channels)]) for rows, columns in phases]
    return r.transpose(op, joined(r, op, tiles, 3), TO_FIRST)


def _block(op: Operator) -> int:
    block = int(op.attrs["blocksize"])
    op.demand(1 <= block <= 16, f"blocks of {block}")
    return block
