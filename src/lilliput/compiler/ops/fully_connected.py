"""Fully connected layer: y = x · wᵀ + b.

Inputs   x (N, C_in), w (C_out, C_in) constant, b (C_out) constant, optional
Attrs    activation: none | relu | relu6 | relu_n1_to_1, fused
Integer  x int8 asymmetric, w int8 symmetric (zero point 0) per tensor or per output channel, b int32 with scale
         s_x · s_w, y int8; or x and y int16 with zero point 0, b int64 or int32
         w of 4 bits (`Value.bits`) where it is int8 in -8 to 7
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, activation_of, apply_activation, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._blocks import fits_blocks, fours_fields
from lilliput.compiler.ops._dots import plain_dots
from lilliput.compiler.ops._dsp import fits_dsp, packed_fields
from lilliput.compiler.ops._float import demand_float, rows_kernel
from lilliput.compiler.ops._layers_s16 import fully_connected_s16
from lilliput.compiler.ops._mve import dots_fields
from lilliput.compiler.ops._rvv import fits_rvv
from lilliput.compiler.ops._rvv import fully_connected as rvv_fully_connected
from lilliput.compiler.ops._simd import fits_simd
from lilliput.compiler.ops._simd import fully_connected as simd_fully_connected
from lilliput.compiler.ops._weights import Channels, channels_of, check_weights, finish
from lilliput.compiler.ops._window import Window
from lilliput.compiler.ops.conv2d import pointwise_by_patches, pointwise_sizes

if TYPE_CHECKING:
    from torch import Tensor

WIDE_BYTES = 1024
"""Up to this much scratch the input is unpacked once for all channels."""


@register_op
class FullyConnected(Op):
    """y = activation(x · wᵀ + b)."""

    name = "fully_connected"
    arity = (2, 3)
    takes_activation = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, w = inputs[:2]
        expect(len(x.shape) == 2, node, f"x must be (N, C_in), got {x.shape}")
        expect(len(w.shape) == 2 and w.shape[1] == x.shape[1], node, f"w {w.shape} does not fit x {x.shape}")
        expect(len(inputs) < 3 or inputs[2].shape == (w.shape[0],), node, f"b must be ({w.shape[0]},)")
        return (x.shape[0], w.shape[0]), x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        check_weights(node, inputs, axis=0)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        from torch.nn import functional

        bias = x[2] if len(x) > 2 else None
        return apply_activation(activation_of(node), functional.linear(x[0], x[1], bias))

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        # float64 holds every sum exactly (below 2^53) and uses the fast matrix product.
        products = (x[0].astype(np.float64) - inputs[0].zero_point) @ x[1].astype(np.float64).T
        acc = products.astype(np.int64) + (x[2].astype(np.int64) if len(x) > 2 else 0)
        return finish(node, inputs, output, acc)

    def macs(self, node: Node, inputs: Sequence[Value], output: Value) -> int:
        return inputs[1].elements

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x, w = inputs[:2]
        if x.dtype not in ("int8", "int16") or w.dtype != "int8" or w.data is None or x.shape[0] != 1:
            raise self.unsupported(node, f"has no {x.dtype} kernel for {x.shape[0]} rows")
        if x.dtype == "int16":
            return fully_connected_s16(node, inputs, output, target)
        channels = channels_of(node, inputs, output, w.data)
        if target.host and fits_simd(channels):
            return simd_fully_connected((node.inputs[0], node.output), channels)
        if _uses_fours(inputs, channels, target):
            return _by_fours(node, channels)[0]
        sizes = _sizes(channels)
        if w.bits == 4:
            return _kernel_s4(node, channels, sizes, target)
        if fits_rvv(channels, target):
            return rvv_fully_connected(node, channels)
        if target.mve and channels.rounding == "double":
            return Kernel(
                function="lp_fully_connected_s8_mve",
                fields=dots_fields(channels),
                operands=(node.inputs[0], node.output),
                also=("lp_dots_s8_mve",),
            )
        if target.dsp and fits_dsp(channels):
            return Kernel(
                function="lp_fully_connected_s8_dsp",
                fields=(*packed_fields(channels), *sizes, *channels.clamp()),
                operands=(node.inputs[0], node.output),
            )
        return Kernel(
            function="lp_fully_connected_s8",
            fields=plain_dots(channels),
            operands=(node.inputs[0], node.output),
            also=("lp_dots_s8",),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        w, bias = demand_float(self, node, inputs)
        return rows_kernel(node, w, bias, inputs[0].shape[0])

    def alternatives(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> tuple[Kernel, ...]:
        x, w = inputs[:2]
        if not target.dsp or x.dtype != "int8" or w.dtype != "int8" or w.data is None:
            return ()
        channels = channels_of(node, inputs, output, w.data)
        return _by_fours(node, channels) if _uses_fours(inputs, channels, target) else ()


def _uses_fours(inputs: Sequence[Value], channels: Channels, target: Target) -> bool:
    return target.dsp and not target.mve and inputs[1].bits == 8 and fits_blocks(channels)


def _by_fours(node: Node, channels: Channels) -> tuple[Kernel, ...]:
    """With the input unpacked once, which takes scratch, and anew for each four channels; the former first where that
    is little memory."""
    c_in = channels.rows.shape[1]
    wide_bytes = 8 * -(-c_in // 4)
    found = tuple(
        Kernel(
            function=f"lp_fully_connected_{kind}_s8_dsp",
            fields=(*fours_fields(channels, kind), *_sizes(channels), *channels.clamp()),
            operands=(node.inputs[0], node.output),
            scratch_bytes=scratch,
            variant=kind,
        )
        for kind, scratch in (("wide", wide_bytes), ("narrow", 0))
        if kind == "wide" or c_in % 4 == 0
    )
    return found if wide_bytes <= WIDE_BYTES else found[::-1]


def _sizes(channels: Channels) -> tuple[Field, ...]:
    c_out, c_in = channels.rows.shape
    return (Field("c_in", "int32_t", c_in), Field("c_out", "int32_t", c_out))


def _kernel_s4(node: Node, channels: Channels, sizes: tuple[Field, ...], target: Target) -> Kernel:
    if target.dsp and fits_dsp(channels):
        c_out, c_in = channels.rows.shape
        pixel = Window((1, 1), (1, 1), (1, 1), (1, 1), (1, 1), (0, 0), (0, 0))
        return pointwise_by_patches(node, channels, pointwise_sizes(pixel, c_in, c_out), (), 4)
    return Kernel(
        function="lp_fully_connected_s4",
        fields=(*channels.fields(channels.packed_s4()), *sizes, *channels.offsets()),
        operands=(node.inputs[0], node.output),
    )
