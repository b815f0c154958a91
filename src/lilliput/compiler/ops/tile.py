"""Tile: x repeated as a whole along each axis.

Inputs   x, 1 to 4 axes, any type
Attrs    repeats: one per axis, from 1 up
Integer  scale and zero point stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Signature
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_rank, whole_numbers
from lilliput.compiler.ops._move import Move, View
from lilliput.compiler.ops._strided import strides_of

if TYPE_CHECKING:
    from torch import Tensor


def _repeats(node: Node, rank: int) -> tuple[int, ...]:
    return whole_numbers(node, "repeats", rank, 1)


@register_op
class Tile(Move):
    """y[i, j, …] = x[i mod length, j mod length, …]."""

    name = "tile"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x = inputs[0]
        expect_rank(node, x, 1, 4)
        repeats = _repeats(node, len(x.shape))
        return tuple(length * times for length, times in zip(x.shape, repeats, strict=True)), x.dtype

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return _repeats(node, len(output.shape))[0] != 1

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].repeat(_repeats(node, x[0].ndim))

    def moved(self, node: Node, x: Array, output: Value) -> Array:
        return np.tile(x, _repeats(node, x.ndim))

    def view(self, node: Node, x: Value, y: Value) -> View:
        lengths, strides = list[int](), list[int]()
        for times, length, step in zip(_repeats(node, len(x.shape)), x.shape, strides_of(x.shape), strict=True):
            lengths += [times, length]
            strides += [0, step]
        return View(0, lengths, strides)
