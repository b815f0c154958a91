"""Clip: y = min(max(x, low), high).

Attrs    low, high: real, low below high
Integer  int8, any two scales: requantise(x - z_x, s_x / s_y) + z_y, between the codes of low and high (rounded half
         away from zero). TensorFlow Lite's rule for RELU_N1_TO_1 and RELU_0_TO_1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._float import MapCall
from lilliput.compiler.ops._lookup import Lookup
from lilliput.compiler.ops._rescale import clamped, codes_of, nearest_table, rescale

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Clip(Lookup):
    """y = min(max(x, low), high)."""

    name = "clip"

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        low, high = node.attrs.get("low"), node.attrs.get("high")
        numbers = isinstance(low, (int, float)) and isinstance(high, (int, float))
        expect(numbers and low < high, node, f"low must be below high, got {low!r} and {high!r}")  # type: ignore[operator]

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].clamp(*_ends(node))

    def float_call(self, node: Node) -> MapCall:
        return MapCall("lp_clip_f32", *_ends(node))

    def real(self, node: Node, x: Array) -> Array:
        return np.clip(x, *_ends(node))

    def table(self, node: Node, x: Value, y: Value) -> Array:
        moved = rescale(codes_of(x) - x.zero_point, x.scale / y.scale, y)
        low, high = nearest_table(np.array(_ends(node)), y).astype(np.int64)
        return clamped(moved, int(low), int(high))


def _ends(node: Node) -> tuple[float, float]:
    return float(node.attrs["low"]), float(node.attrs["high"])
