"""From integers to real numbers: y = s_x (x - z_x).

Inputs   x int8, uint8 or int16
Integer  y float32, exactly rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op

if TYPE_CHECKING:
    from torch import Tensor

_KINDS = {"int8": 0, "uint8": 1, "int16": 2}


@register_op
class Dequantize(Op):
    """y = the real numbers that the integers x stand for."""

    name = "dequantize"
    elementwise = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        expect(inputs[0].dtype in _KINDS, node, f"x must be int8, uint8 or int16, got {inputs[0].dtype}")
        return inputs[0].shape, "float32"

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        quant = inputs[0].quant
        expect(quant is not None and quant.is_per_tensor, node, f"{inputs[0].name!r} must have one scale")

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0]

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        centred = (x[0].astype(np.int32) - inputs[0].zero_point).astype(np.float32)
        real: Array = centred * np.float32(inputs[0].scale)
        return real

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x = inputs[0]
        return Kernel(
            function="lp_dequantize_f32",
            fields=(
                Field("scale", "float", x.scale),
                Field("x_offset", "int32_t", -x.zero_point),
                Field("kind", "int32_t", _KINDS[x.dtype]),
                Field("n", "int32_t", x.elements),
            ),
            operands=(node.inputs[0], node.output),
        )
