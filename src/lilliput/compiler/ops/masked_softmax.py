"""Softmax over the last axis of what is present: y_c = e^{x_c} / Σ e^{x_i} over present i, 0 where c is absent.

Inputs   x (N, …, C); present bool, of x's shape, or with axes of length 1 that stretch
Integer  as `softmax`, int8, whose terms that are absent count as 0. Where nothing is present in a row all shares are
         equal, as attention with a finite mask has it.
Kernel   takes rows of truth values that serve all rows in turn: one for all, one for each query of all heads, or one
         for each row; the pass `legalise` stretches the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._broadcast import mixes_rows, stretched_shape
from lilliput.compiler.ops.softmax import Softmax

if TYPE_CHECKING:
    from torch import Tensor


def in_turn(shape: Sequence[int], present: Sequence[int]) -> bool:
    """Whether the rows of `present` serve the rows of `shape` over and over: axes of length 1, then the same ones."""
    kept = tuple(present)
    while kept and kept[0] == 1:
        kept = kept[1:]
    return tuple(shape[len(shape) - len(kept) :]) == kept and present[-1] == shape[-1]


@register_op
class MaskedSoftmax(Softmax):
    """y = softmax of x over those of the last axis that are present."""

    name = "masked_softmax"
    arity = (2, 2)

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, present = inputs
        expect(present.dtype == "bool", node, f"what is present must be bool, got {present.dtype}")
        expect(len(x.shape) >= 2, node, f"x must be (N, …, C), got {x.shape}")
        fits = stretched_shape(node, inputs) == x.shape and present.shape[-1] == x.shape[-1]
        expect(fits, node, f"{present.shape} truth values do not belong to x {x.shape}")
        return x.shape, x.dtype

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return mixes_rows(inputs, output)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        import torch

        return x[0].masked_fill(~x[1].bool(), torch.finfo(x[0].dtype).min).softmax(-1)

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        if x[0].dtype == np.float32:  # not all are, since truth values are not
            import torch

            with torch.no_grad():
                made: Array = self.float(node, *(torch.from_numpy(np.ascontiguousarray(array)) for array in x)).numpy()
            return made
        if x[0].dtype != np.int8:
            raise self.unsupported(node, f"has no {inputs[0].dtype} form")
        codes, here = np.broadcast_arrays(x[0], x[1].astype(bool))
        none = ~here.any(axis=-1, keepdims=True)
        most = np.where(here, codes, -128).max(axis=-1, keepdims=True).astype(np.int64)
        below = np.where(none, 0, most - codes)
        return self._shares(node, inputs[0], below, here | none)

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x, present = inputs
        if x.dtype == "float32":
            return self.kernel_float(node, inputs, output, target)
        if x.dtype != "int8":
            raise self.unsupported(node, f"has no {x.dtype} kernel")
        self._demand_terms(node, x)
        table = self._table(node, x)
        return Kernel(
            function="lp_masked_softmax_s8",
            fields=(
                Field("exp", "int32_t", np.append(table, 0)),
                Field("reach", "int32_t", len(table)),
                *self._rows(node, x, present),
            ),
            operands=(*node.inputs, node.output),
            in_place=(0,),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        return Kernel(
            function="lp_masked_softmax_f32",
            fields=self._rows(node, *inputs),
            operands=(*node.inputs, node.output),
            in_place=(0,),
        )

    def _rows(self, node: Node, x: Value, present: Value) -> tuple[Field, ...]:
        if present.is_constant or not in_turn(x.shape, present.shape):
            raise self.unsupported(node, "takes an activation of truth values, whose rows serve all rows in turn")
        return (
            Field("rows", "int32_t", x.elements // x.shape[-1]),
            Field("c", "int32_t", x.shape[-1]),
            Field("masks", "int32_t", present.elements // present.shape[-1]),
        )
