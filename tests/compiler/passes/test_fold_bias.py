"""A constant added behind a layer becomes its bias, where that is the same; else it stays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lilliput.compiler.builder import GraphBuilder
from lilliput.compiler.graph import Array, Graph, Value
from lilliput.compiler.interpret import run_float
from lilliput.compiler.passes.fold_bias import fold_bias

RNG = np.random.default_rng(0)
PLAIN = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}


def network(added: Array, *, between: bool = False, bias: bool = True, read_twice: bool = False) -> Graph:
    """A 1×1 convolution to four channels, perhaps a reshape, and an addition."""
    b = GraphBuilder("net")
    x = b.input(Value("x", (1, 2, 3, 5), "float32"))
    more = [b.constant("w", RNG.standard_normal((4, 1, 1, 5)).astype(np.float32))]
    more += [b.constant("b", RNG.standard_normal(4).astype(np.float32))] if bias else []
    y = b.node("conv2d", "conv", [x, *more], **PLAIN)
    conv = y
    if between:
        y = b.node("reshape", "flat", [y], shape=(1, 6, 4))
    y = b.node("add", "add", [y, b.constant("c", added)])
    return b.graph([y, conv] if read_twice else [y])


def output(graph: Graph) -> Array:
    x = torch.from_numpy(np.random.default_rng(1).standard_normal((2, 2, 3, 5)).astype(np.float32))
    return next(iter(run_float(graph, {"x": x}).values())).numpy()


@pytest.mark.parametrize("shape", [(), (1,), (4,), (1, 1, 1, 4)])
@pytest.mark.parametrize("bias", [False, True])
def test_it_joins_the_bias(shape: tuple[int, ...], bias: bool) -> None:
    graph = network(np.asarray(RNG.standard_normal(shape), np.float32), bias=bias)
    folded = fold_bias(graph)
    assert [node.op for node in folded.nodes] == ["conv2d"]
    np.testing.assert_allclose(output(folded), output(graph), rtol=1e-5, atol=1e-6)


def test_a_reshape_in_between_stays() -> None:
    graph = network(RNG.standard_normal((1, 1, 4)).astype(np.float32), between=True)
    folded = fold_bias(graph)
    assert [node.op for node in folded.nodes] == ["conv2d", "reshape"]
    np.testing.assert_allclose(output(folded), output(graph), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 2, 1, 1), (1, 2, 3, 1), (1, 1, 3, 4)])
def test_a_constant_that_differs_along_the_image_stays(shape: tuple[int, ...]) -> None:
    graph = network(RNG.standard_normal(shape).astype(np.float32))
    assert [node.op for node in fold_bias(graph).nodes] == ["conv2d", "add"]


def test_a_layer_that_something_else_reads_keeps_its_bias() -> None:
    graph = network(np.ones(4, np.float32), read_twice=True)
    assert [node.op for node in fold_bias(graph).nodes] == ["conv2d", "add"]
