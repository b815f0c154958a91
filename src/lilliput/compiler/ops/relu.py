"""Rectifier: y = max(x, 0).

Integer  int8, any two scales. TensorFlow Lite's rule: requantise(x - z_x, s_x / s_y) + z_y, not below z_y.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import activation_range
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._float import MapCall
from lilliput.compiler.ops._lookup import Lookup
from lilliput.compiler.ops._rescale import codes_of, rescale

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Relu(Lookup):
    """y = max(x, 0)."""

    name = "relu"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].clamp_min(0.0)

    def float_call(self, node: Node) -> MapCall:
        return MapCall("lp_clip_f32", 0.0, math.inf)

    def real(self, node: Node, x: Array) -> Array:
        return np.maximum(x, 0.0)

    def table(self, node: Node, x: Value, y: Value) -> Array:
        moved = rescale(codes_of(x) - x.zero_point, x.scale / y.scale, y)
        return np.clip(moved, *activation_range(self.name, y)).astype(np.int8)
