"""Logistic function: y = 1 / (1 + e^-x).

Integer  int8, any two scales: the nearest step, by table. TensorFlow Lite Micro fills the same table. int16 to scale
         2^-15: by the table of `_tables_s16`, as its reference does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Kernel, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._lookup import Lookup
from lilliput.compiler.ops._tables_s16 import OUTPUT_SCALE, InputScale, between, function_kernel, input_scale

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Sigmoid(Lookup):
    """y = 1 / (1 + e^-x)."""

    name = "sigmoid"

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        if output.dtype == "int16" and output.quant is not None:
            expect(output.scale == OUTPUT_SCALE, node, f"int16 y must have scale 2^-15, got {output.scale:g}")

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].sigmoid()

    def real(self, node: Node, x: Array) -> Array:
        y: Array = 1.0 / (1.0 + np.exp(-np.clip(x, -700.0, 700.0)))
        return y

    def integer_s16(self, node: Node, x: Value, y: Value, codes: Array) -> Array:
        t = _scaled(node, x).of(codes)
        value = between(np.abs(t), 9, 0x7FFF << 10)
        return ((np.where(t < 0, (1 << 25) - value - 1, value) + 512) >> 10).astype(np.int16)

    def kernel_s16(self, node: Node, x: Value, y: Value) -> Kernel | None:
        return function_kernel("lp_logistic_s16", x, y, _scaled(node, x))


def _scaled(node: Node, x: Value) -> InputScale:
    return input_scale(node, x.scale, (2.0**-12,))
