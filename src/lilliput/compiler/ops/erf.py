"""Error function: y = 2/√π ∫₀ˣ e^(-t²) dt.

Integer  int8, any two scales: the nearest step, by table.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._lookup import Lookup

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Erf(Lookup):
    """y = erf x."""

    name = "erf"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].erf()

    def real(self, node: Node, x: Array) -> Array:
        return np.array([math.erf(value) for value in x])
