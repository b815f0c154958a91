"""Paste: put a tile into a map.

Inputs   tile (N, h, w, C); map (N, H, W, C), optional
Attrs    at (top, left): where the tile's first pixel goes; size (H, W) of the map
Value    y = map with the tile in it; without a map, zeros (their zero point) with the tile in it
Kernel   y is the map's very memory. So nothing else may read a map that is pasted into, and only a paste makes one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import ITEM_BYTES, Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_rank, expect_same_quant, whole_numbers

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Paste(Op):
    """y = map, with the tile at (top, left)."""

    name = "paste"
    arity = (1, 2)

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        tile = inputs[0]
        expect_rank(node, tile, 4, 4)
        (top, left), (height, width) = whole_numbers(node, "at", 2, 0), whole_numbers(node, "size", 2, 1)
        shape = (tile.shape[0], height, width, tile.shape[3])
        inside = top + tile.shape[1] <= height and left + tile.shape[2] <= width
        expect(inside, node, f"a tile {tile.shape} at {(top, left)} is not all in {shape}")
        for whole in inputs[1:]:
            expect((whole.shape, whole.dtype) == (shape, tile.dtype), node, f"the map must be {tile.dtype} {shape}")
        return shape, tile.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        for value in inputs:
            expect(not value.is_constant, node, f"{value.name!r} is a constant")
            expect_same_quant(node, value, output)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        from torch.nn import functional

        (top, left), (height, width), (h, w) = node.attrs["at"], node.attrs["size"], x[0].shape[1:3]
        border = (0, 0, left, width - left - w, top, height - top - h)
        placed = functional.pad(x[0], border)
        if len(x) == 1:
            return placed
        return x[1] * functional.pad(x[0].new_zeros(1, h, w, 1), border, value=1.0) + placed

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        (top, left), (height, width) = node.attrs["at"], node.attrs["size"]
        rows, h, w, channels = x[0].shape
        fill = 0 if output.quant is None else output.zero_point
        whole = x[1].copy() if len(x) > 1 else np.full((rows, height, width, channels), fill, x[0].dtype)
        whole[:, top : top + h, left : left + w] = x[0]
        return whole

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        fill = 0 if output.quant is None else output.zero_point
        item = ITEM_BYTES[output.dtype]
        if fill and item > 1:
            raise self.unsupported(node, f"has no kernel for {output.dtype} with a zero point of {fill}")
        tile = inputs[0]
        pixel, (top, left), (_, width) = tile.shape[3] * item, node.attrs["at"], node.attrs["size"]
        first = len(inputs) == 1
        numbers = {
            "start": (top * width + left) * pixel, "rows": tile.shape[1], "run": tile.shape[2] * pixel,
            "pitch": width * pixel, "clear": output.nbytes if first else 0, "fill": fill,
        }  # fmt: skip
        return Kernel(
            function="lp_paste",
            fields=tuple(Field(name, "int32_t", value) for name, value in numbers.items()),
            operands=(tile.name, node.output if first else inputs[1].name),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        return self.kernel(node, inputs, output, target)
