"""Layers whose weights lie two in a byte: the same bytes as with the same weights in int8, in half the flash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lilliput.boards import get_board
from lilliput.boards.run import execute
from lilliput.compiler.grammar import check
from lilliput.compiler.graph import Graph, Quant
from lilliput.compiler.op import Target
from lilliput.compiler.program import compile_graph
from lilliput.compiler.serialise import graph_from_plain, graph_to_plain
from lilliput.core.errors import BrokenGraph
from tests.runtime.harness import assert_c_equals_reference, sample
from tests.runtime.test_conv2d import GENERAL, POINTWISE, STEM
from tests.runtime.test_fully_connected import LAYERS, layer
from tests.runtime.weighted_cases import conv, parallel


def in_four_bits(graph: Graph) -> Graph:
    """The layer with its weights cut to four bits, and scales that keep the outputs where they were."""
    (node,) = graph.nodes
    w = graph.values[node.inputs[1]]
    assert w.data is not None
    assert w.quant is not None
    quant = Quant(tuple(float(np.float32(16 * s)) for s in w.quant.scale), w.quant.zero_point, w.quant.axis)
    small = np.clip(np.rint(w.data / 16), -8, 7).astype(np.int8)
    small.reshape(-1)[:2] = (-8, 7)[: small.size]
    return graph.replace(values={**graph.values, w.name: replace(w, data=small, quant=quant, bits=4)})


def in_eight(graph: Graph) -> Graph:
    """The same weights, a byte each."""
    return graph.replace(values={name: replace(value, bits=8) for name, value in graph.values.items()})


@pytest.mark.parametrize("layers", [POINTWISE, STEM, GENERAL, LAYERS], ids=["pointwise", "stem", "general", "dense"])
def test_c_equals_the_reference_and_the_same_weights_in_eight_bits(tmp_path: Path, layers: list[Graph]) -> None:
    graph = parallel([in_four_bits(each) for each in layers])
    made = assert_c_equals_reference(graph, tmp_path)
    rng = np.random.default_rng(0)
    x = [sample(graph.values[name], 12, rng) for name in graph.inputs]
    np.testing.assert_array_equal(made, compile_graph(in_eight(graph)).run(*x)[0])
    used = {step.kernel.function for step in compile_graph(graph, Target(dsp=True)).steps}
    assert used <= {"lp_conv2d_1x1_s4_dsp", "lp_conv2d_s4_dsp", "lp_conv2d_stem_s4_dsp", "lp_conv2d_s4",
                    "lp_fully_connected_s4"}  # fmt: skip


def test_half_the_weights_lie_in_flash_and_the_board_gives_the_same_bytes() -> None:
    four = in_four_bits(conv((6, 6), 32, 64, (3, 3), padding=((1, 1), (1, 1))))
    board = get_board("nucleo-f746zg")
    x = sample(four.values[four.inputs[0]], 5, np.random.default_rng(3))
    small, large = (execute(compile_graph(graph, board.target), board, [x]) for graph in (four, in_eight(four)))
    np.testing.assert_array_equal(small.outputs[0], large.outputs[0])
    assert small.image is not None
    assert large.image is not None
    weights = 64 * 32 * 9
    saved = large.image.constants_bytes - small.image.constants_bytes
    assert saved == pytest.approx(weights / 2, abs=64)
    assert small.instructions[0] < 1.3 * large.instructions[0]


def test_four_bits_survive_the_file_and_are_checked() -> None:
    four = in_four_bits(layer(16, 3))
    plain, constants = graph_to_plain(four)
    again = graph_from_plain(plain, constants)
    (node,) = again.nodes
    assert again.values[node.inputs[1]].bits == 4
    w = four.values[node.inputs[1]]
    assert w.data is not None
    wide = four.replace(values={**four.values, w.name: replace(w, data=(w.data.astype(int) * 2).astype(np.int8))})
    with pytest.raises(BrokenGraph, match="only int8 constants in -8 to 7 can have 4"):
        check(wide, "integer")
