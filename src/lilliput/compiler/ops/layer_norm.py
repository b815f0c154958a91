"""Layer normalisation over the last axis: y = γ (x - μ) / √(σ² + ε) + β, μ and σ² of each row.

Inputs   x (N, …, C), γ (C), β (C) constant float32, C up to 32768
Attrs    eps: ε, above 0
Integer  int8, any scales of x and y; γ and β stay real constants. Of each row S = Σ q and
         W = (C Σ q² - S²) 4^h + ε C² 4^h / s_x², free of the zero point and exact in 64 bits; the second term is
         rounded, and 1 at least; h is so that both are below 2^60. m 2^-(42 + j) = 1/√W, where W 4^-j, rounded down, is
         in [2^27, 2^29) and m is made by `_rsqrt`; M = 4 m. Of each element, in 32 bits,
             t = (C q - S) 2^k M / 2^32, halves up           the normalised value in Q.f, f = 28 - ⌈log₂(C) / 2⌉
             y = (t G / 2^32 + B) / 2^F, both rounded down   clamped; B = (β / s_y + z_y + 1/2) 2^F,
                                                             G = γ / s_y 2^(F + 32 - f), F ≤ 20 so that |G| ≤ 2^30
         with k = f + h - 12 - j, 30 at most; where it is below 0, M is cut by as many bits instead.
Proof    Σ (C q - S) = 0, so |C q - S| ≤ √(C W) / 2^h by Cauchy and Schwarz; hence |t| ≤ √C 2^f ≤ 2^28, and as M is
         above 2^29.4, |(C q - S) 2^k| < 2^31. |t G| / 2^32 ≤ 2^26; B is cut off at 2^27 + 2^(F + 8), from where on y is
         at an end of its range whatever t is. W < 2^61. `tests/compiler/ops/test_layer_norm.py` tries the ends.
Bound    m is within 2^-18 of the truth, the rest rounds by less than 2 in Q.F: y is within
         1/2 + 2^(1 - F) + 2^-17 |y - β| of the real value, in steps; F is 4 at least.
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
from lilliput.compiler.ops._rsqrt import newton
from lilliput.compiler.ops.l2_normalization import MOST_CHANNELS

if TYPE_CHECKING:
    from torch import Tensor

_MOST_SPREAD = 15
"""Of h."""
_MOST_FINE, _LEAST_FINE = 20, 4
"""Bits of F."""


class _Rule(NamedTuple):
    """G and B of each channel, int64; F; h; f + h - 12; ε C² 4^h / s_x²."""

    gain: Array
    bias: Array
    fine: int
    spread_shift: int
    root_shift: int
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
        spread = ((count * (q * q).sum(axis=-1, keepdims=True) - total * total) << 2 * rule.spread_shift) + rule.eps
        roots = [_root(n, rule.root_shift) for n in spread.reshape(-1).tolist()]
        mult, left = (np.array(column, np.int64).reshape(spread.shape) for column in zip(*roots, strict=True))
        t = (((count * q - total) << left) * mult + (1 << 31)) >> 32
        return clamped(((t * rule.gain >> 32) + rule.bias) >> rule.fine)

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x = inputs[0]
        if x.dtype != "int8":
            raise self.unsupported(node, f"has no {x.dtype} kernel")
        rule = self._rule(node, inputs, output)
        return Kernel(
            function="lp_layer_norm_s8",
            fields=(
                Field("gain_bias", "int32_t", np.stack([rule.gain, rule.bias], axis=1)),
                Field("fine", "int32_t", rule.fine),
                Field("spread_shift", "int32_t", rule.spread_shift),
                Field("root_shift", "int32_t", rule.root_shift),
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
        gain, count = gamma.data.astype(np.float64) / y.scale, x.shape[-1]
        half_log = -(-(count - 1).bit_length() // 2)
        unit = 28 - half_log  # f
        largest = float(np.abs(gain).max())
        fine = min(_MOST_FINE, unit - 2 - math.frexp(largest)[1])
        if fine < _LEAST_FINE:
            raise self.unsupported(node, f"with γ of up to {largest:g} steps of y has no integer form")
        bias = (beta.data.astype(np.float64) / y.scale + y.zero_point + 0.5) * 2.0**fine
        end = 2.0**27 + 2.0 ** (fine + 8)
        eps = float(node.attrs["eps"]) * (count / x.scale) ** 2
        spread = min(_MOST_SPREAD, 23 - 2 * half_log, (60 - math.frexp(eps)[1]) // 2)
        if spread < 0:
            raise self.unsupported(node, f"with ε far above all squares of x, scale {x.scale:g}, has no integer form")
        return _Rule(
            gain=np.rint(gain * 2.0 ** (fine + 32 - unit)).astype(np.int64),
            bias=np.rint(np.clip(bias, -end, end)).astype(np.int64),
            fine=fine,
            spread_shift=spread,
            root_shift=unit + spread - 12,
            eps=max(1, round(eps * 4.0**spread)),
        )


def _root(n: int, root_shift: int) -> tuple[int, int]:
    """M and k for W = n."""
    halvings = (n.bit_length() - 28) // 2
    mult = 4 * newton((n >> 2 * halvings if halvings > 0 else n << -2 * halvings) >> 1)
    left = min(root_shift - halvings, 30)
    return mult >> max(-left, 0), max(left, 0)
