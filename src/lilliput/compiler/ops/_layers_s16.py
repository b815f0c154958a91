"""The kernels of the layers with weights on int16 activations and int8 weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lilliput.compiler.graph import Node, Value
from lilliput.compiler.op import Field, Kernel, Target
from lilliput.compiler.ops._dsp import in_fours
from lilliput.compiler.ops._weights import sums_wide
from lilliput.compiler.ops._weights_s16 import Wide, pack, wide_of
from lilliput.compiler.ops._window import Window
from lilliput.core.errors import UnsupportedOp


def conv2d_s16(node: Node, inputs: Sequence[Value], output: Value, window: Window, target: Target) -> Kernel:
    """The call of a convolution."""
    x, w = inputs[:2]
    channels = wide_of(node, inputs, output, _rows(w, 0))
    if target.dsp and x.shape[3] == w.shape[3]:
        pixels = window.is_pointwise and window.pixels_end_behind_reads(x.shape[3], w.shape[0])
        fields = (*channels.dsp_fields(pack(channels.rows)), *_sizes(inputs, window), *window.fields())
        return Kernel(
            function="lp_conv2d_s16_dsp",
            fields=(*fields, *channels.clamp()),
            operands=(node.inputs[0], node.output),
            scratch_bytes=32 * -(-channels.rows.shape[1] // 4),
            also=("lp_patches_s16_dsp",),
            in_place=(0,) if pixels else (),
        )
    groups = Field("groups", "int32_t", x.shape[3] // w.shape[3])
    fields = (*channels.fields(), *_sizes(inputs, window), *window.fields(), groups, *channels.clamp())
    return Kernel("lp_conv2d_s16", fields, (node.inputs[0], node.output))


def depthwise_conv2d_s16(node: Node, inputs: Sequence[Value], output: Value, window: Window, target: Target) -> Kernel:
    """The call of a depthwise convolution."""
    channels = wide_of(node, inputs, output, _rows(inputs[1], 3))
    multiplier = len(channels.rows) // inputs[0].shape[3]
    if target.dsp and multiplier == 1 and channels.is_short and window.dilation == (1, 1):
        return _depthwise_by_rows(node, window.turned() if window.is_column else window, channels)
    sizes = _fields(
        in_h=window.image[0], in_w=window.image[1], c_in=inputs[0].shape[3], multiplier=multiplier,
        out_h=window.out[0], out_w=window.out[1],
    )  # fmt: skip
    fields = (*channels.fields(), *sizes, *window.fields(), *channels.clamp())
    return Kernel("lp_depthwise_conv2d_s16", fields, (node.inputs[0], node.output))


def _depthwise_by_rows(node: Node, window: Window, channels: Wide) -> Kernel:
    columns = (window.out[1] - 1) * window.stride[1] + window.kernel[1]
    steps = [field for field in window.fields() if not field.name.startswith("dilation")]
    sizes = _fields(
        in_h=window.image[0], in_w=window.image[1], channels=len(channels.rows), out_h=window.out[0],
        out_w=window.out[1],
    )  # fmt: skip
    return Kernel(
        function="lp_depthwise_rows_s16_dsp",
        fields=(*channels.pair_fields(), *sizes, *steps, *channels.clamp()),
        operands=(node.inputs[0], node.output),
        scratch_bytes=4 * (2 * channels.rows.shape[1] + window.kernel[0] * columns),
        in_place=(0,) if window.rows_end_behind_reads() else (),
    )


def fully_connected_s16(node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
    """The call of a fully connected layer on one row."""
    w = inputs[1]
    channels = wide_of(node, inputs, output, _rows(w, 0))
    sizes = (*_fields(c_in=w.shape[1], c_out=w.shape[0]), *channels.clamp())
    if target.dsp:
        head = channels.dsp_fields(in_fours(pack(channels.rows)))
        return Kernel("lp_fully_connected_s16_dsp", (*head, *sizes), (node.inputs[0], node.output))
    return Kernel("lp_fully_connected_s16", (*channels.fields(), *sizes), (node.inputs[0], node.output))


def transpose_conv2d_s16(node: Node, inputs: Sequence[Value], output: Value, sizes: tuple[Field, ...]) -> Kernel:
    """The call of a transposed convolution."""
    demand_wide(node, inputs)
    channels = wide_of(node, inputs, output, _rows(inputs[1], 0))
    return Kernel(
        function="lp_transpose_conv2d_s16",
        fields=(*channels.fields(), *sizes, *channels.clamp()),
        operands=(node.inputs[0], node.output),
        scratch_bytes=8 * len(channels.rows),
    )


def demand_wide(node: Node, inputs: Sequence[Value]) -> None:
    """Raise UnsupportedOp, LP301, for a bias of 32 bits: the published run time reads it as one of 64."""
    if not sums_wide(inputs):
        raise UnsupportedOp(
            f'{node.op} at "{node.name}" on int16 has no kernel for the {inputs[2].dtype} bias {inputs[2].name!r}',
            fix="give the layer an int64 bias",
        )


def _rows(w: Value, axis: int) -> np.ndarray:
    """Weights as (C_out, taps); the channels lie on `axis`."""
    if w.data is None:
        raise ValueError(f"weights {w.name!r} are not constants")
    return np.moveaxis(w.data, axis, 0).reshape(w.shape[axis], -1)


def _sizes(inputs: Sequence[Value], window: Window) -> tuple[Field, ...]:
    return _fields(
        in_h=window.image[0], in_w=window.image[1], c_in=inputs[0].shape[3], out_h=window.out[0], out_w=window.out[1],
        c_out=inputs[1].shape[0],
    )  # fmt: skip


def _fields(**numbers: int) -> tuple[Field, ...]:
    return tuple(Field(name, "int32_t", value) for name, value in numbers.items())
