"""Ceiling: the least whole number that is not below x.

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
class Ceil(Lookup):
    """y = ⌈x⌉."""

    name = "ceil"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].ceil()

    def real(self, node: Node, x: Array) -> Array:
        return np.ceil(x)
