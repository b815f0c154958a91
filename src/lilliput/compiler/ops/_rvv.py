"""Kernels for the vectors of RISC-V. Their lanes are output channels: `runtime/lp_dots_s8_rvv.h` has the layout."""

from __future__ import annotations

import numpy as np

from lilliput.compiler.graph import Array, Node
from lilliput.compiler.op import Field, Kernel, Target
from lilliput.compiler.ops._dsp import folded_bias
from lilliput.compiler.ops._weights import Channels
from lilliput.compiler.ops._window import Window

MOST_LANES = 32
"""Channels whose rows a depthwise kernel copies together, where there is room for so many: what two registers of 128
bits hold, or one of 256. The kernel takes fewer where vectors are shorter."""
_RING_BYTES = 2048
"""Of those rows, unless the least is more."""
_LEAST_LANES = 16
_HELD_BYTES = 1024
_MOST_HELD = 12
"""Patches, or pixels, that are copied before they are multiplied."""


def fits_rvv(channels: Channels, target: Target) -> bool:
    """True when the layer may use these kernels: they round twice."""
    return target.rvv and channels.rounding == "double"


def held_rows(taps: int, c_out: int, positions: int) -> int:
    """How many patches are copied before they are multiplied: as many as the kernel takes at once, which are three
    where there are more than 16 channels, else four, or a multiple of it that takes few bytes."""
    together = 3 if c_out > _LEAST_LANES else 4
    few = min(_MOST_HELD, _HELD_BYTES // taps) // together * together
    return min(max(few, together), positions)


def by_taps(rows: Array, groups: int = 1) -> Array:
    """Weights (C_out, taps) as [groups][taps][C_out of a group]."""
    return np.ascontiguousarray(rows.reshape(groups, -1, rows.shape[1]).transpose(0, 2, 1))


def dots_fields(channels: Channels, groups: int = 1) -> tuple[Field, ...]:
    """The members of `lp_dots_s8_rvv_t`, inside a struct that calls it `dots`."""
    c_out, taps = channels.rows.shape
    numbers = {"taps": taps, "c_out": c_out // groups, "is_plain": _is_plain(channels), "y_step": c_out}
    fields = (
        *_channel_fields(channels, by_taps(channels.rows, groups)),
        *(Field(name, "int32_t", value) for name, value in numbers.items()),
        *channels.clamp(),
    )
    return tuple(Field(f"dots.{field.name}", field.ctype, field.value) for field in fields)


def fully_connected(node: Node, channels: Channels) -> Kernel:
    """All outputs of one row."""
    return Kernel(
        function="lp_fully_connected_s8_rvv",
        fields=dots_fields(channels),
        operands=(node.inputs[0], node.output),
        also=("lp_dots_s8_rvv",),
    )


def pointwise(node: Node, window: Window, channels: Channels, in_place: tuple[int, ...]) -> Kernel:
    """A 1×1 kernel without padding; in place where `in_place` says so."""
    c_out, c_in = channels.rows.shape
    held = held_rows(c_in, c_out, window.positions) if in_place else 0
    sizes = {
        "in_w": window.image[1], "out_h": window.out[0], "out_w": window.out[1],
        "stride_h": window.stride[0], "stride_w": window.stride[1], "held": held,
    }  # fmt: skip
    return Kernel(
        function="lp_conv2d_1x1_over_s8_rvv" if in_place else "lp_conv2d_1x1_s8_rvv",
        struct="lp_conv2d_1x1_s8_rvv",
        fields=(*dots_fields(channels), *(Field(name, "int32_t", value) for name, value in sizes.items())),
        operands=(node.inputs[0], node.output),
        scratch_bytes=held * c_in,
        in_place=in_place,
        also=("lp_dots_s8_rvv",),
    )


def convolution(node: Node, window: Window, c_in: int, groups: int, channels: Channels) -> Kernel:
    """Any window, any groups."""
    c_out, taps = channels.rows.shape
    held = held_rows(taps, c_out // groups, window.positions)
    sizes = {
        "in_h": window.image[0], "in_w": window.image[1], "c_in": c_in, "out_h": window.out[0], "out_w": window.out[1],
    }  # fmt: skip
    ends = {"groups": groups, "x_zero": channels.x_zero, "held": held}
    return Kernel(
        function="lp_conv2d_s8_rvv",
        fields=(
            *dots_fields(channels, groups),
            *(Field(name, "int32_t", value) for name, value in sizes.items()),
            *window.fields(),
            *(Field(name, "int32_t", value) for name, value in ends.items()),
        ),
        operands=(node.inputs[0], node.output),
        scratch_bytes=held * taps,
        also=("lp_dots_s8_rvv",),
    )


def depthwise(node: Node, window: Window, channels: Channels, multiplier: int) -> Kernel:
    """Any window, any multiplier."""
    rows, columns = window.plane
    c_out = len(channels.rows)
    lanes = max(min(MOST_LANES, _RING_BYTES // (rows * columns)), _LEAST_LANES)
    lanes = min(lanes // _LEAST_LANES * _LEAST_LANES, c_out)
    sizes = {
        "in_h": window.image[0], "in_w": window.image[1], "channels": c_out // multiplier,
        "out_h": window.out[0], "out_w": window.out[1],
    }  # fmt: skip
    ends = {"multiplier": multiplier, "lanes": lanes, "is_plain": _is_plain(channels), "x_zero": channels.x_zero}
    return Kernel(
        function="lp_depthwise_s8_rvv",
        fields=(
            *_channel_fields(channels, by_taps(channels.rows)),
            *(Field(name, "int32_t", value) for name, value in sizes.items()),
            *window.fields(),
            *(Field(name, "int32_t", value) for name, value in ends.items()),
            *channels.clamp(),
        ),
        operands=(node.inputs[0], node.output),
        scratch_bytes=rows * columns * lanes + (lanes if multiplier > 1 else 0),
        in_place=(0,) if multiplier == 1 and window.rows_end_behind_reads() else (),
    )


def _is_plain(channels: Channels) -> int:
    return int(int(channels.shift.max()) < 0)


def _channel_fields(channels: Channels, w: Array) -> tuple[Field, ...]:
    return (
        Field("w", "int8_t", w),
        Field("bias", "int32_t", folded_bias(channels)),
        Field("mult", "int32_t", channels.mult),
        Field("shift", "int8_t", channels.shift),
    )
