"""What is wrong with a node is said with its name, its operator and the value received."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lilliput.compiler.grammar import check
from lilliput.compiler.graph import Graph, Quant, Value
from lilliput.compiler.program import compile_graph
from lilliput.core.errors import BrokenGraph, UnsafeRange, UnsupportedOp
from tests.runtime.cases import COARSE, FINE, NONE, PROBABILITY, one, two, with_constant
from tests.runtime.harness import single

Q = Quant.per_tensor
IMAGE = (1, 4, 4, 2)


def pool(**changes: object) -> Graph:
    return one("avg_pool2d", IMAGE, **{"window": (2, 2), "stride": (2, 2), "padding": NONE, **changes})


def flat(op: str, **attrs: object) -> Graph:
    return one(op, (1, 6), **attrs)


def resized(**changes: object) -> Graph:
    return one("resize", IMAGE, **{"size": (8, 8), "mode": "nearest", **changes})


def sliced(begin: tuple[int, ...], end: tuple[int, ...], strides: tuple[int, ...]) -> Graph:
    return flat("slice", begin=begin, end=end, strides=strides)


BROKEN: list[tuple[Callable[[], Graph], str]] = [
    (lambda: pool(stride=(0, 2)), 'avg_pool2d at "node": stride must be 2 whole numbers from 1 up, got (0, 2)'),
    (lambda: pool(window=(2,)), "window must be 2 whole numbers from 1 up, got (2,)"),
    (lambda: pool(window=(2.0, 2)), "window must be 2 whole numbers from 1 up, got (2.0, 2)"),
    (lambda: pool(padding=((2, 0), (0, 0))), "padding ((2, 0), (0, 0)) must be smaller than the window (2, 2)"),
    (lambda: pool(padding=((0, -1), (0, 0))), "padding must be 2 pairs (before, after) from 0 up"),
    (lambda: pool(window=(5, 2)), "a window of (5, 2) does not fit into (1, 4, 4, 2)"),
    (lambda: pool(activation="swish"), "activation 'swish' is none of none, relu"),
    (lambda: flat("max_pool2d", window=(1, 1), stride=(1, 1), padding=NONE), "x must be (N, H, W, C), got (1, 6)"),
    (lambda: one("mean", IMAGE, axes=(), keepdims=True), "axes must be one or more whole numbers, got ()"),
    (lambda: one("mean", IMAGE, axes=(0, 4), keepdims=True), "axes must be from 0 to 3, got (0, 4)"),
    (lambda: one("mean", IMAGE, axes=(2, 1), keepdims=True), "axes must ascend, got (2, 1)"),
    (lambda: two("add", (1, 3), (1, 4)), "shapes (1, 3) and (1, 4) do not fit"),
    (lambda: flat("pad", padding=((0, 0), (0, 0)), value=float("nan")), "value must be finite, got nan"),
    (lambda: flat("reshape", shape=(1, 7)), "(1, 6) has 6 elements, (1, 7) has another number"),
    (lambda: one("transpose", IMAGE, perm=(0, 1, 1, 3)), "perm must hold each of 0 to 3 once, got (0, 1, 1, 3)"),
    (lambda: sliced((0, 4), (1, 4), (1, 1)), "axis 1 of (1, 6) has no elements from 4 to 4"),
    (lambda: sliced((0, 4), (1, 7), (1, 1)), "axis 1 of (1, 6) has no elements from 4 to 7"),
    (lambda: sliced((0, 0), (1, 6), (1, 0)), "strides must be 2 whole numbers from 1 up, got (1, 0)"),
    (lambda: two("concat", (1, 3, 2), (1, 4, 3), axis=1), "(1, 3, 2) and (1, 4, 3) differ beside axis 1"),
    (lambda: two("concat", (1, 3), (1, 3), axis=2), "axis must be from 0 to 1, got 2"),
    (lambda: one("slice", (3, 6), begin=(0, 0), end=(1, 6), strides=(1, 1)), "the first of 3 is 0, 3, 3"),
    (lambda: one("tile", (1, 6), repeats=(1,)), "repeats must be 2 whole numbers from 1 up, got (1,)"),
    (lambda: flat("broadcast_to", shape=(1, 5)), "(1, 6) does not stretch to (1, 5)"),
    (lambda: flat("reverse", axes=(2,)), "axes must be from 0 to 1, got (2,)"),
    (lambda: flat("clip", low=1.0, high=1.0), "low must be below high, got 1.0 and 1.0"),
    (lambda: flat("power", exponent=float("inf")), "exponent must be a finite number, got inf"),
    (lambda: two("compare", (1, 3), (1, 3), relation="near"), "relation must be one of equal, not_equal, less"),
    (lambda: two("gather", (1, 3), (1, 3), axis=1, batch=0, depth=0), "index must be int32 or int64, got int8"),
    (lambda: resized(mode="cubic"), "mode must be nearest or bilinear, got 'cubic'"),
    (lambda: resized(size=(0, 8)), "size must be 2 whole numbers from 1 up, got (0, 8)"),
    (lambda: resized(align_corners=True, half_pixel_centers=True), "align_corners and half_pixel_centers exclude"),
    (lambda: flat("leaky_relu", alpha=-1.0), "alpha must be from 0 up, got -1.0"),
    (lambda: flat("elu", alpha=0.0), "alpha must be above 0, got 0.0"),
    (lambda: flat("gelu", approximate="quick"), "approximate must be \"none\" or \"tanh\", got 'quick'"),
    (lambda: one("softmax", (1, 6), FINE, FINE), "y must have scale 1/256 and zero point -128, got 0.031 and 4"),
]  # fmt: skip


@pytest.mark.parametrize(("build", "message"), BROKEN)
def test_a_broken_node_is_named(build: Callable[[], Graph], message: str) -> None:
    with pytest.raises(BrokenGraph) as caught:
        check(build(), "integer")
    assert message in caught.value.what
    assert 'at "node"' in caught.value.what


@pytest.mark.parametrize(
    ("op", "attrs"),
    [
        ("avg_pool2d", {"window": (2, 2), "stride": (2, 2), "padding": NONE}),
        ("max_pool2d", {"window": (2, 2), "stride": (2, 2), "padding": NONE}),
        ("pad", {"padding": ((0, 0), (1, 0), (0, 0), (0, 0))}),
        ("reshape", {"shape": (1, 32)}),
        ("transpose", {"perm": (0, 3, 1, 2)}),
        ("slice", {"begin": (0, 0, 0, 0), "end": (1, 2, 2, 2), "strides": (1, 1, 1, 1)}),
        ("resize", {"size": (2, 2), "mode": "nearest"}),
    ],
)
def test_operators_that_keep_values_want_one_scale(op: str, attrs: dict[str, object]) -> None:
    with pytest.raises(BrokenGraph, match="moves values unchanged") as caught:
        check(one(op, IMAGE, FINE, COARSE, **attrs), "integer")
    assert "scale 0.031, zero point 4" in str(caught.value)
    assert "scale 0.113, zero point -21" in str(caught.value)


@pytest.mark.parametrize(
    ("op", "attrs"),
    [
        ("resize", {"size": (2, 2), "mode": "bilinear"}),
        ("hard_swish", {}),
        ("elu", {"alpha": 1.0}),
        ("gelu", {"approximate": "none"}),
    ],
)
def test_types_without_a_kernel_are_refused(op: str, attrs: dict[str, object]) -> None:
    graph = single(op, [(IMAGE, "int16", Q(0.001, 0))], ("int16", Q(0.001, 0)), **attrs)
    with pytest.raises(UnsupportedOp, match=f'{op} at "node" has no int16'):
        compile_graph(graph)


def test_batch_normalisation_has_no_integer_form() -> None:
    ones = [(np.ones(2, np.float32), None)] * 4
    graph = single("batch_norm", [(IMAGE, "int8", FINE)], ("int8", FINE), ones, eps=1e-3)
    with pytest.raises(UnsupportedOp, match='batch_norm at "node" has no kernel'):
        compile_graph(graph)


def test_a_variance_below_zero_is_refused() -> None:
    given = [(np.full(2, value, np.float32), None) for value in (1, 0, 0, -0.5)]
    with pytest.raises(BrokenGraph, match=r"a variance is -0\.5, it must not be below 0"):
        compile_graph(single("batch_norm", [(IMAGE, "float32", None)], ("float32", None), given, eps=1e-3))


def test_two_constants_are_to_be_folded() -> None:
    graph = with_constant("mul", (1, 3), (1, 3))
    values = dict(graph.values)
    values["x0"] = Value("x0", (1, 3), "int8", FINE, np.ones((1, 3), np.int8))
    with pytest.raises(UnsupportedOp, match="of two constants has no kernel: fold it first"):
        compile_graph(Graph("constants", values, graph.nodes, (), ("y",)))


def test_a_softmax_over_too_many_terms_is_refused() -> None:
    with pytest.raises(UnsupportedOp, match="over 4096 terms has no kernel, the most is 4095"):
        compile_graph(one("softmax", (1, 4096), FINE, PROBABILITY))


def test_a_softmax_of_too_fine_an_input_is_refused() -> None:
    with pytest.raises(UnsupportedOp, match="of an input with scale 1e-09 has no integer form"):
        compile_graph(one("softmax", (1, 4), Q(1e-9, 0), PROBABILITY))


@pytest.mark.parametrize(
    "graph",
    [
        one("mean", (1, 4096), Q(1.0, 0), Q(1e-7, 0), axes=(1,), keepdims=False),
        single("mul", [((1, 2), "int8", Q(5.0, 0))] * 2, ("int8", Q(1e-4, 0))),
        single("requantize", [((1, 2), "int16", Q(5.0, 0))], ("int8", Q(1e-6, 0))),
    ],
)
def test_sums_that_could_overflow_are_refused(graph: Graph) -> None:
    with pytest.raises(UnsafeRange, match=r'at "node" could reach [0-9]+ in an accumulator') as caught:
        compile_graph(graph)
    assert caught.value.fix == "quantise with a larger output scale"


def test_an_output_far_finer_than_a_sum_is_refused() -> None:
    graph = single("add", [((1, 2), "int8", Q(5.0, 0)), ((1, 2), "int8", Q(5.0, 0))], ("int8", Q(1e-7, 0)))
    with pytest.raises(UnsupportedOp, match="has no kernel for an output scale 2"):
        compile_graph(graph)
