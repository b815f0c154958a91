"""Fully connected layer: y = x · wᵀ + b.

Inputs   x (N, C_in), w (C_out, C_in) constant, b (C_out) constant, optional
Attrs    activation: none | relu | relu6 | relu_n1_to_1, fused
Integer  x int8 asymmetric, w int8 symmetric (zero point 0) per tensor or per output channel, b int32 with scale
         s_x · s_w, y int8
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import requantise, to_multipliers
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import (
    Field,
    Kernel,
    Op,
    Signature,
    Target,
    activation_of,
    activation_range,
    apply_activation,
    expect,
)
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._weights import bias_of, check_weights, weight_factors
from lilliput.compiler.proof import prove_accumulator

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class FullyConnected(Op):
    """y = activation(x · wᵀ + b)."""

    name = "fully_connected"
    arity = (2, 3)
    takes_activation = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, w = inputs[:2]
        expect(len(x.shape) == 2, node, f"x must be (N, C_in), got {x.shape}")
        expect(len(w.shape) == 2 and w.shape[1] == x.shape[1], node, f"w {w.shape} does not fit x {x.shape}")
        expect(len(inputs) < 3 or inputs[2].shape == (w.shape[0],), node, f"b must be ({w.shape[0]},)")
        return (x.shape[0], w.shape[0]), x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        activation_of(node)
        check_weights(node, inputs, channel_axis=0)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        from torch.nn import functional

        bias = x[2] if len(x) > 2 else None
        return apply_activation(activation_of(node), functional.linear(x[0], x[1], bias))

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        # float64 holds every sum exactly (below 2^53) and uses the fast matrix product.
        products = (x[0].astype(np.float64) - inputs[0].zero_point) @ x[1].astype(np.float64).T
        acc = products.astype(np.int64) + (x[2].astype(np.int64) if len(x) > 2 else 0)
        mult, shift = to_multipliers(weight_factors(inputs, output))
        y = requantise(acc, mult, shift) + output.zero_point
        low, high = activation_range(activation_of(node), output)
        clamped: Array = np.clip(y, low, high).astype(output.dtype)
        return clamped

    def macs(self, node: Node, inputs: Sequence[Value], output: Value) -> int:
        return inputs[1].elements

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x, w = inputs[:2]
        if x.dtype != "int8" or w.data is None:
            raise self.unsupported(node, f"has no {x.dtype} kernel")
        bias = bias_of(inputs, w.shape[0])
        mult, shift = to_multipliers(np.broadcast_to(weight_factors(inputs, output), w.shape[:1]))
        prove_accumulator(node, w.data, bias, x.zero_point, shift)
        low, high = activation_range(activation_of(node), output)
        return Kernel(
            function="lp_fully_connected_s8",
            fields=(
                Field("w", "int8_t", w.data),
                Field("bias", "int32_t", bias),
                Field("mult", "int32_t", mult),
                Field("shift", "int8_t", shift),
                Field("c_in", "int32_t", w.shape[1]),
                Field("c_out", "int32_t", w.shape[0]),
                Field("x_offset", "int32_t", -x.zero_point),
                Field("y_offset", "int32_t", output.zero_point),
                Field("y_min", "int32_t", low),
                Field("y_max", "int32_t", high),
            ),
            operands=(node.inputs[0], node.output),
        )
