"""Exponential linear unit: y = x where x > 0, else α (e^x - 1).

Attrs    alpha: α, above 0, 1 by default
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
class Elu(Lookup):
    """y = x where x > 0, else α (e^x - 1)."""

    name = "elu"

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        alpha = node.attrs.get("alpha", 1.0)
        fits = isinstance(alpha, (int, float)) and math.isfinite(alpha) and alpha > 0
        expect(fits, node, f"alpha must be above 0, got {alpha!r}")

    def float(self, node: Node, *x: Tensor) -> Tensor:
        from torch.nn import functional

        return functional.elu(x[0], alpha=node.attrs.get("alpha", 1.0))

    def float_call(self, node: Node) -> MapCall:
        return MapCall("lp_elu_f32", node.attrs.get("alpha", 1.0))

    def real(self, node: Node, x: Array) -> Array:
        return np.where(x > 0, x, node.attrs.get("alpha", 1.0) * np.expm1(np.minimum(x, 0.0)))
