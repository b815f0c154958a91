"""Logistic function: y = 1 / (1 + e^-x).

Integer  int8, any two scales: the nearest step, by table. TensorFlow Lite Micro fills the same table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._lookup import Lookup

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Sigmoid(Lookup):
    """y = 1 / (1 + e^-x)."""

    name = "sigmoid"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].sigmoid()

    def real(self, node: Node, x: Array) -> Array:
        y: Array = 1.0 / (1.0 + np.exp(-np.clip(x, -700.0, 700.0)))
        return y
