"""Change of type: the same number in another type.

Inputs   x bool, int8, uint8, int16, int32, int64 or float32; quantised integers only with scale 1 and zero point 0
Attrs    dtype: of y
Integer  integers wrap around; real numbers are cut off towards zero, at the ends of the type, and what is no number
         becomes 0; any number but 0 is true.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from lilliput.compiler.graph import Array, DType, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op

if TYPE_CHECKING:
    from torch import Tensor

_KINDS: tuple[DType, ...] = ("bool", "int8", "uint8", "int16", "int32", "int64", "float32")
"""The numbers of `lp_cast_t.from` and `lp_cast_t.to`."""


def _dtype(node: Node) -> DType:
    found: list[DType] = [known for known in get_args(DType) if known == node.attrs.get("dtype")]
    expect(bool(found), node, f"dtype must be one of {', '.join(_KINDS)}, got {node.attrs.get('dtype')!r}")
    return found[0]


@register_op
class Cast(Op):
    """y = x in another type."""

    name = "cast"
    elementwise = True

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        return inputs[0].shape, _dtype(node)

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        for value in (inputs[0], output):
            if value.quant is not None and value.dtype != "float32":
                plain = value.quant.scale == (1.0,) and value.quant.zero_point == (0,)
                expect(
                    plain, node, f"{value.name!r} must have scale 1 and zero point 0: its codes are taken as numbers"
                )

    def float(self, node: Node, *x: Tensor) -> Tensor:
        import torch

        made: Tensor = x[0].to(getattr(torch, _dtype(node)))
        return made

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        if x[0].dtype == np.float32 and output.dtype not in ("float32", "bool"):
            return _whole(x[0].astype(np.float64), np.iinfo(output.dtype))
        return x[0].astype(output.dtype)

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        x = inputs[0]
        if x.dtype == output.dtype:
            return None
        numbers = {"from": _KINDS.index(x.dtype), "to": _KINDS.index(output.dtype), "n": x.elements}
        return Kernel(
            function="lp_cast",
            fields=tuple(Field(name, "int32_t", value) for name, value in numbers.items()),
            operands=(node.inputs[0], node.output),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        return None


def _whole(x: Array, limits: np.iinfo[np.integer[Any]]) -> Array:
    """The part of x before the point, cut off at the ends of the type."""
    whole = np.trunc(np.where(np.isnan(x), 0.0, x))
    high = whole >= float(limits.max)  # also where the greatest int64, which is no float64, is rounded up
    low = whole <= float(limits.min)
    made: Array = np.where(high | low, 0.0, whole).astype(limits.dtype)
    made[high], made[low] = limits.max, limits.min
    return made
