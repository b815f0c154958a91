"""Proofs that an integer kernel cannot overflow with the weights at hand."""

from __future__ import annotations

import numpy as np

from lilliput.compiler.graph import Array, Node
from lilliput.core.errors import UnsafeRange


def accumulator_bound(w: Array, bias: Array, x_zero_point: int) -> int:
    """Largest |bias[o] + Σ_i w[o][i] · (x_i - zero point)| over all int8 inputs, and over all partial sums in any
    order: Σ of magnitudes. `w` is (C_out, taps)."""
    reach = max(abs(-128 - x_zero_point), abs(127 - x_zero_point))
    per_channel = np.abs(w.astype(np.int64)).sum(axis=1) * reach + np.abs(bias.astype(np.int64))
    return int(per_channel.max())


def final_bound(w: Array, bias: Array, x_zero_point: int) -> int:
    """Largest |bias[o] + Σ_i w[o][i] · (x_i - zero point)| over all int8 inputs, once the sum is complete. About half
    of `accumulator_bound`; enough where partial sums may wrap. `w` is (C_out, taps)."""
    wide, low, high = w.astype(np.int64), -128 - x_zero_point, 127 - x_zero_point
    up, down = np.maximum(wide, 0).sum(axis=1), np.minimum(wide, 0).sum(axis=1)
    most, least = bias + up * high + down * low, bias + up * low + down * high
    return int(max(np.abs(most).max(), np.abs(least).max()))


def prove_accumulator(node: Node, w: Array, bias: Array, x_zero_point: int, shift: Array) -> int:
    """The bound, which must be below 2^31, also after the left shift of requantisation (`shift` above 0).

    Raises:
        UnsafeRange: LP312, the 32-bit accumulator of the kernel could overflow.
    """
    bound = accumulator_bound(w, bias, x_zero_point) << max(0, int(np.max(shift)))
    if bound >= 1 << 31:
        raise UnsafeRange(
            f'{node.op} at "{node.name}" could reach an accumulator of {bound}, the kernel holds less than {1 << 31}',
            fix="split the layer, or quantise with smaller weights",
        )
    return bound
