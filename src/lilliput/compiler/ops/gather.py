"""Gather: parts of x picked by number.

Inputs   x (A…, L…, C…), any type; index (I…, D) int32 or int64. Either may be a constant.
         The last axis of `index` names a place along the D = `depth` axes L… of x.
Attrs    axis: the first of the axes L; batch: how many leading axes x and index share; depth: how many axes L;
         with depth 0 the index has no last axis and L is one axis
Shapes   y is (A…, I…, C…), without the shared axes in I
Integer  scale and zero point stay. A number outside [0, length) is taken for the nearest that is inside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lilliput.compiler.graph import ITEM_BYTES, Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_same_quant

if TYPE_CHECKING:
    from torch import Tensor


class _Parts(NamedTuple):
    """x as (batch, outer, L…, inner), index as (batch, picks, D), y as (batch, outer, picks, inner)."""

    batch: int
    outer: int
    lengths: tuple[int, ...]
    inner: int
    picks: int
    y_shape: tuple[int, ...]


def _parts(node: Node, x_shape: Sequence[int], index_shape: Sequence[int]) -> _Parts:
    axis, batch, depth = (int(node.attrs[key]) for key in ("axis", "batch", "depth"))
    asked = tuple(index_shape[batch:-1] if depth else index_shape[batch:])
    behind = axis + max(depth, 1)
    return _Parts(
        batch=math.prod(x_shape[:batch]),
        outer=math.prod(x_shape[batch:axis]),
        lengths=tuple(x_shape[axis:behind]),
        inner=math.prod(x_shape[behind:]),
        picks=math.prod(asked),
        y_shape=(*x_shape[:axis], *asked, *x_shape[behind:]),
    )


@register_op
class Gather(Op):
    """y[a…, i…, c…] = x[a…, index[i…], c…]."""

    name = "gather"
    arity = (2, 2)

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, index = inputs
        expect(index.dtype in ("int32", "int64"), node, f"index must be int32 or int64, got {index.dtype}")
        given = [node.attrs.get(key) for key in ("axis", "batch", "depth")]
        whole = [n for n in given if type(n) is int and n >= 0]
        expect(len(whole) == 3, node, f"axis, batch and depth must be whole numbers from 0 up, got {given}")
        axis, batch, depth = whole
        fits = batch <= axis and axis + max(depth, 1) <= len(x.shape) and batch + (depth > 0) <= len(index.shape)
        expect(fits, node, f"axis {axis}, batch {batch}, depth {depth} do not fit x {x.shape}, index {index.shape}")
        expect(x.shape[:batch] == index.shape[:batch], node, f"x {x.shape} and index {index.shape} differ in batch")
        expect(depth in (0, index.shape[-1] if depth else 0), node, f"index {index.shape} must end with {depth}")
        return _parts(node, x.shape, index.shape).y_shape, x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        expect_same_quant(node, inputs[0], output)

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        constant = [value.is_constant for value in inputs]
        picked = constant == [False, True] and node.attrs["axis"] > 0
        looked_up = constant == [True, False] and node.attrs["axis"] == 0  # the batch is the index's leading axis
        return not ((picked or looked_up) and node.attrs["batch"] == 0)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        import torch

        parts = _parts(node, x[0].shape, x[1].shape)
        flat = _flat_index(parts, x[1].reshape(parts.batch, parts.picks, -1), torch)
        source = x[0].reshape(parts.batch, parts.outer, -1, parts.inner)
        picked = flat[:, None, :, None].expand(-1, parts.outer, -1, parts.inner)
        return source.gather(2, picked).reshape(parts.y_shape)

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        parts = _parts(node, x[0].shape, x[1].shape)
        flat = _flat_index(parts, x[1].reshape(parts.batch, parts.picks, -1).astype(np.int64), np)
        source = x[0].reshape(parts.batch, parts.outer, -1, parts.inner)
        made: Array = np.take_along_axis(source, flat[:, None, :, None], 2).reshape(parts.y_shape)
        return made

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x, index = inputs
        parts, item = _parts(node, x.shape, index.shape), ITEM_BYTES[x.dtype]
        steps = [math.prod(parts.lengths[i + 1 :]) * parts.inner * item for i in range(len(parts.lengths))]
        active = [value.name for value in inputs if not value.is_constant]
        if not active:
            raise self.unsupported(node, "of two constants has no kernel: fold it first")
        table = np.ascontiguousarray(x.data).reshape(-1).view(np.uint8) if x.data is not None else 0
        return Kernel(
            function="lp_gather",
            fields=(
                Field("x", "uint8_t", table),
                Field("index", "int32_t", index.data.astype(np.int32) if index.data is not None else 0),
                Field("wide", "int32_t", int(index.data is None and index.dtype == "int64")),
                Field("lengths", "int32_t", np.array(parts.lengths, np.int32)),
                Field("steps", "int32_t", np.array(steps, np.int32)),
                Field("depth", "int32_t", len(steps)),
                Field("batch", "int32_t", parts.batch),
                Field("outer", "int32_t", parts.outer),
                Field("count", "int32_t", parts.picks),
                Field("plane", "int32_t", math.prod(parts.lengths) * parts.inner * item),
                Field("run", "int32_t", parts.inner * item),
            ),
            operands=(active[0], active[-1], node.output),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        return self.kernel(node, inputs, output, target)


def _flat_index(parts: _Parts, index: Any, library: Any) -> Any:
    """(batch, picks, D) places as (batch, picks) numbers of the flattened axes L."""
    flat = 0
    for i, length in enumerate(parts.lengths):
        flat = flat * length + library.clip(index[:, :, i], 0, length - 1)
    return flat
