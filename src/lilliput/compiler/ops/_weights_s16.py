"""Constants and proofs of the layers on int16 activations with int8 weights.

Sums are exact in 64 bits; `runtime/lp_wide_s16.h` says how they are brought to the output's scale. The DSP kernels sum
in 32 bits as far as is proved to be safe (`Wide.block`), and round in one instruction where the factors allow it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lilliput.compiler.fixed_point import (
    Multiplier,
    reduced,
    requantise,
    requantise_wide,
    to_multiplier,
    to_multipliers,
)
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, activation_of, activation_range
from lilliput.compiler.ops._weights import bias_of, sums_wide, weight_factors
from lilliput.core.errors import UnsafeRange, UnsupportedOp

REACH = 1 << 15
"""Largest magnitude of an int16 activation."""
SAFE_QUADS = 64
"""So many times four products fit a 32-bit sum whatever they are: `LP_WIDE_RUN` / 4."""


@dataclass(frozen=True, eq=False)
class Wide:
    """What a kernel needs for each output channel, proved to fit its sums.

    Args:
        rows: the weights as (C_out, taps), int8.
        bias: int64 (C_out,).
        mult, code: as `lp_wide_s16.h` says; int32, int8.
        bound: no sum, partial or complete, reaches further, for any input.
        y_range: clamp of the output.
    """

    rows: Array
    bias: Array
    mult: Array
    code: Array
    bound: int
    y_range: tuple[int, int]

    @property
    def is_short(self) -> bool:
        """True when every sum fits 32 bits."""
        return self.bound < 1 << 31

    @property
    def block(self) -> int:
        """Fours of taps that are summed in 32 bits."""
        quads = -(-int(self.rows.shape[1]) // 4)
        return quads if self.is_short else min(quads, SAFE_QUADS)

    def fields(self) -> tuple[Field, ...]:
        """The first members of the portable kernels' structs, `w` to `code`."""
        return Field("w", "int8_t", self.rows), *self._bias(), *self._factors(self.mult, self.code)

    def dsp_fields(self, words: Array) -> tuple[Field, ...]:
        """The first members of the structs of the DSP kernels with packed weights, `w` to `block`."""
        factors = self._factors(*self.dsp_factors())
        return Field("w", "uint32_t", words), *self._bias(), *factors, Field("block", "int32_t", self.block)

    def pair_fields(self) -> tuple[Field, ...]:
        """The first members of the struct of the depthwise DSP kernel, `w` to `code`."""
        return Field("w", "int8_t", self.rows), self._bias()[0], *self._factors(*self.dsp_factors())

    def dsp_factors(self) -> tuple[Array, Array]:
        """mult and code for the DSP kernels: where a sum has 32 bits and a code is in [16, 32], code 0 and the mult
        that makes its shift one of 32."""
        if not self.is_short:
            return self.mult, self.code
        direct = (self.code >= 16) & (self.code <= 32)
        moved = self.mult.astype(np.int64) << np.where(direct, 32 - self.code.astype(np.int64), 0)
        return moved, np.where(direct, 0, self.code)

    def clamp(self) -> tuple[Field, ...]:
        """`y_min`, `y_max`, the last members of all structs."""
        return Field("y_min", "int32_t", self.y_range[0]), Field("y_max", "int32_t", self.y_range[1])

    def _bias(self) -> tuple[Field, Field]:
        low = (self.bias & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
        fits = bool((low == self.bias).all())
        return Field("bias", "int32_t", low), Field("bias_high", "int32_t", 0 if fits else self.bias >> 32)

    @staticmethod
    def _factors(mult: Array, code: Array) -> tuple[Field, Field]:
        return Field("mult", "int32_t", mult), Field("code", "int8_t", code)


def wide_of(node: Node, inputs: Sequence[Value], output: Value, rows: Array) -> Wide:
    """Bias and factors per channel of a node on int16 whose weights are `rows`, (C_out, taps).

    A channel that gives one output whatever its input is gets zero weights, as in `channels_of`.

    Raises:
        UnsupportedOp: LP301, a zero point other than 0.
        UnsafeRange: LP312, a sum could leave its accumulator.
    """
    demand_symmetric(node, (inputs[0], output))
    bias = bias_of(inputs, len(rows)).astype(np.int64)
    mult, shift = to_multipliers(np.broadcast_to(weight_factors(inputs, output), (len(rows),)))
    sums = np.abs(rows.astype(np.int64)).sum(axis=1) * REACH
    wide = sums_wide(inputs)
    _prove(node, sums, bias, mult, shift, wide)
    clamp = activation_range(activation_of(node), output)
    rule = requantise_wide if wide else requantise
    least, most = (np.clip(rule(bias + side * sums, mult, shift), *clamp) for side in (-1, 1))
    constant, quarter = least == most, to_multiplier(0.25)
    rows = np.where(constant[:, None], 0, rows).astype(np.int8)
    bias = np.where(constant, 4 * least, bias)
    mult, shift = np.where(constant, quarter.mult, mult), np.where(constant, quarter.shift, shift).astype(np.int64)
    bound = int((np.where(constant, 0, sums) + np.abs(bias)).max())
    factors = (reduced(mult), 15 - shift) if wide else (mult, shift - 64)
    return Wide(rows, bias, *factors, bound, clamp)


def demand_symmetric(node: Node, values: Sequence[Value]) -> None:
    """Raise UnsupportedOp, LP301, unless all int16 values have zero point 0, as the published format has it."""
    for value in values:
        if value.dtype == "int16" and value.zero_point != 0:
            where = f'{node.op} at "{node.name}"'
            raise UnsupportedOp(
                f"{where} has no kernel for int16 with zero point {value.zero_point}: {value.name!r}",
                fix="quantise int16 activations symmetrically",
            )


def pack(rows: Array) -> Array:
    """Weights (C_out, taps) as words (C_out, ceil(taps / 4)), uint32: four bytes in the order 0, 2, 1, 3."""
    filled = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    ordered = filled.reshape(len(rows), -1, 4)[:, :, [0, 2, 1, 3]]
    words: Array = np.ascontiguousarray(ordered.astype("<i1")).view("<u4")[:, :, 0].astype(np.uint32)
    return words


def prove_wide(node: Node, bound: int, factor: Multiplier) -> None:
    """Raise UnsafeRange, LP312, unless sums of up to `bound` stay inside what `lp_wide_s16.h` asks for."""
    after = bound * factor.mult * 2.0 ** (factor.shift - 31)
    if after >= 2.0**31 - 1 or factor.shift > 14:
        raise UnsafeRange(
            f'{node.op} at "{node.name}" could reach {after:.3g} before its output is clamped, the kernel holds less '
            f"than {1 << 31}",
            fix="quantise with a larger output scale",
        )
    if bound >= 1 << 47:
        raise UnsafeRange(
            f'{node.op} at "{node.name}" could reach a sum of {bound}, the kernel holds less than {1 << 47}',
            fix="split the layer, or quantise with smaller weights",
        )


def _prove(node: Node, sums: Array, bias: Array, mult: Array, shift: Array, wide: bool) -> None:
    for total, start, *factor in zip(sums, bias, mult, shift, strict=True):
        bound, multiplier = int(total) + abs(int(start)), Multiplier(*map(int, factor))
        if wide:
            prove_wide(node, bound, multiplier)
        elif bound << max(0, multiplier.shift) >= 1 << 31:
            raise UnsafeRange(
                f'{node.op} at "{node.name}" could reach {bound << max(0, multiplier.shift)} in a sum of 32 bits (its '
                f"bias is int32), the kernel holds less than {1 << 31}",
                fix="give the layer an int64 bias",
            )
