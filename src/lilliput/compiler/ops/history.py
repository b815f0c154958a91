"""History: the last rows of a stream, kept from one run to the next.

Inputs   x (1, n, …) the new rows; kept (1, L + n, …) a state; blank (1, 1) int32, optional, a second state: how many of
         the rows to come stand before the beginning of the stream
Attrs    rows: how many of the oldest rows to give, at most L + n; fill: the real value of a blank row, 0 by default, or
         "lowest" for the smallest value of the type
Value    kept moves up by n rows and takes x at its end, or `fill` for rows that are still blank; y is its first `rows`
         rows, and its very memory
Integer  any type; scale and zero point stay.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import ITEM_BYTES, Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_same_quant

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class History(Op):
    """y = the oldest `rows` of the kept rows, once x has joined them."""

    name = "history"
    arity = (2, 3)

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, kept = inputs[:2]
        expect(len(x.shape) >= 2 and kept.is_state, node, f"x must be (1, n, …) and {kept.name!r} a state")
        fits = kept.dtype == x.dtype and kept.shape[2:] == x.shape[2:] and x.shape[0] == kept.shape[0] == 1
        expect(fits and kept.shape[1] >= x.shape[1], node, f"{kept.shape} cannot keep rows of {x.shape}")
        rows = node.attrs.get("rows")
        expect(type(rows) is int and 0 < rows <= kept.shape[1], node, f"rows must be 1 to {kept.shape[1]}, got {rows}")
        return (1, int(rows or 0), *x.shape[2:]), x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        expect_same_quant(node, inputs[0], output)
        expect_same_quant(node, inputs[0], inputs[1])
        expect(node.attrs.get("fill", 0) in (0, "lowest"), node, "fill must be 0 or lowest")
        counts = all(blank.is_state and (blank.shape, blank.dtype) == ((1, 1), "int32") for blank in inputs[2:])
        expect(counts, node, "blank must be a state, int32 (1, 1)")

    def float(self, node: Node, *x: Tensor) -> Tensor:
        import torch

        fill = -math.inf if node.attrs.get("fill", 0) == "lowest" else 0.0
        return torch.from_numpy(_advance(node, fill, *(tensor.numpy() for tensor in x)))

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        return _advance(node, fill_of(node, inputs[0]), *x)

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x, kept = inputs[:2]
        fill = fill_of(node, x)
        if fill and x.dtype != "int8":
            raise self.unsupported(node, f"has no {x.dtype} kernel that fills with {fill}")
        row = math.prod(x.shape[2:]) * ITEM_BYTES[x.dtype]
        new = x.shape[1] * row
        sizes = {"kept_bytes": kept.nbytes - new, "new_bytes": new, "row_bytes": row, "fill": int(fill)}
        fields = tuple(Field(name, "int32_t", value) for name, value in sizes.items())
        if len(inputs) == 2:
            return Kernel("lp_history", fields, (x.name, kept.name))
        return Kernel("lp_history_blank", fields, (x.name, inputs[2].name, kept.name), struct="lp_history")

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        return self.kernel(node, inputs, output, target)


def fill_of(node: Node, x: Value) -> float:
    """The stored value of a blank row."""
    if node.attrs.get("fill", 0) == "lowest":
        return -math.inf if x.dtype == "float32" else int(np.iinfo(x.dtype).min)
    return 0 if x.quant is None else x.zero_point


def _advance(node: Node, fill: float, x: Array, kept: Array, *blank: Array) -> Array:
    if len(x) != 1:
        raise ValueError(f"history at {node.name!r} takes one step of a stream at a time, got {len(x)}")
    fresh = x.copy()
    for left in blank:
        count = min(int(left[0, 0]), x.shape[1])
        fresh[:, :count] = fill
        left -= count
    kept[:] = np.concatenate([kept[:, x.shape[1] :], fresh], axis=1)
    return kept[:, : node.attrs["rows"]].copy()
