"""Pad: a border of one value around x.

Inputs   x (N, …), 2 to 4 axes
Attrs    padding: one (before, after) per axis, none for the batch; value: the border's real value, 0 by default
Integer  int8, one scale for x and y. The border is `value` quantised like y: the zero point for 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_rank, expect_same_quant, number_pairs
from lilliput.compiler.ops._mve import with_vectors
from lilliput.compiler.ops._rescale import nearest_table

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Pad(Op):
    """y = x inside, `value` around."""

    name = "pad"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x = inputs[0]
        expect_rank(node, x, 2, 4)
        padding = number_pairs(node, "padding", len(x.shape))
        expect(padding[0] == (0, 0), node, f"the batch cannot be padded, got {padding}")
        return tuple(length + sum(pads) for length, pads in zip(x.shape, padding, strict=True)), x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        value = node.attrs.get("value", 0.0)
        expect(isinstance(value, (int, float)) and math.isfinite(value), node, f"value must be finite, got {value!r}")
        expect_same_quant(node, inputs[0], output)

    def float(self, node: Node, *x: Tensor) -> Tensor:
        from torch.nn import functional

        flat = [n for pads in reversed(number_pairs(node, "padding", x[0].ndim)) for n in pads]
        return functional.pad(x[0], flat, value=_value(node))

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        padding = number_pairs(node, "padding", x[0].ndim)
        padded: Array = np.pad(x[0], padding, constant_values=_fill(node, output))
        return padded

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        x = inputs[0]
        padding = number_pairs(node, "padding", len(x.shape))
        if all(pads == (0, 0) for pads in padding):
            return None
        if x.dtype != "int8":
            raise self.unsupported(node, f"has no {x.dtype} kernel")
        portable = Kernel(
            function="lp_pad_s8",
            fields=tuple(
                Field(name, "int32_t", value)
                for name, value in (_loops(x.shape, padding) | {"value": _fill(node, output)}).items()
            ),
            operands=(node.inputs[0], node.output),
        )
        return with_vectors(portable, target)


def _value(node: Node) -> float:
    return float(node.attrs.get("value", 0.0))


def _fill(node: Node, y: Value) -> int:
    return int(nearest_table(np.array([_value(node)]), y)[0])


def _loops(shape: Sequence[int], padding: Sequence[tuple[int, int]]) -> dict[str, int]:
    """x as `planes` of `rows` of `run` bytes, and the border bytes of y before and after each of those levels."""
    spare = 4 - len(shape)
    (planes, rows, run), (p, r, b) = (*[1] * spare, *shape[1:]), (*[(0, 0)] * spare, *padding[1:])
    while b == (0, 0):  # an unpadded last axis joins the one before it, so that runs are long
        b = (r[0] * run, r[1] * run)
        planes, rows, run, p, r = 1, planes, rows * run, (0, 0), p
    run_out = b[0] + run + b[1]
    plane_out = (r[0] + rows + r[1]) * run_out
    return {
        "planes": planes, "rows": rows, "run": run,
        "before_planes": p[0] * plane_out, "after_planes": p[1] * plane_out,
        "before_rows": r[0] * run_out, "after_rows": r[1] * run_out,
        "before_run": b[0], "after_run": b[1],
    }  # fmt: skip
