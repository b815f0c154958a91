"""Square: y = x².

Integer  int8, any two scales: the nearest step, by table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lilliput.compiler.graph import Array, Node
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._lookup import Lookup

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Square(Lookup):
    """y = x²."""

    name = "square"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].square()

    def real(self, node: Node, x: Array) -> Array:
        return x * x
