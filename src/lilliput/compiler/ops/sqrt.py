"""Square root: y = √x.

Integer  int8, any two scales: the nearest step, by table. Below 0 it is 0.
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
class Sqrt(Lookup):
    """y = √x."""

    name = "sqrt"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].sqrt()

    def real(self, node: Node, x: Array) -> Array:
        return np.sqrt(np.maximum(x, 0.0))
