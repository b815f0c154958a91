"""The largest along some axes; of truth values, whether any is true.

Inputs   x, 1 to 8 axes, int8 or bool
Attrs    axes: which, ascending; keepdims: whether they stay with length 1
Integer  one scale for x and y: the largest code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import axes_of
from lilliput.compiler.ops._reduce import keeps
from lilliput.compiler.ops._reduce_extreme import ReduceExtreme

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class ReduceMax(ReduceExtreme):
    """y = max of x over `axes`."""

    name = "reduce_max"
    sign = 1

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].amax(axes_of(node, x[0].ndim), keepdim=keeps(node))

    def reduced(self, node: Node, x: Array) -> Array:
        made: Array = np.max(x, axis=axes_of(node, x.ndim), keepdims=keeps(node))
        return made
