"""Gated recurrent units: for each row r = σ(w_r x + u_r h + …), z likewise, g = tanh(w_g x + b_g + past),
h = (1 - z) g + z h.

Inputs   x (1, T, C_in), w (3 n, C_in), r (3 n, n), b (3 n) of the input, c (3 n) of the hidden state: the parts in the
         order r, z, g; then h (1, n), optional: see `_cells`
Attrs    early: past is u_g (r h) + c_g, else it is r (u_g h + c_g)
Value    all h, (1, T, n)
Integer  no form: float32 only
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lilliput.compiler.graph import Node, Value
from lilliput.compiler.op import Field, Kernel, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._cells import Cell, cell_signature, constants_of, float_cell, rows_fields

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Gru(Cell):
    """y = the hidden states of gated recurrent units over the rows."""

    name = "gru"
    arity = (5, 6)
    biases = 2

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        return cell_signature(node, inputs, 3, 2)

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        expect(node.attrs.get("early") in (True, False), node, "early must be True or False")

    def macs(self, node: Node, inputs: Sequence[Value], output: Value) -> int:
        return inputs[0].shape[1] * (inputs[1].elements + inputs[2].elements)

    def forward(self, node: Node, *x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        import torch
        from torch.nn.functional import linear

        n, early = x[2].shape[1], node.attrs["early"]
        h = x[5] if len(x) > 5 else x[0].new_zeros(1, n)
        made = []
        for row in x[0].unbind(1):
            given = linear(row, x[1], x[3])
            both = (given[:, : 2 * n] + linear(h, x[2][: 2 * n], x[4][: 2 * n])).sigmoid()
            r, z = both.chunk(2, dim=1)
            past = linear(r * h if early else h, x[2][2 * n :], x[4][2 * n :])
            h = (1 - z) * (given[:, 2 * n :] + (past if early else r * past)).tanh() + z * h
            made.append(h)
        return torch.stack(made, dim=1), (h,)

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        w, r, b, c = constants_of(self, node, inputs[1:5])
        n = r.shape[1]
        parts = [
            *rows_fields("input", w, b),
            *rows_fields("hidden", r[: 2 * n], c[: 2 * n]),
            *rows_fields("late", r[2 * n :], c[2 * n :]),
        ]
        early = Field("early", "int32_t", int(node.attrs["early"]))
        return float_cell(node, [*parts, early], inputs[0], n, 6, inputs[5:])
