"""The tuner: it counts what a layer retires, takes the fastest kernel that fits, and asks the core only once."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from lilliput.boards import Board, get_board
from lilliput.boards import tune as tuning
from lilliput.boards.cache import lilliput_home
from lilliput.boards.run import execute
from lilliput.boards.tune import tune
from lilliput.compiler.graph import Graph
from lilliput.compiler.print_c import layer_name
from lilliput.compiler.program import compile_graph
from lilliput.core.errors import BadSetting
from tests.runtime.harness import sample
from tests.runtime.test_blocks import with_attrs
from tests.runtime.test_fully_connected import layer
from tests.runtime.weighted_cases import conv, depthwise, parallel

pytest.importorskip("unicorn")
pytest.importorskip("ziglang")


@pytest.fixture(autouse=True)
def _no_counts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Counts under a kind of this test's own; the compiler's objects stay where they are."""
    kind = f"tuned-{os.getpid()}-{time.time_ns()}"
    monkeypatch.setattr(tuning, "KIND", kind)
    yield
    shutil.rmtree(lilliput_home() / "cache" / kind, ignore_errors=True)


def board() -> Board:
    return get_board("nucleo-f746zg")


def network() -> Graph:
    """A depthwise layer whose default is the lean kernel, a pointwise one, and two of the same shape."""
    return parallel([
        depthwise((24, 24), 4),
        conv((5, 5), 16, 8, (1, 1)),
        conv((5, 5), 16, 8, (1, 1), seed=7),
        layer(640, 64),
    ])  # fmt: skip


def test_each_layer_gets_the_kernel_that_retires_least_and_the_bytes_stay() -> None:
    graph = network()
    found = tune(graph, board())
    program = compile_graph(found.graph, board().target)
    default = compile_graph(graph, board().target)
    inputs = [sample(value, 4, np.random.default_rng(0)) for value in program.inputs]
    fast, slow = (execute(p, board(), inputs) for p in (program, default))
    for a, b in zip(fast.outputs, program.run(*inputs), strict=True):
        assert (a == b).all()
    spent = {s.node.name: fast.by_layer[layer_name(s)] for s in program.steps}
    before = {s.node.name: slow.by_layer[layer_name(s)] for s in default.steps}
    for one in found.layers:
        assert one.tried[0].instructions == min(t.instructions for t in one.tried)
        assert one.chosen == one.tried[0].variant
        assert spent[one.node] == pytest.approx(one.tried[0].instructions, abs=8)  # offsets may need one more move
        assert before[one.node] - spent[one.node] == pytest.approx(one.saved, abs=8)
    by_node = {one.node: one for one in found.layers}
    assert by_node["g0_node"].chosen == "plane" != by_node["g0_node"].default
    assert by_node["g3_node"].chosen == "wide" != by_node["g3_node"].default
    assert by_node["g0_node"].saved > 100


def test_equal_shapes_are_measured_once_and_known_counts_never_again() -> None:
    first = tune(network(), board())
    assert first.measured == 6  # two kernels of three distinct layers
    again = tune(network(), board())
    assert again.measured == 0
    assert again.plain() == first.plain()


def test_what_was_measured_depends_on_the_core() -> None:
    assert tune(network(), board()).measured > 0
    assert tune(network(), get_board("nucleo-f446re")).measured > 0


def test_less_memory_makes_lean_kernels_win() -> None:
    graph = network()
    roomy, least = tune(graph, board()), compile_graph(graph, board().target).plan.arena_bytes
    assert compile_graph(roomy.graph, board().target).plan.arena_bytes > least
    lean = tune(graph, board(), sram_bytes=least)
    assert compile_graph(lean.graph, board().target).plan.arena_bytes <= least
    assert sum(layer.saved for layer in lean.layers) < sum(layer.saved for layer in roomy.layers)
    impossible = tune(graph, board(), sram_bytes=100)  # nothing fits: the leanest, and the link will say so
    assert compile_graph(impossible.graph, board().target).plan.arena_bytes <= least


def test_constants_are_split_into_several_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tune(network(), board()).plain()
    monkeypatch.setattr(tuning, "_BATCH_BYTES", 1)
    again = tune(with_attrs_of_all(network(), seed=1), board())
    assert [row["chosen"] for row in again.plain()] == [row["chosen"] for row in whole]


def with_attrs_of_all(graph: Graph, **attrs: object) -> Graph:
    return graph.replace(nodes=[replace(node.with_attrs(**attrs)) for node in graph.nodes])


def test_a_board_without_counts_by_layer_is_refused() -> None:
    qemu = next(name for name in _names() if get_board(name).emulator == "qemu")
    with pytest.raises(BadSetting, match=f"LP101: {qemu} cannot be tuned: its layers are not counted one by one"):
        tune(network(), get_board(qemu))


def _names() -> list[str]:
    from lilliput.boards import boards

    return list(boards)


def test_a_wished_variant_is_no_default_to_compare_with() -> None:
    graph = with_attrs(conv((5, 5), 16, 8, (1, 1)), variant="4x1")
    (one,) = tune(graph, board()).layers
    assert one.default == one.chosen == "3x2"
