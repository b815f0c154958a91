"""Magnitude: y = |x|.

Integer  int8, any two scales, by table. TensorFlow Lite's rule: |x - z_x| + z_y where the scales are equal, else
         requantise(|x - z_x|, s_x / s_y) + z_y, the quotient in float32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._lookup import Lookup
from lilliput.compiler.ops._rescale import clamped, codes_of, rescale

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Abs(Lookup):
    """y = |x|."""

    name = "abs"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].abs()

    def real(self, node: Node, x: Array) -> Array:
        return np.abs(x)

    def table(self, node: Node, x: Value, y: Value) -> Array:
        magnitude = np.abs(codes_of(x) - x.zero_point)
        if x.scale == y.scale:
            moved = magnitude + y.zero_point
        else:
            moved = rescale(magnitude, float(np.float32(x.scale) / np.float32(y.scale)), y)
        return clamped(moved)
