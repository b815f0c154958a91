"""Pointwise convolutions run before an upsampling that repeats pixels, and nothing else moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from lilliput.compiler.builder import GraphBuilder
from lilliput.compiler.frontends.torch_export import from_torch
from lilliput.compiler.graph import Array, Graph, Value
from lilliput.compiler.interpret import run_float
from lilliput.compiler.passes import simplify
from lilliput.compiler.passes.late_upsampling import late_upsampling
from lilliput.compiler.program import compile_graph
from lilliput.compress.quantise import quantise
from lilliput.models import create_model, example_input

RNG = np.random.default_rng(0)
PLAIN = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}


def network(
    *, made: tuple[int, ...] = (3,), kernel: int = 1, mode: str = "nearest", size: tuple[int, int] = (8, 9),
    read_twice: bool = False, **attrs: Any,
) -> Graph:  # fmt: skip
    """A map of 4 channels upsampled, and convolutions behind it with `made` channels."""
    b = GraphBuilder("net")
    y = up = b.node("resize", "up", [b.input(Value("x", (1, 4, 3, 4), "float32"))], size=size, mode=mode)
    read = 4
    for number, channels in enumerate(made):
        w = b.constant(f"w{number}", RNG.standard_normal((channels, kernel, kernel, read)).astype(np.float32))
        y, read = b.node("conv2d", f"conv{number}", [y, w], **PLAIN | attrs), channels
    return b.graph([y, up] if read_twice else [y])


def output(graph: Graph) -> Array:
    x = torch.from_numpy(np.random.default_rng(1).standard_normal((2, 4, 3, 4)).astype(np.float32))
    return next(iter(run_float(graph, {"x": x}).values())).numpy()


@pytest.mark.parametrize("made", [(3,), (4,), (3, 1), (4, 3, 2)])
def test_convolutions_run_on_the_small_map(made: tuple[int, ...]) -> None:
    graph = network(made=made)
    moved = late_upsampling(graph)
    assert [node.op for node in moved.nodes] == ["conv2d"] * len(made) + ["resize"]
    assert {moved.values[node.output].shape[1:3] for node in moved.nodes[:-1]} == {(4, 3)}
    assert moved.outputs == graph.outputs
    np.testing.assert_allclose(output(moved), output(graph), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"made": (5,)},  # the large map would have more channels
        {"kernel": 3},
        {"stride": (2, 2)},
        {"padding": ((1, 0), (0, 0))},
        {"mode": "bilinear"},  # mixes pixels
        {"size": (2, 3)},  # leaves pixels out
        {"read_twice": True},
    ],
    ids=str,
)
def test_what_would_cost_or_change_something_stays(changes: dict[str, Any]) -> None:
    graph = network(**changes)
    assert [node.op for node in late_upsampling(graph).nodes] == ["resize", "conv2d"]


def test_a_decoder_gives_the_same_bytes_for_less() -> None:
    torch.manual_seed(0)
    model = create_model("fastdepth_pruned", height=64, width=64, multiplier=0.25).eval()
    pictures = RNG.random((4, 64, 64, 3), dtype=np.float32)
    graph = quantise(simplify(from_torch(model, example_input(model))), pictures).graph
    resize = next(node for node in reversed(graph.nodes) if node.op == "resize")
    head = next(node for node in reversed(graph.nodes) if node.op == "conv2d")
    assert graph.producers[resize.inputs[0]] is head
    before = _undone(graph)
    first, second = compile_graph(before), compile_graph(graph)
    x = first.inputs[0].quant.quantise(pictures, "int8")  # type: ignore[union-attr]
    np.testing.assert_array_equal(first.run(x)[0], second.run(x)[0])
    assert second.macs < first.macs
    assert late_upsampling(before).values.keys() == graph.values.keys()


def _undone(graph: Graph) -> Graph:
    """With the last upsampling in front of the last convolution again."""
    resize = next(node for node in reversed(graph.nodes) if node.op == "resize")
    head = graph.producers[resize.inputs[0]]
    source, shape = graph.values[head.inputs[0]], graph.values[resize.output].shape
    wide = replace(source, name="wide", shape=(*shape[:3], source.shape[3]))
    first = replace(resize, inputs=(source.name,), outputs=("wide",))
    second = replace(head, inputs=("wide", *head.inputs[1:]), outputs=resize.outputs)
    nodes = [first if node is head else second if node is resize else node for node in graph.nodes]
    return graph.replace(nodes=nodes, values={**graph.values, "wide": wide})
