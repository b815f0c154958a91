"""Mean over some axes.

Inputs   x (N, …), 2 to 4 axes
Attrs    axes: which, ascending, without the batch; keepdims: whether they stay with length 1
Integer  int8, any two scales. TensorFlow Lite's rule with n elements summed: with (M, s) for s_x / s_y and
         h = min(floor(log2 n), 32, 31 + s), y = requantise(Σ x - n z_x, floor(M 2^h / n), s - h) + z_y, clamped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lilliput.compiler.fixed_point import Multiplier, requantise, to_multiplier
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, broken, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._attrs import expect_rank
from lilliput.compiler.ops._mve import with_vectors
from lilliput.compiler.ops._rescale import prove_reach

if TYPE_CHECKING:
    from torch import Tensor


class _Loops(NamedTuple):
    """x as (outer, sum1, middle, sum2, inner), summed over sum1 and sum2."""

    outer: int
    sum1: int
    middle: int
    sum2: int
    inner: int


@register_op
class Mean(Op):
    """y = mean of x over `axes`."""

    name = "mean"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        x = inputs[0]
        expect_rank(node, x, 2, 4)
        axes = _axes(node, len(x.shape))
        kept = [1 if axis in axes else length for axis, length in enumerate(x.shape)]
        if not node.attrs.get("keepdims", False):
            kept = [length for axis, length in enumerate(x.shape) if axis not in axes]
        return tuple(kept), x.dtype

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return x[0].mean(_axes(node, x[0].ndim), keepdim=bool(node.attrs.get("keepdims", False)))

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        axes = _axes(node, x[0].ndim)
        count = math.prod(x[0].shape[axis] for axis in axes)
        acc = x[0].astype(np.int64).sum(axis=axes, keepdims=bool(node.attrs.get("keepdims", False)))
        mult, shift = _multiplier(node, inputs[0], output, count)
        y = requantise(acc - count * inputs[0].zero_point, mult, shift) + output.zero_point
        clamped: Array = np.clip(y, -128, 127).astype(np.int8)
        return clamped

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x = inputs[0]
        if x.dtype != "int8":
            raise self.unsupported(node, f"has no {x.dtype} kernel")
        loops = _loops(x.shape, _axes(node, len(x.shape)))
        count = loops.sum1 * loops.sum2
        mult, shift = _multiplier(node, x, output, count)
        fields = {
            **loops._asdict(), "acc_start": -count * x.zero_point, "mult": mult, "shift": shift,
            "y_offset": output.zero_point,
        }  # fmt: skip
        portable = Kernel(
            function="lp_mean_s8",
            fields=tuple(Field(name, "int32_t", value) for name, value in fields.items()),
            operands=(node.inputs[0], node.output),
        )
        return with_vectors(portable, target)


def _axes(node: Node, rank: int) -> tuple[int, ...]:
    given = node.attrs.get("axes")
    if not isinstance(given, Sequence) or not given or any(type(axis) is not int for axis in given):
        raise broken(node, f"axes must be one or more whole numbers, got {given!r}")
    axes = tuple(given)
    expect(list(axes) == sorted(set(axes)), node, f"axes must ascend, got {axes}")
    expect(axes[0] >= 1 and axes[-1] < rank, node, f"axes must be from 1 to {rank - 1}, got {axes}")
    return axes


def _multiplier(node: Node, x: Value, y: Value, count: int) -> Multiplier:
    mult, shift = to_multiplier(min(x.scale / y.scale, 2.0**29))
    spare = min(count.bit_length() - 1, 32, 31 + shift)
    multiplier = Multiplier((mult << spare) // count, shift - spare)
    prove_reach(node, 255 * count, multiplier)
    return multiplier


def _loops(shape: Sequence[int], axes: Sequence[int]) -> _Loops:
    """Neighbouring axes of one kind become one; axes of length 1 are of either kind."""
    groups: list[tuple[bool, int]] = [(False, 1)]
    for axis, length in enumerate(shape):
        if length == 1:
            continue
        summed = axis in axes
        if groups[-1][0] == summed:
            groups[-1] = (summed, groups[-1][1] * length)
        else:
            groups.append((summed, length))
    lengths = [length for _, length in groups]
    if len(lengths) <= 3:  # one run of summed axes: as sum2, so that what lies together is looked at together
        lengths[1:1] = [1, 1]
    return _Loops(*lengths, *[1] * (5 - len(lengths)))
