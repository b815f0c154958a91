"""Hard swish: y = x min(max(x + 3, 0), 6) / 6.

Integer  int8, any two scales: the nearest step, by table. TensorFlow Lite's rule is another one (three 16-bit
         products, one of them not rounded) and may differ by a step.
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
class HardSwish(Lookup):
    """y = x min(max(x + 3, 0), 6) / 6."""

    name = "hard_swish"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        from torch.nn import functional

        return functional.hardswish(x[0])

    def real(self, node: Node, x: Array) -> Array:
        return x * np.clip(x + 3.0, 0.0, 6.0) / 6.0
