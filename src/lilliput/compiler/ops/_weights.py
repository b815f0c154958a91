"""What the operators with weights share: checks, bias, requantisation factors. Inputs are (x, w, optional b)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lilliput.compiler.fixed_point import (
    Rounding,
    coded_shift,
    requantise,
    requantise_wide,
    rounding_of,
    to_multiplier,
    to_multipliers,
)
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, activation_of, activation_range, expect
from lilliput.compiler.proof import final_bound, prove_accumulator


def sums_wide(inputs: Sequence[Value]) -> bool:
    """Whether sums have 64 bits and are rounded once: int16 activations, unless there is a bias of 32 bits."""
    return inputs[0].dtype == "int16" and (len(inputs) < 3 or inputs[2].dtype == "int64")


def bias_of(inputs: Sequence[Value], channels: int) -> Array:
    """The int32 or int64 bias (channels,), zeros when the node has none."""
    data = inputs[2].data if len(inputs) > 2 else None
    return np.zeros(channels, np.int32) if data is None else data


def weight_factors(inputs: Sequence[Value], output: Value) -> Array:
    """s_x · s_w / s_y, float64: one, or one per output channel."""
    quant = inputs[1].quant
    if quant is None:
        raise ValueError(f"weights {inputs[1].name!r} are not quantised")
    # In double, from the float32 scales: forming s_x · s_w in float32 first gives rare one-step errors.
    factors: Array = np.array(quant.scale, np.float64) * inputs[0].scale / output.scale
    return factors


def check_weights(node: Node, inputs: Sequence[Value], axis: int) -> None:
    """The rules for weights and bias; per-channel scales lie on `axis`. Raises BrokenGraph."""
    activation_of(node)
    w = inputs[1]
    expect(all(value.is_constant for value in inputs[1:]), node, "w and b must be constants")
    expect(w.quant is not None or inputs[0].dtype == "float32", node, f"w {w.name!r} is not quantised")
    if w.quant is not None:
        expect(set(w.quant.zero_point) == {0}, node, "w must be symmetric (zero point 0)")
        expect(w.quant.is_per_tensor or w.quant.axis == axis, node, f"per-channel scales of w must be on axis {axis}")
        expect(len(w.quant.scale) in (1, w.shape[axis]), node, f"{len(w.quant.scale)} scales for w {w.shape}")


def finish(node: Node, inputs: Sequence[Value], output: Value, acc: Array) -> Array:
    """Bring accumulators (…, C_out) to the output's scale, zero point, activation and type: the integer reference."""
    mult, shift = to_multipliers(weight_factors(inputs, output))
    if sums_wide(inputs):
        y = requantise_wide(acc, mult, shift) + output.zero_point
    else:
        y = requantise(acc, mult, shift, rounding_of(node)) + output.zero_point
    low, high = activation_range(activation_of(node), output)
    clamped: Array = np.clip(y, low, high).astype(output.dtype)
    return clamped


@dataclass(frozen=True, eq=False)
class Channels:
    """What a kernel needs for each output channel, proved to fit its 32-bit accumulator.

    Args:
        rows: the weights as (C_out, taps), int8.
        bias, mult, shift: one a channel; int32, int32, int8.
        bound: no final accumulator reaches further, for any input.
        x_zero, y_zero: zero points.
        y_range: clamp of the output.
        rounding: of the requantisation.
    """

    rows: Array
    bias: Array
    mult: Array
    shift: Array
    bound: int
    x_zero: int
    y_zero: int
    y_range: tuple[int, int]
    rounding: Rounding = "double"

    def fields(self, w: Array) -> tuple[Field, ...]:
        """The first members of the kernels' structs; `w` is the weights in the kernel's layout."""
        return (
            Field("w", "int8_t", w),
            Field("bias", "int32_t", self.bias),
            Field("mult", "int32_t", self.mult),
            Field("shift", "int8_t", coded_shift(self.shift, self.rounding)),
        )

    def accumulators(self) -> tuple[Array, Array]:
        """The least and the greatest final accumulator of each channel over all int8 inputs, int64 (C_out,)."""
        wide, bias = self.rows.astype(np.int64), self.bias.astype(np.int64)
        up, down = np.maximum(wide, 0).sum(axis=1), np.minimum(wide, 0).sum(axis=1)
        least, most = -128 - self.x_zero, 127 - self.x_zero
        return bias + up * least + down * most, bias + up * most + down * least

    def packed_s4(self) -> Array:
        """The weights two in a byte, the first in its low half; int8 (C_out, ceil(taps / 2))."""
        filled = np.pad(self.rows, ((0, 0), (0, self.rows.shape[1] % 2))).astype(np.uint8)
        packed: Array = (filled[:, 0::2] & 15 | filled[:, 1::2] << 4).astype(np.uint8).view(np.int8)
        return packed

    def offsets(self) -> tuple[Field, ...]:
        """The last members of the kernels' structs."""
        return (Field("x_offset", "int32_t", -self.x_zero), *self.clamp())

    def clamp(self) -> tuple[Field, ...]:
        """`y_offset`, `y_min`, `y_max`."""
        values = {"y_offset": self.y_zero, "y_min": self.y_range[0], "y_max": self.y_range[1]}
        return tuple(Field(name, "int32_t", value) for name, value in values.items())


def channels_of(node: Node, inputs: Sequence[Value], output: Value, rows: Array) -> Channels:
    """Bias and factors per channel of a node whose weights are `rows`, (C_out, taps).

    A channel that gives one and the same output whatever its input is (dead after training: zero weights, or a bias
    that drowns them) is written plainly: zero weights, and a bias and a factor that give that output. So no huge bias
    of a dead channel keeps a layer from a kernel with narrower accumulators.

    Raises:
        UnsafeRange: LP312, the 32-bit accumulator of the kernel could overflow.
    """
    x = inputs[0]
    bias = bias_of(inputs, len(rows))
    mult, shift = to_multipliers(np.broadcast_to(weight_factors(inputs, output), (len(rows),)))
    prove_accumulator(node, rows, bias, x.zero_point, shift)
    clamp = activation_range(activation_of(node), output)
    rule = rounding_of(node)
    given = Channels(rows, bias, mult, shift, 0, x.zero_point, output.zero_point, clamp, rule)
    plain = _with_plain_constants(given)
    return replace(plain, bound=final_bound(plain.rows, plain.bias, x.zero_point))


def _with_plain_constants(given: Channels) -> Channels:
    """The same channels, with those that are constant written as 4 · output with a factor of 1/4, which both roundings
    leave exact. Requantisation never falls as its accumulator rises, so the outputs for the least and the greatest
    accumulator bound all others."""
    least, most = given.accumulators()
    low, high = (
        np.clip(requantise(acc, given.mult, given.shift, given.rounding) + given.y_zero, *given.y_range)
        for acc in (least, most)
    )
    constant = low == high
    if not constant.any():
        return given
    quarter = to_multiplier(0.25)  # and not 1: right shifts are the fast kernels' short way
    return replace(
        given,
        rows=np.where(constant[:, None], 0, given.rows).astype(given.rows.dtype),
        bias=np.where(constant, 4 * (low - given.y_zero), given.bias).astype(np.int32),
        mult=np.where(constant, quarter.mult, given.mult).astype(np.int32),
        shift=np.where(constant, quarter.shift, given.shift).astype(np.int8),
    )
