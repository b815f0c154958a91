"""2-D convolution, channels last: y = activation(x ∗ w + b).

Inputs   x (N, H, W, C_in), w (C_out, kh, kw, C_in / groups) constant, b (C_out) constant, optional
Attrs    stride (h, w), padding ((top, bottom), (left, right)) with real zeros, dilation (h, w),
         activation: none | relu | relu6 | relu_n1_to_1, fused
         groups follow from the shapes: C_in over the last axis of w
Integer  x int8 asymmetric, w int8 symmetric (zero point 0) per tensor or per output channel (axis 0), b int32 with
         scale s_x · s_w, y int8
Kernels  portable: 1×1 without padding; the stem, up to 4 input channels; all others
         DSP: 1×1 without padding and all others, each by two kinds of blocks; where a factor is above 1/2: 1×1 without
         padding; input channels in fours; all others, but not with groups
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, activation_of, apply_activation, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._blocks import Block, block_fields, blocks_for, fits_blocks, scratch_bytes
from lilliput.compiler.ops._dsp import fits_dsp, stream_fields
from lilliput.compiler.ops._weights import Channels, channels_of, check_weights, finish
from lilliput.compiler.ops._window import Window, window_of

if TYPE_CHECKING:
    from torch import Tensor

STEM_CHANNELS = 4
"""Up to this many input channels the patch is gathered byte by byte."""


@register_op
class Conv2d(Op):
    """y = activation(x ∗ w + b)."""

    name = "conv2d"
    arity = (2, 3)
    takes_activation = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, w = inputs[:2]
        expect(len(x.shape) == 4, node, f"x must be (N, H, W, C_in), got {x.shape}")
        expect(len(w.shape) == 4, node, f"w must be (C_out, kh, kw, C_in / groups), got {w.shape}")
        groups, rest = divmod(x.shape[3], w.shape[3])
        expect(rest == 0 and w.shape[0] % max(groups, 1) == 0, node, f"w {w.shape} does not fit x {x.shape}")
        expect(len(inputs) < 3 or inputs[2].shape == (w.shape[0],), node, f"b must be ({w.shape[0]},)")
        out = _window(node, inputs).out
        return (x.shape[0], *out, w.shape[0]), x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        check_weights(node, inputs, axis=0)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        from torch.nn import functional

        (top, bottom), (left, right) = node.attrs["padding"]
        image = functional.pad(x[0].permute(0, 3, 1, 2), (left, right, top, bottom))
        y = functional.conv2d(
            image,
            x[1].permute(0, 3, 1, 2),
            x[2] if len(x) > 2 else None,
            stride=node.attrs["stride"],
            dilation=node.attrs["dilation"],
            groups=image.shape[1] // x[1].shape[3],
        )
        return apply_activation(activation_of(node), y.permute(0, 2, 3, 1))

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        # One matrix product a tap, in float64, which holds every sum exactly (below 2^53).
        window, (c_out, *_, depth) = _window(node, inputs), inputs[1].shape
        centred = x[0].astype(np.float64) - inputs[0].zero_point
        groups = centred.shape[3] // depth
        w = x[1].astype(np.float64).reshape(groups, c_out // groups, *x[1].shape[1:])
        acc = np.zeros((len(centred), *window.out, groups, c_out // groups))
        for ky, kx, image in window.taps(centred, fill=0):
            tap = w[:, :, ky, kx].transpose(0, 2, 1)  # (groups, depth, C_out / groups)
            for group in range(groups):
                acc[:, :, :, group] += image[..., group * depth : (group + 1) * depth] @ tap[group]
        total = acc.reshape(*acc.shape[:3], c_out).astype(np.int64)
        return finish(node, inputs, output, total + (x[2].astype(np.int64) if len(x) > 2 else 0))

    def macs(self, node: Node, inputs: Sequence[Value], output: Value) -> int:
        return output.shape[1] * output.shape[2] * inputs[1].elements

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x, w = inputs[:2]
        if x.dtype != "int8" or w.dtype != "int8" or w.data is None or x.shape[0] != 1:
            raise self.unsupported(node, f"has no {x.dtype} kernel for a batch of {x.shape[0]}")
        window = _window(node, inputs)
        channels = channels_of(node, inputs, output, w.data.reshape(w.shape[0], -1))
        if target.dsp and fits_blocks(channels):
            return _by_blocks(node, inputs, window, channels)[0]
        if x.shape[3] != w.shape[3]:
            return _general(node, inputs, window, channels)
        if window.is_pointwise:
            return _pointwise(node, window, channels, target)
        if target.dsp and fits_dsp(channels):
            return _by_patches(node, inputs, window, channels)
        if x.shape[3] <= STEM_CHANNELS:
            return _stem(node, inputs, window, channels)
        return _general(node, inputs, window, channels)

    def alternatives(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> tuple[Kernel, ...]:
        x, w = inputs[:2]
        if not target.dsp or x.dtype != "int8" or w.dtype != "int8" or w.data is None:
            return ()
        channels = channels_of(node, inputs, output, w.data.reshape(w.shape[0], -1))
        return _by_blocks(node, inputs, _window(node, inputs), channels) if fits_blocks(channels) else ()


def _window(node: Node, inputs: Sequence[Value]) -> Window:
    x, w = inputs[:2]
    return window_of(node, (x.shape[1], x.shape[2]), (w.shape[1], w.shape[2]))


def _sizes(inputs: Sequence[Value], window: Window) -> tuple[Field, ...]:
    sizes = {
        "in_h": window.image[0], "in_w": window.image[1], "c_in": inputs[0].shape[3],
        "out_h": window.out[0], "out_w": window.out[1], "c_out": inputs[1].shape[0],
    }  # fmt: skip
    return tuple(Field(name, "int32_t", value) for name, value in sizes.items())


def _general(node: Node, inputs: Sequence[Value], window: Window, channels: Channels) -> Kernel:
    groups = Field("groups", "int32_t", inputs[0].shape[3] // inputs[1].shape[3])
    head = (*channels.fields(channels.rows), *_sizes(inputs, window), *window.fields())
    return Kernel("lp_conv2d_s8", (*head, groups, *channels.offsets()), (node.inputs[0], node.output))


def _stem(node: Node, inputs: Sequence[Value], window: Window, channels: Channels) -> Kernel:
    return Kernel(
        function="lp_conv2d_stem_s8",
        fields=(
            *channels.fields(channels.rows), *_sizes(inputs, window), *window.fields(), *channels.offsets()
        ),
        operands=(node.inputs[0], node.output),
        scratch_bytes=channels.rows.shape[1],
    )  # fmt: skip


def _by_blocks(node: Node, inputs: Sequence[Value], window: Window, channels: Channels) -> tuple[Kernel, ...]:
    """One kernel for each way to cut the layer into blocks, the shortest first."""
    groups = inputs[0].shape[3] // inputs[1].shape[3]
    return tuple(
        _pointwise_blocks(node, window, channels, block)
        if window.is_pointwise and groups == 1
        else _patch_blocks(node, inputs, window, channels, block)
        for block in blocks_for(channels, window.positions, groups)
    )


def _pointwise_blocks(node: Node, window: Window, channels: Channels, block: Block) -> Kernel:
    c_out, c_in = channels.rows.shape
    return Kernel(
        function="lp_conv2d_1x1_blocks_s8_dsp",
        fields=(
            *block_fields(channels, block),
            *(field for field in pointwise_sizes(window, c_in, c_out) if field.name != "c_out"),
        ),
        operands=(node.inputs[0], node.output),
        scratch_bytes=scratch_bytes(block, -(-c_in // 4)),
        in_place=(0,) if window.pixels_end_behind_reads(c_in, c_out) else (),
        variant=block.name,
    )


def _patch_blocks(node: Node, inputs: Sequence[Value], window: Window, channels: Channels, block: Block) -> Kernel:
    depth, words = inputs[1].shape[3], -(-channels.rows.shape[1] // 4)
    groups = inputs[0].shape[3] // depth
    sizes = {
        "in_h": window.image[0], "in_w": window.image[1], "depth": depth, "groups": groups,
        "out_h": window.out[0], "out_w": window.out[1],
    }  # fmt: skip
    return Kernel(
        function="lp_conv2d_blocks_s8_dsp",
        fields=(
            *block_fields(channels, block, groups),
            *(Field(name, "int32_t", value) for name, value in sizes.items()),
            *window.fields(),
            Field("x_offset", "int32_t", -channels.x_zero),
        ),
        operands=(node.inputs[0], node.output),
        scratch_bytes=scratch_bytes(block, words) + (0 if depth % 4 == 0 else 4 * words + 4),
        variant=block.name,
    )


def _by_patches(node: Node, inputs: Sequence[Value], window: Window, channels: Channels) -> Kernel:
    words = -(-channels.rows.shape[1] // 4)
    whole = inputs[0].shape[3] % 4 == 0
    x_offset = Field("x_offset", "int32_t", -channels.x_zero)
    head = (*stream_fields(channels), *_sizes(inputs, window), *window.fields())
    return Kernel(
        function="lp_conv2d_s8_dsp" if whole else "lp_conv2d_stem_s8_dsp",
        fields=(*head, x_offset, *channels.clamp()),
        operands=(node.inputs[0], node.output),
        scratch_bytes=32 * words if whole else 36 * words + 4,
        also=("lp_patches_s8_dsp",),
    )


def _pointwise(node: Node, window: Window, channels: Channels, target: Target) -> Kernel:
    c_out, c_in = channels.rows.shape
    in_place = (0,) if window.pixels_end_behind_reads(c_in, c_out) else ()
    sizes = pointwise_sizes(window, c_in, c_out)
    if target.dsp and fits_dsp(channels):
        return Kernel(
            function="lp_conv2d_1x1_s8_dsp",
            fields=(*stream_fields(channels), *sizes, *channels.clamp()),
            operands=(node.inputs[0], node.output),
            scratch_bytes=32 * -(-c_in // 4),
            in_place=in_place,
            also=("lp_patches_s8_dsp",),
        )
    return Kernel(
        function="lp_conv2d_1x1_s8",
        fields=(
            *channels.fields(channels.rows), *pointwise_sizes(window, c_in, c_out), *channels.offsets()
        ),
        operands=(node.inputs[0], node.output),
        scratch_bytes=c_in,
        in_place=in_place,
    )  # fmt: skip


def pointwise_sizes(window: Window, c_in: int, c_out: int) -> tuple[Field, ...]:
    """Sizes and strides of the 1×1 kernels, `in_w` to `stride_w`."""
    sizes = {
        "in_w": window.image[1], "c_in": c_in, "out_h": window.out[0], "out_w": window.out[1], "c_out": c_out,
        "stride_h": window.stride[0], "stride_w": window.stride[1],
    }  # fmt: skip
    return tuple(Field(name, "int32_t", value) for name, value in sizes.items())
