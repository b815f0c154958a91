"""Whole quotient: y = ⌊a / b⌋.

Inputs   a, b: one shape, or axes of length 1 that stretch; one of them may be a constant
Integer  int32, int64 without a scale; 0 where b is 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lilliput.compiler.graph import Node
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._whole import WholePair

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class FloorDiv(WholePair):
    """y = ⌊a / b⌋."""

    name = "floor_div"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return (x[0] / x[1]).floor()
