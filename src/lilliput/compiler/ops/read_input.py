"""Read input: some rows and columns of a network input that is not in memory; the application is asked for them.

Inputs   x (N, H, W, C), an input of the network that nothing but this operator reads
Attrs    at (top, left), size (height, width), inside the map
Value    y = x[:, top : top + height, left : left + width]
Integer  any type; scale and zero point stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_same_quant
from lilliput.compiler.ops.crop import ranges, window_shape

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class ReadInput(Op):
    """y = x[:, top : top + height, left : left + width], from outside."""

    name = "read_input"
    asks_outside = True

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

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        (top, left), (height, width) = node.attrs["at"], node.attrs["size"]
        numbers = {"top": top, "left": left, "rows": height, "columns": width}
        fields = tuple(Field(name, "int32_t", value) for name, value in numbers.items())
        return Kernel("lp_read_input", fields, (node.output,))

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        return self.kernel(node, inputs, output, target)
