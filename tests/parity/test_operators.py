"""Every operator alone, over random shapes, scales and options, against TensorFlow Lite Micro: byte for byte.

The C of some of these cases is held to the reference, those of one operator in one program.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from lilliput.compiler.frontends.tflite import read_tflite
from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.op import Target
from lilliput.compiler.program import compile_graph
from lilliput.core.errors import LilliputError
from tests.runtime.cases import side_by_side
from tests.runtime.harness import run_c

runtime = pytest.importorskip(
    "tflite_micro.python.tflite_micro.runtime", reason="the wheel tflite_micro is not installed"
)
pytest.importorskip("flatbuffers", reason="flatbuffers is not installed")

from tests.parity import random_elementwise, random_layers, random_moves  # noqa: E402, F401
from tests.parity.random_case import MAKERS, ONLY_LITERT, Case  # noqa: E402

CASES, COMPILED, ROWS = 24, 6, 4


def cases_of(name: str) -> list[Case]:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return [MAKERS[name](rng) for _ in range(CASES)]


def litert(data: bytes, rows: list[Array], shapes: list[tuple[int, ...]], runs: int, outputs: int) -> list[Array]:
    """The same of LiteRT's reference kernels."""
    lite = pytest.importorskip("ai_edge_litert.interpreter", reason="the wheel ai-edge-litert is not installed")
    interpreter = lite.Interpreter(model_content=data, experimental_op_resolver_type=lite.OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    made: list[list[Array]] = [[] for _ in range(outputs)]
    for i in range(runs):
        for told, row, shape in zip(interpreter.get_input_details(), rows, shapes, strict=True):
            interpreter.set_tensor(told["index"], np.split(row, runs)[i].reshape(shape))
        interpreter.invoke()
        for position, told in enumerate(interpreter.get_output_details()):
            made[position].append(np.atleast_1d(interpreter.get_tensor(told["index"])))
    return [np.concatenate(parts) for parts in made]


def theirs(data: bytes, rows: list[Array], shapes: list[tuple[int, ...]], runs: int, outputs: int) -> list[Array]:
    """Outputs of the published run time, run by run."""
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=1 << 18)
    made: list[list[Array]] = [[] for _ in range(outputs)]
    for i in range(runs):
        for position, (row, shape) in enumerate(zip(rows, shapes, strict=True)):
            interpreter.set_input(np.split(row, runs)[i].reshape(shape), position)
        interpreter.invoke()
        for position in range(outputs):
            made[position].append(np.atleast_1d(interpreter.get_output(position).copy()))
    return [np.concatenate(parts) for parts in made]


def held_to_the_interpreter(name: str, case: Case, rng: np.random.Generator) -> tuple[Graph, list[Array]]:
    data = case.file(name)
    graph, _ = read_tflite(data)
    rows = case.rows(rng, ROWS)
    shapes = [graph.values[i].shape for i in graph.inputs]
    ours = run_integer(graph, dict(zip(graph.inputs, rows, strict=True)))
    runs = ROWS if rows else 1
    oracle = litert if name in ONLY_LITERT else theirs
    for mine, other in zip(ours.values(), oracle(data, rows, shapes, runs, len(case.outputs)), strict=True):
        described = f"{name}: {case.inputs} -> {case.outputs}, {case.options}"
        np.testing.assert_array_equal(mine.reshape(other.shape), other, err_msg=described)
    return graph, rows


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_every_byte_is_the_interpreters(name: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    graphs: dict[str, Graph] = {}
    given: dict[str, Array] = {}
    for index, case in enumerate(cases_of(name)):
        graph, rows = held_to_the_interpreter(name, case, rng)
        if not rows or len(graphs) == COMPILED:
            continue  # all constant: nothing is left for the device to do; or enough for one program
        graphs[f"c{index}"] = graph
        given |= {f"c{index}.{key}": row for key, row in zip(graph.inputs, rows, strict=True)}
    if not graphs:
        return
    program = compile_graph(side_by_side(graphs), Target())
    inputs = [given[key] for key in program.graph.inputs]
    for made, wanted in zip(run_c(program, inputs, tmp_path), program.run(*inputs), strict=True):
        np.testing.assert_array_equal(made, wanted.reshape(made.shape), err_msg=name)


def _changed(data: bytes, rng: np.random.Generator) -> bytes:
    made = bytearray(data)
    for at in rng.integers(0, len(made), int(rng.integers(1, 3))).tolist():
        made[at] = int(rng.choice([0, 1, 2, 3, 5, 9, 64, 128, 255, made[at] ^ 1]))
    return bytes(made)


def _outcome(data: bytes) -> str:
    try:
        graph, stage = read_tflite(data)
        if stage == "integer" and sum(value.nbytes for value in graph.values.values()) < 1 << 20:
            compile_graph(graph)
    except LilliputError:
        return "refused"
    return "compiled"


def test_a_changed_file_is_refused_or_compiled() -> None:
    """One or two bytes of each file are set to numbers that mean something: other types, shapes, axes, options."""
    rng, outcomes = np.random.default_rng(1), {"compiled": 0, "refused": 0}
    for name in sorted(MAKERS) * 20:
        outcomes[_outcome(_changed(MAKERS[name](rng).file(name), rng))] += 1
    assert min(outcomes.values()) > 200
