"""Constants for the kernels that use the Arm vector extension (Helium). `runtime/lp_dots_s8_mve.h` has their layout."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lilliput.compiler.graph import Array
from lilliput.compiler.op import Field, Kernel, Target
from lilliput.compiler.ops._dsp import folded_bias
from lilliput.compiler.ops._weights import Channels

LANES = 16
"""int8 elements of a vector."""
_FOUR = 4
"""int32 elements of a vector: output channels that are worked on together."""
LEAST_SQUARES = 8
"""Squares of a depthwise 3x3 kernel that are made before a channel is multiplied with them, where there are so many."""
MOST_AVERAGED = 4096
"""Elements of a window that the average pool divides by exactly (`runtime/lp_avg_pool_s8_mve.h`)."""
MOST_AVERAGED_DSP = 256
"""The same for sums of 16 bits."""
FARTHEST_STEP = 9000
"""Elements between neighbours of which eight are gathered at once: seven steps are an offset of 16 bits."""
_PATCH_BYTES = 1024
_MOST_PATCHES = 8


def dots_fields(channels: Channels, groups: int = 1) -> tuple[Field, ...]:
    """The members of `lp_dots_s8_mve_t`, inside a struct that calls it `dots`; arrays of one group after the other."""
    all_channels, taps = channels.rows.shape
    c_out = all_channels // groups
    spare = -c_out % _FOUR
    is_plain = int(spare == 0 and int(channels.shift.max()) < 0)
    numbers = {"taps": taps, "c_out": c_out, "is_plain": is_plain, "y_step": all_channels}

    def filled(values: Array, value: int = 0) -> Array:
        return np.pad(values.reshape(groups, c_out), ((0, 0), (0, spare)), constant_values=value).ravel()

    rows = np.pad(channels.rows.reshape(groups, c_out, taps), ((0, 0), (0, spare), (0, 0)))
    fields = (
        Field("w", "int8_t", in_vectors(rows.reshape(-1, taps))),
        Field("bias", "int32_t", filled(folded_bias(channels))),
        Field("mult", "int32_t", filled(channels.mult)),
        Field("shift", "int8_t", filled(channels.shift, -1)),
        *(Field(name, "int32_t", value) for name, value in numbers.items()),
        *channels.clamp(),
    )
    return tuple(Field(f"dots.{field.name}", field.ctype, field.value) for field in fields)


def in_vectors(rows: Array) -> Array:
    """Weights (C_out, taps) in the order in which they are read: fours of channels, whole vectors of taps first."""
    c_out, taps = rows.shape
    fours = np.pad(rows, ((0, -c_out % _FOUR), (0, 0))).reshape(-1, _FOUR, taps)
    whole = taps // LANES * LANES
    vectors = fours[..., :whole].reshape(len(fours), _FOUR, -1, LANES).transpose(0, 2, 1, 3)
    parts = [vectors.reshape(len(fours), -1), fours[..., whole:].reshape(len(fours), -1)]
    stream = np.concatenate(parts, axis=1).ravel()
    # A whole vector is read from the first of the last weights on.
    return np.concatenate([stream, np.zeros(LANES if whole < taps else 0, np.int8)])


def goes_down(channels: Channels) -> bool:
    """True when no shift of requantisation is above 0, which the depthwise kernel by squares asks for."""
    return int(channels.shift.max()) <= 0


def lane_fields(channels: Channels, w: Array) -> tuple[Field, ...]:
    """The first members of the structs of the depthwise kernels."""
    return (
        Field("w", "int8_t", w),
        Field("bias", "int32_t", folded_bias(channels)),
        Field("mult", "int32_t", channels.mult),
        Field("shift", "int8_t", channels.shift),
    )


ON_THE_HOST = frozenset({"lp_add_linear_s8", "lp_avg_pool_s8", "lp_max_pool_s8", "lp_mean_s8"})
"""Kernels with a variant for the vectors of the machine at hand; its compiler finds those of the others by itself."""

WITH_DSP = frozenset({"lp_avg_pool_s8", "lp_max_pool_s8"})
"""Kernels with a variant of the same struct for the Arm DSP instructions."""


WITH_RVV = frozenset(
    {
        "lp_add_constant_s8", "lp_add_linear_s8", "lp_add_s8", "lp_avg_pool_s8", "lp_lookup_s8", "lp_lookup_u8_s8",
        "lp_max_pool_s8", "lp_mean_s8", "lp_mul_constant_s8", "lp_mul_s8",
    }
)  # fmt: skip
"""The same for the vectors of RISC-V."""


def with_vectors(kernel: Kernel, target: Target | None) -> Kernel:
    """The variant of a portable kernel with the same struct, where the target has the vectors for it, and no shift asks
    for a single rounding, which the variants do not know."""
    if target is None or not kernel.function.endswith("_s8") or _rounds_once(kernel):
        return kernel
    if target.host and kernel.function in ON_THE_HOST:
        return replace(kernel, function=f"{kernel.function}_simd", struct=kernel.struct or kernel.function)
    if target.mve:
        return _with(kernel, "mve")
    if target.rvv and kernel.function in WITH_RVV:
        return _with(kernel, "rvv")
    return _with_dsp(kernel, target)


def _with(kernel: Kernel, vectors: str) -> Kernel:
    return replace(
        kernel,
        function=f"{kernel.function}_{vectors}",
        struct=kernel.struct or kernel.function,
        also=tuple(f"{stem}_{vectors}" for stem in kernel.also),
    )


def _with_dsp(kernel: Kernel, target: Target) -> Kernel:
    if not target.dsp or kernel.function not in WITH_DSP:
        return kernel
    return replace(kernel, function=f"{kernel.function}_dsp", struct=kernel.struct or kernel.function)


def _rounds_once(kernel: Kernel) -> bool:
    shifts = [field.value for field in kernel.fields if field.name.endswith("shift")]
    return any(isinstance(shift, int) and shift > 31 for shift in shifts)


def held_patches(taps: int, pixels: int) -> int:
    """How many patches are gathered before they are multiplied: so many that their bytes stay few."""
    return max(1, min(_MOST_PATCHES, pixels, _PATCH_BYTES // taps))


def held_pixels(c_in: int, pixels: int) -> int:
    """The same for the pixels of a 1x1 kernel that works in place."""
    return max(1, min(pixels, _PATCH_BYTES // 2 // c_in))
