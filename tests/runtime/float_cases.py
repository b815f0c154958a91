"""The cases of the integer kernels in float32: the same shapes and attributes, constants as reals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from lilliput.boards.agree import Agreement, agreement
from lilliput.compiler.graph import Array, Graph, Value
from lilliput.compiler.op import Target
from lilliput.compiler.program import compile_graph
from tests.runtime.harness import run_c, sample_truth

SPREAD = 3.0
"""Standard deviation of the inputs; the extreme ones are twice and four times as large."""
POSITIVE = ("sqrt", "rsqrt", "log", "power")
"""Operators whose inputs are taken above zero."""


def in_float(graph: Graph) -> Graph:
    """The same graph with float32 values; whole numbers without a scale, such as places, stay."""
    return graph.replace(values={name: _real(graph, value) for name, value in graph.values.items()})


def _real(graph: Graph, value: Value) -> Value:
    bias = [node.inputs[2:3] for node in graph.nodes if node.op in ("conv2d", "depthwise_conv2d", "fully_connected")]
    if value.dtype == "int32" and value.data is not None and (value.name,) in bias:
        return replace(value, dtype="float32", quant=None, data=(value.data / 500.0).astype(np.float32))
    if value.quant is None or value.dtype == "float32":
        return value
    data = None if value.data is None else value.quant.dequantise(value.data)
    return replace(value, dtype="float32", quant=None, data=data)


def sample_float(value: Value, op: str, count: int, rng: np.random.Generator) -> Array:
    """Random rows; zeros, both signs far out, and steps across the middle first."""
    shape = (count, *value.shape[1:])
    if value.dtype == "bool":
        return sample_truth(shape, rng)
    x = rng.normal(0.0, SPREAD, shape)
    x[0], x[1], x[2] = 0.0, 4 * SPREAD, -2 * SPREAD
    x[3] = np.linspace(-1, 2, x[3].size).reshape(x[3].shape)
    return np.asarray(np.abs(x) + 0.05 if op in POSITIVE else x, np.float32)


def compare_c(
    graph: Graph, folder: Path, *, rows: int = 12, seed: int = 0, target: Target | None = None
) -> tuple[Mapping[str, Agreement], Mapping[str, Array]]:
    """Run the C under sanitizers; by output how it agrees with torch, and the reference."""
    program = compile_graph(graph, target)
    rng = np.random.default_rng(seed)
    ops = {name: node.op for node in graph.nodes for name in node.inputs}
    inputs = [sample_float(graph.values[name], ops[name], rows, rng) for name in graph.inputs]
    wanted = dict(zip(graph.outputs, program.run(*inputs), strict=True))
    made = dict(zip(graph.outputs, run_c(program, inputs, folder), strict=True))
    return {name: agreement([made[name]], [wanted[name]], rows) for name in graph.outputs}, wanted


def assert_close(found: Mapping[str, Agreement], most: float) -> None:
    """All outputs agree, and none is off by more than `most` of its row's largest."""
    wrong = {name: one for name, one in found.items() if one.row is not None or (one.largest_error or 0.0) >= most}
    assert wrong == {}
