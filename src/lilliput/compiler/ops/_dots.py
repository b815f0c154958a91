"""Constants for the portable kernels: those of dot products (`runtime/lp_dots_s8.h` has their layout), and by rows."""

from __future__ import annotations

import numpy as np

from lilliput.compiler.fixed_point import coded_shift
from lilliput.compiler.op import Field
from lilliput.compiler.ops._dsp import folded_bias, in_fours
from lilliput.compiler.ops._weights import Channels


def fits_small(channels: Channels) -> bool:
    """True when no accumulator, shifted left as its factor asks, reaches 2^30: so far the short rounding is exact."""
    return channels.rounding == "double" and channels.bound << max(0, int(channels.shift.max())) < 1 << 30


def byte_fields(channels: Channels) -> tuple[Field, ...]:
    """The first members of a struct whose kernel multiplies x + 128, with padding of the zero point."""
    sums = channels.rows.astype(np.int64).sum(axis=1)
    return (
        Field("w", "int8_t", channels.rows),
        Field("bias", "int32_t", folded_bias(channels) - 128 * sums),
        Field("mult", "int32_t", channels.mult),
        Field("shift", "int8_t", channels.shift),
    )


def plain_dots(channels: Channels) -> tuple[Field, ...]:
    """The members of `lp_dots_s8_t`, inside a struct that calls it `dots`."""
    c_out, taps = channels.rows.shape
    fields = (
        Field("w", "uint8_t", in_fours(channels.rows.astype(np.int16) + 128)),
        Field("bias", "int32_t", folded_bias(channels)),
        Field("mult", "int32_t", channels.mult),
        Field("shift", "int8_t", coded_shift(channels.shift, channels.rounding)),
        Field("taps", "int32_t", taps),
        Field("c_out", "int32_t", c_out),
        Field("is_plain", "int32_t", int(fits_small(channels) and int(channels.shift.max()) < 0)),
        *channels.clamp(),
    )
    return tuple(Field(f"dots.{field.name}", field.ctype, field.value) for field in fields)
