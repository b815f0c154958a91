"""Place of the smallest along one axis; the first of equal ones.

Inputs   x, 1 to 8 axes, int8 or float32
Attrs    axis; keepdims: whether it stays with length 1; dtype: int32 or int64, of y
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._arg import ArgExtreme
from lilliput.compiler.ops._attrs import axis_of
from lilliput.compiler.ops._reduce import keeps

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class ArgMin(ArgExtreme):
    """y = the number along `axis` of the smallest element."""

    name = "arg_min"
    sign = -1

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].argmin(axis_of(node, x[0].ndim), keepdim=keeps(node))

    def place(self, x: Array, axis: int) -> Array:
        made: Array = np.argmin(x, axis=axis)
        return made
