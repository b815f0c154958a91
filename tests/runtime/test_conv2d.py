"""`conv2d` in C against its reference, and its reference against the convolution of real numbers."""

from __future__ import annotations

from dataclasses import replace
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
from lilliput.core.errors import BrokenGraph, UnsafeRange, UnsupportedOp
from tests.runtime.harness import assert_c_equals_reference
from tests.runtime.weighted_cases import SAME3, conv, convolutions, parallel, real_layer

POINTWISE = [
    conv((3, 3), 16, 16, (1, 1)),  # in place
    conv((5, 1), 8, 24, (1, 1), zero=-128, activation="relu", y_zero=-128),
    conv((2, 3), 7, 5, (1, 1), per_channel=False, activation="relu6", y_zero=-100),
    conv((1, 3), 1, 1, (1, 1), zero=127),
    conv((5, 7), 6, 12, (1, 1), stride=(2, 2), zero=-128),  # in place: twice the channels, a quarter of the pixels
    conv((4, 4), 4, 3, (1, 1), stride=(1, 3)),
    conv((6, 4), 4, 8, (1, 1), stride=(3, 1)),  # smaller, but its first row would overwrite pixels still to be read
    conv((1, 9), 66, 2, (1, 1), gain=4, bias=40_000),
    conv((3, 4), 9, 8, (1, 1), lowest=-128),
    conv((2, 2), 4, 6, (1, 1), lowest=-1, gain=3, bias=20),  # factors above one: the accumulator is shifted left
]
STEM = [
    conv((9, 5), 1, 8, (4, 3), stride=(2, 2), padding=((1, 2), (1, 1)), zero=83),
    conv((8, 8), 3, 5, padding=((0, 1), (0, 1)), stride=(2, 2), zero=-128, activation="relu6", y_zero=-128),
    conv((6, 6), 4, 4, (5, 5), padding=((2, 2), (2, 2)), per_channel=False),
    conv((1, 20), 2, 3, (1, 7), dilation=(1, 2), padding=((0, 0), (12, 0)), zero=127),
    conv((4, 4), 2, 3, (3, 3), lowest=-1, gain=6, bias=20),
]
GENERAL = [
    conv((5, 6), 8, 8, padding=SAME3),
    conv((7, 4), 6, 5, stride=(2, 1), padding=((0, 1), (2, 0)), zero=-128, activation="relu", y_zero=-128),
    conv((6, 6), 5, 3, (2, 4), dilation=(2, 1), padding=((1, 1), (3, 3)), zero=127),
    conv((4, 4), 16, 4, padding=((2, 2), (2, 2)), stride=(3, 3), activation="relu_n1_to_1"),
    conv((3, 3), 5, 2, (3, 3), zero=-1),  # one output pixel
    conv((2, 2), 5, 3, (5, 5), padding=((2, 2), (2, 2))),  # every patch leaves the image
    conv((3, 5), 12, 4, (1, 1), padding=SAME3),  # 1×1 with padding
    conv((5, 5), 8, 12, groups=4, padding=SAME3, zero=-9),
    conv((4, 4), 6, 6, groups=6, stride=(2, 2), padding=SAME3),
    conv((4, 4), 6, 4, (3, 3), padding=SAME3, lowest=-1, gain=8, bias=20),
    conv((4, 4), 8, 4, (3, 3), padding=SAME3, lowest=-1, gain=8, bias=20),
]


@pytest.mark.parametrize("layers", [POINTWISE, STEM, GENERAL], ids=["pointwise", "stem", "general"])
def test_c_equals_the_reference(tmp_path: Path, layers: list[Graph]) -> None:
    graph = parallel(layers)
    assert_c_equals_reference(graph, tmp_path)
    rng = np.random.default_rng(5)
    x = {name: rng.integers(-128, 128, (4, *graph.values[name].shape[1:])).astype(np.int8) for name in graph.inputs}
    assert all(len(np.unique(y)) > 2 for y in run_integer(graph, x).values())


@pytest.mark.parametrize("layer", [*POINTWISE[:8], *STEM[:4], *GENERAL[:9]])
def test_reference_is_the_real_convolution_rounded(layer: Graph) -> None:
    (node,) = layer.nodes
    x, y = layer.values["x0"], layer.values["y"]
    rows = np.random.default_rng(1).integers(-128, 128, (20, *x.shape[1:])).astype(np.int8)
    real = real_layer(layer, rows)
    limits = np.iinfo(np.int8)
    expected = np.clip(np.round(real / y.scale) + y.zero_point, limits.min, limits.max)
    made = run_integer(layer, {"x0": rows})["y"]
    assert made.shape[1:] == y.shape[1:]
    assert np.abs(made - expected).max() <= 1  # double rounding may move a tie by one step
    assert (made == expected).mean() > 0.99
    assert node.op == "conv2d"


# Without shrinking, which would compile hundreds of programs.
@settings(max_examples=4, derandomize=True, deadline=None, database=None, phases=[Phase.generate])
@given(layers=st.lists(convolutions("conv2d"), min_size=12, max_size=12))
def test_c_equals_the_reference_for_any_shape(tmp_path_factory: pytest.TempPathFactory, layers: list[Graph]) -> None:
    assert_c_equals_reference(parallel(layers), tmp_path_factory.mktemp("any"), rows=5)


def test_macs_count_every_tap_of_every_output() -> None:
    layer = conv((9, 5), 4, 8, (3, 2), stride=(2, 1), padding=SAME3)
    (node,) = layer.nodes
    assert ops["conv2d"].macs(node, layer.ins(node), layer.values["y"]) == 5 * 6 * 8 * 3 * 2 * 4


def test_pointwise_works_in_place_and_saves_the_output() -> None:
    program = compile_graph(conv((10, 10), 16, 16, (1, 1)))
    assert program.plan.offsets["x0"] == program.plan.offsets["y"]
    assert program.plan.arena_bytes == 1600 + 16
    wider = compile_graph(conv((10, 10), 16, 17, (1, 1)))
    assert wider.plan.arena_bytes >= 1600 + 1700


@pytest.mark.parametrize("dsp", [False, True])
def test_weights_that_could_overflow_are_refused(dsp: bool) -> None:
    layer = conv((3, 3), 4, 2, (1, 1))
    bias = replace(layer.values["c1"], data=np.array([0, 2**31 - 1], np.int32))
    layer = layer.replace(values={**layer.values, "c1": bias})
    with pytest.raises(UnsafeRange, match='LP312: conv2d at "node" could reach an accumulator of'):
        compile_graph(layer, Target(dsp=dsp))


def test_a_kernel_larger_than_the_image_is_named() -> None:
    with pytest.raises(BrokenGraph, match="a kernel of 5 with dilation 1 does not fit an image of 3 padded by"):
        conv((3, 3), 4, 2, (5, 5))


def test_weights_of_other_depth_are_refused() -> None:
    layer = conv((3, 3), 6, 2, (1, 1))
    (node,) = layer.nodes
    x, w, b = layer.ins(node)
    odd = conv((3, 3), 4, 2, (1, 1)).values["c0"]
    assert (x.shape, w.shape) == ((1, 3, 3, 6), (2, 1, 1, 6))
    with pytest.raises(BrokenGraph, match=r"w \(2, 1, 1, 4\) does not fit x \(1, 3, 3, 6\)"):
        ops["conv2d"].infer(node, (x, odd, b))


def test_a_batch_is_refused_by_the_kernels() -> None:
    layer = conv((3, 3), 4, 2, (1, 1))
    (node,) = layer.nodes
    x, *rest = layer.ins(node)
    with pytest.raises(UnsupportedOp, match="has no int8 kernel for a batch of 2"):
        ops["conv2d"].kernel(node, (replace(x, shape=(2, 3, 3, 4)), *rest), layer.values["y"], Target())


def test_a_dead_channel_keeps_its_output_and_does_not_keep_the_layer_from_fast_kernels(tmp_path: Path) -> None:
    """Zero weights with a bias of 2^30, as converters write them, beside channels that are alive."""
    graph = conv((4, 5), 8, 6, (1, 1))
    w, b = graph.values["c0"], graph.values["c1"]
    assert w.data is not None
    assert b.data is not None
    weights, bias = w.data.copy(), b.data.copy()
    weights[2], bias[2] = 0, 1 << 30
    weights[4], bias[4] = 0, -(1 << 30)
    graph = graph.replace(
        values={**graph.values, "c0": replace(w, data=weights), "c1": replace(b, data=bias.astype(np.int32))}
    )
    made = assert_c_equals_reference(graph, tmp_path)
    assert set(np.unique(made[..., 2])) == {127}
    assert set(np.unique(made[..., 4])) == {-128}
    (step,) = compile_graph(graph, Target(dsp=True)).steps
    assert step.kernel.function == "lp_conv2d_1x1_blocks_s8_dsp"
