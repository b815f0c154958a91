"""Networks inside this process: the reference's bytes, arrays where they are, threads, and what is refused."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lilliput.boards import HOST, native
from lilliput.boards.host import HostCompiler, host_compiler
from lilliput.boards.native import Native, build_native, compile_native, load_native
from lilliput.compiler.graph import Graph
from lilliput.compiler.op import Target
from lilliput.compiler.passes.stream import stream
from lilliput.compiler.program import compile_graph
from lilliput.core.errors import MissingFile, ToolFailed
from tests.boards.networks import mlp, rows
from tests.runtime.cases import two
from tests.runtime.harness import sample
from tests.runtime.weighted_cases import SAME3, conv

NETWORKS = (
    "kws_ref_model", "pretrainedResnet_quant", "vww_96_int8", "ad01_int8", "person_detect", "micro_speech_quantized",
)  # fmt: skip


@pytest.fixture(scope="module")
def network() -> Native:
    return compile_native(mlp())


@pytest.mark.shared
@pytest.mark.parametrize("name", NETWORKS)
def test_every_byte_of_a_real_network_is_the_references(name: str, shared_data: Path) -> None:
    made = load_native(shared_data / "models" / f"{name}.tflite")
    rng = np.random.default_rng(11)
    inputs = [sample(value, 16, rng) for value in made.program.inputs]
    for y, wanted in zip(made.run(*inputs), made.program.run(*inputs), strict=True):
        np.testing.assert_array_equal(y, wanted)
    assert any(step.kernel.function.endswith("_simd") for step in made.program.steps)


def test_rows_do_not_mix_and_any_number_is_taken(network: Native) -> None:
    x = rows(9)
    (together,) = network.run(x)
    (wanted,) = network.program.run(x)
    np.testing.assert_array_equal(together, wanted)
    assert len(np.unique(wanted, axis=0)) > 5
    for i in range(9):
        np.testing.assert_array_equal(network.run(x[i : i + 1])[0], wanted[i : i + 1])
    assert network.run(x[:0])[0].shape == (0, 12)


def test_inputs_stay_as_they_are_and_other_layouts_are_read_right(network: Native) -> None:
    x = rows(6)
    before = x.copy()
    (wanted,) = network.program.run(x)
    network.run(x)
    np.testing.assert_array_equal(x, before)
    for other in (np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2], np.flip(np.flip(x, 1).copy(), 1)):
        np.testing.assert_array_equal(network.run(other)[0], wanted)


def test_outputs_are_written_where_the_caller_wants_them(network: Native) -> None:
    x, memory = rows(4), np.full((6, 12), 99, np.int8)
    (made,) = network.run(x, out=[memory[1:5]])
    assert np.shares_memory(made, memory)
    np.testing.assert_array_equal(memory[1:5], network.program.run(x)[0])
    assert (memory[[0, 5]] == 99).all()


def test_several_inputs_go_in_order() -> None:
    made = compile_native(two("sub", (1, 40), (1, 40)))
    a, b = (np.random.default_rng(i).integers(-128, 128, (3, 40)).astype(np.int8) for i in (1, 2))
    np.testing.assert_array_equal(made.run(a, b)[0], made.program.run(a, b)[0])
    assert (made.run(a, b)[0] != made.run(b, a)[0]).any()


def test_a_run_may_take_several_rows() -> None:
    made = compile_native(two("sub", (3, 40), (3, 40)))
    a, b = (np.random.default_rng(i).integers(-128, 128, (12, 40)).astype(np.int8) for i in (1, 2))
    wanted = np.concatenate([made.program.run(a[i : i + 3], b[i : i + 3])[0] for i in range(0, 12, 3)])
    np.testing.assert_array_equal(made.run(a, b)[0], wanted)
    np.testing.assert_array_equal(made.run(a[:3], b[:3])[0], wanted[:3])
    with pytest.raises(ValueError, match=r"the inputs have \[11, 11\] rows, one run takes \[3, 3\]"):
        made.run(a[:11], b[:11])
    with pytest.raises(ValueError, match=r"gives int8\[6, 40\], `out` is int8\[2, 40\]"):
        made.run(a[:6], b[:6], out=[np.zeros((2, 40), np.int8)])


@pytest.mark.parametrize(
    ("x", "words"),
    [
        ([rows(2)[:, :63]], r"lilliput_model_input takes int8\['N', 64\], got int8\[2, 63\]"),
        ([rows(2).astype(np.float32)], r"takes int8\['N', 64\], got float32\[2, 64\]"),
        ([rows(2).astype(np.uint8)], r"takes int8\['N', 64\], got uint8\[2, 64\]"),
        ([np.int8(3)], r"takes int8\['N', 64\], got int8\[\]"),
        ([rows(1)[0]], r"takes int8\['N', 64\], got int8\[64\]"),
        ([], "the network has 1 inputs, got 0"),
        ([rows(2), rows(2)], "the network has 1 inputs, got 2"),
    ],
)
def test_inputs_that_do_not_fit_are_named(network: Native, x: list[np.ndarray], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        network.run(*x)


def test_inputs_of_different_lengths_are_refused() -> None:
    made = compile_native(two("sub", (1, 40), (1, 40)))
    x = np.zeros((4, 40), np.int8)
    with pytest.raises(ValueError, match=r"the inputs have \[4, 3\] rows"):
        made.run(x, x[:3])


def test_memory_that_cannot_take_the_outputs_is_refused(network: Native) -> None:
    x, memory = rows(4), np.zeros((4, 12), np.int8)
    locked = memory.copy()
    locked.flags.writeable = False
    for out, words in (
        ([memory[:3]], r"gives int8\[4, 12\], `out` is int8\[3, 12\]"),
        ([memory.astype(np.int16)], r"gives int8\[4, 12\], `out` is int16\[4, 12\]"),
        ([np.zeros((4, 24), np.int8)[:, ::2]], "must be writeable and lie in memory row by row"),
        ([locked], "must be writeable"),
        ([], "the network has 1 outputs, `out` has 0"),
    ):
        with pytest.raises(ValueError, match=words):
            network.run(x, out=out)


def test_one_instance_serves_threads_one_after_the_other(network: Native) -> None:
    inputs = [rows(200, seed=i) for i in range(4)]
    made: dict[int, np.ndarray] = {}

    def work(i: int) -> None:
        for _ in range(5):
            made[i] = network.run(inputs[i])[0]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, x in enumerate(inputs):
        np.testing.assert_array_equal(made[i], network.program.run(x)[0])


@pytest.mark.shared
def test_a_streaming_network_keeps_its_state_apart_from_its_clone(shared_data: Path) -> None:
    from lilliput.compiler.frontends import load_network

    graph, _ = load_network(shared_data / "models" / "micro_speech_quantized.tflite")
    made = compile_native(_streamed(graph))
    x = np.random.default_rng(0).integers(-128, 128, (60, *made.ports.inputs[0].shape[1:])).astype(np.int8)
    (wanted,) = made.program.run(x)
    twin = made.clone()
    np.testing.assert_array_equal(np.concatenate([made.run(x[:25])[0], made.run(x[25:])[0]]), wanted)
    np.testing.assert_array_equal(twin.run(x)[0], wanted)
    assert (made.run(x)[0] != wanted).any()
    made.reset()
    np.testing.assert_array_equal(made.run(x)[0], wanted)


def _streamed(graph: Graph) -> Graph:
    return stream(graph).graph


def test_a_library_is_built_once_for_each_kind_of_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    program = compile_graph(conv((5, 5), 3, 4, padding=SAME3), HOST.target)
    first = build_native(program)
    assert build_native(program) == first
    here = host_compiler()
    assert any(feature.startswith("__") for feature in here.features)
    older = HostCompiler(here.command, here.version, here.features[:-1])
    monkeypatch.setattr(native, "host_compiler", lambda: older)
    assert build_native(program) != first


def test_a_graph_compiled_for_a_board_runs_too() -> None:
    program = compile_graph(mlp(), Target(dsp=True))
    np.testing.assert_array_equal(Native(program).run(rows(5))[0], program.run(rows(5))[0])


def test_c_that_does_not_compile_gives_the_compilers_words() -> None:
    program = compile_graph(mlp((8, 4)), HOST.target)
    sources = {**program.sources, "lilliput_model.c": "int lilliput_model_run = 'no';\n#error not today\n"}
    with pytest.raises(ToolFailed, match=r"LP603(.|\n)*not today"):
        Native(replace(program, sources=sources))


def test_a_library_that_is_none_is_an_error_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "network").write_text("not a library")
    monkeypatch.setattr(native, "build_native", lambda program: tmp_path / "network")
    with pytest.raises(ToolFailed, match="LP603: the network's library for this machine cannot be loaded"):
        compile_native(mlp((8, 4)))


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(MissingFile, match=r"gone\.tflite is not a file"):
        load_native(Path("gone.tflite"))
