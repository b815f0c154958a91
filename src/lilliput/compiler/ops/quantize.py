"""From real numbers to integers: q = x / s_y + z_y, rounded half away from zero, clamped.

Inputs   x float32
Attrs    dtype: int8, uint8 or int16, of y
Integer  TensorFlow Lite's rule: the quotient in float32. What is no number is taken for the lowest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, get_args

import numpy as np

from lilliput.compiler.graph import Array, DType, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op

if TYPE_CHECKING:
    from torch import Tensor

_FAR = 131072.0
"""Quotients beyond it saturate every type."""


@register_op
class Quantize(Op):
    """y = the integers of x."""

    name = "quantize"
    elementwise = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        expect(inputs[0].dtype == "float32", node, f"x must be float32, got {inputs[0].dtype}")
        dtype = node.attrs.get("dtype", "int8")
        found: list[DType] = [known for known in get_args(DType) if known == dtype]
        expect(dtype in ("int8", "uint8", "int16"), node, f"dtype must be int8, uint8 or int16, got {dtype!r}")
        return inputs[0].shape, found[0]

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0]

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        quotient = x[0] / np.float32(output.scale)
        near = np.minimum(np.where(quotient > -_FAR, quotient, -_FAR), _FAR).astype(np.float64)
        limits = np.iinfo(output.dtype)
        moved = np.trunc(near + np.copysign(0.5, near)) + output.zero_point
        codes: Array = np.clip(moved, limits.min, limits.max).astype(output.dtype)
        return codes

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        limits = np.iinfo(output.dtype)
        numbers = {
            "n": output.elements, "y_offset": output.zero_point, "y_min": int(limits.min), "y_max": int(limits.max),
            "item": limits.bits // 8,
        }  # fmt: skip
        return Kernel(
            function="lp_quantize_f32",
            fields=(
                Field("scale", "float", output.scale),
                *(Field(name, "int32_t", value) for name, value in numbers.items()),
            ),
            operands=(node.inputs[0], node.output),
            in_place=(0,),
        )
