"""Long short-term memory: for each row i, f, g, o = w x + r h + b; c = σ(f) c + σ(i) tanh(g); h = σ(o) tanh(c).

Inputs   x (1, T, C_in), w (4 n, C_in), r (4 n, n), b (4 n): the parts in the order i, f, g, o; then h (1, n) and
         c (1, n), both or none: see `_cells`
Attrs    clip: c is held within ± clip, 0 for none
Value    all h, (1, T, n)
Integer  x and y int8, w and r int8 symmetric, per tensor or row, b int32 with scale s_x · s_w; h int8 and c int16 with
         zero point 0 and a scale that is a power of 2, both kept. As TensorFlow Lite Micro computes it: both products
         are rounded to int16 in 2^-12 and added, saturated; the gates are int16 in 2^-15.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lilliput.compiler.fixed_point import Multiplier, requantise, to_multiplier
from lilliput.compiler.graph import Array, Node, Quant, Value
from lilliput.compiler.op import Field, Kernel, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._cells import (
    Cell,
    cell_signature,
    constants_of,
    dense_channels,
    dense_fields,
    dense_function,
    dense_integer,
    float_cell,
    rows_fields,
)
from lilliput.compiler.ops._tables_s16 import OUTPUT_SCALE, InputScale, between, sigmoid_table
from lilliput.core.errors import UnsafeRange

if TYPE_CHECKING:
    from torch import Tensor

GATE = Quant.per_tensor(2.0**-12, 0)
"""Of the products, and of their sum."""
_DIRECT = InputScale(3, 0)


@register_op
class Lstm(Cell):
    """y = the hidden states of a long short-term memory over the rows."""

    name = "lstm"
    arity = (4, 6)

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        expect(len(inputs) != 5, node, "has a hidden state without a cell state")
        return cell_signature(node, inputs, 4, 1)

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        clip = node.attrs.get("clip", 0.0)
        expect(isinstance(clip, (int, float)) and 0 <= clip < math.inf, node, f"clip must be 0 or more, got {clip}")
        if inputs[0].dtype == "float32":
            return
        expect(len(inputs) == 6 and inputs[4].is_state, node, "the integer form keeps its states")
        x, w, r, b, h, c = inputs
        types = tuple(value.dtype for value in (x, w, r, b, h, c, output))
        expect(types == ("int8", "int8", "int8", "int32", "int8", "int16", "int8"), node, f"has types {types}")
        for weights in (w, r):
            fits = weights.quant is not None and set(weights.quant.zero_point) == {0}
            expect(fits, node, f"{weights.name!r} must be symmetric (zero point 0)")
            rows = weights.quant is None or weights.quant.is_per_tensor or weights.quant.axis == 0
            expect(rows, node, f"scales of {weights.name!r} must be on axis 0")
        expect(h.quant is not None and output.quant == h.quant, node, "y and h must have one scale and zero point")
        power = c.quant is not None and c.zero_point == 0 and math.frexp(c.scale)[0] == 0.5
        expect(power and 2.0**-15 <= c.scale <= 2.0**-9, node, "c must have a scale of 2^-15 to 2^-9, zero point 0")

    def macs(self, node: Node, inputs: Sequence[Value], output: Value) -> int:
        return inputs[0].shape[1] * (inputs[1].elements + inputs[2].elements)

    def forward(self, node: Node, *x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        import torch

        n, clip = x[2].shape[1], float(node.attrs.get("clip", 0.0))
        h, c = (x[4], x[5]) if len(x) > 4 else (x[0].new_zeros(1, n), x[0].new_zeros(1, n))
        made = []
        for row in x[0].unbind(1):
            gates = torch.nn.functional.linear(row, x[1], x[3]) + torch.nn.functional.linear(h, x[2])
            i, f, g, o = gates.chunk(4, dim=1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            c = c.clamp(-clip, clip) if clip else c
            h = o.sigmoid() * c.tanh()
            made.append(h)
        return torch.stack(made, dim=1), (h, c)

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        if len(x[0]) != 1:
            raise ValueError(f"lstm at {node.name!r} takes one run at a time, got {len(x[0])}")
        h, c = x[4], x[5]
        n, steps = h.shape[1], _Steps.of(node, inputs)
        given = dense_integer(node, inputs[0], inputs[1], inputs[3], GATE, x[0][0])
        made = []
        for row in given:
            gates = _saturate(row.astype(np.int64) + dense_integer(node, inputs[4], inputs[2], None, GATE, h)[0])
            i, f, g, o = (_logistic(gates[k * n : (k + 1) * n]) if k != 2 else _tanh(gates[2 * n : 3 * n], _DIRECT)
                          for k in range(4))  # fmt: skip
            cell = _saturate(
                _saturate(requantise(f * c[0], *steps.forget)) + _saturate(requantise(i * g, *steps.update))
            )
            c[0] = np.clip(cell, -steps.clip, steps.clip) if steps.clip else cell
            out = requantise(o * _tanh(c[0].astype(np.int64), steps.tanh), *steps.output) + inputs[4].zero_point
            h[0] = np.clip(out, -128, 127)
            made.append(h[0].copy())
        return np.stack(made)[None]

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        x, w, r, b, h, c = inputs
        n, steps = h.shape[1], _Steps.of(node, inputs)
        products = [dense_channels(node, x, w, b, GATE), dense_channels(node, h, r, None, GATE)]
        dsp, function = dense_function(products, target)
        numbers = {
            "steps": x.shape[1], "n": n, "tanh_mult": steps.tanh.mult, "tanh_left": steps.tanh.left,
            "forget_mult": steps.forget.mult, "forget_shift": steps.forget.shift, "update_mult": steps.update.mult,
            "update_shift": steps.update.shift, "output_mult": steps.output.mult, "output_shift": steps.output.shift,
            "h_zero": h.zero_point, "clip": steps.clip,
        }  # fmt: skip
        return Kernel(
            function="lp_lstm_s8",
            fields=(
                *dense_fields("input", products[0], dsp),
                *dense_fields("hidden", products[1], dsp),
                function,
                Field("table", "uint16_t", sigmoid_table()),
                *(Field(name, "int32_t", value) for name, value in numbers.items()),
            ),
            operands=(x.name, h.name, c.name, output.name),
            scratch_bytes=16 * n,
            also=("lp_logistic_s16", "lp_tanh_s16"),
        )

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        w, r, b = constants_of(self, node, inputs[1:4])
        zeros = np.zeros(len(b), np.float32)
        clip = Field("clip", "float", float(node.attrs.get("clip", 0.0)))
        fields = [*rows_fields("input", w, b), *rows_fields("hidden", r, zeros), clip]
        return float_cell(node, fields, inputs[0], r.shape[1], 8, inputs[4:])


class _Steps(NamedTuple):
    """The factors of a cell, proved."""

    forget: Multiplier
    update: Multiplier
    output: Multiplier
    tanh: InputScale
    clip: int

    @classmethod
    def of(cls, node: Node, inputs: Sequence[Value]) -> _Steps:
        h, c = inputs[4:6]
        factors = [
            to_multiplier(real)
            for real in (OUTPUT_SCALE, OUTPUT_SCALE * OUTPUT_SCALE / c.scale, OUTPUT_SCALE * OUTPUT_SCALE / h.scale)
        ]
        if any(factor.shift > 0 for factor in factors):
            raise UnsafeRange(
                f'lstm at "{node.name}" has a hidden state in steps of {h.scale:g}, too fine for its kernel',
                fix="quantise it with a larger scale",
            )
        power = round(math.log2(c.scale)) + 12
        tanh = InputScale(3 << power, 0) if power >= 0 else InputScale(3, -power)
        clip = float(node.attrs.get("clip", 0.0))
        steps = int(min(np.float32(clip) / np.float32(c.scale), np.float32(32767))) if clip else 0
        return cls(factors[0], factors[1], factors[2], tanh, steps)


def _saturate(values: Array) -> Array:
    clipped: Array = np.clip(values, -32768, 32767).astype(np.int64)
    return clipped


def _logistic(codes: Array) -> Array:
    t = _DIRECT.of(codes)
    value = between(np.abs(t), 9, 0x7FFF << 10)
    found: Array = (np.where(t < 0, (1 << 25) - value - 1, value) + 512) >> 10
    return found


def _tanh(codes: Array, scaled: InputScale) -> Array:
    t = scaled.of(codes)
    value = between(np.abs(t), 8, 0xFFFF << 8) - (1 << 23)
    found: Array = (np.where(t < 0, -value - 1, value) + 128) >> 8
    return found
