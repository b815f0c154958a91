"""What the element-wise pairs share that have no rule of their own for constants: types, kernels, constant operands.

The structs of their kernels begin with `a` and `b`, constants in flash that take the place of an operand where they are
not null, and go on with the loops of `_broadcast`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from lilliput.compiler.graph import Array, DType, Node, Value
from lilliput.compiler.op import CType, Field, Kernel, Op, Signature, Target
from lilliput.compiler.ops._broadcast import loop_fields, mixes_rows, stretched
from lilliput.compiler.ops._float import pair_kernel
from lilliput.compiler.ops._rescale import codes_of, lookup_kernel

C_TYPES: Mapping[DType, CType] = {
    "int8": "int8_t", "int16": "int16_t", "bool": "int8_t", "int32": "int32_t", "int64": "int64_t", "float32": "float",
}  # fmt: skip
SUFFIXES: Mapping[DType, str] = {
    "int8": "s8", "int16": "s16", "bool": "s8", "int32": "s32", "int64": "s64", "float32": "f32",
}  # fmt: skip


class Pair(Op):
    """y = f(a, b), element by element."""

    arity = (2, 2)
    elementwise = True
    takes: ClassVar[tuple[DType, ...]] = ("int8",)
    """Types with an integer form; `function` names a kernel for each."""
    function: ClassVar[str]
    """Stem of the kernels' names, to which the type is added."""

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        return stretched(node, inputs)

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return mixes_rows(inputs, output)

    def fields(self, node: Node, inputs: Sequence[Value], output: Value) -> tuple[Field, ...]:
        """The last members of the kernel's struct."""
        return ()

    def pairs(self, node: Node, inputs: Sequence[Value], output: Value, a: Array, b: Array) -> Array:
        """f for the types in `takes`."""
        raise NotImplementedError

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        if inputs[0].dtype not in self.takes:
            raise self.unsupported(node, f"has no {inputs[0].dtype} form")
        return self.pairs(node, inputs, output, *x)

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        dtype, active = inputs[0].dtype, [value for value in inputs if not value.is_constant]
        if dtype not in self.takes:
            raise self.unsupported(node, f"has no {dtype} kernel")
        if not active:
            raise self.unsupported(node, "of two constants has no kernel: fold it first")
        if dtype == "int8" and len(active) == 1 and active[0].shape == output.shape and min(_sizes(inputs)) == 1:
            return self._table(node, inputs, output, active[0], target)
        return Kernel(
            function=f"{self.function}_{SUFFIXES[dtype]}",
            fields=(
                *constant_fields(inputs),
                *loop_fields(self, node, inputs[0], inputs[1], output),
                *self.fields(node, inputs, output),
            ),
            operands=(active[0].name, active[-1].name, node.output),
            in_place=places_of(active, output),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        return pair_kernel(self, node, inputs, output)

    def _table(
        self, node: Node, inputs: Sequence[Value], output: Value, active: Value, target: Target
    ) -> Kernel | None:
        codes = codes_of(active).astype(np.int8)
        given = [codes if value.data is None else value.data.reshape(1) for value in inputs]
        return lookup_kernel(node, active, self.integer(node, inputs, output, *given).astype(np.int8), target)


def constant_fields(inputs: Sequence[Value]) -> tuple[Field, ...]:
    """`a` and `b`."""
    return tuple(
        Field(name, "int32_t", 0) if value.data is None else Field(name, C_TYPES[value.dtype], value.data)
        for name, value in zip("ab", inputs, strict=True)
    )


def places_of(active: Sequence[Value], output: Value) -> tuple[int, ...]:
    """`in_place` of a kernel whose operands are the one activation twice, or both."""
    whole = tuple(i for i, value in enumerate(active) if (value.shape, value.dtype) == (output.shape, output.dtype))
    return (0, 1) if whole and len(active) == 1 else whole


def _sizes(inputs: Sequence[Value]) -> list[int]:
    return [value.elements for value in inputs if value.is_constant]
