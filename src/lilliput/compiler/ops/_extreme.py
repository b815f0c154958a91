"""What maximum and minimum share, and with them the conjunction and disjunction of truth values."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from lilliput.compiler.graph import Array, DType, Node, Value
from lilliput.compiler.op import Field, Kernel, Target
from lilliput.compiler.ops._attrs import expect_same_quant
from lilliput.compiler.ops._pair import Pair
from lilliput.compiler.ops._whole import is_whole, whole_kernel


class Extreme(Pair):
    """y is a or b, whichever is larger, or smaller."""

    takes: ClassVar[tuple[DType, ...]] = ("int8", "int16", "int32", "int64")
    function = "lp_extreme"
    largest: ClassVar[bool]

    @abstractmethod
    def extreme(self, a: Array, b: Array) -> Array:
        """The larger, or the smaller, any type."""

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        for value in inputs:
            expect_same_quant(node, value, output)

    def pairs(self, node: Node, inputs: Sequence[Value], output: Value, a: Array, b: Array) -> Array:
        return self.extreme(a, b)

    def fields(self, node: Node, inputs: Sequence[Value], output: Value) -> tuple[Field, ...]:
        return (Field("sign", "int32_t", 1 if self.largest else -1),)

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        if is_whole(inputs):
            return whole_kernel(self, node, inputs, output)
        return super().kernel(node, inputs, output, target)
