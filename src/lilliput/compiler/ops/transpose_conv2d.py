"""Transposed 2-D convolution, channels last: what spreads each input pixel over a window of the output.

Inputs   x (N, H, W, C_in), w (C_out, kh, kw, C_in) constant, b (C_out) constant, optional
Attrs    stride (h, w); before (top, left): rows and columns of the full result that are cut off in front; size (h, w)
         of y, which may end before or behind the full result; activation: none | relu | relu6 | relu_n1_to_1, fused
Value    full[i · s + k] = Σ x[i] · w[k], y = full[before : before + size] + b
Integer  x int8 asymmetric, w int8 symmetric (zero point 0) per tensor or per output channel, b int32 with scale
         s_x · s_w, y int8; or x and y int16 with zero point 0, b int64
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, activation_of, apply_activation, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import whole_numbers
from lilliput.compiler.ops._float import clamp_fields, demand_float
from lilliput.compiler.ops._layers_s16 import transpose_conv2d_s16
from lilliput.compiler.ops._weights import channels_of, check_weights, finish

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class TransposeConv2d(Op):
    """y = activation(x spread by w + b)."""

    name = "transpose_conv2d"
    arity = (2, 3)
    takes_activation = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, w = inputs[:2]
        expect(len(x.shape) == 4, node, f"x must be (N, H, W, C), got {x.shape}")
        fits = len(w.shape) == 4 and w.shape[3] == x.shape[3]
        expect(fits, node, f"w must be (C_out, kh, kw, {x.shape[3]}), got {w.shape}")
        expect(len(inputs) < 3 or inputs[2].shape == (w.shape[0],), node, f"b must be ({w.shape[0]},)")
        whole_numbers(node, "stride", 2, 1)
        whole_numbers(node, "before", 2, 0)
        return (x.shape[0], *whole_numbers(node, "size", 2, 1), w.shape[0]), x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        check_weights(node, inputs, axis=0)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        from torch.nn import functional

        full = functional.conv_transpose2d(
            x[0].permute(0, 3, 1, 2), x[1].permute(3, 0, 1, 2), stride=node.attrs["stride"]
        )
        (top, left), (height, width) = node.attrs["before"], node.attrs["size"]
        beyond = (0, max(left + width - full.shape[3], 0), 0, max(top + height - full.shape[2], 0))
        y = functional.pad(full, beyond)[:, :, top : top + height, left : left + width].permute(0, 2, 3, 1)
        return apply_activation(activation_of(node), y + x[2] if len(x) > 2 else y)

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        (sh, sw), (top, left), (height, width) = (node.attrs[key] for key in ("stride", "before", "size"))
        centred, w = x[0].astype(np.float64) - inputs[0].zero_point, x[1].astype(np.float64)
        n, rows, columns, _ = centred.shape
        c_out, kh, kw, _ = w.shape
        full = np.zeros((n, max((rows - 1) * sh + kh, top + height), max((columns - 1) * sw + kw, left + width), c_out))
        for ky in range(kh):
            for kx in range(kw):
                end_y, end_x = ky + (rows - 1) * sh + 1, kx + (columns - 1) * sw + 1
                full[:, ky:end_y:sh, kx:end_x:sw] += centred @ w[:, ky, kx].T
        acc = full[:, top : top + height, left : left + width].astype(np.int64)
        return finish(node, inputs, output, acc + (x[2].astype(np.int64) if len(x) > 2 else 0))

    def macs(self, node: Node, inputs: Sequence[Value], output: Value) -> int:
        x, w = inputs[:2]
        return x.shape[1] * x.shape[2] * w.elements

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x, w = inputs[:2]
        if x.dtype not in ("int8", "int16") or w.dtype != "int8" or w.data is None or x.shape[0] != 1:
            raise self.unsupported(node, f"has no {x.dtype} kernel for a batch of {x.shape[0]}")
        fields = _sizes(node, x, w)
        if x.dtype == "int16":
            return transpose_conv2d_s16(node, inputs, output, fields)
        channels = channels_of(node, inputs, output, w.data.reshape(w.shape[0], -1))
        return Kernel(
            function="lp_transpose_conv2d_s8",
            fields=(*channels.fields(channels.rows), *fields, *channels.offsets()),
            operands=(node.inputs[0], node.output),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        w, bias = demand_float(self, node, inputs)
        if inputs[0].shape[0] != 1:
            raise self.unsupported(node, f"has no float32 kernel for a batch of {inputs[0].shape[0]}")
        weights = (Field("w", "float", w), Field("bias", "float", bias))
        return Kernel(
            function="lp_transpose_conv2d_f32",
            fields=(*weights, *_sizes(node, inputs[0], inputs[1]), *clamp_fields(node)),
            operands=(node.inputs[0], node.output),
        )


def _sizes(node: Node, x: Value, w: Value) -> tuple[Field, ...]:
    """`in_h` to `left`."""
    (sh, sw), (top, left), (height, width) = (node.attrs[key] for key in ("stride", "before", "size"))
    sizes = {
        "in_h": x.shape[1], "in_w": x.shape[2], "c_in": x.shape[3], "out_h": height, "out_w": width,
        "c_out": w.shape[0], "kernel_h": w.shape[1], "kernel_w": w.shape[2], "stride_h": sh, "stride_w": sw,
        "top": top, "left": left,
    }  # fmt: skip
    return tuple(Field(name, "int32_t", value) for name, value in sizes.items())
