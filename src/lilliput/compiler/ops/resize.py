"""Resize an image: nearest or bilinear.

Inputs   x (N, H, W, C)
Attrs    size (h, w); mode: nearest | bilinear; align_corners; half_pixel_centers (not both)
Float    output pixel i looks at p = i · in / out; at (i + 1/2) · in / out - 1/2 with half-pixel centres (nearest:
         (i + 1/2) · in / out); at i · (in - 1) / (out - 1) with aligned corners. Nearest takes floor(p), with aligned
         corners the nearest whole number (half up); bilinear weighs the pixels around p.
Integer  int8, nearest also int16; one scale for x and y. Nearest: float32 positions as above. Bilinear: TensorFlow
         Lite's rule: positions in 1/1024 pixel, one pixel of x per pixel of y being (1024 in + floor(out / 2)) / out;
         10-bit weights; the sum / 2^20 rounds half away from zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lilliput.compiler.graph import ITEM_BYTES, Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_rank, expect_same_quant, whole_numbers

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Resize(Op):
    """y = x at another height and width."""

    name = "resize"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, size = inputs[0], whole_numbers(node, "size", 2, 1)
        expect_rank(node, x, 4, 4)
        expect(max(*size, *x.shape[1:3]) < 1 << 15, node, f"{x.shape} to {size}: sides must be below 32768")
        return (x.shape[0], *size, x.shape[3]), x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        mode = node.attrs.get("mode")
        expect(mode in ("nearest", "bilinear"), node, f"mode must be nearest or bilinear, got {mode!r}")
        expect(not (_flag(node, "align_corners") and _flag(node, "half_pixel_centers")), node,
               "align_corners and half_pixel_centers exclude each other")  # fmt: skip
        expect_same_quant(node, inputs[0], output)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        import torch

        sides = zip(x[0].shape[1:3], whole_numbers(node, "size", 2, 1), strict=True)
        down, across = (torch.from_numpy(_matrix(node, a, b)).to(x[0]) for a, b in sides)
        return torch.einsum("ih,nhwc,jw->nijc", down, x[0], across)

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        sides = list(zip(x[0].shape[1:3], output.shape[1:3], strict=True))
        if node.attrs["mode"] == "nearest":
            rows, columns = (_nearest(node, a, b) for a, b in sides)
            picked: Array = x[0][:, rows][:, :, columns]
            return picked
        if output.dtype != "int8":
            raise self.unsupported(node, f"has no {output.dtype} form")
        down, across = (_Taps.of(node, a, b) for a, b in sides)
        image = x[0].astype(np.int64)
        total = np.zeros((len(x[0]), *output.shape[1:]), np.int64)
        for rows, row_weights in down.ends():
            for columns, column_weights in across.ends():
                total += image[:, rows][:, :, columns] * row_weights[:, None, None] * column_weights[:, None]
        made: Array = (np.sign(total) * ((np.abs(total) + (1 << 19)) >> 20)).astype(np.int8)
        return made

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        x = inputs[0]
        if x.dtype != "int8" and node.attrs["mode"] != "nearest":
            raise self.unsupported(node, f"has no {x.dtype} kernel")
        # The nearest pixels are copied, whatever they are: `c` counts bytes.
        width = x.shape[3] * (ITEM_BYTES[x.dtype] if node.attrs["mode"] == "nearest" else 1)
        fields = [Field("w_in", "int32_t", x.shape[2]), Field("c", "int32_t", width)]
        fields += [Field("h_out", "int32_t", output.shape[1]), Field("w_out", "int32_t", output.shape[2])]
        for name, a, b in zip(("row", "column"), x.shape[1:3], output.shape[1:3], strict=True):
            if node.attrs["mode"] == "nearest":
                fields.append(Field(name, "int16_t", _nearest(node, a, b)))
            else:
                taps = _Taps.of(node, a, b)
                fields += [Field(name, "int16_t", taps.low), Field(f"{name}_weight", "int16_t", taps.weight)]
        return Kernel(
            function=f"lp_resize_{node.attrs['mode']}_s8",
            fields=tuple(fields),
            operands=(node.inputs[0], node.output),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        if node.attrs["mode"] == "nearest":
            return self.kernel(node, inputs, output, target)
        x = inputs[0]
        sizes = {"w_in": x.shape[2], "c": x.shape[3], "h_out": output.shape[1], "w_out": output.shape[2]}
        fields = [Field(name, "int32_t", value) for name, value in sizes.items()]
        for name, a, b in zip(("row", "column"), x.shape[1:3], output.shape[1:3], strict=True):
            low, weight = _places(node, a, b)
            fields += [Field(name, "int16_t", low), Field(f"{name}_above", "int16_t", np.minimum(low + 1, a - 1))]
            fields.append(Field(f"{name}_weight", "float", weight))
        return Kernel(function="lp_resize_bilinear_f32", fields=tuple(fields), operands=(node.inputs[0], node.output))


class _Taps(NamedTuple):
    """For each output pixel the lower of its two input pixels, and the weight of the higher one in 1/1024.

    Where both are one, at the border, the weight is 0, so that `low + 1` is looked at only where it is in the image.
    """

    low: Array
    weight: Array

    @classmethod
    def of(cls, node: Node, length: int, size: int) -> _Taps:
        step = (1024 * length + size // 2) // size
        if _flag(node, "align_corners") and size > 1:
            step = (1024 * (length - 1) + (size - 1) // 2) // (size - 1)
        position = np.arange(size, dtype=np.int64) * step
        if _flag(node, "half_pixel_centers"):
            position += step // 2 - 512
        position = np.clip(position, 0, (length - 1) * 1024)
        low = np.minimum(position >> 10, max(length - 2, 0))
        return cls(low, position - (low << 10))

    def ends(self) -> list[tuple[Array, Array]]:
        """(pixels, weights) of the lower and of the higher end."""
        return [(self.low, 1024 - self.weight), (self.low + (self.weight > 0), self.weight)]


def _nearest(node: Node, length: int, size: int) -> Array:
    """The input pixel of each output pixel, in float32 as the published kernels compute it."""
    i, half = np.arange(size, dtype=np.float32), np.float32(0.5)
    if _flag(node, "align_corners") and size > 1:
        at = np.floor((i * (np.float32(length - 1) / np.float32(size - 1))).astype(np.float64) + 0.5)
    else:
        offset = half if _flag(node, "half_pixel_centers") else np.float32(0)
        at = np.floor((i + offset) * (np.float32(length) / np.float32(size)))
    pixels: Array = np.minimum(at.astype(np.int64), length - 1)
    return pixels


def _matrix(node: Node, length: int, size: int) -> Array:
    """float32 (size, length): what each output pixel takes of each input pixel."""
    matrix, rows = np.zeros((size, length), np.float32), np.arange(size)
    if node.attrs["mode"] == "nearest":
        matrix[rows, _nearest(node, length, size)] = 1.0
        return matrix
    low, weight = _places(node, length, size)
    np.add.at(matrix, (rows, low), 1.0 - weight)
    np.add.at(matrix, (rows, np.minimum(low + 1, length - 1)), weight)
    return matrix


def _places(node: Node, length: int, size: int) -> tuple[Array, Array]:
    """For each output pixel of the bilinear mode the lower input pixel, and the weight of the one above it."""
    rows = np.arange(size)
    position = rows * (length / size)
    if _flag(node, "align_corners") and size > 1:
        position = rows * ((length - 1) / (size - 1))
    elif _flag(node, "half_pixel_centers"):
        position = (rows + 0.5) * (length / size) - 0.5
    position = np.clip(position, 0, length - 1)
    low = np.floor(position).astype(np.int64)
    return low, position - low


def _flag(node: Node, key: str) -> bool:
    return bool(node.attrs.get(key, False))
