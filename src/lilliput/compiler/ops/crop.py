"""Crop: some rows and columns of a map, y = x[:, top : top + height, left : left + width].

Inputs   x (N, H, W, C)
Attrs    at (top, left), size (height, width), inside the map
Integer  any type; scale and zero point stay.
Kernel   by runs of bytes; in place where x is read no more. That, and any type, is what it has before `slice`, which
         takes steps and any axis: patches crop shortcuts at the peak of memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lilliput.compiler.graph import ITEM_BYTES, Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_rank, expect_same_quant, whole_numbers

if TYPE_CHECKING:
    from torch import Tensor


def window_shape(node: Node, x: Value) -> tuple[int, ...]:
    """Shape of the window that `at` and `size` cut out of x. Raises BrokenGraph."""
    expect_rank(node, x, 4, 4)
    (top, left), (height, width) = whole_numbers(node, "at", 2, 0), whole_numbers(node, "size", 2, 1)
    inside = top + height <= x.shape[1] and left + width <= x.shape[2]
    expect(inside, node, f"rows {top} to {top + height} and columns {left} to {left + width} are not all in {x.shape}")
    return (x.shape[0], height, width, x.shape[3])


@register_op
class Crop(Op):
    """y = x[:, top : top + height, left : left + width]."""

    name = "crop"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        return window_shape(node, inputs[0]), inputs[0].dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        expect_same_quant(node, inputs[0], output)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        rows, columns = ranges(node)
        return x[0][:, rows, columns].contiguous()

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        rows, columns = ranges(node)
        cut: Array = x[0][:, rows, columns]
        return cut

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        x = inputs[0]
        pixel = x.shape[3] * ITEM_BYTES[x.dtype]
        (top, left), (height, width) = node.attrs["at"], node.attrs["size"]
        pitch, start = x.shape[2] * pixel, (top * x.shape[2] + left) * pixel
        rows, run = (1, height * pitch) if width == x.shape[2] else (height, width * pixel)
        if start == 0 and rows == 1:
            return None  # the first rows of x are y as they are
        numbers = {"start": start, "rows": rows, "run": run, "pitch": pitch}
        return Kernel(
            function="lp_crop",
            fields=tuple(Field(name, "int32_t", value) for name, value in numbers.items()),
            operands=(node.inputs[0], node.output),
            in_place=(0,),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        return self.kernel(node, inputs, output, target)


def ranges(node: Node) -> tuple[slice, slice]:
    """Rows and columns of the window."""
    (top, left), (height, width) = node.attrs["at"], node.attrs["size"]
    return slice(top, top + height), slice(left, left + width)
