"""Products with a number cost nothing and keep every step; answers keep all that was seen, wherever they are made."""

from __future__ import annotations

import numpy as np
import pytest

from lilliput.compiler.builder import GraphBuilder
from lilliput.compiler.graph import Graph, Value
from lilliput.compiler.program import compile_graph
from lilliput.compress.quantise import QuantiseSettings, quantise
from lilliput.compress.quantise.moves import answers_of, factor_of

RNG = np.random.default_rng(0)
PLAIN = QuantiseSettings(rows=0, equalise=False, bias_correction=False)


def scaled(number: float, **attrs: str) -> Graph:
    """A layer, a product with a number, its rows in another shape, their shares."""
    b = GraphBuilder("net")
    x = b.input(Value("x", (1, 6), "float32"))
    w = b.constant("w", RNG.standard_normal((8, 6)).astype(np.float32))
    y = b.node("fully_connected", "fc", [x, w, b.constant("b", np.zeros(8, np.float32))])
    y = b.node("mul", "product", [y, b.constant("c", np.full((1, 1), number, np.float32))], **attrs)
    y = b.node("reshape", "rows", [y], shape=(1, 2, 4))
    return b.graph([b.node("softmax", "shares", [y])])


def items() -> np.ndarray:
    """Most are small, one is large."""
    x = RNG.standard_normal((64, 6)).astype(np.float32)
    x[0] *= 30
    return x


@pytest.mark.parametrize("number", [0.125, 0.3, 1.0, 40.0])
def test_a_product_with_a_number_keeps_the_integers(number: float) -> None:
    result = quantise(scaled(number), items(), PLAIN)
    fc, product, rows = (result.quants[name] for name in ("fc", "product", "rows"))
    assert product == rows
    assert product.zero_point == fc.zero_point
    assert product.scale[0] == np.float32(fc.scale[0] * float(np.float32(number)))
    kernels = [step.kernel.function for step in compile_graph(result.graph).steps]
    assert kernels == ["lp_fully_connected_s8", "lp_softmax_s8"]


@pytest.mark.parametrize("number", [-0.5, 0.0])
def test_a_number_that_is_not_above_0_has_a_range_of_its_own(number: float) -> None:
    graph = scaled(number)
    assert factor_of(graph, graph.nodes[1]) is None
    result = quantise(graph, items(), PLAIN)
    assert "lp_lookup_s8" in [step.kernel.function for step in compile_graph(result.graph).steps]


def test_a_product_with_a_function_behind_it_is_no_change_of_scale() -> None:
    graph = scaled(0.5, activation="relu")
    assert factor_of(graph, graph.nodes[1]) is None


def test_what_a_softmax_reads_is_not_clipped_where_it_is_made() -> None:
    graph, x = scaled(0.3), items()
    assert answers_of(graph) == {"shares", "rows", "product", "fc"}
    result = quantise(graph, x, PLAIN)
    weights = graph.values["w"].data
    assert weights is not None
    made = x @ weights.T
    quant = result.quants["fc"]
    low, high = ((code - quant.zero_point[0]) * quant.scale[0] for code in (-128, 127))
    assert low <= made.min() + quant.scale[0]
    assert high >= made.max() - quant.scale[0]
