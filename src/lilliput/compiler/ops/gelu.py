"""Gaussian error linear unit: y = x Φ(x), Φ the normal distribution.

Attrs    approximate: "none", or "tanh" for x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))
Integer  int8, any two scales: the nearest step, by table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._float import MapCall
from lilliput.compiler.ops._lookup import Lookup

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Gelu(Lookup):
    """y = x Φ(x)."""

    name = "gelu"

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        kind = node.attrs.get("approximate", "none")
        expect(kind in ("none", "tanh"), node, f'approximate must be "none" or "tanh", got {kind!r}')

    def float(self, node: Node, *x: Tensor) -> Tensor:
        from torch.nn import functional

        return functional.gelu(x[0], approximate=node.attrs.get("approximate", "none"))

    def float_call(self, node: Node) -> MapCall:
        return MapCall("lp_gelu_f32" if node.attrs.get("approximate", "none") == "none" else "lp_gelu_tanh_f32")

    def real(self, node: Node, x: Array) -> Array:
        if node.attrs.get("approximate", "none") == "tanh":
            return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))
        below: Array = np.array([math.erfc(-value / math.sqrt(2.0)) for value in x])
        return 0.5 * x * below
