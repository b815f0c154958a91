"""Recurrent layers of exported PyTorch programs. See `_aten`."""

from __future__ import annotations

from typing import Any

import numpy as np

from lilliput.compiler.builder import GraphBuilder
from lilliput.compiler.frontends._aten import Call, _data, _demand, _on, _reshape
from lilliput.compiler.frontends._recurrent import directed, last
from lilliput.core.errors import UnsupportedAttribute

_KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "lstm.input": ("lstm", {}),
    "gru.input": ("gru", {"early": False}),
    "rnn_tanh.input": ("rnn", {"activation": "tanh"}),
    "rnn_relu.input": ("rnn", {"activation": "relu"}),
}


class Results:
    """What a layer gives: all hidden states, and on demand those that it ends with."""

    def __init__(self, b: GraphBuilder, call: Call, y: str, ends: list[tuple[str, bool]]) -> None:
        self._b, self._call, self._y, self._ends = b, call, y, ends

    def __getitem__(self, index: int) -> str:
        if index == 0:
            return self._y
        if index > 1:
            raise UnsupportedAttribute(f"{self._call.target}: the last cell state has no translation", fix="return h_n")
        found = [last(_adder(self._b, self._call), y, self._b.shape(y), reverse) for y, reverse in self._ends]
        if len(found) == 1:
            return found[0]
        return self._b.node("concat", f"{self._call.label}.last", found, axis=0, source=self._call.source)


def _adder(b: GraphBuilder, call: Call) -> Any:
    def add(kind: str, inputs: list[str], **attrs: Any) -> str:
        return b.node(kind, f"{call.label}.{kind}", inputs, source=call.source, **attrs)

    return add


@_on(*_KINDS)
def _recurrent(b: GraphBuilder, call: Call) -> Results:
    a = call.args
    kind, attrs = _KINDS[call.target.removeprefix("aten.")]
    _demand(not a["train"] or not a["dropout"], "dropout is in training mode", "call `model.eval()` first")
    x, shape = a["input"], b.shape(a["input"])
    _demand(len(shape) == 3, f"needs rows (1, T, C), got {shape}")
    batch, time = (0, 1) if a["batch_first"] else (1, 0)
    _demand(shape[batch] == 1, f"{shape[batch]} sequences at once have no kernel")
    rows = _reshape(b, x, (1, shape[time], shape[2]), call)
    first = [_data(b, name, "an initial state") for name in (a["hx"] if isinstance(a["hx"], list) else [a["hx"]])]
    ways, params = (False, True) if a["bidirectional"] else (False,), list(a["params"])
    each = 4 if a["has_biases"] else 2
    _demand(len(params) == each * len(ways) * int(a["num_layers"]), "projected hidden states have no kernel")
    ends: list[tuple[str, bool]] = []
    for layer in range(int(a["num_layers"])):
        made = []
        for way, reverse in enumerate(ways):
            at = layer * len(ways) + way
            arrays = [_data(b, name, "a weight") for name in params[each * at : each * (at + 1)]]
            if not a["has_biases"]:
                arrays += [np.zeros(len(arrays[0]), np.float32)] * 2
            if kind != "gru":
                arrays[2:] = [arrays[2] + arrays[3]]
            arrays += [state[at] for state in first] if any(state.any() for state in first) else []
            names = [b.constant(f"{call.label}.l{at}.{i}", array) for i, array in enumerate(arrays)]
            y = directed(_adder(b, call), kind, rows, names, reverse, attrs)
            made.append(y)
            ends.append((y, reverse))
        rows = made[0] if len(made) == 1 else b.node("concat", f"{call.label}.both", made, axis=2, source=call.source)
    y = rows if a["batch_first"] else _reshape(b, rows, (shape[0], 1, b.shape(rows)[2]), call)
    return Results(b, call, y, ends)
