"""Layer normalisation over the last axis: y = γ (x - μ) / √(σ² + ε) + β, μ and σ² of each row.

Inputs   x (N, …, C), γ (C), β (C) constant float32, C up to 32768
Attrs    eps: ε, above 0
Integer  int8, any scales of x and y; γ and β stay real constants. With n = C, S = Σ q and W = n Σ q² - S² + ε n² / s_x²
         (rounded), all exact in 64 bits and free of the zero point:
         (M, e) = 1/√ of the upper 31 bits of W (`_rsqrt`), k the bits left out, halved
         t = (n q - S) M / 2^(11 - e + k)          the normalised value in Q.20, rounded half up
         y = (t G / 2^(g + 4) + B) / 2^16          rounded half up, clamped; G = γ 2^g / s_y, B = (β / s_y + z_y) 2^16
         y is within one step of the real value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._rescale import clamped
from lilliput.compiler.ops._rsqrt import rsqrt
from lilliput.compiler.ops.l2_normalization import MOST_CHANNELS

if TYPE_CHECKING:
    from torch import Tensor

_MOST_EPS = 1 << 60


class _Rule(NamedTuple):
    """G and B for each channel, int64; g; ε n² / s_x²."""

    gain: Array
    bias: Array
    gain_shift: int
    eps: int


@register_op
class LayerNorm(Op):
    """y = γ (x - mean) / √(variance + ε) + β along the last axis."""

    name = "layer_norm"
    arity = (3, 3)

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x = inputs[0]
        expect(len(x.shape) >= 1, node, "x must have an axis")
        expect(x.shape[-1] <= MOST_CHANNELS, node, f"at most {MOST_CHANNELS} channels, got {x.shape[-1]}")
        for value in inputs[1:]:
            expect(value.shape == x.shape[-1:], node, f"{value.name!r} must be {x.shape[-1:]}, got {value.shape}")
        return x.shape, x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        eps = node.attrs.get("eps")
        fits = isinstance(eps, (int, float)) and math.isfinite(eps) and eps > 0
        expect(fits, node, f"eps must be above 0, got {eps!r}")
        for value in inputs[1:]:
            known = value.is_constant and value.dtype == "float32"
            expect(known, node, f"{value.name!r} must be a float32 constant")

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return len(output.shape) == 1

    def float(self, node: Node, *x: Tensor) -> Tensor:
        from torch.nn import functional

        return functional.layer_norm(x[0], x[0].shape[-1:], x[1], x[2], node.attrs["eps"])

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        if x[0].dtype != np.int8:
            raise self.unsupported(node, f"has no {x[0].dtype} form")
        rule, count, q = self._rule(node, inputs, output), x[0].shape[-1], x[0].astype(np.int64)
        total = q.sum(axis=-1, keepdims=True)
        spread = count * (q * q).sum(axis=-1, keepdims=True) - total * total + rule.eps
        roots = [_root(n) for n in spread.reshape(-1).tolist()]
        mult, right = (np.array(column, np.int64).reshape(spread.shape) for column in zip(*roots, strict=True))
        t = ((count * q - total) * mult + (np.int64(1) << (right - 1))) >> right
        return clamped(((t * rule.gain >> (rule.gain_shift + 4)) + rule.bias + (1 << 15)) >> 16)

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x = inputs[0]
        if x.dtype != "int8":
            raise self.unsupported(node, f"has no {x.dtype} kernel")
        rule = self._rule(node, inputs, output)
        return Kernel(
            function="lp_layer_norm_s8",
            fields=(
                Field("gain", "int32_t", rule.gain),
                Field("bias", "int32_t", rule.bias),
                Field("gain_shift", "int32_t", rule.gain_shift + 4),
                Field("eps", "int64_t", rule.eps),
                Field("rows", "int32_t", x.elements // x.shape[-1]),
                Field("c", "int32_t", x.shape[-1]),
            ),
            operands=(x.name, node.output),
            in_place=(0,),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x, gamma, beta = inputs
        if gamma.data is None or beta.data is None:
            raise self.unsupported(node, "has no kernel without constant γ and β")
        return Kernel(
            function="lp_layer_norm_f32",
            fields=(
                Field("gamma", "float", gamma.data),
                Field("beta", "float", beta.data),
                Field("rows", "int32_t", x.elements // x.shape[-1]),
                Field("c", "int32_t", x.shape[-1]),
                Field("epsilon", "float", float(node.attrs["eps"])),
            ),
            operands=(x.name, node.output),
            in_place=(0,),
        )

    def _rule(self, node: Node, inputs: Sequence[Value], y: Value) -> _Rule:
        x, gamma, beta = inputs
        if gamma.data is None or beta.data is None:
            raise self.unsupported(node, "has no kernel without constant γ and β")
        gain = gamma.data.astype(np.float64) / y.scale
        largest = float(np.abs(gain).max())
        shift = 29 - math.frexp(largest)[1] if largest > 0 else 0
        if not 0 <= shift <= 40:
            raise self.unsupported(node, f"with γ of up to {largest:g} steps of y has no integer form")
        bias = np.clip(beta.data.astype(np.float64) / y.scale + y.zero_point, -(2.0**14), 2.0**14)
        eps = round(min(float(node.attrs["eps"]) * (x.shape[-1] / x.scale) ** 2, float(_MOST_EPS)))
        return _Rule(np.rint(gain * 2.0**shift).astype(np.int64), np.rint(bias * 2.0**16).astype(np.int64), shift, eps)


def _root(n: int) -> tuple[int, int]:
    """M, and by how much (n q - S) M is shifted right."""
    left_out = max(0, (n.bit_length() - 30) // 2)
    root = rsqrt(n >> 2 * left_out)
    return root.mult, 11 - root.shift + left_out
