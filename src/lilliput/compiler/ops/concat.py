"""Concatenation along one axis.

Inputs   1 or more values that differ along the axis only, of one type
Attrs    axis
Integer  int8, any scales: an input in another scale than y is requantised by TensorFlow Lite's rule, the others' bytes
         move unchanged. Other types move unchanged, in one scale.
Kernel   takes 8 activations; the pass `legalise` joins more in steps, and copies constants to working memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import ITEM_BYTES, Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import axis_of
from lilliput.compiler.ops._mve import with_vectors
from lilliput.compiler.ops._rescale import is_identity, rescale_table

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Concat(Op):
    """y = the inputs one after the other along `axis`."""

    name = "concat"
    arity = (1, 1024)

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        first, axis = inputs[0], axis_of(node, len(inputs[0].shape))
        for value in inputs[1:]:
            same = value.shape[:axis] == first.shape[:axis] and value.shape[axis + 1 :] == first.shape[axis + 1 :]
            expect(same, node, f"{first.shape} and {value.shape} differ beside axis {axis}")
            expect(value.dtype == first.dtype, node, f"types {first.dtype} and {value.dtype} differ")
        total = sum(value.shape[axis] for value in inputs)
        return (*first.shape[:axis], total, *first.shape[axis + 1 :]), first.dtype

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return bool(node.attrs["axis"] == 0)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        import torch

        axis = axis_of(node, x[0].ndim)
        if axis > 0:
            x = tuple(part.expand(_batch(x), *part.shape[1:]) for part in x)
        return torch.cat(x, axis)

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        parts, axis = list(x), axis_of(node, x[0].ndim)
        self._check_scales(node, inputs, output)
        if output.dtype == "int8":
            tables = [rescale_table(value, output) for value in inputs]
            parts = [table[part.astype(np.int64) + 128] for table, part in zip(tables, x, strict=True)]
        if axis > 0:
            parts = [np.broadcast_to(part, (_batch(x), *part.shape[1:])) for part in parts]
        return np.concatenate(parts, axis)

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        # Two functions with a fixed number of operands: unused ones repeat the last input, with a run of 0.
        if len(inputs) > 8 or any(value.is_constant for value in inputs):
            raise self.unsupported(node, "takes at most 8 activations")
        self._check_scales(node, inputs, output)
        slots = 4 if len(inputs) <= 4 else 8
        axis, item = axis_of(node, len(output.shape)), ITEM_BYTES[output.dtype]
        fields = [Field("rows", "int32_t", math.prod(output.shape[:axis]))]
        for i in range(slots):
            table: Array | int = 0
            run = 0
            if i < len(inputs):
                run = math.prod(inputs[i].shape[axis:]) * item
                changed = rescale_table(inputs[i], output) if output.dtype == "int8" else None
                table = 0 if changed is None or is_identity(changed) else changed
            fields += [Field(f"table{i}", "int8_t", table), Field(f"run{i}", "int32_t", run)]
        operands = (*node.inputs, *[node.inputs[-1]] * (slots - len(inputs)), node.output)
        function = f"lp_concat{slots}_s8"
        portable = Kernel(function, fields=tuple(fields), operands=operands, also=("lp_lookup_s8",))
        return with_vectors(portable, target) if output.dtype == "int8" else portable

    def _check_scales(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        if output.dtype != "int8" and any(value.quant != output.quant for value in inputs):
            raise self.unsupported(node, f"has no {output.dtype} form for several scales")

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        return self.kernel(node, inputs, output, target)


def _batch(x: Sequence[Tensor] | Sequence[Array]) -> int:
    return max(int(part.shape[0]) for part in x)
