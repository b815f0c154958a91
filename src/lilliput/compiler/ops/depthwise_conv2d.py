"""Depthwise 2-D convolution, channels last: each input channel has its own `multiplier` kernels.

Inputs   x (N, H, W, C), w (1, kh, kw, C · multiplier) constant, b (C · multiplier) constant, optional
         Output channel c · multiplier + m reads input channel c.
Attrs    stride (h, w), padding ((top, bottom), (left, right)) with real zeros, dilation (h, w),
         activation: none | relu | relu6 | relu_n1_to_1, fused
Integer  x int8 asymmetric, w int8 symmetric (zero point 0) per tensor or per output channel (axis 3), b int32 with
         scale s_x · s_w, y int8; or x and y int16 with zero point 0, b int64
Kernels  multiplier 1: channel by channel over a ring of rows, in place where the shapes allow it. Others: a direct one
         DSP: one for 3×3 of stride 1 or 2 on both axes and any multiplier; for multiplier 1 another for 3×3, and one
         for all others, with zeros between the taps of dilated ones
         MVE: one for 3×3 of stride 1 or 2 from squares of 4×4, one for all others, with a multiplier of 3 or more those
         of convolutions with groups. Host: one for all
         RVV: one for all, any multiplier
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, activation_of, apply_activation, expect
from lilliput.compiler.ops import ops, register_op
from lilliput.compiler.ops._blocks import fits_cut, half, taps_fields
from lilliput.compiler.ops._dots import byte_fields, fits_small
from lilliput.compiler.ops._dsp import fits_x256, x256_fields
from lilliput.compiler.ops._float import clamp_fields, demand_float
from lilliput.compiler.ops._layers_s16 import demand_wide, depthwise_conv2d_s16
from lilliput.compiler.ops._mve import FARTHEST_STEP, LANES, LEAST_SQUARES, goes_down, lane_fields
from lilliput.compiler.ops._rvv import depthwise as rvv_depthwise
from lilliput.compiler.ops._rvv import fits_rvv
from lilliput.compiler.ops._simd import depthwise, fits_simd
from lilliput.compiler.ops._weights import Channels, channels_of, check_weights, finish
from lilliput.compiler.ops._window import Window, window_of
from lilliput.compiler.ops.conv2d import FEWEST

if TYPE_CHECKING:
    from torch import Tensor

LEAST_SHARE = 0.8
"""Of the channels must fit the fast core of the 3×3 kernel; the others cost it about ten times as much."""
DENSE = 4
"""Up to this many times the taps a dilated layer is run as a dense one: portable kernels take longer for each tap."""
PLANE = "plane"
"""The variant of the 3×3 kernel that holds all rows of a channel: faster, with more scratch."""
WHOLE_BYTES = 1024
"""Up to this much scratch a 3×3 depthwise layer holds all rows of a channel."""


@register_op
class DepthwiseConv2d(Op):
    """y = activation(x ∗ w + b), channel by channel."""

    name = "depthwise_conv2d"
    arity = (2, 3)
    takes_activation = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, w = inputs[:2]
        expect(len(x.shape) == 4, node, f"x must be (N, H, W, C), got {x.shape}")
        fits = len(w.shape) == 4 and w.shape[0] == 1 and w.shape[3] % x.shape[3] == 0
        expect(fits, node, f"w must be (1, kh, kw, {x.shape[3]} · multiplier), got {w.shape}")
        expect(len(inputs) < 3 or inputs[2].shape == (w.shape[3],), node, f"b must be ({w.shape[3]},)")
        out = _window(node, inputs).out
        return (x.shape[0], *out, w.shape[3]), x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        check_weights(node, inputs, axis=3)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        from torch.nn import functional

        (top, bottom), (left, right) = node.attrs["padding"]
        image = functional.pad(x[0].permute(0, 3, 1, 2), (left, right, top, bottom))
        y = functional.conv2d(
            image,
            x[1].permute(3, 0, 1, 2),
            x[2] if len(x) > 2 else None,
            stride=node.attrs["stride"],
            dilation=node.attrs["dilation"],
            groups=image.shape[1],
        )
        return apply_activation(activation_of(node), y.permute(0, 2, 3, 1))

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        multiplier = inputs[1].shape[3] // inputs[0].shape[3]
        centred = x[0].astype(np.int64) - inputs[0].zero_point
        acc = np.zeros((len(centred), *output.shape[1:]), np.int64)
        for ky, kx, image in _window(node, inputs).taps(centred, fill=0):
            acc += np.repeat(image, multiplier, axis=3) * x[1][0, ky, kx].astype(np.int64)
        return finish(node, inputs, output, acc + (x[2].astype(np.int64) if len(x) > 2 else 0))

    def macs(self, node: Node, inputs: Sequence[Value], output: Value) -> int:
        return output.shape[1] * output.shape[2] * inputs[1].elements

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        x, w = inputs[:2]
        if x.dtype not in ("int8", "int16") or w.dtype != "int8" or w.data is None or x.shape[0] != 1:
            raise self.unsupported(node, f"has no {x.dtype} kernel for a batch of {x.shape[0]}")
        if x.dtype == "int16":
            demand_wide(node, inputs)  # before it can become a convolution, which takes any bias
        if x.shape[3] == 1:
            # One input channel: the same sums as a convolution, which has the faster kernels for it.
            return ops["conv2d"].kernel(replace(node, op="conv2d"), (x, _as_conv(w), *inputs[2:]), output, target)
        window = _window(node, inputs)
        if x.dtype == "int16":
            return depthwise_conv2d_s16(node, inputs, output, window, target)
        channels = channels_of(node, inputs, output, w.data.reshape(-1, w.shape[3]).T)
        if window.is_column:
            window = window.turned()
        if _uses_pairs(window, channels, target):
            return _by_pairs(node, window, channels, w.shape[3] // x.shape[3])[0]
        if fits_rvv(channels, target):
            return rvv_depthwise(node, window, channels, w.shape[3] // x.shape[3])
        if w.shape[3] != x.shape[3]:
            if target.mve and w.shape[3] >= FEWEST * x.shape[3] and channels.rounding == "double" and w.bits == 8:
                # As many groups as input channels: the same sums, in the order of a convolution's weights.
                return ops["conv2d"].kernel(replace(node, op="conv2d"), (x, _as_conv(w), *inputs[2:]), output, target)
            return _direct(node, inputs, window, channels)
        if target.host and fits_simd(channels):
            return depthwise((node.inputs[0], node.output), window, channels)
        mve = target.mve and channels.rounding == "double"
        if mve and goes_down(channels) and _fits_squares(window):
            return _by_squares(node, window, channels)
        if mve and len(channels.rows) <= FARTHEST_STEP:
            return _by_vectors(node, window, channels)
        if target.dsp and fits_x256(channels) and _is_three_by_three(window):
            return _three_by_three(node, window, channels)
        if target.dsp and fits_x256(channels) and _is_nearly_dense(window):
            return _by_wide_rows(node, *_dense(window, channels))
        if not fits_small(channels):
            return _direct(node, inputs, window, channels)
        return _by_rows(node, window, channels)

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        w, bias = demand_float(self, node, inputs)
        x = inputs[0]
        if x.shape[0] != 1:
            raise self.unsupported(node, f"has no float32 kernel for a batch of {x.shape[0]}")
        if x.shape[3] == 1:
            conv = replace(node, op="conv2d")
            return ops["conv2d"].kernel_float(conv, (x, _as_conv(inputs[1]), *inputs[2:]), output, target)
        window = _window(node, inputs)
        if window.is_column:
            window = window.turned()
        multiplier, (rows, columns) = w.shape[3] // x.shape[3], window.plane
        weights = (Field("w", "float", w.reshape(-1, w.shape[3]).T), Field("bias", "float", bias))
        in_place = (0,) if multiplier == 1 and window.rows_end_behind_reads() else ()
        if multiplier == 1 and (window.kernel, window.dilation) == ((3, 3), (1, 1)) and window.stride[1] <= 2:
            fields = (*weights, *image_sizes(window, x.shape[3]), *window.fields(), *clamp_fields(node))
            return Kernel(
                function="lp_depthwise_3x3_f32",
                fields=tuple(field for field in fields if not field.name.startswith(("kernel", "dilation"))),
                operands=(node.inputs[0], node.output),
                scratch_bytes=12 * columns,
                in_place=in_place,
            )
        sizes = {
            "in_h": window.image[0], "in_w": window.image[1], "channels": x.shape[3], "multiplier": multiplier,
            "out_h": window.out[0], "out_w": window.out[1],
        }  # fmt: skip
        return Kernel(
            function="lp_depthwise_rows_f32",
            fields=(
                *weights,
                *(Field(name, "int32_t", value) for name, value in sizes.items()),
                *window.fields(), *clamp_fields(node),
            ),
            operands=(node.inputs[0], node.output),
            scratch_bytes=4 * rows * columns,
            in_place=in_place,
        )  # fmt: skip

    def alternatives(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> tuple[Kernel, ...]:
        x, w = inputs[:2]
        if not target.dsp or x.dtype != "int8" or w.dtype != "int8" or w.data is None:
            return ()
        if x.shape[3] == 1:
            as_conv = (x, _as_conv(w), *inputs[2:])
            return ops["conv2d"].alternatives(replace(node, op="conv2d"), as_conv, output, target)
        window = _window(node, inputs)
        channels = channels_of(node, inputs, output, w.data.reshape(-1, w.shape[3]).T)
        window = window.turned() if window.is_column else window
        if not _uses_pairs(window, channels, target):
            return ()
        return _by_pairs(node, window, channels, w.shape[3] // x.shape[3])


def _as_conv(w: Value) -> Value:
    """Weights (1, kh, kw, C_out) as those of a convolution with a group for each input channel, (C_out, kh, kw, 1)."""
    if w.data is None:
        raise ValueError(f"weights {w.name!r} are not constants")
    data = np.ascontiguousarray(w.data.transpose(3, 1, 2, 0))
    quant = w.quant if w.quant is None or w.quant.axis is None else replace(w.quant, axis=0)
    return replace(w, shape=data.shape, data=data, quant=quant)


def _window(node: Node, inputs: Sequence[Value]) -> Window:
    x, w = inputs[:2]
    return window_of(node, (x.shape[1], x.shape[2]), (w.shape[1], w.shape[2]))


def _direct(node: Node, inputs: Sequence[Value], window: Window, channels: Channels) -> Kernel:
    c_in, c_out = inputs[0].shape[3], len(channels.rows)
    sizes = {
        "in_h": window.image[0], "in_w": window.image[1], "c_in": c_in, "multiplier": c_out // c_in,
        "out_h": window.out[0], "out_w": window.out[1],
    }  # fmt: skip
    fields = (
        *channels.fields(channels.rows.T),
        *(Field(name, "int32_t", value) for name, value in sizes.items()),
        *window.fields(),
        *channels.offsets(),
    )
    return Kernel("lp_depthwise_conv2d_s8", fields, (node.inputs[0], node.output))


def _by_rows(node: Node, window: Window, channels: Channels) -> Kernel:
    rows, columns = window.plane
    x_zero = Field("x_zero", "int32_t", channels.x_zero)
    return Kernel(
        function="lp_depthwise_rows_s8",
        fields=(*byte_fields(channels), *plane_sizes(window, channels), *window.fields(), x_zero, *channels.clamp()),
        operands=(node.inputs[0], node.output),
        scratch_bytes=rows * columns,
        in_place=(0,) if window.rows_end_behind_reads() else (),
    )


def _is_three_by_three(window: Window) -> bool:
    return (window.kernel, window.dilation) == ((3, 3), (1, 1)) and window.stride[1] <= 2 and window.before[1] <= 2


def _uses_pairs(window: Window, channels: Channels, target: Target) -> bool:
    if not target.dsp or target.mve or window.stride not in ((1, 1), (2, 2)) or not _is_three_by_three(window):
        return False
    return bool(fits_cut(channels).mean() > LEAST_SHARE)


def _by_pairs(node: Node, window: Window, channels: Channels, multiplier: int) -> tuple[Kernel, ...]:
    """With two pairs of rows that take turns, and with all of a channel's rows: the latter first where that is little
    memory, since it is faster where rows are short."""
    stride = window.stride[0]
    pitch = 8 * (-(-window.out[1] // 2) * stride + 1)
    whole = ((window.out[0] - 1) * stride + 4) // 2
    numbers = {
        "multiplier": multiplier, "out_h": window.out[0], "out_w": window.out[1],
        "pad_top": window.before[0], "pad_left": window.before[1],
    }  # fmt: skip
    ends = {"x_offset": -channels.x_zero, "y_offset": channels.y_zero, "half": half(channels)}
    ends |= {"y_min": channels.y_range[0], "y_max": channels.y_range[1]}
    found = tuple(
        Kernel(
            function="lp_depthwise_3x3_pairs_s8_dsp",
            fields=(
                *taps_fields(channels, stride),
                *plane_sizes(window, channels)[:3],
                *(Field(name, "int32_t", value) for name, value in (numbers | {"pairs": pairs} | ends).items()),
            ),
            operands=(node.inputs[0], node.output),
            scratch_bytes=pitch * pairs,
            in_place=(0,) if multiplier == 1 and window.rows_end_behind_reads() else (),
            variant=variant,
        )
        for variant, pairs in ((PLANE, whole), ("rows", 2))
    )
    return found if pitch * whole <= WHOLE_BYTES else found[::-1]


def _fits_squares(window: Window) -> bool:
    if not _is_three_by_three(window):
        return False
    return window.stride in ((1, 2), (2, 2)) or (window.stride == (1, 1) and min(window.out) >= 2)


def _by_squares(node: Node, window: Window, channels: Channels) -> Kernel:
    high, wide = (2, 2) if window.stride[1] == 1 else (1, 1)  # outputs of a square
    bands, across = -(-window.out[0] // high), -(-window.out[1] // wide)
    together = min(bands, -(-LEAST_SQUARES // across))
    squares = together * across
    squares += -squares % 4 if wide == 1 else 0
    columns = (window.out[1] - 1) * window.stride[1] + (3 if wide == 2 else 4)
    steps = [field for field in window.fields() if field.name.startswith(("stride", "pad"))]
    numbers = {"x_zero": channels.x_zero, "squares": squares, "bands": together}
    by_columns = channels.rows.reshape(-1, 3, 3).transpose(0, 2, 1)
    return Kernel(
        function="lp_depthwise_3x3_s8_mve",
        fields=(
            *lane_fields(channels, by_columns),
            *plane_sizes(window, channels),
            *steps,
            *(Field(name, "int32_t", value) for name, value in numbers.items()),
            *channels.clamp(),
        ),
        operands=(node.inputs[0], node.output),
        scratch_bytes=16 * columns + 68 * squares,
        in_place=(0,) if window.rows_end_behind_reads() else (),
    )


def _by_vectors(node: Node, window: Window, channels: Channels) -> Kernel:
    (kernel_h, kernel_w), span = window.kernel, window.reach[1]
    rows = np.zeros((len(channels.rows), kernel_h, span), np.int8)
    rows[:, :, :: window.dilation[1]] = channels.rows.reshape(-1, kernel_h, kernel_w)
    numbers = {
        "kernel_h": kernel_h, "span": span, "stride_h": window.stride[0], "stride_w": window.stride[1],
        "pad_top": window.before[0], "pad_left": window.before[1], "dilation_h": window.dilation[0],
        "x_zero": channels.x_zero,
    }  # fmt: skip
    across = -(-(span + 3 * window.stride[1]) // LANES)
    columns = (-(-window.out[1] // 4) - 1) * 4 * window.stride[1] + LANES * across
    return Kernel(
        function="lp_depthwise_rows_s8_mve",
        fields=(
            *lane_fields(channels, rows),
            *plane_sizes(window, channels),
            *(Field(name, "int32_t", value) for name, value in numbers.items()),
            *channels.clamp(),
        ),
        operands=(node.inputs[0], node.output),
        scratch_bytes=68 * kernel_h * across + 2 * window.plane[0] * columns,
        in_place=(0,) if window.rows_end_behind_reads() else (),
    )


def _three_by_three(node: Node, window: Window, channels: Channels) -> Kernel:
    words = -(-window.out[1] // 2) * window.stride[1] + 1
    steps = [field for field in window.fields() if not field.name.startswith(("kernel", "dilation"))]
    x_offset = Field("x_offset", "int32_t", -channels.x_zero)
    return Kernel(
        function="lp_depthwise_3x3_s8_dsp",
        fields=(*x256_fields(channels), *plane_sizes(window, channels), *steps, x_offset, *channels.clamp()),
        operands=(node.inputs[0], node.output),
        scratch_bytes=3 * 4 * words,
        also=("lp_widen_rows",),
        in_place=(0,) if window.rows_end_behind_reads() else (),
    )


def _is_nearly_dense(window: Window) -> bool:
    return math.prod(window.reach) <= DENSE * math.prod(window.kernel)


def _dense(window: Window, channels: Channels) -> tuple[Window, Channels]:
    """The same layer without dilation, zeros between the taps."""
    if window.dilation == (1, 1):
        return window, channels
    rows = np.zeros((len(channels.rows), *window.reach), np.int8)
    rows[:, :: window.dilation[0], :: window.dilation[1]] = channels.rows.reshape(-1, *window.kernel)
    filled = replace(channels, rows=rows.reshape(len(rows), -1))
    return replace(window, kernel=window.reach, dilation=(1, 1)), filled


def _by_wide_rows(node: Node, window: Window, channels: Channels) -> Kernel:
    pairs = -(-window.kernel[1] // 2)
    columns = (window.out[1] - 1) * window.stride[1] + 2 * pairs
    steps = [field for field in window.fields() if not field.name.startswith("dilation")]
    x_offset = Field("x_offset", "int32_t", -channels.x_zero)
    return Kernel(
        function="lp_depthwise_rows_s8_dsp",
        fields=(*x256_fields(channels), *plane_sizes(window, channels), *steps, x_offset, *channels.clamp()),
        operands=(node.inputs[0], node.output),
        scratch_bytes=window.kernel[0] * (4 * pairs + 2 * columns),
        in_place=(0,) if window.rows_end_behind_reads() else (),
        also=("lp_widen_rows",),
    )


def plane_sizes(window: Window, channels: Channels) -> tuple[Field, ...]:
    """Sizes of the kernels by rows, `in_h` to `out_w`."""
    return image_sizes(window, len(channels.rows))


def image_sizes(window: Window, channels: int) -> tuple[Field, ...]:
    """The same for a number of channels."""
    sizes = {
        "in_h": window.image[0], "in_w": window.image[1], "channels": channels,
        "out_h": window.out[0], "out_w": window.out[1],
    }  # fmt: skip
    return tuple(Field(name, "int32_t", value) for name, value in sizes.items())
