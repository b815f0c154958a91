"""Product of matrices: y = a · b, for each of a batch.

Inputs   a (…, M, K), b (…, K, N); leading axes of length 1 stretch; one of them may be a constant
Attrs    transpose_a, transpose_b: whether the last two axes of an operand are exchanged first
Integer  int8, any three scales: requantise(Σ (a - z_a)(b - z_b), s_a s_b / s_y) + z_y, clamped; s_a s_b in float32
         int16 with zero point 0: the same with sums of 64 bits, rounded once
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import Multiplier, reduced, requantise, requantise_wide, to_multiplier
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, broken, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._pair import SUFFIXES, constant_fields
from lilliput.compiler.ops._rescale import clamped, proved_multiplier
from lilliput.compiler.ops._strided import MOST_AXES, strides_of
from lilliput.compiler.ops._weights_s16 import demand_symmetric, prove_wide

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class BatchMatmul(Op):
    """y = a · b."""

    name = "batch_matmul"
    arity = (2, 2)

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        a, b = (_matrix(node, value, key) for value, key in zip(inputs, _KEYS, strict=True))
        expect(inputs[0].dtype == inputs[1].dtype, node, f"types {inputs[0].dtype} and {inputs[1].dtype} differ")
        expect(a[-1] == b[-2], node, f"{a} times {b} does not fit")
        try:
            batch = np.broadcast_shapes(a[:-2], b[:-2])
        except ValueError:
            raise broken(node, f"the batches of {a} and {b} do not fit") from None
        expect(len(batch) + 2 <= MOST_AXES, node, f"at most {MOST_AXES} axes, got {len(batch) + 2}")
        return (*(int(n) for n in batch), a[-2], b[-1]), inputs[0].dtype

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        a, b = inputs
        rows = len(a.shape) == 2 and not a.is_constant and b.is_constant and len(b.shape) == 2
        if rows:
            return bool(node.attrs.get("transpose_a", False))
        return any(len(v.shape) != len(output.shape) if not v.is_constant else len(v.shape) > 2 and v.shape[0] != 1
                   for v in inputs) or len(output.shape) < 3  # fmt: skip

    def float(self, node: Node, *x: Tensor) -> Tensor:
        a, b = (v.mT if node.attrs.get(key, False) else v for v, key in zip(x, _KEYS, strict=True))
        return a @ b

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        if inputs[0].dtype not in ("int8", "int16"):
            raise self.unsupported(node, f"has no {inputs[0].dtype} form")
        # float64 holds every sum exactly (below 2^53) and uses the fast matrix product.
        a, b = (v.astype(np.float64) - value.zero_point for v, value in zip(x, inputs, strict=True))
        a, b = (v.swapaxes(-1, -2) if node.attrs.get(key, False) else v for v, key in zip((a, b), _KEYS, strict=True))
        acc = (a @ b).astype(np.int64)
        if output.dtype == "int16":
            wide = requantise_wide(acc, *_multiplier(node, inputs, output, a.shape[-1]))
            return np.clip(wide, -32768, 32767).astype(np.int16)
        return clamped(requantise(acc, *_multiplier(node, inputs, output, a.shape[-1])) + output.zero_point)

    def macs(self, node: Node, inputs: Sequence[Value], output: Value) -> int:
        return output.elements * _matrix(node, inputs[0], _KEYS[0])[-1]

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        active = [value.name for value in inputs if not value.is_constant]
        if inputs[0].dtype not in ("int8", "int16") or not active:
            raise self.unsupported(node, f"has no {inputs[0].dtype} kernel for {len(active)} activations")
        depth = _matrix(node, inputs[0], _KEYS[0])[-1]
        mult, shift = _multiplier(node, inputs, output, depth)
        numbers: dict[str, int] = {}
        if output.dtype == "int16":
            demand_symmetric(node, (*inputs, output))
            numbers |= {"mult": int(reduced(np.array(mult))), "code": 15 - shift}
        else:
            offsets = {"a_offset": -inputs[0].zero_point, "b_offset": -inputs[1].zero_point}
            numbers |= offsets | {"mult": mult, "shift": shift, "y_offset": output.zero_point}
            if target.dsp and (fast := _dsp_kernel(node, inputs, output, numbers)) is not None:
                return fast
        return Kernel(
            function=f"lp_batch_matmul_{SUFFIXES[output.dtype]}",
            fields=(
                *_loop_fields(node, inputs, output),
                *(Field(name, "int32_t", value) for name, value in numbers.items()),
            ),
            operands=(active[0], active[-1], node.output),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        active = [value.name for value in inputs if not value.is_constant]
        if not active:
            raise self.unsupported(node, "of two constants has no kernel: fold it first")
        return Kernel(
            function="lp_batch_matmul_f32",
            fields=_loop_fields(node, inputs, output),
            operands=(active[0], active[-1], node.output),
        )


_KEYS = ("transpose_a", "transpose_b")
_GATHERED = 4
"""Rows that the kernel for DSP widens at a time."""


def _loop_fields(node: Node, inputs: Sequence[Value], output: Value) -> tuple[Field, ...]:
    """The first members of the kernels' structs, `a` to `b_column`."""
    numbers = {
        "batch": math.prod(output.shape[:-2]), "rows": output.shape[-2], "columns": output.shape[-1],
        "depth": _matrix(node, inputs[0], _KEYS[0])[-1], **_steps(node, inputs),
    }  # fmt: skip
    starts = [Field(f"{k}_start", "int32_t", _starts(v, output)) for k, v in zip("ab", inputs, strict=True)]
    return (*constant_fields(inputs), *starts, *(Field(name, "int32_t", value) for name, value in numbers.items()))


def _dsp_kernel(node: Node, inputs: Sequence[Value], y: Value, numbers: Mapping[str, int]) -> Kernel | None:
    """The call of the kernel for DSP; None where no operand has side by side what is summed."""
    names, steps = dict(zip("ab", inputs, strict=True)), _steps(node, inputs)
    depth, sizes = _matrix(node, inputs[0], _KEYS[0])[-1], {"a": y.shape[-2], "b": y.shape[-1]}
    beside = {side: depth == 1 or steps[f"{side}_depth"] == 1 for side in "ab"}
    along = {"a": steps["a_row"], "b": steps["b_column"]}

    def instructions(gathered: str, streamed: str) -> int:
        """An estimate."""
        blocks, words = -(-sizes[gathered] // _GATHERED), -(-depth // 4)
        widened = words * sizes[gathered] * (9 if beside[gathered] else 20)
        return widened + blocks * sizes[streamed] * (13 * words + 60)

    ways = [way for way in (("a", "b"), ("b", "a")) if beside[way[1]]]
    if not ways:
        return None
    p, w = min(ways, key=lambda way: instructions(*way))
    y_step = {"a": y.shape[-1], "b": 1}
    numbers = {
        "batch": math.prod(y.shape[:-2]), "p_rows": sizes[p], "w_rows": sizes[w], "depth": depth,
        "p_row": along[p], "p_depth": steps[f"{p}_depth"], "w_row": along[w], "y_p": y_step[p], "y_w": y_step[w],
        "p_offset": numbers[f"{p}_offset"], "w_offset": numbers[f"{w}_offset"],
        "mult": numbers["mult"], "shift": numbers["shift"], "y_offset": numbers["y_offset"],
    }  # fmt: skip
    operands, (first, second) = (names[p], names[w]), constant_fields((names[p], names[w]))
    active = [value.name for value in operands if not value.is_constant]
    return Kernel(
        function="lp_batch_matmul_s8_dsp",
        fields=(
            replace(first, name="p"),
            replace(second, name="w"),
            *(Field(f"{k}_start", "int32_t", _starts(v, y)) for k, v in zip("pw", operands, strict=True)),
            *(Field(name, "int32_t", value) for name, value in numbers.items()),
        ),
        operands=(active[0], active[-1], y.name),
        scratch_bytes=32 * -(-depth // 4),
    )


def _matrix(node: Node, value: Value, key: str) -> tuple[int, ...]:
    """The shape as it is multiplied."""
    shape = value.shape
    expect(len(shape) >= 2, node, f"{value.name!r} must have 2 axes or more, got {shape}")
    return (*shape[:-2], shape[-1], shape[-2]) if node.attrs.get(key, False) else shape


def _steps(node: Node, inputs: Sequence[Value]) -> dict[str, int]:
    """Elements between neighbours along the rows of a, along what is summed, and along the columns of b."""
    a, b = ((v.shape[-1], 1) for v in inputs)
    a_row, a_depth = reversed(a) if node.attrs.get("transpose_a", False) else a
    b_depth, b_column = reversed(b) if node.attrs.get("transpose_b", False) else b
    return {"a_row": a_row, "a_depth": a_depth, "b_depth": b_depth, "b_column": b_column}


def _starts(value: Value, y: Value) -> Array:
    """int32: where the matrix of each of the batch begins."""
    batch, own = y.shape[:-2], value.shape[:-2]
    strides = [step * math.prod(value.shape[-2:]) for step in strides_of(own)]
    steps = [0] * (len(batch) - len(own)) + [0 if n == 1 else s for n, s in zip(own, strides, strict=True)]
    places = np.zeros((), np.int64)
    for length, step in zip(batch, steps, strict=True):
        places = places[..., None] + np.arange(length) * step
    return places.reshape(-1).astype(np.int32)


def _multiplier(node: Node, inputs: Sequence[Value], y: Value, depth: int) -> Multiplier:
    product = float(np.float32(inputs[0].scale) * np.float32(inputs[1].scale))
    if y.dtype == "int8":
        return proved_multiplier(node, product / y.scale, 255 * 255 * depth)
    multiplier = to_multiplier(product / y.scale)
    prove_wide(node, depth << 30, multiplier)
    return multiplier
