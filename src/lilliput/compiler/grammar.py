"""The written grammar of the graph, checked after every pass: what a legal graph is, at each stage.

    stage        values                                              operators
    "float"      activations float32; constants any type             every operator that has a float meaning
    "integer"    as the device holds them: int8, uint8 and int16     every operator that has a meaning for the types
                 are quantised; int32, int64, bool and float32 may   of its inputs
                 stand for themselves

Rules that hold at both stages: names are unique; every value has exactly one producer, or is an input or a constant;
nodes stand in execution order; no value is empty; each output has the shape and type that its operator infers; a
state is read by one node; each operator's own rules hold.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from lilliput.compiler.graph import Graph, Node, Value
from lilliput.compiler.op import expect
from lilliput.compiler.ops import ops
from lilliput.core.errors import BrokenGraph

Stage = Literal["float", "integer"]


def check(graph: Graph, stage: Stage, after: str = "") -> Graph:
    """Return `graph` when it is legal at `stage`.

    Args:
        graph: what to check.
        stage: which of the two sets of rules holds.
        after: name of the pass that made the graph, for the message.

    Raises:
        BrokenGraph: LP310, naming the node or value, and the pass.
    """
    try:
        _check_structure(graph)
        for value in graph.values.values():
            _check_value(value, stage)
        for node in graph.nodes:
            _check_node(graph, node)
    except BrokenGraph as error:
        if not after:
            raise
        raise BrokenGraph(f"after {after}: {error.what}", why=error.why, fix=error.fix) from error
    return graph


def _check_structure(graph: Graph) -> None:
    names = [node.name for node in graph.nodes]
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise BrokenGraph(f"node names appear twice: {', '.join(twice[:5])}")
    for name in graph.inputs:
        if graph.values[name].is_constant:
            raise BrokenGraph(f"input {name!r} is a constant")
    known = set(graph.inputs) | {name for name, value in graph.values.items() if value.is_constant or value.is_state}
    for node in graph.nodes:
        for name in node.inputs:
            expect(name in known, node, f"reads {name!r} before anything has made it")
        for name in node.outputs:
            expect(name not in known, node, f"makes {name!r}, which exists already")
            known.add(name)
    for name in graph.outputs:
        if name not in known:
            raise BrokenGraph(f"output {name!r} has no producer")
    _check_memory(graph)
    for state in graph.states:
        owners = [node.name for node in graph.nodes for name in node.inputs if name == state.name]
        if len(owners) != 1 or state.is_constant or state.name in (*graph.inputs, *graph.outputs):
            raise BrokenGraph(f"state {state.name!r} must belong to one node, it is read by {', '.join(owners)}")


def _check_memory(graph: Graph) -> None:
    """A map that is pasted into changes, so nothing else may read it; what is asked for in parts is not in memory."""
    for node in graph.nodes:
        readers = [graph.readers[name] for name in node.inputs]
        if node.op == "paste" and len(node.inputs) > 1:
            maker = graph.producers.get(node.inputs[1])
            alone = readers[1] == (node,) and node.inputs[1] not in (node.inputs[0], *graph.outputs)
            expect(
                alone and maker is not None and maker.op == "paste", node, "its map must be a paste's, and its alone"
            )
        if ops[node.op].asks_outside:
            outside = node.inputs[0] in graph.inputs and node.inputs[0] not in graph.outputs
            expect(outside and all(ops[reader.op].asks_outside for reader in readers[0]), node,
                   f"{node.inputs[0]!r} must be an input that nothing reads from memory")  # fmt: skip


def _check_value(value: Value, stage: Stage) -> None:
    _ = value.nbytes  # refuses shapes that cannot be
    if value.quant is not None and value.dtype == "bool":
        raise BrokenGraph(f"value {value.name!r} is bool with a scale")
    if value.quant is not None and value.dtype != "float32":
        limits = np.iinfo(value.dtype)
        if any(not limits.min <= zero <= limits.max for zero in value.quant.zero_point):
            raise BrokenGraph(f"value {value.name!r} is {value.dtype} with a zero point outside that type")
    for kind, array in (("constant", value.data), ("state", value.state)):
        if array is None:
            continue
        if array.shape != value.shape or array.dtype != np.dtype(value.dtype):
            raise BrokenGraph(
                f"{kind} {value.name!r} is declared {value.dtype}{list(value.shape)}, "
                f"its data is {array.dtype}{list(array.shape)}"
            )
        if value.dtype == "float32" and not np.isfinite(array).all():
            raise BrokenGraph(f"{kind} {value.name!r} holds NaN or infinity")
    if value.bits != 8:
        fits = value.data is not None and value.dtype == "int8" and value.data.min() >= -8 and value.data.max() <= 7
        if value.bits != 4 or not fits:
            raise BrokenGraph(f"value {value.name!r} has {value.bits} bits: only int8 constants in -8 to 7 can have 4")
    if value.steps and (value.dtype != "uint8" or not 0 < value.steps <= 8 or value.is_constant or value.is_state):
        raise BrokenGraph(
            f"value {value.name!r} is {value.dtype} with trains of {value.steps} steps: they are uint8, of 1 to 8"
        )
    if value.is_constant:
        return
    if stage == "integer" and value.dtype in ("int8", "uint8", "int16") and value.quant is None:
        raise BrokenGraph(f"value {value.name!r} is {value.dtype} without quantisation in an integer graph")


def _check_node(graph: Graph, node: Node) -> None:
    op = ops[node.op]
    inputs, outputs = graph.ins(node), graph.outs(node)
    low, high = op.arity
    expect(low <= len(inputs) <= high, node, f"takes {low} to {high} inputs, got {len(inputs)}")
    expect(len(outputs) == 1, node, f"has one output, got {len(outputs)}")
    shape, dtype = op.infer(node, inputs)
    expect(
        (outputs[0].shape, outputs[0].dtype) == (shape, dtype),
        node,
        f"gives {dtype}{list(shape)}, the graph says {outputs[0].dtype}{list(outputs[0].shape)}",
    )
    steps = op.steps(node, inputs)
    expect(outputs[0].steps == steps, node, f"gives trains of {steps} steps, the graph says {outputs[0].steps}")
    op.check(node, inputs, outputs[0])
