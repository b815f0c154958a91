"""Small ONNX files for the tests, and what ONNX Runtime makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from lilliput.compiler.frontends.onnx import read_onnx
from lilliput.compiler.graph import Array, Graph, Quant
from lilliput.compiler.interpret import run_float, run_integer

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
helper = onnx.helper

FLOAT, UINT8, INT8, INT32, INT64 = 1, 2, 3, 6, 7
Shape = Sequence[int | str | None]


def model(
    nodes: Sequence[Any],
    inputs: Mapping[str, Shape],
    outputs: Mapping[str, Shape | None],
    constants: Mapping[str, Array] | None = None,
    *,
    opset: int = 17,
    types: Mapping[str, int] | None = None,
) -> bytes:
    """The bytes of a file with these nodes.

    Args:
        nodes: as `helper.make_node` makes them.
        inputs: name → declared shape, None for none.
        outputs: likewise.
        constants: stored tensors.
        opset: of ONNX's own operators.
        types: element types other than float32 of inputs and outputs.
    """
    kinds = types or {}
    ports = [
        [helper.make_tensor_value_info(name, kinds.get(name, FLOAT), shape) for name, shape in group.items()]
        for group in (inputs, outputs)
    ]
    stored = [onnx.numpy_helper.from_array(np.asarray(array), name) for name, array in (constants or {}).items()]
    graph = helper.make_graph(list(nodes), "net", *ports, stored)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())


def one(
    kind: str, x: Shape, *constants: Array | None, opset: int = 17, domain: str = "", outputs: int = 1, **attrs: Any
) -> bytes:
    """A file with one node of `kind`: input x, then the constants, None where an optional input is left out."""
    names = ["x", *("" if array is None else f"c{i}" for i, array in enumerate(constants))]
    stored = {f"c{i}": array for i, array in enumerate(constants) if array is not None}
    made = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(kind, names, made, name="node", domain=domain, **attrs)
    return model([node], {"x": x}, dict.fromkeys(made), stored, opset=opset)


def items(shape: Sequence[int], seed: int = 0, rows: int = 1) -> Array:
    """Random float32 values."""
    return np.random.default_rng(seed).standard_normal((rows, *shape[1:])).astype(np.float32)


def session(data: bytes) -> Any:
    """ONNX Runtime on the file as it is: no fusions, one thread."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def runtime(data: bytes, *x: Array) -> list[Array]:
    """The outputs of ONNX Runtime, one row of the inputs at a time."""
    running = session(data)
    names = [port.name for port in running.get_inputs()]
    rows = [running.run(None, {n: a[i : i + 1] for n, a in zip(names, x, strict=True)}) for i in range(len(x[0]))]
    return [np.concatenate(made) for made in zip(*rows, strict=True)]


def ours(graph: Graph, *x: Array) -> list[Array]:
    """The outputs of a float graph for inputs in the file's layout."""
    given = {n: torch.from_numpy(turned(a)) for n, a in zip(graph.inputs, x, strict=True)}
    with torch.no_grad():
        return [y.numpy() for y in run_float(graph, given).values()]


def turned(x: Array) -> Array:
    """(N, C, H, W) as the graph takes it."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)) if x.ndim == 4 else x


def compare(data: bytes, *x: Array, tolerance: float = 1e-5) -> Graph:
    """Hold our float outputs to ONNX Runtime's, relative to the largest output, and give the graph."""
    graph, stage = read_onnx(data)
    assert stage == "float"
    for mine, theirs in zip(ours(graph, *x), runtime(data, *x), strict=True):
        assert mine.shape == theirs.shape
        assert np.abs(mine - theirs).max() <= tolerance * max(1.0, np.abs(theirs).max())
    return graph


def quantised(x: Array, quant: Quant) -> Array:
    """int8 as ONNX rounds: half to even."""
    steps = np.rint(x / np.float32(quant.scale[0])) + quant.zero_point[0]
    return np.clip(steps, -128, 127).astype(np.int8)


def integer_outputs(graph: Graph, *x: Array) -> list[Array]:
    """The integer graph's outputs for real inputs in the file's layout."""
    given = {}
    for name, array in zip(graph.inputs, x, strict=True):
        quant = graph.values[name].quant
        assert quant is not None
        given[name] = turned(quantised(array, quant))
    return list(run_integer(graph, given).values())


def in_steps(graph: Graph, theirs: Sequence[Array]) -> list[Array]:
    """Real outputs of the file in steps of our output ports."""
    made = []
    for name, real in zip(graph.outputs, theirs, strict=True):
        quant = graph.values[name].quant
        assert quant is not None
        made.append(np.rint(real / np.float32(quant.scale[0])).astype(np.int64) + quant.zero_point[0])
    return made
