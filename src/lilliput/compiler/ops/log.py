"""Natural logarithm: y = log x.

Integer  int8, any two scales: the nearest step, by table. At 0 and below it is the least code.
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
class Log(Lookup):
    """y = log x."""

    name = "log"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].log()

    def real(self, node: Node, x: Array) -> Array:
        return np.log(np.maximum(x, np.finfo(np.float64).tiny))
