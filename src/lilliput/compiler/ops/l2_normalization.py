"""Normalisation to length 1 along the last axis: y = x / √(Σ x² + ε), ε = 1e-12.

Inputs   x (N, …, C), C up to 32768
Integer  int8, any scale of x; y has scale 1/128 and zero point 0. TensorFlow Lite's rule: with q = x - z_x and
         (M, e) = 1/√(Σ q²) in fixed point (`_rsqrt`), y = requantise(q, M, e + 7), clamped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import requantise
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._rescale import clamped
from lilliput.compiler.ops._rsqrt import rsqrt

if TYPE_CHECKING:
    from torch import Tensor

EPSILON = 1e-12
MOST_CHANNELS = 1 << 15
"""255² · C stays below 2^31."""


@register_op
class L2Normalization(Op):
    """y = x / |x|, |x| along the last axis."""

    name = "l2_normalization"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x = inputs[0]
        expect(len(x.shape) >= 1, node, "x must have an axis")
        expect(x.shape[-1] <= MOST_CHANNELS, node, f"at most {MOST_CHANNELS} channels, got {x.shape[-1]}")
        return x.shape, x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        if output.quant is not None:
            fits = (output.scale, output.zero_point) == (1 / 128, 0)
            given = f"{output.scale:g} and {output.zero_point}"
            expect(fits, node, f"y must have scale 1/128 and zero point 0, got {given}")

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return len(output.shape) == 1

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0] * (x[0].square().sum(-1, keepdim=True) + EPSILON).rsqrt()

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        if x[0].dtype != np.int8:
            raise self.unsupported(node, f"has no {x[0].dtype} form")
        centred = x[0].astype(np.int64) - inputs[0].zero_point
        roots = [rsqrt(n) for n in (centred**2).sum(axis=-1).reshape(-1).tolist()]
        shape = (*centred.shape[:-1], 1)
        mult, shift = (np.array(column, np.int64).reshape(shape) for column in zip(*roots, strict=True))
        return clamped(requantise(centred, mult, shift + 7))

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x = inputs[0]
        if x.dtype != "int8":
            raise self.unsupported(node, f"has no {x.dtype} kernel")
        numbers = {"rows": x.elements // x.shape[-1], "c": x.shape[-1], "x_offset": -x.zero_point}
        return Kernel(
            function="lp_l2_normalization_s8",
            fields=tuple(Field(name, "int32_t", value) for name, value in numbers.items()),
            operands=(node.inputs[0], node.output),
            in_place=(0,),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x = inputs[0]
        return Kernel(
            function="lp_l2_normalization_f32",
            fields=(
                Field("rows", "int32_t", x.elements // x.shape[-1]), Field("c", "int32_t", x.shape[-1]),
                Field("epsilon", "float", EPSILON),
            ),
            operands=(node.inputs[0], node.output),
            in_place=(0,),
        )  # fmt: skip
