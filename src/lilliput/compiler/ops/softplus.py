"""Soft rectifier: y = log(1 + e^x).

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
class Softplus(Lookup):
    """y = log(1 + e^x)."""

    name = "softplus"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        from torch.nn import functional

        return functional.softplus(x[0])

    def real(self, node: Node, x: Array) -> Array:
        return np.logaddexp(0.0, x)
