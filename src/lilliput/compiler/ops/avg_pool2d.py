"""Average pool: the mean of the window's elements that lie in the image.

Inputs   x (N, H, W, C)
Attrs    window (h, w), stride (h, w), padding ((top, bottom), (left, right)) smaller than the window; activation, fused
Integer  int8 or int16, one scale for x and y. Sum of the codes / their count, round half away from zero, clamp.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import (
    Kernel,
    Op,
    Signature,
    Target,
    activation_of,
    activation_range,
    apply_activation,
)
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_same_quant
from lilliput.compiler.ops._float import clamp_fields
from lilliput.compiler.ops._mve import MOST_AVERAGED, MOST_AVERAGED_DSP, with_vectors
from lilliput.compiler.ops._pool_window import pool_fields, pool_sizes, pool_window, pooled

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class AvgPool2d(Op):
    """y = mean of the window, padding not counted."""

    name = "avg_pool2d"
    takes_activation = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        return pooled(node, inputs)

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        activation_of(node)
        expect_same_quant(node, inputs[0], output)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        import torch
        from torch.nn import functional

        (top, bottom), (left, right) = node.attrs["padding"]
        size, stride = node.attrs["window"], node.attrs["stride"]
        image = x[0].permute(0, 3, 1, 2)
        sums, counts = (
            functional.avg_pool2d(functional.pad(part, (left, right, top, bottom)), size, stride, divisor_override=1)
            for part in (image, torch.ones_like(image[:1, :1]))
        )
        return apply_activation(activation_of(node), (sums / counts).permute(0, 2, 3, 1))

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        window, inside = pool_window(node, inputs[0]), np.ones_like(x[0][:1, :, :, :1], np.int64)
        total = sum(seen for _, _, seen in window.taps(x[0].astype(np.int64), 0))
        count = sum(seen for _, _, seen in window.taps(inside, 0))
        # Half away from zero: on magnitudes, then the sign again.
        mean = np.sign(total) * ((np.abs(total) + count // 2) // count)
        clamped: Array = np.clip(mean, *activation_range(activation_of(node), output)).astype(output.dtype)
        return clamped

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        if inputs[0].dtype not in ("int8", "int16"):
            raise self.unsupported(node, f"has no {inputs[0].dtype} kernel")
        portable = Kernel(
            function="lp_avg_pool_s8" if inputs[0].dtype == "int8" else "lp_avg_pool_s16",
            fields=pool_fields(node, inputs[0], output, activation_of(node)),
            operands=(node.inputs[0], node.output),
        )
        most = MOST_AVERAGED if target.mve or target.rvv or target.host else MOST_AVERAGED_DSP
        small = inputs[0].dtype == "int8" and math.prod(pool_window(node, inputs[0]).kernel) <= most
        return with_vectors(portable, target) if small else portable

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        return Kernel(
            function="lp_avg_pool_f32",
            fields=(*pool_sizes(node, inputs[0], output), *clamp_fields(node)),
            operands=(node.inputs[0], node.output),
            struct="lp_pool_f32",
        )
