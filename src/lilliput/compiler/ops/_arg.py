"""What the places of the largest and of the smallest share."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from lilliput.compiler.graph import Array, DType, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops._attrs import axis_of, expect_rank
from lilliput.compiler.ops._reduce import keeps
from lilliput.compiler.ops._strided import MOST_AXES


class ArgExtreme(Op):
    """y = the number of the largest, or the smallest, element along `axis`."""

    sign: ClassVar[int]
    """1 for the largest, -1 for the smallest."""

    @abstractmethod
    def place(self, x: Array, axis: int) -> Array:
        """The number of the first such element, int64."""

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x = inputs[0]
        expect_rank(node, x, 1, MOST_AXES)
        axis = axis_of(node, len(x.shape))
        return (*x.shape[:axis], *([1] if keeps(node) else []), *x.shape[axis + 1 :]), _dtype(node)

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return axis_of(node, len(inputs[0].shape)) == 0

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        axis = axis_of(node, x[0].ndim)
        places = self.place(x[0], axis).astype(output.dtype)
        return np.expand_dims(places, axis) if keeps(node) else np.asarray(places)

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x = inputs[0]
        if x.dtype not in ("int8", "float32"):
            raise self.unsupported(node, f"has no {x.dtype} kernel")
        axis = axis_of(node, len(x.shape))
        numbers = {
            "outer": math.prod(x.shape[:axis]), "depth": x.shape[axis], "inner": math.prod(x.shape[axis + 1 :]),
            "sign": self.sign, "wide": int(output.dtype == "int64"),
        }  # fmt: skip
        return Kernel(
            function="lp_arg_s8" if x.dtype == "int8" else "lp_arg_f32",
            fields=tuple(Field(name, "int32_t", value) for name, value in numbers.items()),
            operands=(node.inputs[0], node.output),
        )


def _dtype(node: Node) -> DType:
    dtype = node.attrs.get("dtype", "int32")
    expect(dtype in ("int32", "int64"), node, f"dtype must be int32 or int64, got {dtype!r}")
    return "int64" if dtype == "int64" else "int32"
