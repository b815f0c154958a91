"""Max pool: the largest element of the window that lies in the image.

Inputs   x (N, H, W, C)
Attrs    window (h, w), stride (h, w), padding ((top, bottom), (left, right)) smaller than the window; activation, fused
Integer  int8 or int16, one scale for x and y. Largest code, clamp.
"""

from __future__ import annotations

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
from lilliput.compiler.ops._mve import with_vectors
from lilliput.compiler.ops._pool_window import pool_fields, pool_sizes, pool_window, pooled

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class MaxPool2d(Op):
    """y = max of the window."""

    name = "max_pool2d"
    takes_activation = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        return pooled(node, inputs)

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        activation_of(node)
        expect_same_quant(node, inputs[0], output)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        from torch.nn import functional

        (top, bottom), (left, right) = node.attrs["padding"]
        image = functional.pad(x[0].permute(0, 3, 1, 2), (left, right, top, bottom), value=-float("inf"))
        y = functional.max_pool2d(image, node.attrs["window"], node.attrs["stride"]).permute(0, 2, 3, 1)
        return apply_activation(activation_of(node), y)

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        window = pool_window(node, inputs[0])
        largest = np.max([seen for _, _, seen in window.taps(x[0], np.iinfo(output.dtype).min)], axis=0)
        clamped: Array = np.clip(largest, *activation_range(activation_of(node), output)).astype(output.dtype)
        return clamped

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        if inputs[0].dtype not in ("int8", "int16"):
            raise self.unsupported(node, f"has no {inputs[0].dtype} kernel")
        portable = Kernel(
            function="lp_max_pool_s8" if inputs[0].dtype == "int8" else "lp_max_pool_s16",
            fields=pool_fields(node, inputs[0], output, activation_of(node)),
            operands=(node.inputs[0], node.output),
        )
        return with_vectors(portable, target)

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        return Kernel(
            function="lp_max_pool_f32",
            fields=(*pool_sizes(node, inputs[0], output), *clamp_fields(node)),
            operands=(node.inputs[0], node.output),
            struct="lp_pool_f32",
        )
