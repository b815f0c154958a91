"""Kernels that may write over their input do so, and nothing changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.compiler.graph import Graph, Node, Quant, Value
from lilliput.compiler.op import Target
from lilliput.compiler.program import compile_graph
from tests.runtime.cases import CASES
from tests.runtime.harness import assert_c_equals_reference

Q = Quant.per_tensor


@pytest.mark.parametrize(
    ("op", "case"),
    [
        ("add", "images"), ("add", "channels"), ("sub", "channels first"), ("mul", "images"), ("mul", "constant whole"),
        ("add", "constant channels"), ("softmax", "rows"), ("tanh", "wide"), ("requantize", "wide"),
        ("requantize", "unsigned"),
    ],
)  # fmt: skip
def test_the_output_takes_over_the_memory_of_an_input(op: str, case: str) -> None:
    graph = CASES[op][case]
    plan = compile_graph(graph, Target()).plan
    sizes = [graph.values[name].nbytes for name in graph.inputs]
    assert plan.arena_bytes <= sum(sizes) + 3 * len(sizes)
    assert plan.offsets["y"] in [plan.offsets[name] for name in graph.inputs]


@pytest.mark.parametrize("op", ["avg_pool2d", "max_pool2d", "mean", "pad", "transpose", "slice", "concat", "resize"])
def test_kernels_that_read_in_another_order_get_memory_of_their_own(op: str) -> None:
    for graph in CASES[op].values():
        program = compile_graph(graph, Target())
        for step in program.steps:
            assert step.kernel.in_place == ()


def test_a_chain_in_one_buffer_equals_the_reference(tmp_path: Path) -> None:
    """x → tanh → + x² → requantize, on 61 bytes; x² is made first and lies beside."""
    scales = {"x": Q(0.03, 5), "square": Q(0.06, -128), "t": Q(1 / 128, 0), "sum": Q(0.07, -100), "y": Q(0.05, -90)}
    values = {name: Value(name, (1, 61), "int8", quant) for name, quant in scales.items()}
    nodes = (
        Node("mul", "square", ("x", "x"), ("square",)),
        Node("tanh", "t", ("x",), ("t",)),
        Node("add", "sum", ("square", "t"), ("sum",)),
        Node("requantize", "y", ("sum",), ("y",)),
    )
    graph = Graph("chain", values, nodes, ("x",), ("y",))
    assert compile_graph(graph, Target()).plan.arena_bytes == 64 + 61
    made = assert_c_equals_reference(graph, tmp_path, targets=(Target(),))
    assert len(np.unique(made)) > 20
