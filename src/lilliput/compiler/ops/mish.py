"""Mish: y = x tanh(log(1 + e^x)).

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
class Mish(Lookup):
    """y = x tanh(log(1 + e^x))."""

    name = "mish"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        from torch.nn import functional

        return functional.mish(x[0])

    def real(self, node: Node, x: Array) -> Array:
        return x * np.tanh(np.logaddexp(0.0, x))
