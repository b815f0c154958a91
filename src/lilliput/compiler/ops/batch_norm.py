"""Batch normalisation over the last axis: y = γ (x - μ) / √(σ² + ε) + β.

Inputs   x (N, …, C), γ (C), β (C), μ (C), σ² (C)
Attrs    eps: ε, above 0

It lives in float graphs only, since the pass `fold_batchnorm` merges it into the layer before it, where there is one
that nothing else reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class BatchNorm(Op):
    """y = γ (x - μ) / √(σ² + ε) + β."""

    name = "batch_norm"
    arity = (5, 5)

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x = inputs[0]
        expect(len(x.shape) >= 2, node, f"x must be (N, …, C), got {x.shape}")
        for value in inputs[1:]:
            expect(value.shape == x.shape[-1:], node, f"{value.name!r} must be {x.shape[-1:]}, got {value.shape}")
        return x.shape, x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        eps = node.attrs.get("eps")
        expect(isinstance(eps, (int, float)) and eps > 0, node, f"eps must be above 0, got {eps!r}")
        variance = inputs[4].data
        if variance is not None:
            least = float(variance.min(initial=0.0))
            expect(least >= 0, node, f"a variance is {least:g}, it must not be below 0")

    def float(self, node: Node, *x: Tensor) -> Tensor:
        value, gamma, beta, mean, variance = x
        y: Tensor = (value - mean) * (gamma / (variance + node.attrs["eps"]).sqrt()) + beta
        return y

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x, *constants = inputs
        gamma, beta, mean, variance = (value.data for value in constants)
        if gamma is None or beta is None or mean is None or variance is None:
            raise self.unsupported(node, "has a kernel for constants only")
        scale = gamma / np.sqrt(variance + np.float32(node.attrs["eps"]))
        return Kernel(
            function="lp_batch_norm_f32",
            fields=(
                Field("mean", "float", mean), Field("scale", "float", scale), Field("offset", "float", beta),
                Field("rows", "int32_t", x.elements // x.shape[-1]), Field("c", "int32_t", x.shape[-1]),
            ),
            operands=(x.name, node.output),
            in_place=(0,),
        )  # fmt: skip
