"""Sum: y = a + b.

Inputs   a, b: one shape, or axes of length 1 that stretch; one of them may be a constant
Attrs    activation: none | relu | relu6 | relu_n1_to_1, fused
Integer  int8, any three scales: `_sum`. The kernel is one linear form where that has been proved equal. int16 with zero
         point 0: `_pairs_s16`.
         int32, int64 without a scale: wrapping around.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lilliput.compiler.graph import Node
from lilliput.compiler.op import activation_of, apply_activation
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._sum import Sum

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Add(Sum):
    """y = activation(a + b)."""

    name = "add"
    sign = 1

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return apply_activation(activation_of(node), x[0] + x[1])
