"""Pad: a border of one value around x.

Inputs   x, 1 to 8 axes, any type
Attrs    padding: one (before, after) per axis; value: the border's real value, 0 by default
Integer  one scale for x and y. The border is `value` quantised like y: the zero point for 0.
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
from lilliput.compiler.ops._strided import MOST_AXES, copy_fields, strides_of

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Pad(Op):
    """y = x inside, `value` around."""

    name = "pad"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x = inputs[0]
        expect_rank(node, x, 1, MOST_AXES)
        padding = number_pairs(node, "padding", len(x.shape))
        return tuple(length + sum(pads) for length, pads in zip(x.shape, padding, strict=True)), x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        value = node.attrs.get("value", 0.0)
        expect(isinstance(value, (int, float)) and math.isfinite(value), node, f"value must be finite, got {value!r}")
        expect_same_quant(node, inputs[0], output)

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return number_pairs(node, "padding", len(output.shape))[0] != (0, 0)

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
        if x.dtype != "int8" or len(x.shape) > 4 or x.shape[0] != 1 or padding[0] != (0, 0):
            return _any_type(node, x, output, padding)
        portable = Kernel(
            function="lp_pad_s8",
            fields=tuple(
                Field(name, "int32_t", value)
                for name, value in (_loops(x.shape, padding) | {"value": _fill(node, output)}).items()
            ),
            operands=(node.inputs[0], node.output),
        )
        return with_vectors(portable, target)

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        return self.kernel(node, inputs, output, target)


def _any_type(node: Node, x: Value, y: Value, padding: Sequence[tuple[int, int]]) -> Kernel:
    steps = strides_of(y.shape)
    start = sum(before * step for (before, _), step in zip(padding, steps, strict=True))
    loops = [(length, step) for length, step in zip(x.shape, steps, strict=True) if length > 1]
    fill = np.array([_fill(node, y)], y.dtype).view(np.uint8)
    return Kernel(
        function="lp_pad",
        fields=(
            *copy_fields(y, start, loops), Field("fill", "uint8_t", fill),
            Field("item", "int32_t", len(fill)), Field("total", "int32_t", y.nbytes),
        ),
        operands=(x.name, y.name),
    )  # fmt: skip


def _value(node: Node) -> float:
    return float(node.attrs.get("value", 0.0))


def _fill(node: Node, y: Value) -> int | float:
    if y.quant is None:
        return _value(node) if y.dtype == "float32" else round(_value(node))
    return int(y.quant.quantise(np.array([_value(node)], np.float32), y.dtype)[0])


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
