"""2-D convolution, channels last: y = activation(x ∗ w + b).

Inputs   x (N, H, W, C_in), w (C_out, kh, kw, C_in / groups) constant, b (C_out) constant, optional
Attrs    stride (h, w), padding ((top, bottom), (left, right)) with real zeros, dilation (h, w),
         activation: none | relu | relu6 | relu_n1_to_1, fused
         groups follow from the shapes: C_in over the last axis of w
Integer  x int8 asymmetric, w int8 symmetric (zero point 0) per tensor or per output channel (axis 0), b int32 with
         scale s_x · s_w, y int8; or x and y int16 with zero point 0, b int64 or int32
         w of 4 bits (`Value.bits`) where it is int8 in -8 to 7
Kernels  portable: 1×1 without padding; those with groups; all others
         DSP: 1×1 without padding and all others, each by two kinds of blocks; where a factor is above 1/2: 1×1 without
         padding; input channels in fours; all others, but not with groups
         MVE: 1×1 without padding; all others, but not with groups of one or two output channels
         RVV: 1×1 without padding; all others
         with weights of 4 bits: all by one portable kernel; three of DSP
         host: one for all, but not with groups
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, activation_of, apply_activation, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._blocks import Block, block_fields, blocks_for, fits_blocks, scratch_bytes
from lilliput.compiler.ops._dots import plain_dots
from lilliput.compiler.ops._dsp import fits_dsp, stream_fields
from lilliput.compiler.ops._float import ABREAST, abreast, clamp_fields, demand_float, rows_kernel
from lilliput.compiler.ops._layers_s16 import conv2d_s16
from lilliput.compiler.ops._mve import dots_fields, held_patches, held_pixels
from lilliput.compiler.ops._rvv import convolution as rvv_convolution
from lilliput.compiler.ops._rvv import fits_rvv
from lilliput.compiler.ops._rvv import pointwise as rvv_pointwise
from lilliput.compiler.ops._simd import convolution, fits_simd
from lilliput.compiler.ops._weights import Channels, channels_of, check_weights, finish
from lilliput.compiler.ops._window import Window, window_of

if TYPE_CHECKING:
    from torch import Tensor

PATCH_TAPS, PATCH_CHANNELS = 64, 16
"""With up to so many taps, whose runs are short, and from so many output channels up, which share the copies, float
kernels copy what 4 outputs look at side by side, 1 KiB at most."""

FEWEST = 3
"""Output channels of a group from which on Helium's fours of channels are worth it; groups are filled up to fours."""


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
        if x.dtype not in ("int8", "int16") or w.dtype != "int8" or w.data is None or x.shape[0] != 1:
            raise self.unsupported(node, f"has no {x.dtype} kernel for a batch of {x.shape[0]}")
        window = _window(node, inputs)
        if x.dtype == "int16":
            return conv2d_s16(node, inputs, output, window, target)
        channels = channels_of(node, inputs, output, w.data.reshape(w.shape[0], -1))
        if target.host and fits_simd(channels) and x.shape[3] == w.shape[3]:
            return convolution((node.inputs[0], node.output), window, x.shape[3], channels)
        if w.bits == 8 and fits_rvv(channels, target):
            return _by_lanes(node, inputs, window, channels)
        if _uses_blocks(inputs, channels, target):
            return _by_blocks(node, inputs, window, channels)[0]
        by_patches = target.dsp and fits_dsp(channels) and x.shape[3] == w.shape[3]
        if w.bits == 4 and not by_patches:
            return _general_s4(node, inputs, window, channels)
        mve = target.mve and w.bits == 8 and channels.rounding == "double"
        if x.shape[3] != w.shape[3]:
            fills = len(channels.rows) * w.shape[3] >= FEWEST * x.shape[3]
            return (_by_vectors if mve and fills else _general)(node, inputs, window, channels)
        if window.is_pointwise:
            return _pointwise(node, window, channels, target, w.bits)
        if mve:
            return _by_vectors(node, inputs, window, channels)
        if by_patches:
            return _by_patches(node, inputs, window, channels)
        return _by_patch(node, inputs, window, channels)

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        w, bias = demand_float(self, node, inputs)
        x, window, rows = inputs[0], _window(node, inputs), w.reshape(w.shape[0], -1)
        if x.shape[0] != 1:
            raise self.unsupported(node, f"has no float32 kernel for a batch of {x.shape[0]}")
        if window.is_pointwise and window.stride == (1, 1) and w.shape[3] == x.shape[3]:
            return rows_kernel(node, rows, bias, window.positions)
        if window.is_column:
            window = window.turned()
        groups = x.shape[3] // w.shape[3]
        if groups == 1 and rows.shape[1] <= PATCH_TAPS and rows.shape[0] >= PATCH_CHANNELS:
            return _float_patches(node, window, x.shape[3], rows_kernel(node, rows, bias, window.positions))
        return Kernel(
            function="lp_conv2d_f32",
            fields=(
                Field("w", "float", abreast(rows, groups)), Field("bias", "float", bias), *_sizes(inputs, window),
                *window.fields(), Field("groups", "int32_t", groups), *clamp_fields(node),
            ),
            operands=(node.inputs[0], node.output),
        )  # fmt: skip

    def alternatives(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> tuple[Kernel, ...]:
        x, w = inputs[:2]
        if not target.dsp or x.dtype != "int8" or w.dtype != "int8" or w.data is None:
            return ()
        channels = channels_of(node, inputs, output, w.data.reshape(w.shape[0], -1))
        if not _uses_blocks(inputs, channels, target):
            return ()
        return _by_blocks(node, inputs, _window(node, inputs), channels)


def _float_patches(node: Node, window: Window, c_in: int, product: Kernel) -> Kernel:
    sizes = {"in_h": window.image[0], "in_w": window.image[1], "c_in": c_in, "out_w": window.out[1]}
    (taps,) = (field.value for field in product.fields if field.name == "c_in")
    return Kernel(
        function="lp_conv2d_patches_f32",
        fields=(
            *(Field(f"rows.{field.name}", field.ctype, field.value) for field in product.fields),
            *(Field(name, "int32_t", value) for name, value in sizes.items()), *window.fields(),
        ),
        operands=product.operands,
        scratch_bytes=4 * ABREAST * int(taps),
        also=product.also,
    )  # fmt: skip


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


def _general_s4(node: Node, inputs: Sequence[Value], window: Window, channels: Channels) -> Kernel:
    groups = Field("groups", "int32_t", inputs[0].shape[3] // inputs[1].shape[3])
    head = (*channels.fields(channels.packed_s4()), *_sizes(inputs, window), *window.fields())
    return Kernel(
        function="lp_conv2d_s4",
        fields=(*head, groups, *channels.offsets()),
        operands=(node.inputs[0], node.output),
        struct="lp_conv2d_s8",
        scratch_bytes=channels.rows.shape[1],
    )


def _by_patch(node: Node, inputs: Sequence[Value], window: Window, channels: Channels) -> Kernel:
    sizes = tuple(field for field in _sizes(inputs, window) if field.name != "c_out")
    x_zero = Field("x_zero", "int32_t", channels.x_zero)
    return Kernel(
        function="lp_conv2d_patch_s8",
        fields=(*plain_dots(channels), *sizes, *window.fields(), x_zero),
        operands=(node.inputs[0], node.output),
        scratch_bytes=channels.rows.shape[1],
        also=("lp_dots_s8",),
    )


def _uses_blocks(inputs: Sequence[Value], channels: Channels, target: Target) -> bool:
    return target.dsp and not target.mve and inputs[1].bits == 8 and fits_blocks(channels)


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
    bits, words = inputs[1].bits, -(-channels.rows.shape[1] // 4)
    whole = inputs[0].shape[3] % 4 == 0
    x_offset = Field("x_offset", "int32_t", -channels.x_zero)
    head = (*stream_fields(channels, bits), *_sizes(inputs, window), *window.fields())
    stem = "lp_conv2d" if whole else "lp_conv2d_stem"
    return Kernel(
        function=f"{stem}_s{bits}_dsp",
        fields=(*head, x_offset, *channels.clamp()),
        operands=(node.inputs[0], node.output),
        struct=f"{stem}_s8_dsp",
        scratch_bytes=max(_patches_bytes(words, bits), 0 if whole else 36 * words + 4),
        also=("lp_patches_s8_dsp", *(("lp_patches_s4_dsp",) if bits == 4 else ())),
    )


def _patches_bytes(words: int, bits: int) -> int:
    """Of four unpacked patches; with weights of 4 bits of an even number of words."""
    return 32 * (words if bits == 8 else words + words % 2)


def _pointwise(node: Node, window: Window, channels: Channels, target: Target, bits: int) -> Kernel:
    c_out, c_in = channels.rows.shape
    in_place = (0,) if window.pixels_end_behind_reads(c_in, c_out) else ()
    if target.mve and bits == 8 and channels.rounding == "double":
        return _pointwise_by_vectors(node, window, channels, in_place)
    sizes = pointwise_sizes(window, c_in, c_out)
    if target.dsp and fits_dsp(channels):
        return pointwise_by_patches(node, channels, sizes, in_place, bits)
    return Kernel(
        function="lp_conv2d_1x1_s8",
        fields=(*plain_dots(channels), *(field for field in sizes if not field.name.startswith("c_"))),
        operands=(node.inputs[0], node.output),
        scratch_bytes=c_in,
        in_place=in_place,
        also=("lp_dots_s8",),
    )


def pointwise_by_patches(
    node: Node, channels: Channels, sizes: tuple[Field, ...], in_place: tuple[int, ...], bits: int
) -> Kernel:
    """The DSP kernel of 1×1 layers; a fully connected layer is one on a single pixel."""
    return Kernel(
        function=f"lp_conv2d_1x1_s{bits}_dsp",
        fields=(*stream_fields(channels, bits), *sizes, *channels.clamp()),
        operands=(node.inputs[0], node.output),
        struct="lp_conv2d_1x1_s8_dsp",
        scratch_bytes=_patches_bytes(-(-channels.rows.shape[1] // 4), bits),
        in_place=in_place,
        also=("lp_patches_s8_dsp", *(("lp_patches_s4_dsp",) if bits == 4 else ())),
    )


def _by_vectors(node: Node, inputs: Sequence[Value], window: Window, channels: Channels) -> Kernel:
    taps = channels.rows.shape[1]
    held = held_patches(taps, window.positions)
    sizes = tuple(field for field in _sizes(inputs, window) if field.name != "c_out")
    groups = inputs[0].shape[3] // inputs[1].shape[3]
    ends = {"groups": groups, "x_zero": channels.x_zero, "held": held}
    return Kernel(
        function="lp_conv2d_s8_mve",
        fields=(
            *dots_fields(channels, groups),
            *sizes,
            *window.fields(),
            *(Field(name, "int32_t", value) for name, value in ends.items()),
        ),
        operands=(node.inputs[0], node.output),
        scratch_bytes=held * taps,
        also=("lp_dots_s8_mve",),
    )


def _pointwise_by_vectors(node: Node, window: Window, channels: Channels, in_place: tuple[int, ...]) -> Kernel:
    c_in = channels.rows.shape[1]
    held = held_pixels(c_in, window.positions) if in_place else 0
    sizes = {
        "in_w": window.image[1], "out_h": window.out[0], "out_w": window.out[1],
        "stride_h": window.stride[0], "stride_w": window.stride[1], "held": held,
    }  # fmt: skip
    return Kernel(
        function="lp_conv2d_1x1_over_s8_mve" if in_place else "lp_conv2d_1x1_s8_mve",
        struct="lp_conv2d_1x1_s8_mve",
        fields=(*dots_fields(channels), *(Field(name, "int32_t", value) for name, value in sizes.items())),
        operands=(node.inputs[0], node.output),
        scratch_bytes=held * c_in,
        in_place=in_place,
        also=("lp_dots_s8_mve",),
    )


def _by_lanes(node: Node, inputs: Sequence[Value], window: Window, channels: Channels) -> Kernel:
    c_in, depth = inputs[0].shape[3], inputs[1].shape[3]
    if window.is_pointwise and c_in == depth:
        over = window.pixels_end_behind_reads(c_in, len(channels.rows))
        return rvv_pointwise(node, window, channels, (0,) if over else ())
    return rvv_convolution(node, window, c_in, c_in // depth, channels)


def pointwise_sizes(window: Window, c_in: int, c_out: int) -> tuple[Field, ...]:
    """Sizes and strides of the 1×1 kernels, `in_w` to `stride_w`."""
    sizes = {
        "in_w": window.image[1], "c_in": c_in, "out_h": window.out[0], "out_w": window.out[1], "c_out": c_out,
        "stride_h": window.stride[0], "stride_w": window.stride[1],
    }  # fmt: skip
    return tuple(Field(name, "int32_t", value) for name, value in sizes.items())
