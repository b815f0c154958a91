"""Recurrent layers of TensorFlow Lite files against TensorFlow Lite Micro run after run, byte for byte in integers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lilliput.compiler.frontends.tflite import read_tflite
from lilliput.compiler.graph import Array, Graph, Quant
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.op import Target
from lilliput.compiler.program import compile_graph
from lilliput.core.errors import LilliputError
from tests.parity.one_op_file import Edge, operator_file
from tests.parity.test_tflite_micro import runtime
from tests.runtime.harness import assert_c_equals_reference, run_c

Q = Quant.per_tensor
SVDF, LSTM = 27, 44


def ints(rng: np.random.Generator, shape: tuple[int, ...], kind: Any = np.int8, most: int = 127) -> Array:
    return rng.integers(-most, most + 1, shape).astype(kind)


def svdf_file(seed: int, kind: str) -> bytes:
    """A random layer that keeps `kind`."""
    rng = np.random.default_rng(seed)
    c_in, rank, units, memory = (int(rng.integers(*r)) for r in ((1, 20), (1, 3), (1, 9), (1, 12)))
    filters = units * rank
    if kind == "float32":
        real = [rng.standard_normal(s).astype(np.float32) for s in ((filters, c_in), (filters, memory), (units,))]
        edges = [Edge((1, c_in), kind), *(Edge(a.shape, kind, None, a) for a in real)]
        edges.append(Edge((1, memory * filters), kind, variable=True))
        return operator_file(SVDF, edges, [Edge((1, units), kind)], (6, {0: ("int", rank), 1: ("byte", 1)}))
    s_x, s_w, s_t, s_y = (float(s) for s in rng.uniform(0.005, 0.1, 4))
    s_state = float(s_x * s_w * rng.uniform(1, 8) * (200 if kind == "int8" else 1))
    s_y = float(s_state * s_t * rng.uniform(20, 400) * (1 if kind == "int8" else 256))
    zero = int(rng.integers(-128, 128))
    kept = np.dtype(kind)
    w, t = ints(rng, (filters, c_in)), ints(rng, (filters, memory), kept, 127 if kind == "int8" else 1500)
    b = ints(rng, (units,), np.int32, 20000)
    edges = [
        Edge((1, c_in), "int8", Q(s_x, zero)), Edge(w.shape, "int8", Q(s_w, 0), w), Edge(t.shape, kind, Q(s_t, 0), t),
        Edge(b.shape, "int32", Q(s_state * s_t, 0), b), Edge((1, memory * filters), kind, Q(s_state, 0), variable=True),
    ]  # fmt: skip
    y = Edge((1, units), "int8", Q(s_y, int(rng.integers(-128, 128))))
    return operator_file(SVDF, edges, [y], (6, {0: ("int", rank), 1: ("byte", 1)}))


def lstm_file(seed: int, kind: str, units: int = 0) -> bytes:
    """A random cell over a few rows."""
    rng = np.random.default_rng(seed)
    c_in, n, steps = (int(rng.integers(*r)) for r in ((1, 12), (1, 11), (1, 6)))
    n, time_first, clip = units or n, bool(seed % 2), [0.0, 0.75][seed % 3 == 1]
    shape = (steps, 1) if time_first else (1, steps)
    none: list[Edge | None] = [None]
    options = (71, {0: ("byte", 4), 1: ("float", clip), 2: ("float", 0.0), 3: ("bool", time_first)})
    if kind == "float32":

        def real(*size: int) -> Edge:
            return Edge(size, kind, None, rng.standard_normal(size).astype(np.float32))

        edges = [
            Edge((*shape, c_in), kind), *(real(n, c_in) for _ in range(4)), *(real(n, n) for _ in range(4)), *none * 3,
            *(real(n) for _ in range(4)), *none * 2, Edge((1, n), kind, variable=True),
            Edge((1, n), kind, variable=True), *none * 4,
        ]  # fmt: skip
        return operator_file(LSTM, edges, [Edge((*shape, n), kind)], options)
    s_x, s_h = (float(np.float32(rng.uniform(*r))) for r in ((0.005, 0.05), (0.004, 0.009)))
    s_c = 2.0 ** -int(rng.integers(9, 16))
    x, h = Q(s_x, int(rng.integers(-128, 128))), Q(s_h, int(rng.integers(-60, 60)))
    w = [Q(float(s), 0) for s in rng.uniform(0.002, 0.02, 8)]
    edges = [Edge((*shape, c_in), "int8", x)]
    edges += [Edge((n, c_in), "int8", q, ints(rng, (n, c_in))) for q in w[:4]]
    edges += [Edge((n, n), "int8", q, ints(rng, (n, n))) for q in w[4:]]
    edges += none * 3
    edges += [
        Edge((n,), "int32", Q(float(np.float32(s_x) * np.float32(q.scale[0])), 0), ints(rng, (n,), np.int32, 5000))
        for q in w[:4]
    ]
    edges += [*none * 2, Edge((1, n), "int8", h, variable=True), Edge((1, n), "int16", Q(s_c, 0), variable=True)]
    return operator_file(LSTM, [*edges, *none * 4], [Edge((*shape, n), "int8", h)], options)


def samples(graph: Graph, seed: int, runs: int) -> Array:
    value = graph.values[graph.inputs[0]]
    shape = (runs * value.shape[0], *value.shape[1:])
    rng = np.random.default_rng(seed + 1000)
    if value.dtype == "float32":
        return rng.standard_normal(shape).astype(np.float32)
    made = ints(rng, shape, np.int8, 128 - 1)
    made[0] = -128
    return made


def theirs(data: bytes, rows: Array, leading: int, again: bool = False) -> Array:
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=1 << 20)
    made = []
    for _ in range(2 if again else 1):
        made.clear()
        for part in rows.reshape(-1, leading, *rows.shape[1:]):
            interpreter.set_input(part, 0)
            interpreter.invoke()
            made.append(interpreter.get_output(0).copy())
        interpreter.reset()
    return np.concatenate(made)


def ours(data: bytes, seed: int, runs: int = 12) -> tuple[Graph, Array, Array, Array]:
    graph, _ = read_tflite(data)
    x = samples(graph, seed, runs)
    made = run_integer(graph, {graph.inputs[0]: x})[graph.outputs[0]]
    return graph, x, made, theirs(data, x, graph.values[graph.inputs[0]].shape[0])


@pytest.mark.parametrize("kind", ["int16", "int8"])
def test_filters_over_time_equal_the_published_run_time(kind: str) -> None:
    distinct = 0
    for seed in range(25):
        _, _, made, wanted = ours(svdf_file(seed, kind), seed)
        np.testing.assert_array_equal(made, wanted, err_msg=str(seed))
        distinct += len(np.unique(made)) > 3
    assert distinct > 15


def test_memory_cells_equal_the_published_run_time() -> None:
    distinct = 0
    for seed in range(30):
        _, _, made, wanted = ours(lstm_file(seed, "int8"), seed)
        np.testing.assert_array_equal(made, wanted, err_msg=str(seed))
        distinct += len(np.unique(made)) > 3
    assert distinct > 20


def test_float_layers_come_near_the_published_run_time() -> None:
    for seed in range(10):
        for data in (svdf_file(seed, "float32"), lstm_file(seed, "float32")):
            _, _, made, wanted = ours(data, seed)
            np.testing.assert_allclose(made, wanted, atol=2e-5, rtol=2e-5)


def test_a_reset_clears_what_the_published_run_time_keeps() -> None:
    for data in (svdf_file(3, "int16"), lstm_file(4, "int8")):
        graph, x, made, _ = ours(data, 3)
        np.testing.assert_array_equal(made, theirs(data, x, graph.values[graph.inputs[0]].shape[0], again=True))


@pytest.mark.parametrize("seed", [3, 5])
@pytest.mark.parametrize("kind", ["int16", "int8", "lstm"])
def test_the_code_equals_the_reference(kind: str, seed: int, tmp_path: Path) -> None:
    data = lstm_file(seed, "int8") if kind == "lstm" else svdf_file(seed, kind)
    graph, _ = read_tflite(data)
    assert_c_equals_reference(graph, tmp_path, given={graph.inputs[0]: samples(graph, seed, 9)})


@pytest.mark.parametrize("make", [svdf_file, lstm_file])
def test_the_float_code_comes_near_the_reference(make: Any, tmp_path: Path) -> None:
    graph, x, made, _ = ours(make(2, "float32"), 2)
    (code,) = run_c(compile_graph(graph, Target()), [x], tmp_path, ["-ffp-contract=off"])
    np.testing.assert_allclose(code.reshape(made.shape), made, atol=1e-5)


def test_a_hybrid_layer_is_refused_by_name() -> None:
    rng = np.random.default_rng(0)
    w, t, b = ints(rng, (2, 3)), rng.standard_normal((2, 4)).astype(np.float32), np.zeros(2, np.float32)
    edges = [
        Edge((1, 3), "float32"), Edge(w.shape, "int8", Q(0.1, 0), w), Edge(t.shape, "float32", None, t),
        Edge(b.shape, "float32", None, b), Edge((1, 8), "float32", variable=True),
    ]  # fmt: skip
    data = operator_file(SVDF, edges, [Edge((1, 2), "float32")], (6, {0: ("int", 1), 1: ("byte", 1)}))
    with pytest.raises(LilliputError, match=r"SVDF .* is hybrid") as caught:
        read_tflite(data)
    assert caught.value.code == "LP301"
