"""Running sum along one axis.

Inputs   x, 1 to 8 axes
Attrs    axis; exclusive: without the element itself; reverse: from the end; start: added to each sum, in steps of x
Integer  int8, any two scales. TensorFlow Lite's rule: with S = start + Σ (x - z_x) and t = 2 s_x,
         y = requantise(2^19 S, t / (2^20 s_y)) + z_y, clamped. TensorFlow Lite Micro begins at the code 0 and not at
         z_x: its `start` is -z_x.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import Multiplier, requantise, to_multiplier
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import axis_of, expect_rank
from lilliput.compiler.ops._rescale import clamped
from lilliput.compiler.ops._strided import MOST_AXES

if TYPE_CHECKING:
    from torch import Tensor

_MOST = 1 << 15
"""Elements along the axis: sums then stay below 2^24."""


@register_op
class Cumsum(Op):
    """y_i = x_0 + … + x_i along `axis`."""

    name = "cumsum"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x = inputs[0]
        expect_rank(node, x, 1, MOST_AXES)
        length = x.shape[axis_of(node, len(x.shape))]
        expect(length <= _MOST, node, f"at most {_MOST} elements along the axis, got {length}")
        return x.shape, x.dtype

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        start = node.attrs.get("start", 0)
        expect(type(start) is int and abs(start) <= 128, node, f"start must be from -128 to 128, got {start!r}")

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        return axis_of(node, len(output.shape)) == 0

    def float(self, node: Node, *x: Tensor) -> Tensor:
        axis = axis_of(node, x[0].ndim)
        given = x[0].flip(axis) if _flag(node, "reverse") else x[0]
        made = given.cumsum(axis) - (given if _flag(node, "exclusive") else 0)
        return made.flip(axis) if _flag(node, "reverse") else made

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        if x[0].dtype != np.int8:
            raise self.unsupported(node, f"has no {x[0].dtype} form")
        axis = axis_of(node, x[0].ndim)
        centred = x[0].astype(np.int64) - inputs[0].zero_point
        given = np.flip(centred, axis) if _flag(node, "reverse") else centred
        sums: Array = given.cumsum(axis) - (given if _flag(node, "exclusive") else 0) + int(node.attrs.get("start", 0))
        y = clamped(requantise(sums << 19, *output_factor(self, node, inputs[0], output)) + output.zero_point)
        return np.flip(y, axis) if _flag(node, "reverse") else y

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x = inputs[0]
        if x.dtype != "int8":
            raise self.unsupported(node, f"has no {x.dtype} kernel")
        axis = axis_of(node, len(x.shape))
        mult, shift = output_factor(self, node, x, output)
        numbers = {
            "outer": math.prod(x.shape[:axis]), "depth": x.shape[axis], "inner": math.prod(x.shape[axis + 1 :]),
            "exclusive": int(_flag(node, "exclusive")), "reverse": int(_flag(node, "reverse")),
            "start": int(node.attrs.get("start", 0)), "x_offset": -x.zero_point, "mult": mult, "right": -shift,
            "y_offset": output.zero_point,
        }  # fmt: skip
        return Kernel(
            function="lp_cumsum_s8",
            fields=tuple(Field(name, "int32_t", value) for name, value in numbers.items()),
            operands=(node.inputs[0], node.output),
            in_place=(0,),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        shape, axis = inputs[0].shape, axis_of(node, len(inputs[0].shape))
        numbers = {
            "outer": math.prod(shape[:axis]), "depth": shape[axis], "inner": math.prod(shape[axis + 1 :]),
            "exclusive": int(_flag(node, "exclusive")), "reverse": int(_flag(node, "reverse")),
        }  # fmt: skip
        return Kernel(
            function="lp_cumsum_f32",
            fields=tuple(Field(name, "int32_t", value) for name, value in numbers.items()),
            operands=(node.inputs[0], node.output),
            in_place=(0,),
        )


def output_factor(op: Op, node: Node, x: Value, y: Value) -> Multiplier:
    """t / (2^20 s_y) for sums in steps of 2^-19 s_x, which must not shift left."""
    factor = to_multiplier(min(2 * x.scale / (2**20 * y.scale), 2.0))
    if factor.shift > 0:
        raise op.unsupported(node, f"has no integer form for scales {x.scale:g} and {y.scale:g}")
    return factor


def _flag(node: Node, key: str) -> bool:
    return bool(node.attrs.get(key, False))
