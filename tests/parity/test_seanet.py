"""Single operators of a published int16 network: the published outputs, TensorFlow Lite Micro's, and ours on this
machine and on emulated boards are the same bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.boards import get_board
from lilliput.boards.verify import verify
from lilliput.compiler.frontends.tflite import load_tflite
from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.program import compile_graph
from tests.runtime.cases import side_by_side
from tests.runtime.harness import assert_c_equals_reference, sample

pytestmark = pytest.mark.shared

OPERATORS = (
    "add0", "add5", "conv0", "conv1", "conv3", "leaky_relu0", "pad0", "quantize0", "strided_slice0", "sub0",
    "transpose_conv3",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "models" / "seanet_int16"


@pytest.fixture(scope="module")
def everything(folder: Path) -> tuple[Graph, list[Array]]:
    """All operators in one graph, and the published inputs."""
    graphs = {name: load_tflite(folder / f"{name}.tflite")[0] for name in OPERATORS}
    return side_by_side(graphs), [x for name, graph in graphs.items() for x in published(graph, folder, name)[0]]


def published(graph: Graph, folder: Path, name: str) -> tuple[list[Array], Array]:
    """(inputs, output) of an operator."""
    values = [graph.values[given] for given in graph.inputs]
    with np.load(folder / f"{name}_io.npz") as file:
        return [file[f"input{i}"].reshape(value.shape) for i, value in enumerate(values)], file["golden"]


@pytest.mark.parametrize("name", OPERATORS)
def test_the_published_outputs(name: str, folder: Path) -> None:
    program = compile_graph(load_tflite(folder / f"{name}.tflite")[0])
    inputs, golden = published(program.graph, folder, name)
    np.testing.assert_array_equal(program.run(*inputs)[0].ravel(), golden)


@pytest.mark.parametrize("name", OPERATORS)
def test_every_bit_is_the_interpreters(name: str, folder: Path) -> None:
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime", reason="tflite_micro is not installed")
    path = folder / f"{name}.tflite"
    program = compile_graph(load_tflite(path)[0])
    interpreter = runtime.Interpreter.from_file(str(path), arena_size=1 << 18)
    rng = np.random.default_rng(4)
    rows = [sample(value, 12 * value.shape[0], rng) for value in program.inputs]
    for i in range(12):
        inputs = [x[i * v.shape[0] : (i + 1) * v.shape[0]] for x, v in zip(rows, program.inputs, strict=True)]
        for position, x in enumerate(inputs):
            interpreter.set_input(x, position)
        interpreter.invoke()
        np.testing.assert_array_equal(program.run(*inputs)[0], interpreter.get_output(0))


def test_c_on_this_machine_gives_every_bit(everything: tuple[Graph, list[Array]], tmp_path: Path) -> None:
    graph, inputs = everything
    assert_c_equals_reference(graph, tmp_path, given=dict(zip(graph.inputs, inputs, strict=True)))


@pytest.mark.parametrize("board", ["nucleo-f446re", "nucleo-f746zg"])
def test_emulated_boards_give_every_bit(board: str, everything: tuple[Graph, list[Array]]) -> None:
    graph, inputs = everything
    chosen = get_board(board)
    assert verify(compile_graph(graph, chosen.target), chosen, inputs).differing_bytes == 0
