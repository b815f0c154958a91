"""Recurrent cells in a stream: run by run as the whole recording at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.compiler.frontends.tflite import read_tflite
from lilliput.compiler.graph import Array, Graph, Node, Value
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.op import Target
from lilliput.compiler.passes.stream import stream
from lilliput.compiler.program import compile_graph
from tests.runtime.harness import assert_c_equals_reference, run_c

STEPS, C_IN, N = 12, 3, 5
PARTS = {"lstm": (4, 1), "gru": (3, 2), "rnn": (1, 1)}


def network(kind: str, steps: int = STEPS) -> Graph:
    """A float cell over rows, and an activation behind it."""
    rng = np.random.default_rng(2)
    parts, biases = PARTS[kind]
    shapes = [(parts * N, C_IN), (parts * N, N), *[(parts * N,)] * biases]
    constants = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    values = [Value(f"c{i}", a.shape, "float32", data=a) for i, a in enumerate(constants)]
    names = ("x", *(value.name for value in values))
    values += [Value("x", (1, steps, C_IN), "float32"), *(Value(k, (1, steps, N), "float32") for k in ("y", "z"))]
    attrs = {"lstm": {}, "gru": {"early": False}, "rnn": {"activation": "tanh"}}[kind]
    nodes = (Node(kind, "cell", names, ("y",), attrs), Node("relu", "after", ("y",), ("z",)))
    return Graph(kind, {v.name: v for v in values}, nodes, ("x",), ("z",))


def rows(steps: int = STEPS) -> Array:
    return np.random.default_rng(5).standard_normal((1, steps, C_IN)).astype(np.float32)


@pytest.mark.parametrize("kind", list(PARTS))
def test_a_float_cell_gives_in_steps_what_it_gives_at_once(kind: str, tmp_path: Path) -> None:
    x, streamed = rows(), stream(network(kind), 2)
    wanted = run_integer(network(kind), {"x": x})["z"]
    steps = x.reshape(-1, 2, C_IN)
    made = run_integer(streamed.graph, {"x": steps})["z"]
    np.testing.assert_allclose(made.reshape(wanted.shape), wanted, atol=1e-6)
    assert streamed.lag == 0
    assert streamed.kept_bytes == 4 * N * (2 if kind == "lstm" else 1)
    (code,) = run_c(compile_graph(streamed.graph, Target()), [steps], tmp_path, ["-ffp-contract=off"])
    np.testing.assert_allclose(code.reshape(wanted.shape), wanted, atol=1e-5)


def test_an_integer_cell_gives_in_steps_the_bytes_it_gives_at_once(tmp_path: Path) -> None:
    pytest.importorskip("flatbuffers", reason="flatbuffers is not installed")
    pytest.importorskip("tflite_micro", reason="the wheel tflite_micro is not installed")
    from tests.parity.test_cells import lstm_file, samples

    graph, _ = read_tflite(lstm_file(10, "int8"))  # no. 10 has the batch first
    name = graph.inputs[0]
    steps = graph.values[name].shape[1]
    assert steps > 1
    x = samples(graph, 1, 4)
    wanted = run_integer(graph, {name: x})[graph.outputs[0]]
    streamed = stream(graph, 1)
    one = x.reshape(-1, 1, x.shape[2])
    made = run_integer(streamed.graph, {name: one})[graph.outputs[0]]
    np.testing.assert_array_equal(made.reshape(wanted.shape), wanted)
    assert_c_equals_reference(streamed.graph, tmp_path, given={name: one})
