"""Translations of ATen operators that move values. See `torch_export`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lilliput.compiler.builder import GraphBuilder
from lilliput.compiler.frontends._aten import Call, _data, _demand, _on, _reshape, _transpose
from lilliput.compiler.ops.slice import slice_attrs


def _cut(b: GraphBuilder, call: Call, x: str, axis: int, start: int, length: int) -> str:
    """`length` elements of x along one axis."""
    shape = b.shape(x)
    if (start, length) == (0, shape[axis]):
        return x
    begin, end = [0] * len(shape), list(shape)
    begin[axis], end[axis] = start, start + length
    return b.node("slice", f"{call.label}.part", [x], source=call.source, **slice_attrs(shape, begin, end))


def _parts(b: GraphBuilder, call: Call, axis: int, sizes: Sequence[int]) -> list[str]:
    x = call.args["self"]
    starts = np.cumsum([0, *sizes]).tolist()
    return [_cut(b, call, x, axis, starts[i], size) for i, size in enumerate(sizes)]


def _axis(b: GraphBuilder, call: Call) -> int:
    return int(call.args["dim"]) % len(b.shape(call.args["self"]))


@_on("split.Tensor", "split.default", "chunk.default")
def _split(b: GraphBuilder, call: Call) -> list[str]:
    axis = _axis(b, call)
    length = b.shape(call.args["self"])[axis]
    size = call.args.get("split_size")
    size = -(-length // int(call.args["chunks"])) if size is None else int(size)
    return _parts(b, call, axis, [min(size, length - start) for start in range(0, length, size)])


@_on("split_with_sizes.default")
def _split_by_sizes(b: GraphBuilder, call: Call) -> list[str]:
    return _parts(b, call, _axis(b, call), [int(size) for size in call.args["split_sizes"]])


@_on("unbind.int")
def _unbind(b: GraphBuilder, call: Call) -> list[str]:
    axis, shape = _axis(b, call), b.shape(call.args["self"])
    return [_without(b, call, part, axis) for part in _parts(b, call, axis, [1] * shape[axis])]


@_on("select.int")
def _select(b: GraphBuilder, call: Call) -> str:
    axis = _axis(b, call)
    index = int(call.args["index"]) % b.shape(call.args["self"])[axis]
    return _without(b, call, _cut(b, call, call.args["self"], axis, index, 1), axis)


def _without(b: GraphBuilder, call: Call, x: str, axis: int) -> str:
    shape = b.shape(x)
    return _reshape(b, x, (*shape[:axis], *shape[axis + 1 :]), call)


@_on("narrow.default")
def _narrow(b: GraphBuilder, call: Call) -> str:
    axis = _axis(b, call)
    start = int(call.args["start"]) % b.shape(call.args["self"])[axis]
    return _cut(b, call, call.args["self"], axis, start, int(call.args["length"]))


@_on("stack.default")
def _stack(b: GraphBuilder, call: Call) -> str:
    tensors = call.args["tensors"]
    shape = b.shape(tensors[0])
    axis = int(call.args["dim"]) % (len(shape) + 1)
    parts = [_reshape(b, x, (*shape[:axis], 1, *shape[axis:]), call) for x in tensors]
    return b.node("concat", call.label, parts, axis=axis, source=call.source)


@_on("roll.default")
def _roll(b: GraphBuilder, call: Call) -> str:
    x, shifts, dims = call.args["self"], call.args["shifts"], call.args["dims"]
    _demand(bool(dims), "a roll of a flattened value")
    for shift, dim in zip(np.atleast_1d(shifts).tolist(), np.atleast_1d(dims).tolist(), strict=True):
        axis = int(dim) % len(b.shape(x))
        length = b.shape(x)[axis]
        kept = length - int(shift) % length
        if kept < length:
            parts = [_cut(b, call, x, axis, kept, length - kept), _cut(b, call, x, axis, 0, kept)]
            x = b.node("concat", call.label, parts, axis=axis, source=call.source)
    return str(x)


@_on("flip.default")
def _flip(b: GraphBuilder, call: Call) -> str:
    rank = len(b.shape(call.args["self"]))
    axes = tuple(sorted({int(d) % rank for d in call.args["dims"]}))
    return b.node("reverse", call.label, [call.args["self"]], axes=axes, source=call.source)


@_on("repeat.default", "tile.default")
def _repeat(b: GraphBuilder, call: Call) -> str:
    x = call.args["self"]
    repeats = [int(n) for n in call.args.get("repeats") or call.args["dims"]]
    shape = b.shape(x)
    rank = max(len(shape), len(repeats))
    x = _reshape(b, x, (1,) * (rank - len(shape)) + shape, call)
    repeats = [1] * (rank - len(repeats)) + repeats
    return b.node("tile", call.label, [x], repeats=tuple(repeats), source=call.source)


@_on("expand.default")
def _expand(b: GraphBuilder, call: Call) -> str:
    x, size = call.args["self"], [int(n) for n in call.args["size"]]
    own = (1,) * (len(size) - len(b.shape(x))) + b.shape(x)
    shape = tuple(length if n == -1 else n for n, length in zip(size, own, strict=True))
    x = _reshape(b, x, own, call)
    return x if shape == own else b.node("broadcast_to", call.label, [x], shape=shape, source=call.source)


@_on("index_select.default")
def _index_select(b: GraphBuilder, call: Call) -> str:
    index = _data(b, call.args["index"], "the index").astype(np.int32)
    names = [call.args["self"], b.constant(f"{call.label}.index", index)]
    return b.node("gather", call.label, names, axis=_axis(b, call), batch=0, depth=0, source=call.source)


@_on("embedding.default")
def _embedding(b: GraphBuilder, call: Call) -> str:
    table = call.args["weight"]
    _data(b, table, "the table")
    return b.node("gather", call.label, [table, call.args["indices"]], axis=0, batch=0, depth=0, source=call.source)


@_on("pixel_shuffle.default", "pixel_unshuffle.default")
def _pixels(b: GraphBuilder, call: Call) -> str:
    x = call.args["self"]
    _demand(len(b.shape(x)) == 4, f"needs a (N, C, H, W) value, got {b.shape(x)}")
    n, c, h, w = b.shape(x)
    if call.target == "aten.pixel_shuffle.default":
        r = int(call.args["upscale_factor"])
        parts = _reshape(b, x, (n, c // (r * r), r, r, h, w), call)
        return _reshape(b, _transpose(b, parts, (0, 1, 4, 2, 5, 3), call), (n, c // (r * r), h * r, w * r), call)
    r = int(call.args["downscale_factor"])
    parts = _reshape(b, x, (n, c, h // r, r, w // r, r), call)
    return _reshape(b, _transpose(b, parts, (0, 1, 3, 5, 2, 4), call), (n, c * r * r, h // r, w // r), call)


@_on("full.default", "zeros.default", "ones.default")
def _full(b: GraphBuilder, call: Call) -> str:
    value = {"aten.zeros.default": 0.0, "aten.ones.default": 1.0}.get(call.target, call.args.get("fill_value"))
    return b.constant(call.label, np.full([int(n) for n in call.args["size"]], value, np.float32))
