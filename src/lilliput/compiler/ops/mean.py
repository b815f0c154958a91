"""Mean over some axes.

Inputs   x, 1 to 8 axes
Attrs    axes: which, ascending; keepdims: whether they stay with length 1
Integer  int8 or int16, any two scales. TensorFlow Lite's rule with n elements summed: with (M, s) for s_x / s_y and
         h = min(floor(log2 n), 32, 31 + s), y = requantise(Σ x - n z_x, floor(M 2^h / n), s - h) + z_y, clamped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import Multiplier, requantise, to_multiplier
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Target
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import axes_of
from lilliput.compiler.ops._mve import with_vectors
from lilliput.compiler.ops._reduce import Reduction, keeps, loops_over, sum_kernel
from lilliput.compiler.ops._rescale import prove_reach
from lilliput.compiler.ops._weights_s16 import REACH

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Mean(Reduction):
    """y = mean of x over `axes`."""

    name = "mean"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].mean(axes_of(node, x[0].ndim), keepdim=keeps(node))

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        axes = axes_of(node, x[0].ndim)
        count = math.prod(x[0].shape[axis] for axis in axes)
        acc = x[0].astype(np.int64).sum(axis=axes, keepdims=keeps(node))
        mult, shift = _multiplier(node, inputs[0], output, count)
        y = requantise(acc - count * inputs[0].zero_point, mult, shift) + output.zero_point
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
                Field("divisor", "float", loops.sum1 * loops.sum2),
            ),
            operands=(node.inputs[0], node.output),
        )


def _multiplier(node: Node, x: Value, y: Value, count: int) -> Multiplier:
    mult, shift = to_multiplier(min(x.scale / y.scale, 2.0**29))
    spare = min(count.bit_length() - 1, 32, 31 + shift)
    multiplier = Multiplier((mult << spare) // count, shift - spare)
    prove_reach(node, (255 if x.dtype == "int8" else REACH) * count, multiplier)
    return multiplier
