"""Sum over some axes.

Inputs   x, 1 to 8 axes
Attrs    axes: which, ascending; keepdims: whether they stay with length 1
Integer  int8, any two scales. TensorFlow Lite's rule: requantise(Σ x - n z_x, s_x / s_y) + z_y, clamped,
         for n elements each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import requantise
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Target
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import axes_of
from lilliput.compiler.ops._mve import with_vectors
from lilliput.compiler.ops._reduce import Reduction, keeps, loops_over
from lilliput.compiler.ops._rescale import clamped, proved_multiplier

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Sum(Reduction):
    """y = sum of x over `axes`."""

    name = "sum"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].sum(axes_of(node, x[0].ndim), keepdim=keeps(node))

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        if x[0].dtype != np.int8:
            raise self.unsupported(node, f"has no {x[0].dtype} form")
        axes = axes_of(node, x[0].ndim)
        count = math.prod(inputs[0].shape[axis] for axis in axes)
        acc = x[0].astype(np.int64).sum(axis=axes, keepdims=keeps(node)) - count * inputs[0].zero_point
        factor = proved_multiplier(node, inputs[0].scale / output.scale, 255 * count)
        return clamped(requantise(acc, *factor) + output.zero_point)

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x = inputs[0]
        if x.dtype != "int8":
            raise self.unsupported(node, f"has no {x.dtype} kernel")
        loops = loops_over(self, node, x.shape)
        count = loops.sum1 * loops.sum2
        mult, shift = proved_multiplier(node, x.scale / output.scale, 255 * count)
        fields = {
            **loops._asdict(), "acc_start": -count * x.zero_point, "mult": mult, "shift": shift,
            "y_offset": output.zero_point,
        }  # fmt: skip
        portable = Kernel(
            function="lp_mean_s8",
            fields=tuple(Field(name, "int32_t", value) for name, value in fields.items()),
            operands=(node.inputs[0], node.output),
        )
        return with_vectors(portable, target)

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        loops = loops_over(self, node, inputs[0].shape)
        return Kernel(
            function="lp_sum_f32",
            fields=(
                *(Field(name, "int32_t", value) for name, value in loops._asdict().items()),
                Field("divisor", "float", 1.0),
            ),
            operands=(node.inputs[0], node.output),
        )
