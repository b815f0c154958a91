"""Logarithm of softmax over the last axis: y_c = x_c - log Σ e^{x_i}.

Inputs   x (N, …, C), C below 4096
Integer  int8 in any scale; y has scale 1/16 and zero point 127. TensorFlow Lite's fixed-point rule: d = x_c - max x, in
         Q5.26 by the factor s_x 2^26; e^d in Q0.31, rounded to Q12.19 and summed where d is not too far below 0; the
         logarithm of the sum in Q5.26 (`_log`); y = (d - log) / 2^22, rounded half away from zero, + 127, clamped.
         Where d would leave Q5.26, y is -128.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lilliput.compiler.fixed_point import high_mul, requantise, rounding_shift, to_multiplier
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._exp import exp_of_negative
from lilliput.compiler.ops._log import log_of_sum
from lilliput.compiler.ops._rescale import clamped
from lilliput.compiler.ops.softmax import MAX_TERMS

if TYPE_CHECKING:
    from torch import Tensor

OUTPUT_SCALE, OUTPUT_ZERO = 1 / 16, 127


class _Rule(NamedTuple):
    """exp: e^(-d s_x) in Q12.19 for d = 0, 1, …; `reach` steps are summed at most; inverse: of the factor of d."""

    exp: Array
    mult: int
    shift: int
    reach: int
    inverse_mult: int
    inverse_shift: int


@register_op
class LogSoftmax(Op):
    """y = log softmax of x over the last axis."""

    name = "log_softmax"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        expect(len(inputs[0].shape) >= 1, node, "x must have an axis")
        return inputs[0].shape, inputs[0].dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        if output.quant is not None:
            fits = (output.scale, output.zero_point) == (OUTPUT_SCALE, OUTPUT_ZERO)
            given = f"{output.scale:g} and {output.zero_point}"
            expect(fits, node, f"y must have scale 1/16 and zero point 127, got {given}")

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return len(output.shape) == 1

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].log_softmax(-1)

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        rule = self._rule(node, inputs[0])
        below = x[0].astype(np.int64).max(axis=-1, keepdims=True) - x[0]
        near = np.minimum(below, len(rule.exp) - 1)
        total = np.where(below < len(rule.exp), rule.exp[near], 0).sum(axis=-1, keepdims=True)
        log = np.vectorize(log_of_sum, otypes=[np.int64])(total)
        reach = np.minimum(-requantise(log - (1 << 31), rule.inverse_mult, rule.inverse_shift), rule.reach + 1)
        d = high_mul(-(near << rule.shift), rule.mult)
        y = clamped(rounding_shift(d - log, 22) + OUTPUT_ZERO)
        return np.where(below < reach, y, np.int8(-128))

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x = inputs[0]
        if x.dtype != "int8":
            raise self.unsupported(node, f"has no {x.dtype} kernel")
        if x.shape[-1] >= MAX_TERMS:
            raise self.unsupported(node, f"over {x.shape[-1]} terms has no kernel, the most is {MAX_TERMS - 1}")
        rule = self._rule(node, x)
        numbers = {
            "terms": len(rule.exp), "mult": rule.mult, "shift": rule.shift, "reach": rule.reach,
            "inverse_mult": rule.inverse_mult, "inverse_shift": rule.inverse_shift,
            "rows": x.elements // x.shape[-1], "c": x.shape[-1],
        }  # fmt: skip
        return Kernel(
            function="lp_log_softmax_s8",
            fields=(
                Field("exp", "int32_t", rule.exp), *(Field(name, "int32_t", value) for name, value in numbers.items())
            ),
            operands=(node.inputs[0], node.output),
            in_place=(0,),
        )  # fmt: skip

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x = inputs[0]
        return Kernel(
            function="lp_log_softmax_f32",
            fields=(Field("rows", "int32_t", x.elements // x.shape[-1]), Field("c", "int32_t", x.shape[-1])),
            operands=(node.inputs[0], node.output),
            in_place=(0,),
        )

    def _rule(self, node: Node, x: Value) -> _Rule:
        factor = min(x.scale * 2.0**26, 2.0**31 - 1)
        if factor <= 1:
            raise self.unsupported(node, f"of an input with scale {x.scale:g} has no integer form: 2^-26 is too fine")
        fraction, shift = math.frexp(factor)
        mult, carry = to_multiplier(fraction)
        shift += carry
        reach = math.floor(31 * 2.0**26 / 2.0**shift)
        inverse = to_multiplier(2.0 ** (31 - shift) / mult)
        d = np.arange(min(reach, 255) + 1, dtype=np.int64)
        exp = rounding_shift(exp_of_negative(high_mul(-(d << shift), mult)), 12)
        return _Rule(exp, mult, shift, min(reach, 255), *inverse)
