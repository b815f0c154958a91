"""Soft sign: y = x / (1 + |x|).

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
class Softsign(Lookup):
    """y = x / (1 + |x|)."""

    name = "softsign"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        from torch.nn import functional

        return functional.softsign(x[0])

    def real(self, node: Node, x: Array) -> Array:
        y: Array = x / (1.0 + np.abs(x))
        return y
