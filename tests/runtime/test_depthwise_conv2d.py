"""`depthwise_conv2d` in C against its reference, and its reference against the convolution of real numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lilliput.compiler.graph import Graph
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.op import Target
from lilliput.compiler.ops import ops
from lilliput.compiler.program import compile_graph
from lilliput.core.errors import BrokenGraph
from tests.runtime.harness import assert_c_equals_reference
from tests.runtime.weighted_cases import SAME3, VALID, convolutions, depthwise, parallel, real_layer

THREE = [
    depthwise((5, 5), 8, zero=83),
    depthwise((8, 6), 3, stride=(2, 2), padding=((0, 1), (0, 1)), zero=-128, activation="relu6", y_zero=-128),
    depthwise((7, 7), 2, stride=(2, 2), per_channel=False, activation="relu", y_zero=-100),
    depthwise((1, 1), 4, zero=127),
    depthwise((4, 7), 5, padding=VALID, zero=-1),
    depthwise((3, 9), 1, stride=(1, 2), padding=((1, 1), (2, 0))),
    depthwise((9, 3), 2, stride=(3, 1), gain=4, bias=30_000),
    depthwise(
        (9, 3), 2, stride=(3, 1), padding=((2, 0), (3, 3))
    ),  # smaller, but its first row is wider than what is read
    depthwise((4, 4), 3, lowest=-1, gain=4, bias=20),  # factors above one
    depthwise((4, 6), 3, stride=(2, 1)),
    depthwise((5, 6), 2, stride=(1, 2), zero=-128, activation="relu", y_zero=-128),
    depthwise((6, 2), 2, padding=((2, 2), (2, 2)), activation="relu_n1_to_1"),  # grows: not in place
]
OTHERS = [
    depthwise((6, 6), 4, (5, 5), padding=((2, 2), (2, 2)), zero=-128),
    depthwise((8, 7), 3, (5, 5), stride=(2, 2), padding=((1, 2), (2, 1)), activation="relu6", y_zero=-128),
    depthwise((1, 30), 2, (1, 10), padding=((0, 0), (4, 5)), zero=127),
    depthwise((30, 1), 2, (15, 1), padding=VALID),
    depthwise((9, 9), 2, (3, 3), dilation=(2, 3), padding=((2, 2), (3, 3))),
    depthwise((9, 9), 2, (3, 3), dilation=(4, 3), padding=((4, 4), (3, 3))),
    depthwise((9, 8), 3, (3, 3), dilation=(2, 2), padding=((2, 2), (2, 2))),
    depthwise((7, 7), 1, (7, 7), padding=((3, 3), (3, 3)), per_channel=False),
    depthwise((5, 5), 3, (2, 4), padding=((0, 1), (1, 2)), lowest=-128),
    depthwise((5, 6), 3, multiplier=2, zero=-5),
    depthwise((5, 6), 3, (2, 3), multiplier=2, stride=(1, 2)),
    depthwise((7, 5), 1, (4, 3), multiplier=8, stride=(2, 2), padding=((1, 2), (1, 1)), activation="relu"),
    depthwise((6, 6), 2, (1, 1), padding=VALID, stride=(2, 2)),
]


@pytest.mark.parametrize("layers", [THREE, OTHERS], ids=["3x3", "others"])
def test_c_equals_the_reference(tmp_path: Path, layers: list[Graph]) -> None:
    graph = parallel(layers)
    assert_c_equals_reference(graph, tmp_path)
    rng = np.random.default_rng(5)
    x = {name: rng.integers(-128, 128, (4, *graph.values[name].shape[1:])).astype(np.int8) for name in graph.inputs}
    assert all(len(np.unique(y)) > 2 for y in run_integer(graph, x).values())


@pytest.mark.parametrize("layer", [*THREE[:8], *THREE[9:11], *OTHERS])
def test_reference_is_the_real_convolution_rounded(layer: Graph) -> None:
    x, y = layer.values["x0"], layer.values["y"]
    rows = np.random.default_rng(1).integers(-128, 128, (20, *x.shape[1:])).astype(np.int8)
    expected = np.clip(np.round(real_layer(layer, rows) / y.scale) + y.zero_point, -128, 127)
    made = run_integer(layer, {"x0": rows})["y"]
    assert made.shape[1:] == y.shape[1:]
    assert np.abs(made - expected).max() <= 1  # double rounding may move a tie by one step
    assert (made == expected).mean() > 0.99


# Without shrinking, which would compile hundreds of programs.
@settings(max_examples=4, derandomize=True, deadline=None, database=None, phases=[Phase.generate])
@given(layers=st.lists(convolutions("depthwise_conv2d"), min_size=12, max_size=12))
def test_c_equals_the_reference_for_any_shape(tmp_path_factory: pytest.TempPathFactory, layers: list[Graph]) -> None:
    assert_c_equals_reference(parallel(layers), tmp_path_factory.mktemp("any"), rows=5)


def test_macs_count_every_tap_of_every_output() -> None:
    layer = depthwise((9, 5), 4, (3, 2), multiplier=2, stride=(2, 1))
    (node,) = layer.nodes
    assert ops["depthwise_conv2d"].macs(node, layer.ins(node), layer.values["y"]) == 5 * 6 * 8 * 3 * 2


def test_works_in_place_over_a_ring_of_rows() -> None:
    program = compile_graph(depthwise((25, 5), 64))
    assert program.plan.offsets["x0"] == program.plan.offsets["y"]
    assert program.plan.arena_bytes == 25 * 5 * 64 + 3 * 7


@pytest.mark.parametrize("layer", [depthwise((6, 6), 4, stride=(2, 2)), depthwise((6, 6), 4, padding=VALID)])
def test_a_smaller_output_also_lies_over_the_input(layer: Graph) -> None:
    plan = compile_graph(layer).plan
    assert plan.offsets["x0"] == plan.offsets["y"]


def test_a_larger_output_does_not_lie_over_the_input() -> None:
    plan = compile_graph(depthwise((6, 2), 2, padding=((2, 2), (2, 2)))).plan
    assert plan.arena_bytes >= 6 * 2 * 2 + 8 * 4 * 2


def test_weights_of_another_shape_are_refused() -> None:
    layer = depthwise((5, 5), 4)
    (node,) = layer.nodes
    x, _, b = layer.ins(node)
    odd = depthwise((5, 5), 3).values["c0"]
    with pytest.raises(BrokenGraph, match=r"w must be \(1, kh, kw, 4 · multiplier\), got \(1, 3, 3, 3\)"):
        ops["depthwise_conv2d"].infer(node, (x, odd, b))


def test_padding_must_be_two_pairs() -> None:
    layer = depthwise((5, 5), 4)
    (node,) = layer.nodes
    with pytest.raises(BrokenGraph, match=r"padding must be pairs of integers of 0 or more, got \(-1, 1\)"):
        ops["depthwise_conv2d"].infer(node.with_attrs(padding=((-1, 1), (1, 1))), layer.ins(node))
    assert SAME3 == ((1, 1), (1, 1))


def test_one_input_channel_takes_the_kernels_of_a_convolution() -> None:
    graph = depthwise((12, 12), 1, (3, 3), multiplier=8, stride=(2, 2))
    (step,) = compile_graph(graph, Target(dsp=True)).steps
    assert step.kernel.function == "lp_conv2d_blocks_s8_dsp"
