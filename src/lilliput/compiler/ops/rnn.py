"""Plain recurrent units: for each row h = f(w x + r h + b).

Inputs   x (1, T, C_in), w (n, C_in), r (n, n), b (n); then h (1, n), optional: see `_cells`
Attrs    activation: f, tanh | relu
Value    all h, (1, T, n)
Integer  no form: float32 only
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Node, Value
from lilliput.compiler.op import Field, Kernel, Signature, Target, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._cells import Cell, cell_signature, constants_of, float_cell, rows_fields

if TYPE_CHECKING:
    from torch import Tensor


@register_op
class Rnn(Cell):
    """y = the hidden states of plain recurrent units over the rows."""

    name = "rnn"
    arity = (4, 5)

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        return cell_signature(node, inputs, 1, 1)

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        expect(node.attrs.get("activation") in ("tanh", "relu"), node, "activation must be tanh or relu")

    def macs(self, node: Node, inputs: Sequence[Value], output: Value) -> int:
        return inputs[0].shape[1] * (inputs[1].elements + inputs[2].elements)

    def forward(self, node: Node, *x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        import torch
        from torch.nn.functional import linear

        h = x[4] if len(x) > 4 else x[0].new_zeros(1, x[2].shape[1])
        made = []
        for row in x[0].unbind(1):
            total = linear(row, x[1], x[3]) + linear(h, x[2])
            h = total.tanh() if node.attrs["activation"] == "tanh" else total.relu()
            made.append(h)
        return torch.stack(made, dim=1), (h,)

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel:
        w, r, b = constants_of(self, node, inputs[1:4])
        relu = Field("relu", "int32_t", int(node.attrs["activation"] == "relu"))
        fields = [*rows_fields("input", w, b), *rows_fields("hidden", r, np.zeros(len(b), np.float32)), relu]
        return float_cell(node, fields, inputs[0], r.shape[1], 2, inputs[4:])
