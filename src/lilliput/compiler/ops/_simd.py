"""Layouts and constants for the kernels that use the vectors of the machine at hand (`Target.host`).

`runtime/lp_simd_dot.h` explains the layout of the weights, `runtime/lp_simd_requantise.h` the rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lilliput.compiler.graph import Array
from lilliput.compiler.op import Field, Kernel
from lilliput.compiler.ops._weights import Channels
from lilliput.compiler.ops._window import Window

LANES = 16
"""Channels of one block."""
LARGEST = 1 << 30
"""Accumulators below it leave room for the half step of rounding in 32 bits."""
MOST_RIGHT = 21
"""With larger shifts zero point and half step together would not fit."""
ALIGN = 64
"""Bytes of a cache line, and of a block of weights."""


def fits_simd(channels: Channels) -> bool:
    """True when the kernels `*_simd` may be used: room for rounding, and no factor of 1 or more."""
    if channels.rounding != "double":
        return False
    return channels.bound < LARGEST and int(channels.shift.max()) <= 0 and int(channels.shift.min()) >= -MOST_RIGHT


def convolution(operands: tuple[str, str], window: Window, c_in: int, channels: Channels) -> Kernel:
    """The call for a convolution of one group: straight from the image where no patch leaves it and runs are whole
    words, else from a framed copy."""
    runs, run_taps = (window.kernel[0], 1) if window.dilation[1] == 1 else window.kernel
    run = c_in * (window.kernel[1] if run_taps == 1 else 1)
    twice = len(channels.rows) <= LANES // 2  # two pixels a vector
    channels_out, channels = len(channels.rows), _repeated(channels, LANES // 2, 2) if twice else channels
    c_out, words = len(channels.rows), -(-run // 4)
    weights = np.zeros((-(-c_out // LANES) * LANES, runs * run_taps, 4 * words), np.int8)
    weights[:c_out, :, :run] = channels.rows.reshape(c_out, runs * run_taps, run)
    blocks = weights.reshape(-1, LANES, runs * run_taps * words, 4).transpose(0, 2, 1, 3)
    inside = window.before == window.after == (0, 0) and run % 4 == 0
    width = window.image[1] if inside else window.plane[1]
    steps = {
        "out_h": window.out[0], "out_w": window.out[1], **_steps(window, width, c_in),
        "rows": runs, "row_step": window.dilation[0] * width * c_in,
        "taps": run_taps, "tap_step": window.dilation[1] * c_in, "words": words,
    }  # fmt: skip
    fields = (Field("w", "int8_t", blocks, ALIGN), *_scales(channels, channels_out), *_numbers(steps))
    if inside:
        return Kernel("lp_conv2d_s8_simd", fields, operands)
    return _framed("lp_conv2d", operands, window, c_in, channels, fields, slack=4)


def fully_connected(operands: tuple[str, str], channels: Channels) -> Kernel:
    """The call for a fully connected layer: a convolution of one pixel, or of several where a row is a pixel."""
    c_in = channels.rows.shape[1]
    one = (1, 1)
    return convolution(operands, Window(one, one, one, one, one, (0, 0), (0, 0)), c_in, channels)


def depthwise(operands: tuple[str, str], window: Window, channels: Channels) -> Kernel:
    """The call for a depthwise convolution with one kernel a channel."""
    (k_h, k_w), c = window.kernel, len(channels.rows)
    neighbours = LANES // c if LANES % c == 0 and window.stride[1] == 1 else 1  # in one vector, with all channels
    channels, lanes = _repeated(channels, c, neighbours), c * neighbours
    outputs, quads = -(-window.out[1] // neighbours), -(-k_h // 4)
    weights = np.zeros((-(-lanes // LANES) * LANES, 4 * quads, k_w), np.int8)
    weights[:lanes, :k_h] = channels.rows.reshape(lanes, k_h, k_w)
    blocks = weights.reshape(-1, LANES, quads, 4, k_w).transpose(0, 2, 4, 1, 3)
    inside = window.before == window.after == (0, 0) and c % LANES == 0
    width = window.image[1] if inside else window.plane[1]
    steps = {
        "out_h": window.out[0], "out_w": outputs, **_steps(window, width, c), "x_step": window.stride[1] * lanes,
        "rows": k_h, "row_step": window.dilation[0] * width * c, "taps": k_w, "tap_step": window.dilation[1] * c,
        "row_bytes": window.out[1] * c,
    }  # fmt: skip
    fields = (Field("w", "int8_t", blocks, ALIGN), *_scales(channels, lanes), *_numbers(steps))
    if inside:
        return Kernel("lp_depthwise_s8_simd", fields, operands)
    return _framed("lp_depthwise", operands, window, c, channels, fields, slack=2 * LANES)


def _framed(
    stem: str,
    operands: tuple[str, str],
    window: Window,
    c: int,
    channels: Channels,
    inner: Sequence[Field],
    *,
    slack: int,
) -> Kernel:
    height, width = (
        (out - 1) * stride + (kernel - 1) * dilation + 1
        for out, stride, kernel, dilation in zip(window.out, window.stride, window.kernel, window.dilation, strict=True)
    )
    sizes = {
        "in_h": window.image[0], "in_w": window.image[1], "c": c, "h": height, "w": width,
        "top": window.before[0], "left": window.before[1], "slack": slack, "fill": channels.x_zero,
    }  # fmt: skip
    fields = [Field(f"frame.{field.name}", field.ctype, field.value) for field in _numbers(sizes)]
    fields += [Field(f"inner.{field.name}", field.ctype, field.value, field.align) for field in inner]
    return Kernel(
        function=f"{stem}_framed_s8_simd",
        fields=tuple(fields),
        operands=operands,
        scratch_bytes=height * width * c + slack,
        also=("lp_frame_s8", f"{stem}_s8_simd"),
    )


def _steps(window: Window, width: int, c: int) -> dict[str, int]:
    return {"y_step": window.stride[0] * width * c, "x_step": window.stride[1] * c}


def _repeated(channels: Channels, lanes: int, times: int) -> Channels:
    """The channels written `times` times, each time on `lanes` lanes of which the last may stay empty."""
    if times == 1:
        return channels
    empty = lanes - len(channels.rows)

    def tiled(array: Array) -> Array:
        return np.concatenate([np.pad(array, [(0, empty)] + [(0, 0)] * (array.ndim - 1))] * times)

    arrays = (channels.rows, channels.bias, channels.mult, channels.shift)
    rows, bias, mult, shift = map(tiled, arrays)
    return replace(channels, rows=rows, bias=bias, mult=mult, shift=shift)


def _scales(channels: Channels, c_out: int) -> tuple[Field, ...]:
    """`lp_scales_s8_t`; the channels behind the last one have a factor of 0 and are never written."""
    total = channels.rows.astype(np.int64).sum(axis=1)
    bias = channels.bias.astype(np.int64) - channels.x_zero * total
    right = -channels.shift.astype(np.int64)
    half = np.where(right > 0, (1 << right) >> 1, 0) + (channels.y_zero << right)
    arrays = {
        "bias": _wrapped(bias), "bias_raised": _wrapped(bias - 128 * total), "mult": channels.mult, "half": half,
        "right": right,
    }  # fmt: skip
    numbers = {"c_out": c_out, "y_min": channels.y_range[0], "y_max": channels.y_range[1]}
    return (
        *(Field(f"scales.{name}", "int32_t", _whole_blocks(array), ALIGN) for name, array in arrays.items()),
        *(Field(f"scales.{name}", "int32_t", value) for name, value in numbers.items()),
    )


def _whole_blocks(array: Array) -> Array:
    return np.pad(array.astype(np.int64), (0, -len(array) % LANES))


def _wrapped(values: Array) -> Array:
    return (values & 0xFFFFFFFF).astype(np.uint32).view(np.int32)


def _numbers(values: dict[str, int]) -> tuple[Field, ...]:
    return tuple(Field(name, "int32_t", value) for name, value in values.items())
