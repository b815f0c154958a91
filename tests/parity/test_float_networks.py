"""Real float32 networks: the C gives what LiteRT, TensorFlow Lite Micro and torch give, within the bound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.boards import get_board
from lilliput.boards.agree import agreement
from lilliput.boards.host import run_host
from lilliput.boards.run import differing_bytes, execute
from lilliput.compiler.frontends import load_network
from lilliput.compiler.graph import Array
from lilliput.compiler.program import Program, compile_graph
from lilliput.core.errors import UnsupportedOp

NETWORKS = {
    "pretrainedResnet": "nucleo-f746zg", "vww_96_float": "nucleo-f746zg", "ad01_fp32": "nucleo-h743zi",
    "hello_world_float": "nucleo-f446re", "tinymaix_mnist_valid_f": "nucleo-f446re",
}  # fmt: skip
"""File → the board that it is emulated on."""
HYBRID = "kws_ref_model_float32"


def compiled(folder: Path, name: str) -> Program:
    graph, stage = load_network(folder / "models" / f"{name}.tflite", dequantise=name == HYBRID)
    assert stage == "float"
    return compile_graph(graph)


def rows(program: Program) -> Array:
    rng, (x,) = np.random.default_rng(7), program.inputs
    given = np.concatenate([rng.normal(0, 1, (3, *x.shape[1:])), rng.uniform(0, 1, (3, *x.shape[1:]))])
    return given.astype(np.float32)


def litert(path: Path, inputs: Array) -> Array:
    interpreter = pytest.importorskip("ai_edge_litert.interpreter", reason="the wheel ai-edge-litert is not installed")
    plain = interpreter.OpResolverType.BUILTIN_REF
    run = interpreter.Interpreter(str(path), experimental_op_resolver_type=plain, num_threads=1)
    run.allocate_tensors()
    (given,), (made,) = run.get_input_details(), run.get_output_details()
    found = []
    for row in inputs:
        run.set_tensor(given["index"], row[None])
        run.invoke()
        found.append(run.get_tensor(made["index"])[0].copy())
    return np.array(found)


@pytest.mark.shared
@pytest.mark.parametrize("name", NETWORKS)
def test_c_is_what_litert_and_torch_give(name: str, shared_data: Path) -> None:
    program = compiled(shared_data, name)
    x = rows(program)
    (made,) = run_host(program, [x])
    for wanted in (program.run(x)[0], litert(shared_data / "models" / f"{name}.tflite", x)):
        assert agreement([made], [wanted], len(x)).row is None
    assert len(np.unique(made)) > 5


@pytest.mark.shared
@pytest.mark.parametrize("name", NETWORKS)
def test_the_board_gives_the_bits_of_this_machine(name: str, shared_data: Path) -> None:
    program, board = compiled(shared_data, name), get_board(NETWORKS[name])
    x = rows(program)[:1]
    assert differing_bytes(execute(program, board, [x]).outputs, run_host(program, [x])) == (0, None)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["hello_world_float", "tinymaix_mnist_valid_f", "vww_96_float"])
def test_c_is_what_tensorflow_lite_micro_gives(name: str, shared_data: Path) -> None:
    runtime = pytest.importorskip(
        "tflite_micro.python.tflite_micro.runtime", reason="the wheel tflite_micro is not installed"
    )
    program = compiled(shared_data, name)
    x = rows(program)
    interpreter = runtime.Interpreter.from_file(str(shared_data / "models" / f"{name}.tflite"))
    wanted = []
    for row in x:
        interpreter.set_input(row[None], 0)
        interpreter.invoke()
        wanted.append(interpreter.get_output(0)[0])
    assert agreement(run_host(program, [x]), [np.array(wanted)], len(x)).row is None


@pytest.mark.shared
def test_a_hybrid_is_refused_or_taken_for_the_reals_it_means(shared_data: Path) -> None:
    path = shared_data / "models" / f"{HYBRID}.tflite"
    with pytest.raises(UnsupportedOp, match=r"(?s)a hybrid model: .* integer weights.*--dequantise"):
        load_network(path)
    program = compiled(shared_data, HYBRID)
    x = rows(program)
    (made,) = run_host(program, [x])
    assert agreement([made], program.run(x), len(x)).row is None
    # LiteRT quantises the activations of each row to 8 bits on the way, so that it is near and not within the bound.
    wanted = litert(path, x)
    assert np.abs(made - wanted).max() < 0.05
    assert (made.argmax(axis=1) == wanted.argmax(axis=1)).mean() > 0.8
    board = get_board("nucleo-f746zg")
    assert differing_bytes(execute(program, board, [x[:1]]).outputs, (made[:1],)) == (0, None)
