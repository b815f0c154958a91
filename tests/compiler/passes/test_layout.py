"""Transposes move past reshapes and into products, and the batch stays where it is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from lilliput.compiler.builder import GraphBuilder
from lilliput.compiler.graph import Array, Graph, Value
from lilliput.compiler.interpret import run_float, runs_by_rows
from lilliput.compiler.passes.layout import merge_transposes


def moved(shape: Sequence[int], perm: Sequence[int], wanted: Sequence[int], back: Sequence[int] = ()) -> Graph:
    """A transpose, a reshape, and perhaps another transpose, with a function of each value at both ends."""
    b = GraphBuilder("net")
    x = b.node("abs", "first", [b.input(Value("x", tuple(shape), "float32"))])
    y = b.node("reshape", "flat", [b.node("transpose", "turn", [x], perm=tuple(perm))], shape=tuple(wanted))
    if back:
        y = b.node("transpose", "back", [y], perm=tuple(back))
    return b.graph([b.node("cumsum", "last", [y], axis=1)])


def output(graph: Graph) -> Array:
    size = [graph.values[name].shape for name in graph.inputs]
    x = {name: torch.arange(math.prod(s)).reshape(s).sin() for name, s in zip(graph.inputs, size, strict=True)}
    return next(iter(run_float(graph, x).values())).numpy()


def ops_of(graph: Graph) -> list[str]:
    return [node.op for node in graph.nodes]


@pytest.mark.parametrize(
    ("shape", "perm", "wanted", "back"),
    [
        pytest.param((1, 4, 6, 5), (0, 3, 1, 2), (1, 5, 24), (0, 2, 1), id="an image becomes tokens"),
        pytest.param((1, 24, 5), (0, 2, 1), (1, 5, 4, 6), (0, 2, 3, 1), id="tokens become an image"),
        pytest.param((1, 3, 1, 4, 1, 2), (0, 3, 2, 1, 4, 5), (1, 4, 1, 1, 3, 2), (0, 4, 1, 2, 3, 5), id="axes of one"),
        pytest.param((1, 3, 4), (1, 0, 2), (3, 4), (0, 1), id="the batch is behind, and goes"),
    ],
)
def test_a_transpose_meets_its_opposite_behind_a_reshape(
    shape: Sequence[int], perm: Sequence[int], wanted: Sequence[int], back: Sequence[int]
) -> None:
    graph = moved(shape, perm, wanted, back)
    found = merge_transposes(graph)
    assert "transpose" not in ops_of(found)
    np.testing.assert_array_equal(output(found), output(graph))


@pytest.mark.parametrize(
    ("shape", "perm", "wanted"),
    [
        pytest.param((1, 2, 4, 6), (0, 2, 1, 3), (1, 4, 12), id="heads are joined"),
        pytest.param((1, 4, 6, 5), (0, 3, 1, 2), (1, 120), id="an image becomes one row"),
        pytest.param((1, 2, 9, 8), (2, 0, 1, 3), (9, 16), id="rows come from elsewhere"),
        pytest.param((1, 6, 4), (0, 2, 1), (1, 8, 3), id="elements are dealt out anew"),
    ],
)
def test_a_reshape_that_joins_what_lies_apart_stays_behind(
    shape: Sequence[int], perm: Sequence[int], wanted: Sequence[int]
) -> None:
    graph = moved(shape, perm, wanted)
    found = merge_transposes(graph)
    assert ops_of(found) == ops_of(graph)
    np.testing.assert_array_equal(output(found), output(graph))


def test_a_leading_axis_of_one_leads_again() -> None:
    """As heads are split: (B, N, 3, H, D) by (2, 0, 3, 1, 4), of which one part is taken."""
    graph = moved((1, 5, 1, 2, 4), (2, 0, 3, 1, 4), (1, 2, 5, 4))
    assert runs_by_rows(graph)
    found = merge_transposes(graph)
    assert not runs_by_rows(found)
    np.testing.assert_array_equal(output(found), output(graph))


def test_a_layer_over_rows_that_a_transpose_makes_keeps_it() -> None:
    """As PyTorch's own attention ends: the rows of the layer are an axis behind the batch."""
    b = GraphBuilder("net")
    turned = b.node("transpose", "turn", [b.input(Value("x", (1, 2, 9, 8), "float32"))], perm=(2, 0, 1, 3))
    rng = np.random.default_rng(0)
    more = [
        b.constant(name, rng.standard_normal(shape).astype(np.float32)) for name, shape in (("w", (3, 16)), ("b", 3))
    ]
    rows = b.node("reshape", "rows", [turned], shape=(9, 16))
    graph = b.graph([b.node("fully_connected", "fc", [rows, *more])])
    np.testing.assert_allclose(output(merge_transposes(graph)), output(graph), rtol=1e-5)


@pytest.mark.parametrize("side", [0, 1])
def test_a_product_turns_its_operand_itself(side: int) -> None:
    b = GraphBuilder("net")
    shapes = [(1, 2, 5, 5), (1, 2, 5, 5)]
    names = [b.input(Value(f"x{i}", shape, "float32")) for i, shape in enumerate(shapes)]
    names[side] = b.node("transpose", "turn", [names[side]], perm=(0, 1, 3, 2))
    graph = b.graph([b.node("batch_matmul", "product", names, transpose_b=True)])
    found = merge_transposes(graph)
    assert ops_of(found) == ["batch_matmul"]
    assert found.nodes[0].attrs == {"transpose_b": side == 0} | ({"transpose_a": True} if side == 0 else {})
    np.testing.assert_allclose(output(found), output(graph), rtol=1e-5, atol=1e-6)
