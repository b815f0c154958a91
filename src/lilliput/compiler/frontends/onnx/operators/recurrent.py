"""Recurrent layers, in float: forward, in reverse, and both."""

from __future__ import annotations

from typing import Any

import numpy as np

from lilliput.compiler.frontends._recurrent import directed, last
from lilliput.compiler.frontends.onnx.model import Operator
from lilliput.compiler.frontends.onnx.reader import Reader, on
from lilliput.compiler.graph import Array
from lilliput.core.errors import BrokenGraph

_DIRECTIONS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}


@on("LSTM")
def _lstm(r: Reader, op: Operator) -> tuple[str, str]:
    op.demand(not op.has(7), "peephole weights have no kernel")
    op.demand(not op.attrs.get("input_forget", 0), "coupled input and forget gates have no kernel")
    _expect_activations(op, ("sigmoid", "tanh", "tanh"))
    return _layer(r, op, "lstm", (0, 2, 3, 1), {})


@on("GRU")
def _gru(r: Reader, op: Operator) -> tuple[str, str]:
    _expect_activations(op, ("sigmoid", "tanh"))
    return _layer(r, op, "gru", (1, 0, 2), {"early": not op.attrs.get("linear_before_reset", 0)})


@on("RNN")
def _rnn(r: Reader, op: Operator) -> tuple[str, str]:
    named = {str(name).lower() for name in op.attrs.get("activations", ("tanh",))}
    op.demand(named in ({"tanh"}, {"relu"}), f"activations {sorted(named)}: tanh and relu have kernels")
    return _layer(r, op, "rnn", (0,), {"activation": named.pop()})


def _expect_activations(op: Operator, wanted: tuple[str, ...]) -> None:
    given = tuple(str(name).lower() for name in op.attrs.get("activations", wanted))
    op.demand(given == wanted * (len(given) // len(wanted)), f"activations {', '.join(given)} have no kernel")


def _layer(r: Reader, op: Operator, kind: str, order: tuple[int, ...], attrs: dict[str, Any]) -> tuple[str, str]:
    """Y (T, D, 1, n) and Y_h (D, 1, n); `order` says where our parts stand among the file's."""
    op.demand("clip" not in op.attrs, "a clip of the gates has no kernel")
    op.demand(not op.attrs.get("layout", 0), "layout 1 has no kernel", "export with layout 0")
    x, shape = r.x(op), r.shape(r.x(op))
    if len(shape) != 3:
        raise BrokenGraph(f"{op.path}: x has {list(shape)}")
    steps = shape[0]
    op.demand(shape[1] == 1, f"{shape[1]} sequences at once have no kernel", "export with a batch of one")
    if op.has(4):
        lengths = op.constant(4, "sequence_lens").reshape(-1).tolist()
        op.demand(lengths == [steps], f"sequence_lens {lengths} of {steps} rows")
    ways = _DIRECTIONS.get(str(op.attrs.get("direction", "forward")))
    if ways is None:
        raise BrokenGraph(f"{op.path}: direction {op.attrs['direction']!r}")
    n = _hidden(r, op, len(ways), len(order), shape[2])

    def add(name: str, inputs: list[str], **given: Any) -> str:
        return r.node(op, name, inputs, **given)

    def reshaped(value: str, *to: int) -> str:
        return value if r.shape(value) == to else add("reshape", [value], shape=to)

    rows = reshaped(x, 1, steps, shape[2])
    made, ends = [], []
    for way, reverse in enumerate(ways):
        y = directed(add, kind, rows, _constants(r, op, kind, way, order, n), reverse, attrs)
        ends.append(last(add, y, (1, steps, n), reverse))
        made.append(reshaped(y, 1, steps, 1, n))
    both = made[0] if len(made) == 1 else add("concat", made, axis=2)
    end = ends[0] if len(ends) == 1 else add("concat", ends, axis=1)
    return reshaped(both, steps, len(ways), 1, n), reshaped(end, len(ways), 1, n)


def _hidden(r: Reader, op: Operator, ways: int, parts: int, c_in: int) -> int:
    """Hidden units. Raises BrokenGraph when the weights do not fit."""
    w, u = r.weights(op, 1, "W").data, r.weights(op, 2, "R").data
    n = int(u.shape[-1]) if u.ndim else 0
    if n < 1 or w.shape != (ways, parts * n, c_in) or u.shape != (ways, parts * n, n):
        raise BrokenGraph(f"{op.path}: W {list(w.shape)}, R {list(u.shape)} for {c_in} inputs, {ways} directions")
    if int(op.attrs.get("hidden_size", n)) != n:
        raise BrokenGraph(f"{op.path}: hidden_size {op.attrs['hidden_size']}, the weights have {n}")
    return n


def _constants(r: Reader, op: Operator, kind: str, way: int, order: tuple[int, ...], n: int) -> list[str]:
    def parts(given: Array) -> Array:
        ordered: Array = given.reshape(len(order), n, -1)[list(order)].reshape(len(order) * n, -1)
        return ordered.astype(np.float32)

    found = [parts(_real(r, op, 1, "W")[way]), parts(_real(r, op, 2, "R")[way])]
    size = len(order) * n
    bias = _real(r, op, 3, "B") if op.has(3) else np.zeros((way + 1, 2 * size), np.float32)
    if bias.shape[1:] != (2 * size,) or len(bias) <= way:
        raise BrokenGraph(f"{op.path}: B {list(bias.shape)} for {n} hidden units")
    given, hidden = (parts(half).reshape(-1) for half in (bias[way, :size], bias[way, size:]))
    found += [given, hidden] if kind == "gru" else [given + hidden]
    starts = [5, 6][: 2 if kind == "lstm" else 1]
    if any(op.has(position) for position in starts):
        for position in starts:
            first = op.constant(position, "an initial state") if op.has(position) else np.zeros((way + 1, 1, n))
            if first.shape[1:] != (1, n) or len(first) <= way:
                raise BrokenGraph(f"{op.path}: an initial state {list(first.shape)} for {n} hidden units")
            found.append(first[way].astype(np.float32))
    return [r.build.constant(f"{op.label}.{way}.{i}", array) for i, array in enumerate(found)]


def _real(r: Reader, op: Operator, position: int, what: str) -> Array:
    real: Array = r.weights(op, position, what).real
    return real
