"""Round: the nearest whole number, the even one of two.

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
class Round(Lookup):
    """y = x to the nearest whole number."""

    name = "round"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].round()

    def real(self, node: Node, x: Array) -> Array:
        return np.round(x)
