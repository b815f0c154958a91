"""Quotient: y = a / b.

Inputs   a, b: one shape, or axes of length 1 that stretch; one of them may be a constant
Attrs    activation: none | relu | relu6 | relu_n1_to_1, fused
Integer  int8, any three scales: TensorFlow Lite's rule. With v = ±(a - z_a), the sign that of b - z_b, h the bits by
         which v can be shifted left inside 32 bits, R / 2^31 · 2^-n = 1 / |b - z_b| (three Newton steps) and (M, e) for
         s_a / (s_b s_y) in float32:
         y = (v 2^h ⊗ R ⊗ M) / 2^(n + h - e), rounded half away from zero, + z_y, clamped; ⊗ as in `requantise`
         Where b - z_b is 0 the quotient is 0; so it is for shifts above 31 bits, which the published code leaves
         undefined. int32, int64 without a scale: towards zero.
Kernel   R and n are tables over the codes of b.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import Multiplier, high_mul, rounding_shift, to_multiplier
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Target, activation_of, activation_range, apply_activation
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._exp import reciprocal
from lilliput.compiler.ops._pair import Pair
from lilliput.compiler.ops._rescale import codes_of
from lilliput.compiler.ops._whole import is_whole, whole_kernel, whole_pairs

if TYPE_CHECKING:
    from torch import Tensor

_LEAST_HEADROOM = 22
"""Bits by which a difference of two int8 codes, 9 bits and a sign, can always be shifted."""


@register_op
class Div(Pair):
    """y = activation(a / b)."""

    name = "div"
    takes_activation = True
    takes = ("int8", "int32", "int64")
    function = "lp_div"

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        activation_of(node)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return apply_activation(activation_of(node), x[0] / x[1])

    def pairs(self, node: Node, inputs: Sequence[Value], output: Value, a: Array, b: Array) -> Array:
        if is_whole(inputs):
            return whole_pairs(node, a, b)
        mult, shift = self._multiplier(node, inputs, output)
        inverse, right = _reciprocals(inputs[1])
        place = b.astype(np.int64) + 128
        sign = np.where(b.astype(np.int64) < inputs[1].zero_point, -1, 1)
        v = (a.astype(np.int64) - inputs[0].zero_point) * sign
        headroom = 31 - np.vectorize(int.bit_length, otypes=[np.int64])(np.where(v < 0, -1 - v, v))
        scaled = high_mul(high_mul(v << headroom, inverse[place]), mult)
        right = right[place] + headroom - shift
        y = np.where(right > 31, 0, rounding_shift(scaled, np.minimum(right, 31))) + output.zero_point
        clamped: Array = np.clip(y, *activation_range(activation_of(node), output)).astype(np.int8)
        return clamped

    def fields(self, node: Node, inputs: Sequence[Value], output: Value) -> tuple[Field, ...]:
        mult, shift = self._multiplier(node, inputs, output)
        inverse, right = _reciprocals(inputs[1])
        low, high = activation_range(activation_of(node), output)
        numbers = {
            "a_offset": -inputs[0].zero_point, "b_offset": -inputs[1].zero_point, "mult": mult, "shift": shift,
            "y_offset": output.zero_point, "y_min": low, "y_max": high,
        }  # fmt: skip
        return (
            Field("inverse", "int32_t", inverse),
            Field("right", "int8_t", right),
            *(Field(name, "int32_t", value) for name, value in numbers.items()),
        )

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        if is_whole(inputs):
            return whole_kernel(self, node, inputs, output)
        return super().kernel(node, inputs, output, target)

    def _multiplier(self, node: Node, inputs: Sequence[Value], y: Value) -> Multiplier:
        a, b = inputs
        factor = float(np.float32(a.scale) / (np.float32(b.scale) * np.float32(y.scale)))
        if not factor < 2.0 ** (_LEAST_HEADROOM - 1):
            raise self.unsupported(node, f"of scales {a.scale:g}, {b.scale:g} and {y.scale:g} has no integer form")
        return to_multiplier(factor)


def _reciprocals(b: Value) -> tuple[Array, Array]:
    """R and n for each code of b: 1 / |b - z_b| = R · 2^-(31 + n); R is 0 where b - z_b is."""
    size = np.abs(codes_of(b) - b.zero_point)
    right = np.array([int(n).bit_length() - 1 for n in np.maximum(size, 1)], np.int64)
    inverse = reciprocal((size << (31 - right)) - (1 << 31))
    return np.where(size == 0, 0, inverse), right
