"""From a graph whose values carry the quantisation that the file gives them to the integer graph for the compiler.

A value that an operator only moves, or chooses among, has the quantisation of its source; a value in front of such
operators alone has that of their result. What has none after that is computed in float by the file, between quantised
layers, and is refused: nothing runs in float in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from lilliput.compiler.frontends.onnx.averages import averaged_once
from lilliput.compiler.grammar import check
from lilliput.compiler.graph import Array, Graph, Node, Quant, Value
from lilliput.core.errors import UnsafeRange, UnsupportedAttribute, UnsupportedOp

SAME_QUANT = frozenset({"transpose", "reshape", "slice", "pad", "max_pool2d", "avg_pool2d", "resize"})
"""Input and output must have one quantisation."""
MOVERS = frozenset({"transpose", "reshape", "slice", "pad", "concat", "max_pool2d", "relu", "relu6"})
"""Rounding commutes with these: rounded before, they give what rounding after them gives."""
COARSER = 0.01
"""A second rounding to steps that are not finer keeps within one; softmax in steps of 1/255 is usual."""
SOFTMAX = Quant.per_tensor(1 / 256, -128)
_WEIGHT_AXIS = {"conv2d": 0, "depthwise_conv2d": 3, "fully_connected": 0}


def is_quantised(graph: Graph) -> bool:
    """True when the file quantises activations, so that the network is to run in integers."""
    return any(value.quant is not None and not value.is_constant for value in graph.values.values())


def in_float(graph: Graph) -> Graph:
    """A graph without quantised activations, its integer weights as the real values that they stand for."""
    values = dict(graph.values)
    for name, value in graph.values.items():
        if value.data is not None and value.quant is not None:
            data = value.data if value.dtype == "float32" else value.quant.dequantise(value.data)
            values[name] = Value(name, value.shape, "float32", None, data)
    return graph.replace(values=values)


def spread(graph: Graph) -> Graph:
    """The same graph, where movers hand on quantisations, and a `requantize` follows where one changes the scale."""
    quants = {name: value.quant for name, value in graph.values.items() if not value.is_constant}
    changed = True
    while changed:
        before = dict(quants)
        for node in graph.nodes:
            given = {quants[name] for name in node.inputs if name in quants}
            if _moves(node) and quants[node.output] is None and len(given) == 1:
                handed = given.pop()
                quants[node.output] = None if _makes_new(node, handed) else handed
            inner = [name for name in node.inputs if name in quants and name not in (*graph.outputs, *graph.inputs)]
            for name in inner:
                wanted = {quants[reader.output] if _moves(reader) else None for reader in graph.readers[name]}
                if quants[name] is None and len(wanted) == 1:
                    quants[name] = wanted.pop()
        changed = quants != before
    values = {name: replace(value, quant=quants.get(name, value.quant)) for name, value in graph.values.items()}
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes += _rescaled(node, values)
    return graph.replace(nodes=nodes, values=values)


def _rounds(node: Node, quant: Quant) -> bool:
    """Whether it computes new values in the scale that it has, so that a change of scale rounds a second time."""
    interpolates = node.op == "resize" and node.attrs["mode"] != "nearest"
    return node.op in ("softmax", "avg_pool2d") or interpolates or _makes_new(node, quant)


def _makes_new(node: Node, quant: Quant | None) -> bool:
    """Whether it is a pad with a border that lies between two steps of its input."""
    return node.op == "pad" and not holds(quant, float(node.attrs.get("value", 0.0)))


def holds(quant: Quant | None, real: float) -> bool:
    """Whether integers of this quantisation hold a value exactly, so that it is not rounded; true for none."""
    if quant is None:
        return True
    value = np.array([real], np.float32)
    held = quant.dequantise(quant.quantise(value, "int8"))
    return bool(np.abs(held - value)[0] <= 1e-6 * quant.scale[0])


def _moves(node: Node) -> bool:
    return node.op in MOVERS or (node.op == "resize" and node.attrs["mode"] == "nearest")


def _rescaled(node: Node, values: dict[str, Value]) -> Iterator[Node]:
    """The node, with a requantize behind it where it cannot give the quantisation of its output itself."""
    x, y = values[node.inputs[0]], values[node.output]
    wanted = x.quant if node.op in SAME_QUANT else SOFTMAX if node.op == "softmax" else y.quant
    if wanted is None or y.quant is None or wanted == y.quant:
        yield node
        return
    if _rounds(node, wanted) and wanted.scale[0] > y.quant.scale[0] * (1 + COARSER):
        if node.op == "avg_pool2d":
            yield from averaged_once(node, values)
            return
        raise UnsupportedAttribute(
            f"{node.source or node.name}: its output has steps of {y.quant.scale[0]:g}, its kernel gives steps of "
            f"{wanted.scale[0]:g}",
            why="rounded twice, it would be more than one step from what the file says",
            fix="quantise its output with the scale 1/256" if node.op == "softmax" else "quantise it as its input",
        )
    inner = f"{node.output}.before_scale"
    while inner in values:
        inner += "_"
    values[inner] = replace(y, name=inner, quant=wanted)
    yield replace(node, outputs=(inner,))
    yield Node("requantize", f"{node.name}.scale", (inner,), node.outputs, {}, node.source)


def check_weights(graph: Graph) -> None:
    """Raise UnsupportedAttribute, LP302, where a layer has no symmetric int8 weights."""
    for node in graph.nodes:
        if node.op not in _WEIGHT_AXIS:
            continue
        w, where = graph.values[node.inputs[1]], node.source or node.name
        if w.quant is None or w.dtype != "int8":
            raise UnsupportedAttribute(
                f"{where}: its weights are {w.dtype}, not int8", fix="quantise the weights to int8 too"
            )
        if any(w.quant.zero_point):
            raise UnsupportedAttribute(
                f"{where}: its weights have zero points {sorted(set(w.quant.zero_point))[:4]}",
                why="the kernels take symmetric weights, with the zero point 0 (128 for uint8)",
                fix="quantise weights to int8, symmetrically",
            )


def to_integer(graph: Graph) -> Graph:
    """The integer graph.

    Args:
        graph: legal float graph, channels last, its activations with their quantisation, after `check_weights`.

    Raises:
        UnsupportedOp: LP301, a value has no quantisation. UnsupportedAttribute: LP302, weights or an operand have none.
        UnsafeRange: LP312, a bias needs more than 32 bits.
    """
    values: dict[str, Value] = {}
    for name, value in graph.values.items():
        if value.is_constant:
            continue
        if value.quant is None:
            raise _in_between(graph, name)
        values[name] = replace(value, dtype="int8")
    nodes = []
    for node in graph.nodes:
        if node.op in _WEIGHT_AXIS:
            node = _layer(graph, node, values)
        else:
            for name in node.inputs:
                if graph.values[name].is_constant:
                    values[name] = _operand(node, graph.values[name])
        nodes.append(node)
    return check(graph.replace(nodes=nodes, values=values), "integer", "the frontend")


def _in_between(graph: Graph, name: str) -> UnsupportedOp:
    node = graph.producers.get(name)
    what = f"the input {name!r}" if node is None else node.source or node.name
    return UnsupportedOp(
        f"{what} is computed in float in a network that is quantised",
        why="nothing in the file gives its result a scale",
        fix="quantise all operators and the network's inputs and outputs, or export without quantisation",
    )


def _layer(graph: Graph, node: Node, values: dict[str, Value]) -> Node:
    """A node with its constants in `values`: int8 weights, and an int32 bias in the scale of the products."""
    x, w = graph.values[node.inputs[0]], graph.values[node.inputs[1]]
    if w.quant is None or x.quant is None:
        raise _in_between(graph, node.inputs[0])
    values[w.name] = w
    if len(node.inputs) < 3:
        return node
    scales = np.array(w.quant.scale, np.float64) * x.quant.scale[0]
    given = graph.values[node.inputs[2]]
    data = _bias(given, scales)
    if np.abs(data).max(initial=0) > 2**31 - 1:
        raise UnsafeRange(
            f"{node.source or node.name}: its bias needs more than 32 bits", fix="quantise with larger scales"
        )
    name = f"{node.name}.bias"
    while name in values or name in graph.values:
        name += "_"
    values[name] = Value(name, given.shape, "int32", None, data.astype(np.int32))
    return replace(node, inputs=(*node.inputs[:2], name))


def _bias(given: Value, scales: Array) -> Array:
    """The bias in steps of `scales`: the file's own integers where they are in these steps, else the nearest."""
    data = np.asarray(given.data)
    if given.quant is None:
        return np.rint(data.astype(np.float64) / scales)
    own = np.array(given.quant.scale, np.float64)
    if given.dtype == "int32" and np.allclose(own, scales, rtol=1e-6, atol=0) and not any(given.quant.zero_point):
        return data.astype(np.float64)
    steps: Array = np.rint((data.astype(np.float64) - np.array(given.quant.zero_point)) * own / scales)
    return steps


def _operand(node: Node, value: Value) -> Value:
    """A constant beside activations, as int8. One number needs no scale of the file: it is one step."""
    data, quant = np.asarray(value.data), value.quant
    if quant is None and data.size == 1:
        real = float(data.reshape(-1)[0])
        quant = Quant.per_tensor(abs(real) or 1.0, 0)
    if quant is None or not quant.is_per_tensor:
        raise UnsupportedAttribute(
            f"{node.source or node.name}: its operand {value.name!r} is not quantised",
            fix="quantise constants that stand beside activations too",
        )
    return replace(value, dtype="int8", quant=quant, data=quant.quantise(data, "int8"))
