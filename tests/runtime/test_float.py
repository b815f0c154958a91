"""The float32 kernels against torch, under sanitizers, over the cases of the integer ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lilliput.compiler.graph import Graph, Node, Value
from lilliput.compiler.op import Target
from lilliput.compiler.program import compile_graph
from lilliput.core.errors import UnsupportedOp
from tests.runtime import test_conv2d, test_depthwise_conv2d, test_fully_connected
from tests.runtime.cases import CASES, side_by_side
from tests.runtime.float_cases import assert_close, compare_c, in_float
from tests.runtime.harness import run_c
from tests.runtime.more_cases import MORE
from tests.runtime.weighted_cases import SAME3, conv, convolutions, depthwise, parallel

ALL = {op: cases for op, cases in {**CASES, **MORE}.items() if op != "requantize"}
CLOSE = 3e-6
"""Share of the row's largest output that a kernel may be off by: sums of up to some hundred terms in another order."""
WEIGHTED = {
    "pointwise": test_conv2d.POINTWISE,
    "stem": [*test_conv2d.STEM, conv((9, 7), 3, 18, (3, 3), padding=SAME3), conv((8, 5), 1, 17, (5, 2), stride=(2, 1))],
    "general": [*test_conv2d.GENERAL, conv((6, 9), 8, 11, padding=SAME3), conv((5, 12), 5, 4, dilation=(2, 3))],
    "depthwise 3x3": test_depthwise_conv2d.THREE,
    "depthwise": [*test_depthwise_conv2d.OTHERS, depthwise((6, 5), 3, (3, 2), multiplier=2, dilation=(2, 1))],
    "rows": test_fully_connected.LAYERS,
}


GROUPS = 6
"""Many operators in one program: one run of the compiler then serves them all."""


@pytest.mark.parametrize("group", range(GROUPS))
def test_c_is_what_torch_gives(tmp_path: Path, group: int) -> None:
    names = sorted(ALL)[group::GROUPS]
    graph = side_by_side({f"{op} {name}": in_float(case) for op in names for name, case in ALL[op].items()})
    found, wanted = compare_c(graph, tmp_path)
    assert_close(found, CLOSE)
    for op in names:
        assert max(len(np.unique(y)) for name, y in wanted.items() if name.startswith(f"{op} ")) > 2


def test_layers_with_weights_are_what_torch_gives(tmp_path: Path) -> None:
    found, wanted = compare_c(in_float(parallel([x for kind in WEIGHTED.values() for x in kind])), tmp_path, rows=6)
    assert_close(found, CLOSE)
    assert min(len(np.unique(y)) for y in wanted.values()) > 3


@settings(max_examples=2, derandomize=True, deadline=None, database=None, phases=[Phase.generate])
@given(
    layers=st.lists(
        st.sampled_from(["conv2d", "depthwise_conv2d"]).flatmap(convolutions), min_size=16, max_size=16
    )
)  # fmt: skip
def test_random_convolutions_are_what_torch_gives(
    tmp_path_factory: pytest.TempPathFactory, layers: list[Graph]
) -> None:
    found, _ = compare_c(in_float(parallel(layers)), tmp_path_factory.mktemp("c"), rows=5)
    assert_close(found, CLOSE)


def test_every_kind_of_kernel_with_weights_was_met() -> None:
    graphs = [in_float(layer) for layers in WEIGHTED.values() for layer in layers]
    functions = {step.kernel.function for graph in graphs for step in compile_graph(graph).steps}
    assert functions == {
        "lp_conv2d_f32", "lp_conv2d_patches_f32", "lp_pointwise_f32", "lp_fully_connected_f32",
        "lp_depthwise_3x3_f32", "lp_depthwise_rows_f32",
    }  # fmt: skip


IN_PLACE = {
    "lp_pointwise_f32": conv((3, 3), 16, 16, (1, 1)),
    "lp_depthwise_3x3_f32": depthwise((6, 6), 4),
    "lp_depthwise_rows_f32": depthwise((6, 6), 4, (5, 5), padding=((2, 2), (2, 2))),
    "lp_softmax_f32": CASES["softmax"]["rows"],
    "lp_add_f32": CASES["add"]["images"],
    "lp_tanh_f32": CASES["tanh"]["wide"],
}


def test_outputs_take_over_the_memory_of_inputs(tmp_path: Path) -> None:
    graphs = {name: in_float(graph) for name, graph in IN_PLACE.items()}
    for function, graph in graphs.items():
        program = compile_graph(graph)
        assert [step.kernel.function for step in program.steps] == [function]
        assert program.plan.offsets[graph.inputs[0]] == program.plan.offsets[graph.outputs[0]]
    found, _ = compare_c(side_by_side(graphs), tmp_path)
    assert_close(found, CLOSE)


def test_batch_normalisation_that_nothing_feeds_is_run_by_itself(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    constants = {
        "gamma": rng.normal(1, 0.3, 5), "beta": rng.normal(0, 1, 5), "mean": rng.normal(0, 2, 5),
        "variance": rng.uniform(0.1, 3, 5),
    }  # fmt: skip
    values = {name: Value(name, (5,), "float32", None, data.astype(np.float32)) for name, data in constants.items()}
    values |= {name: Value(name, (1, 3, 4, 5), "float32") for name in ("x", "y")}
    node = Node("batch_norm", "norm", ("x", *constants), ("y",), {"eps": 1e-3})
    found, wanted = compare_c(Graph("norm", values, (node,), ("x",), ("y",)), tmp_path)
    assert_close(found, CLOSE)
    assert float(np.ptp(wanted["y"])) > 1


def test_constants_are_printed_to_the_last_bit(tmp_path: Path) -> None:
    bits = np.random.default_rng(0).integers(0, 1 << 32, 4000, np.uint64).astype(np.uint32).view(np.float32)
    w = bits[np.isfinite(bits)][: 59 * 64].reshape(59, 64)
    w[0, :4] = [0.1, -0.0, 3.4028235e38, 1e-45]
    values = {name: Value(name, (1, size), "float32") for name, size in (("x", 64), ("y", 59))}
    node = Node("fully_connected", "node", ("x", "w"), ("y",))
    graph = Graph("w", {**values, "w": Value("w", w.shape, "float32", None, w)}, (node,), ("x",), ("y",))
    (made,) = run_c(compile_graph(graph), [np.eye(64, dtype=np.float32)], tmp_path)
    np.testing.assert_array_equal(made.T, w)


def test_infinity_passes_and_a_clamp_stops_it(tmp_path: Path) -> None:
    values = {name: Value(name, (1, 3), "float32") for name in ("a", "b", "y", "z")}
    nodes = (Node("div", "plain", ("a", "b"), ("y",)), Node("div", "six", ("a", "b"), ("z",), {"activation": "relu6"}))
    graph = Graph("ends", values, nodes, ("a", "b"), ("y", "z"))
    given = [np.array([row], np.float32) for row in ([1.0, -1.0, 1.0], [0.0, 0.0, 2.0])]
    made = run_c(compile_graph(graph), given, tmp_path)
    np.testing.assert_array_equal(made, [[[np.inf, -np.inf, 0.5]], [[6.0, 0.0, 0.5]]])


def test_integer_weights_of_a_float_layer_are_refused() -> None:
    graph = conv((3, 3), 4, 4, (1, 1))
    active = {name: in_float(graph).values[name] for name in ("x0", "y")}
    with pytest.raises(UnsupportedOp, match='conv2d at "node" has no kernel for float32 activations with int8 weights'):
        compile_graph(graph.replace(values={**graph.values, **active}), Target())
