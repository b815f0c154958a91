"""What the operators share that only move values: any type, one scale, one strided copy."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Kernel, Op, Target
from lilliput.compiler.ops._attrs import expect_same_quant
from lilliput.compiler.ops._strided import strided_copy


class View(NamedTuple):
    """y as loops over x: element (i, j, …) of `lengths` is x[start + i · strides[0] + j · strides[1] + …]."""

    start: int
    lengths: Sequence[int]
    strides: Sequence[int]


class Move(Op):
    """Each element of y is an element of x."""

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        expect_same_quant(node, inputs[0], output)

    @abstractmethod
    def view(self, node: Node, x: Value, y: Value) -> View:
        """Where the elements of y lie in x."""

    @abstractmethod
    def moved(self, node: Node, x: Array, output: Value) -> Array:
        """y, any type, any batch."""

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        return self.moved(node, x[0], output)

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        return strided_copy(node, output, *self.view(node, inputs[0], output), target)

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        return self.kernel(node, inputs, output, target)
