"""Power with a fixed exponent: y = x^p.

Attrs    exponent: p
Integer  int8, any two scales: the nearest step, by table. Where x^p is no number, or infinite, it is 0.
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
class Power(Lookup):
    """y = x^p."""

    name = "power"

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        exponent = node.attrs.get("exponent")
        fits = isinstance(exponent, (int, float)) and math.isfinite(exponent)
        expect(fits, node, f"exponent must be a finite number, got {exponent!r}")

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].pow(node.attrs["exponent"])

    def float_call(self, node: Node) -> MapCall:
        return MapCall("lp_power_f32", node.attrs["exponent"])

    def real(self, node: Node, x: Array) -> Array:
        with np.errstate(all="ignore"):
            y: Array = np.power(x, float(node.attrs["exponent"]))
        return np.where(np.isfinite(y), y, 0.0)
