"""Reciprocal: y = 1 / x.

Integer  int8, any two scales: the nearest step, by table. At 0 it is the greatest code.
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
class Reciprocal(Lookup):
    """y = 1 / x."""

    name = "reciprocal"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].reciprocal()

    def real(self, node: Node, x: Array) -> Array:
        return np.where(x == 0, np.inf, 1.0 / np.where(x == 0, 1.0, x))
