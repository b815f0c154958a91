"""The larger of two values: y = max(a, b).

Inputs   a, b: one shape, or axes of length 1 that stretch; one of them may be a constant
Integer  int8: one scale for a, b and y; the larger code. int32, int64: as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._extreme import Extreme

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Maximum(Extreme):
    """y = max(a, b)."""

    name = "maximum"
    largest = True

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].maximum(x[1])

    def extreme(self, a: Array, b: Array) -> Array:
        return np.maximum(a, b)
