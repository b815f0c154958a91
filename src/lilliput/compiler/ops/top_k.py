"""The k largest along the last axis, the largest first; of equal ones the first comes first.

Inputs   x (…, C), int8 or float32
Attrs    k: from 1 to C; part: values | places
Integer  values: one scale for x and y; places: y int32
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_same_quant

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class TopK(Op):
    """y = the k largest elements, or their places."""

    name = "top_k"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x, k, part = inputs[0], node.attrs.get("k"), node.attrs.get("part")
        expect(len(x.shape) >= 1, node, "x must have an axis")
        expect(type(k) is int and 1 <= k <= x.shape[-1], node, f"k must be from 1 to {x.shape[-1]}, got {k!r}")
        expect(part in ("values", "places"), node, f"part must be values or places, got {part!r}")
        return (*x.shape[:-1], int(node.attrs["k"])), x.dtype if part == "values" else "int32"

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        if node.attrs["part"] == "values":
            expect_same_quant(node, inputs[0], output)

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return len(output.shape) == 1

    def float(self, node: Node, *x: Tensor) -> Tensor:
        values, places = x[0].topk(node.attrs["k"], dim=-1)
        return values if node.attrs["part"] == "values" else places

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        places = np.argsort(-x[0].astype(np.float64), axis=-1, kind="stable")[..., : node.attrs["k"]]
        if node.attrs["part"] == "places":
            return places.astype(np.int32)
        return np.take_along_axis(x[0], places, axis=-1)

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x = inputs[0]
        if x.dtype not in ("int8", "float32"):
            raise self.unsupported(node, f"has no {x.dtype} kernel")
        numbers = {
            "rows": x.elements // x.shape[-1], "c": x.shape[-1], "k": node.attrs["k"],
            "places": int(node.attrs["part"] == "places"),
        }  # fmt: skip
        return Kernel(
            function="lp_top_k_s8" if x.dtype == "int8" else "lp_top_k_f32",
            fields=tuple(Field(name, "int32_t", value) for name, value in numbers.items()),
            operands=(node.inputs[0], node.output),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        return self.kernel(node, inputs, output, target)
