"""Change of scale: the same real values under another scale, zero point or type.

Inputs   x (N, …) int8, uint8 or int16
Integer  y int8. TensorFlow Lite's rule: requantise(x - z_x, s_x / s_y) + z_y, clamped. 8-bit inputs go by table.

In a float graph it is the identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import Multiplier, requantise
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._rescale import lookup_kernel, proved_multiplier, rescale, rescale_table

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Requantize(Op):
    """y = x in the scale of y."""

    name = "requantize"
    elementwise = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x = inputs[0]
        known = x.dtype in ("float32", "int8", "uint8", "int16")
        expect(known, node, f"x must be float32, int8, uint8 or int16, got {x.dtype}")
        return x.shape, "float32" if x.dtype == "float32" else "int8"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0]

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        source = inputs[0]
        centred = x[0].astype(np.int64) - source.zero_point
        if source.dtype == "int16":
            moved = requantise(centred, *_wide_multiplier(node, source, output)) + output.zero_point
        else:
            moved = rescale(centred, source.scale / output.scale, output)
        clamped: Array = np.clip(moved, -128, 127).astype(np.int8)
        return clamped

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        x = inputs[0]
        if x.dtype in ("int8", "uint8"):
            return lookup_kernel(node, x, rescale_table(x, output), target)
        mult, shift = _wide_multiplier(node, x, output)
        numbers = {
            "n": x.elements, "x_offset": -x.zero_point, "mult": mult, "shift": shift, "y_offset": output.zero_point
        }  # fmt: skip
        return Kernel(
            function="lp_requantize_s16_s8",
            fields=tuple(Field(name, "int32_t", value) for name, value in numbers.items()),
            operands=(x.name, node.output),
            in_place=(0,),
        )


def _wide_multiplier(node: Node, x: Value, y: Value) -> Multiplier:
    return proved_multiplier(node, x.scale / y.scale, 65535)
