"""Clipped rectifier: y = min(max(x, 0), 6).

Integer  int8 or int16, any two scales: requantise(x - z_x, s_x / s_y) + z_y, between z_y and the code of 6. With equal
         scales that is TensorFlow Lite's clamp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._float import MapCall
from lilliput.compiler.ops.relu import Relu

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Relu6(Relu):
    """y = min(max(x, 0), 6)."""

    name = "relu6"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].clamp(0.0, 6.0)

    def float_call(self, node: Node) -> MapCall:
        return MapCall("lp_clip_f32", 0.0, 6.0)

    def real(self, node: Node, x: Array) -> Array:
        return np.clip(x, 0.0, 6.0)
