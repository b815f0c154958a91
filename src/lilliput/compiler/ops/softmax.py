"""Softmax over the last axis: y_c = e^{x_c} / Σ e^{x_i}.

Inputs   x (N, …, C)
Integer  int8 in any scale; y has scale 1/256 and zero point -128. TensorFlow Lite's fixed-point rule:
         d = x_c - max x, in Q5.26 by the factor s_x 2^26; e^d in Q0.31; where d is below -floor(31 2^26 / 2^shift) the
         term counts as 0. The sum is in Q12.19, 1/Σ by three Newton steps in Q0.31, the product shifted right with
         rounding, half away from zero. e^d for each d is a table, made here.
         int16 in any scale; y has scale 2^-15 and zero point 0. Its rule, by the tables of `_tables_s16`:
         d = requantise(x_c - max x, 6553.5 s_x), so that -65535 is -10; e^d at d + 32767; Σ = 2^(31 - zeros) (1 + t);
         y = e^d / (1 + t) shifted right by 31 - zeros, halves up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import Multiplier, high_mul, requantise, rounding_shift, to_multiplier
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import _tables_s16, register_op
from lilliput.compiler.ops._exp import exp_of_negative, reciprocal
from lilliput.compiler.ops._mve import with_vectors
from lilliput.compiler.ops._rescale import proved_multiplier
from lilliput.compiler.ops._weights_s16 import demand_symmetric

if TYPE_CHECKING:
    from torch import Tensor

OUTPUT_SCALE, OUTPUT_ZERO = 1 / 256, -128
MAX_TERMS = 4096
"""Each term is at most 2^19 in the 32-bit sum."""


@register_op
class Softmax(Op):
    """y = softmax of x over the last axis."""

    name = "softmax"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        expect(len(inputs[0].shape) >= 2, node, f"x must be (N, …, C), got {inputs[0].shape}")
        return inputs[0].shape, inputs[0].dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        if output.quant is not None and output.dtype == "int16":
            fits = (output.scale, output.zero_point) == (_tables_s16.OUTPUT_SCALE, 0)
            given = f"{output.scale:g} and {output.zero_point}"
            expect(fits, node, f"int16 y must have scale 2^-15 and zero point 0, got {given}")
        elif output.quant is not None:
            fits = (output.scale, output.zero_point) == (OUTPUT_SCALE, OUTPUT_ZERO)
            given = f"{output.scale:g} and {output.zero_point}"
            expect(fits, node, f"y must have scale 1/256 and zero point -128, got {given}")

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].softmax(-1)

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        if x[0].dtype == np.int16:
            return _integer_s16(node, inputs[0], x[0])
        below = x[0].astype(np.int64).max(axis=-1, keepdims=True) - x[0]
        return self._shares(node, inputs[0], below, np.ones(below.shape, bool))

    def _shares(self, node: Node, x: Value, below: Array, counts: Array) -> Array:
        """y, int8, from how far each code is below the row's largest, and whether it counts at all."""
        table = self._table(node, x)
        known = counts & (below < len(table))
        power = np.where(known, table[np.clip(below, 0, len(table) - 1)], 0)
        total = np.where(known, rounding_shift(power, 12), 0).sum(axis=-1, keepdims=True)
        # total = 2^(31 - zeros) · (1 + rest), rest in [0, 1)
        zeros = _leading_zeros(total)
        inverse = reciprocal((total << zeros) - (1 << 31))
        y = rounding_shift(high_mul(inverse, power), 12 - zeros + 23) + OUTPUT_ZERO
        clamped: Array = np.where(known, np.clip(y, -128, 127), -128).astype(np.int8)
        return clamped

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x = inputs[0]
        if x.dtype == "int16":
            return _kernel_s16(self, node, x, output)
        if x.dtype != "int8":
            raise self.unsupported(node, f"has no {x.dtype} kernel")
        self._demand_terms(node, x)
        table = self._table(node, x)
        portable = Kernel(
            function="lp_softmax_s8",
            fields=(
                Field("exp", "int32_t", np.append(table, 0)),  # a term too far away counts as 0
                Field("reach", "int32_t", len(table)),
                Field("rows", "int32_t", x.elements // x.shape[-1]),
                Field("c", "int32_t", x.shape[-1]),
            ),
            operands=(node.inputs[0], node.output),
            in_place=(0,),
        )
        return with_vectors(portable, target)

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x = inputs[0]
        return Kernel(
            function="lp_softmax_f32",
            fields=(Field("rows", "int32_t", x.elements // x.shape[-1]), Field("c", "int32_t", x.shape[-1])),
            operands=(node.inputs[0], node.output),
            in_place=(0,),
        )

    def _demand_terms(self, node: Node, x: Value) -> None:
        if x.shape[-1] >= MAX_TERMS:
            raise self.unsupported(node, f"over {x.shape[-1]} terms has no kernel, the most is {MAX_TERMS - 1}")

    def _table(self, node: Node, x: Value) -> Array:
        """e^(-d s_x) in Q0.31 for d = 0, 1, … as far as the term counts, at most 255. int64."""
        factor = min(x.scale * 2.0**26, 2.0**31 - 1)
        if factor <= 1:
            raise self.unsupported(node, f"of an input with scale {x.scale:g} has no integer form: 2^-26 is too fine")
        # The factor may need a left shift of 31, one more than an accumulator's; the difference d is 8 bits only.
        fraction, shift = math.frexp(factor)
        mult, carry = to_multiplier(fraction)
        shift += carry
        reach = math.floor(31 * 2.0**26 / 2.0**shift)
        d = np.arange(min(reach, 255) + 1, dtype=np.int64)
        return exp_of_negative(high_mul(-(d << shift), mult))


def _leading_zeros(x: Array) -> Array:
    """Of positive 32-bit integers, int64."""
    zeros: Array = 32 - np.vectorize(int.bit_length, otypes=[np.int64])(x)
    return zeros


def _factor_s16(node: Node, x: Value) -> Multiplier:
    return proved_multiplier(node, x.scale / (10.0 / 65535.0), 65535)


def _integer_s16(node: Node, x: Value, codes: Array) -> Array:
    below = codes.astype(np.int64) - codes.max(axis=-1, keepdims=True)
    place = np.clip(requantise(below, *_factor_s16(node, x)) + 32767, -32768, 32767)
    power = _tables_s16.read_lines(_tables_s16.exp_table(), place)
    total = power.sum(axis=-1, keepdims=True)
    zeros = _leading_zeros(total)
    scaled = ((total << (zeros - 1)) + (1 << 13)) >> 14  # 1 + t in 2^-16
    inverse = _tables_s16.read_lines(
        _tables_s16.inverse_table(), np.clip(scaled - (1 << 16) - (1 << 15), -32768, 32767)
    )
    y = (power * inverse + (np.int64(1) << (30 - zeros))) >> (31 - zeros)
    clamped: Array = np.clip(y, 0, 32767).astype(np.int16)
    return clamped


def _kernel_s16(op: Op, node: Node, x: Value, y: Value) -> Kernel:
    demand_symmetric(node, (x, y))
    if x.shape[-1] > 65535:
        raise op.unsupported(node, f"over {x.shape[-1]} terms has no kernel, the most is 65535")
    mult, shift = _factor_s16(node, x)
    numbers = {"rows": x.elements // x.shape[-1], "c": x.shape[-1], "mult": mult, "shift": shift}
    return Kernel(
        function="lp_softmax_s16",
        fields=(
            Field("exp", "int16_t", _tables_s16.exp_table()),
            Field("inverse", "int16_t", _tables_s16.inverse_table()),
            *(Field(name, "int32_t", value) for name, value in numbers.items()),
        ),
        operands=(x.name, y.name),
        in_place=(0,),
    )
