"""Sum over some axes.

Inputs   x, 1 to 8 axes
Attrs    axes: which, ascending; keepdims: whether they stay with length 1
Integer  int8 or int16, any two scales. TensorFlow Lite's rule: requantise(Σ x - n z_x, s_x / s_y) + z_y, clamped,
         for n elements each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import Multiplier, requantise
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Target
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import axes_of
from lilliput.compiler.ops._mve import with_vectors
from lilliput.compiler.ops._reduce import Reduction, keeps, loops_over, sum_kernel
from lilliput.compiler.ops._rescale import proved_multiplier
from lilliput.compiler.ops._weights_s16 import REACH

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Sum(Reduction):
    """y = sum of x over `axes`."""

    name = "sum"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].sum(axes_of(node, x[0].ndim), keepdim=keeps(node))

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        if inputs[0].dtype not in ("int8", "int16"):
            raise self.unsupported(node, f"has no {x[0].dtype} form")
        axes = axes_of(node, x[0].ndim)
        count = math.prod(inputs[0].shape[axis] for axis in axes)
        acc = x[0].astype(np.int64).sum(axis=axes, keepdims=keeps(node)) - count * inputs[0].zero_point
        y = requantise(acc, *_multiplier(node, inputs[0], output, count)) + output.zero_point
        limits = np.iinfo(output.dtype)
        clamped: Array = np.clip(y, limits.min, limits.max).astype(output.dtype)
        return clamped

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x = inputs[0]
        if x.dtype not in ("int8", "int16"):
            raise self.unsupported(node, f"has no {x.dtype} kernel")
        loops = loops_over(self, node, x.shape)
        count = loops.sum1 * loops.sum2
        return with_vectors(sum_kernel(node, x, output, loops, _multiplier(node, x, output, count)), target)

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


def _multiplier(node: Node, x: Value, y: Value, count: int) -> Multiplier:
    return proved_multiplier(node, x.scale / y.scale, (255 if x.dtype == "int8" else REACH) * count)
