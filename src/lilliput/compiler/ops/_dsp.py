"""Constants for the kernels that use the Arm DSP instructions, and whether they fit a layer at all.

Those kernels hold their accumulators multiplied by 256. `runtime/lp_patches_s8_dsp.h` explains the packing of the
weights, `runtime/lp_requantise_x256.h` the rounding.
"""

from __future__ import annotations

import numpy as np

from lilliput.compiler.graph import Array
from lilliput.compiler.op import Field
from lilliput.compiler.ops._weights import Channels

LARGEST = 1 << 23
"""256 times any accumulator stays inside int32 below this."""


def fits_x256(channels: Channels) -> bool:
    """True when 256 times every accumulator fits int32, and `lp_requantise_x256` has the rounding."""
    return channels.bound < LARGEST and channels.rounding == "double"


def fits_dsp(channels: Channels) -> bool:
    """True when the kernels with packed weights may be used: `fits_x256` and `fits_packed`."""
    return fits_x256(channels) and fits_packed(channels)


def fits_packed(channels: Channels) -> bool:
    """True when no pair of weights 256 · w1 + w0 leaves int16."""
    return int(_halves(channels.rows).min()) >= -(1 << 15)


def pack(rows: Array) -> Array:
    """Weights (C_out, taps) as words (C_out, ceil(taps / 4)), uint32: two halves 256 · w1 + w0 each."""
    halves = _halves(rows).astype(np.int16).view(np.uint16).astype(np.uint32)
    words: Array = halves[:, 0::2] | halves[:, 1::2] << 16
    return words


def packed_bias(channels: Channels) -> Array:
    """256 · (bias - zero point · Σ w) less the constant that unpacking adds, int32, wrapped as the sums are."""
    even = _filled(channels.rows)[:, 0::2].sum(axis=1)
    return wrapped(256 * folded_bias(channels) - 127 * even)


def stream(channels: Channels) -> Array:
    """What `lp_patches_s8_dsp` reads for each channel: bias, packed weights, mult; uint32, (C_out, 1 + words + 1)."""
    bias, mult = packed_bias(channels).view(np.uint32), channels.mult.astype(np.uint32)
    return np.concatenate([bias[:, None], pack(channels.rows), mult[:, None]], axis=1)


def pack_s4(rows: Array) -> Array:
    """Weights (C_out, taps) in -8 to 7 as words (C_out, ceil(taps / 8)), uint32, as `lp_patches_s4_dsp.h` says."""
    filled = np.pad(rows.astype(np.int64), ((0, 0), (0, -rows.shape[1] % 8))) + 8
    eight = filled.reshape(len(rows), -1, 2, 4).astype(np.uint32)  # (C_out, words, first or second, weight)
    places = np.array([[0, 8, 16, 24], [4, 12, 20, 28]], np.uint32)
    words: Array = (eight << places).sum(axis=(2, 3), dtype=np.uint32)
    return words


def stream_s4(channels: Channels) -> Array:
    """`stream` with weights of 4 bits, (C_out, 1 + pairs + 1)."""
    bias, mult = packed_bias(channels).view(np.uint32), channels.mult.astype(np.uint32)
    return np.concatenate([bias[:, None], pack_s4(channels.rows), mult[:, None]], axis=1)


def in_fours(words: Array) -> Array:
    """Weights or packed words (C_out, taps) with those of each four channels side by side, the channels left plain."""
    whole = len(words) // 4 * 4
    fours = words[:whole].reshape(-1, 4, words.shape[1]).transpose(0, 2, 1)
    return np.concatenate([fours.ravel(), words[whole:].ravel()])


def folded_bias(channels: Channels) -> Array:
    """bias - zero point · Σ w, int64: the bias for inputs whose zero point is not subtracted."""
    bias: Array = channels.bias.astype(np.int64) - channels.x_zero * channels.rows.astype(np.int64).sum(axis=1)
    return bias


def shift_codes(shift: Array) -> Array:
    """How `lp_requantise_x256` wants the shifts: right + 7 for right shifts of 1 to 15, else shift - 64; int8."""
    right = -shift.astype(np.int64)
    codes: Array = np.where((right >= 1) & (right <= 15), right + 7, shift.astype(np.int64) - 64).astype(np.int8)
    return codes


def stream_fields(channels: Channels, bits: int = 8) -> tuple[Field, ...]:
    """The first members of the structs of the kernels by patches."""
    codes = Field("shift", "int8_t", shift_codes(channels.shift))
    return Field("w", "uint32_t", stream(channels) if bits == 8 else stream_s4(channels)), codes


def x256_fields(channels: Channels) -> tuple[Field, ...]:
    """The first members of the structs of the DSP kernels with plain weights."""
    bias = wrapped(256 * folded_bias(channels))
    return Field("w", "int8_t", channels.rows), *_channel_fields(channels, bias)


def packed_fields(channels: Channels) -> tuple[Field, ...]:
    """The first members of the struct of the fully connected DSP kernel."""
    return Field("w", "uint32_t", in_fours(pack(channels.rows))), *_channel_fields(channels, packed_bias(channels))


def _channel_fields(channels: Channels, bias: Array) -> tuple[Field, ...]:
    return (
        Field("bias", "int32_t", bias),
        Field("mult", "int32_t", channels.mult),
        Field("shift", "int8_t", shift_codes(channels.shift)),
    )


def _filled(rows: Array) -> Array:
    """int64, with zeros up to whole words."""
    return np.pad(rows.astype(np.int64), ((0, 0), (0, -rows.shape[1] % 4)))


def _halves(rows: Array) -> Array:
    filled = _filled(rows)
    halves: Array = filled[:, 1::2] * 256 + filled[:, 0::2]
    return halves


def wrapped(values: Array) -> Array:
    """The lower 32 bits, int32."""
    return (values & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
