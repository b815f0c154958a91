"""Reciprocal square root: y = 1 / √x.

Integer  int8, any two scales, by table. TensorFlow Lite's rule: t = 2^20 / √(x - z_x) in fixed point (`_rsqrt`),
         y = requantise(t, 2^-20 / (√s_x s_y)) + z_y, the factor from float32. At 0 and below it is the greatest code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import requantise, to_multiplier
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._lookup import Lookup
from lilliput.compiler.ops._rescale import clamped, codes_of
from lilliput.compiler.ops._rsqrt import rsqrt

if TYPE_CHECKING:
    from torch import Tensor

_SHIFT = 20


@register_op
class Rsqrt(Lookup):
    """y = 1 / √x."""

    name = "rsqrt"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].rsqrt()

    def real(self, node: Node, x: Array) -> Array:
        y: Array = 1.0 / np.sqrt(np.maximum(x, np.finfo(np.float64).tiny))
        return y

    def table(self, node: Node, x: Value, y: Value) -> Array:
        factor = 1.0 / float(np.sqrt(np.float32(x.scale)) * np.float32(y.scale))
        mult, shift = to_multiplier(min(factor, 2.0**20))
        made = [127] * 256
        for i, centred in enumerate((codes_of(x) - x.zero_point).tolist()):
            if centred > 0:
                root = rsqrt(centred)
                wide = requantise(np.array([1]), root.mult, root.shift + _SHIFT)
                made[i] = int(requantise(wide, mult, shift - _SHIFT)[0]) + y.zero_point
        return clamped(np.array(made))
