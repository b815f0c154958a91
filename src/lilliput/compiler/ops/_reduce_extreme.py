"""What the largest and the smallest along some axes share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Target
from lilliput.compiler.ops._attrs import expect_same_quant
from lilliput.compiler.ops._reduce import Reduction, loops_over


class ReduceExtreme(Reduction):
    """y = the largest, or the smallest, of x over `axes`."""

    sign: ClassVar[int]
    """1 for the largest, -1 for the smallest."""

    @abstractmethod
    def reduced(self, node: Node, x: Array) -> Array:
        """y, any type."""

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        expect_same_quant(node, inputs[0], output)

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        return self.reduced(node, x[0])

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x = inputs[0]
        if x.dtype not in ("int8", "bool"):
            raise self.unsupported(node, f"has no {x.dtype} kernel")
        fields = {**loops_over(self, node, x.shape)._asdict(), "sign": self.sign}
        return Kernel(
            function="lp_reduce_s8",
            fields=tuple(Field(name, "int32_t", value) for name, value in fields.items()),
            operands=(node.inputs[0], node.output),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        loops = loops_over(self, node, inputs[0].shape)
        return Kernel(
            function="lp_reduce_f32",
            fields=(
                *(Field(name, "int32_t", value) for name, value in loops._asdict().items()),
                Field("sign", "int32_t", self.sign),
            ),
            operands=(node.inputs[0], node.output),
        )
