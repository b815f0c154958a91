"""Concatenation along one axis.

Inputs   1 to 8 values (N, …) that differ along the axis only
Attrs    axis: from 1 up
Integer  int8, any scales: an input in another scale than y is requantised by TensorFlow Lite's rule, the others' bytes
         move unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, broken, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._mve import with_vectors
from lilliput.compiler.ops._rescale import is_identity, rescale_table

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Concat(Op):
    """y = the inputs one after the other along `axis`."""

    name = "concat"
    arity = (1, 8)

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        first, axis = inputs[0], _axis(node, len(inputs[0].shape))
        for value in inputs[1:]:
            same = value.shape[:axis] == first.shape[:axis] and value.shape[axis + 1 :] == first.shape[axis + 1 :]
            expect(same, node, f"{first.shape} and {value.shape} differ beside axis {axis}")
            expect(value.dtype == first.dtype, node, f"types {first.dtype} and {value.dtype} differ")
        total = sum(value.shape[axis] for value in inputs)
        return (*first.shape[:axis], total, *first.shape[axis + 1 :]), first.dtype

    def float(self, node: Node, *x: Tensor) -> Tensor:
        import torch

        return torch.cat([part.expand(_batch(x), *part.shape[1:]) for part in x], _axis(node, x[0].ndim))

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        parts = [
            rescale_table(value, output)[part.astype(np.int64) + 128] for value, part in zip(inputs, x, strict=True)
        ]
        rows = [np.broadcast_to(part, (_batch(x), *part.shape[1:])) for part in parts]
        return np.concatenate(rows, _axis(node, x[0].ndim))

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        for value in inputs:
            if value.dtype != "int8" or value.is_constant:
                kind = "constant" if value.is_constant else value.dtype
                raise self.unsupported(node, f"has no kernel for {value.name!r}, which is {kind}")
        # Two functions with a fixed number of operands: unused ones repeat the last input, with a run of 0.
        slots = 4 if len(inputs) <= 4 else 8
        axis = _axis(node, len(output.shape))
        fields = [Field("rows", "int32_t", math.prod(output.shape[:axis]))]
        for i in range(slots):
            table: Array | int = 0
            run = 0
            if i < len(inputs):
                run = math.prod(inputs[i].shape[axis:])
                changed = rescale_table(inputs[i], output)
                table = 0 if is_identity(changed) else changed
            fields += [Field(f"table{i}", "int8_t", table), Field(f"run{i}", "int32_t", run)]
        operands = (*node.inputs, *[node.inputs[-1]] * (slots - len(inputs)), node.output)
        function = f"lp_concat{slots}_s8"
        portable = Kernel(function, fields=tuple(fields), operands=operands, also=("lp_lookup_s8",))
        return with_vectors(portable, target)


def _axis(node: Node, rank: int) -> int:
    axis = node.attrs.get("axis")
    if type(axis) is not int or not 1 <= axis < rank:
        raise broken(node, f"axis must be from 1 to {rank - 1}, got {axis!r}")
    return axis


def _batch(x: Sequence[Tensor] | Sequence[Array]) -> int:
    return max(int(part.shape[0]) for part in x)
