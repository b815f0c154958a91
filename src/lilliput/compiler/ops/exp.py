"""Exponential: y = e^x.

Integer  int8, any two scales: the nearest step, by table.
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
class Exp(Lookup):
    """y = e^x."""

    name = "exp"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].exp()

    def real(self, node: Node, x: Array) -> Array:
        y: Array = np.exp(np.clip(x, -700.0, 700.0))
        return y
