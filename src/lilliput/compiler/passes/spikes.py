"""Networks of spiking neurons: what is the same at each time step is computed once, and layers that are driven by
spikes become one node with the neurons behind them.

Time is the leading axis of the float graph, `steps` long: (steps, H, W, C) or (steps, F).

    hoist_time     f(stretched over time)             stretched over time (f), f row by row
                   neurons(stretched over time)       neurons on what is the same at each step
    fuse_spikes    neurons(reshape(x))                reshape(neurons(x))
                   mean over time (layers(spikes))    layers(mean of the spikes over time); also sums
                   neurons(layer(spikes))             one node, `spiking_conv2d` or `spiking_linear`
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from lilliput.compiler.graph import Graph, Node, Value
from lilliput.compiler.passes.dead_code import remove_dead_code

SPIKING = {"conv2d": "spiking_conv2d", "fully_connected": "spiking_linear"}
"""Layers of weights → the same with neurons behind them."""
FIRING = ("leaky", "events", *SPIKING.values())
"""Operators that give spikes."""
MOVES = ("reshape", "max_pool2d")
"""Operators that move spikes or choose among them."""
_LINEAR = ("conv2d", "depthwise_conv2d", "fully_connected", "avg_pool2d", "mean", "reshape", "transpose")
"""Operators that commute with sums over rows, biases apart."""
_ROW_BY_ROW = (*_LINEAR, "max_pool2d", "batch_norm", "relu", "relu6", "pad")


def hoist_time(graph: Graph) -> Graph:
    """The same graph, where no operator does for each time step what is the same for all."""
    return _until_still(graph, _hoist_one)


def fuse_spikes(graph: Graph) -> Graph:
    """The same graph with spikes counted as early as possible, and layers of spikes fused with their neurons."""
    for rule in (_past_neurons, _count_one, _fuse_one):
        graph = _until_still(graph, rule)
    return graph


def spikes_of(graph: Graph) -> dict[str, int]:
    """The activations of a float graph that are spikes → their time steps."""
    found: dict[str, int] = {}
    for node in graph.nodes:
        if node.op in FIRING:
            found[node.output] = int(node.attrs["steps"])
        elif node.op in MOVES and node.inputs[0] in found and _keeps_rows(graph, node):
            found[node.output] = found[node.inputs[0]]
    return found


def _until_still(graph: Graph, rule: Callable[[Graph], Graph | None]) -> Graph:
    if not any(node.op in FIRING for node in graph.nodes):
        return graph
    while (made := rule(graph)) is not None:
        graph = remove_dead_code(made)
    return graph


def _keeps_rows(graph: Graph, node: Node) -> bool:
    """Whether row i of the output depends on row i of the first input alone."""
    x, y = graph.values[node.inputs[0]], graph.values[node.output]
    if not x.shape or not y.shape or x.shape[0] != y.shape[0] or any(v.data is None for v in graph.ins(node)[1:]):
        return False
    if node.op == "transpose":
        return bool(node.attrs["perm"][0] == 0)
    if node.op == "mean":
        return 0 not in node.attrs["axes"]
    if node.op == "pad":
        return tuple(node.attrs["padding"][0]) == (0, 0)
    return node.op in _ROW_BY_ROW


def _hoist_one(graph: Graph) -> Graph | None:
    for node in graph.nodes:
        before = graph.producers.get(node.inputs[0]) if node.inputs else None
        if before is None or before.op != "broadcast_to":
            continue
        x, wide = graph.values[before.inputs[0]], graph.values[before.output]
        if x.shape != (1, *wide.shape[1:]) or wide.shape[0] == 1:
            continue
        if node.op == "leaky":
            return _swapped(graph, node, [replace(node, inputs=(x.name, *node.inputs[1:]))])
        if _keeps_rows(graph, node):
            return _swapped(graph, node, *_behind(graph, node, x, before))
    return None


def _behind(graph: Graph, node: Node, x: Value, stretch: Node) -> tuple[list[Node], dict[str, Value]]:
    """`node` on x itself, and `stretch` behind it."""
    y, name = graph.values[node.output], _unused(graph, f"{node.output}.once")
    once = replace(node, inputs=(x.name, *node.inputs[1:]), outputs=(name,), attrs=_rows(node, 1))
    wide = Node("broadcast_to", f"{node.name}.time", (name,), node.outputs, {"shape": y.shape}, stretch.source)
    return [once, wide], {name: replace(y, name=name, shape=(1, *y.shape[1:]))}


def _past_neurons(graph: Graph) -> Graph | None:
    """Neurons do not meet, so that their map's shape may come behind them; as of events."""
    for node in graph.nodes:
        before = graph.producers.get(node.inputs[0]) if node.op in ("leaky", "events") else None
        if before is None or before.op != "reshape":
            continue
        x, y = graph.values[before.inputs[0]], graph.values[node.output]
        alike = all(graph.values[name].elements == 1 for name in node.inputs[1:])
        if not alike and (len(x.shape) < 2 or x.shape[-1] != y.shape[-1]):
            continue
        if x.shape[0] != graph.values[before.output].shape[0]:
            continue
        name = _unused(graph, f"{node.output}.plain")
        inner = replace(node, inputs=(x.name, *node.inputs[1:]), outputs=(name,))
        moved = Node("reshape", f"{node.name}.shape", (name,), node.outputs, {"shape": y.shape}, before.source)
        return _swapped(graph, node, [inner, moved], {name: replace(y, name=name, shape=(y.shape[0], *x.shape[1:]))})
    return None


def _count_one(graph: Graph) -> Graph | None:
    """A mean or a sum over time that stands behind linear operators on spikes."""
    spikes = spikes_of(graph)
    for node in graph.nodes:
        if node.op not in ("mean", "sum") or tuple(node.attrs["axes"]) != (0,):
            continue
        chain = _linear_chain(graph, node, spikes)
        if chain is not None:
            return _counted(graph, node, chain, spikes)
    return None


def _linear_chain(graph: Graph, end: Node, spikes: dict[str, int]) -> list[Node] | None:
    """The nodes from spikes up to `end`, the first one first; None where there is no such way."""
    chain: list[Node] = []
    name = end.inputs[0]
    while name not in spikes:
        node = graph.producers.get(name)
        alone = len(graph.readers[name]) == 1 and name not in graph.outputs
        if node is None or node.op not in _LINEAR or not alone or not _keeps_rows(graph, node):
            return None
        if node.attrs.get("activation", "none") != "none":
            return None
        chain.insert(0, node)
        name = node.inputs[0]
    return chain if graph.values[name].shape[0] == spikes[name] else None


def _counted(graph: Graph, end: Node, chain: list[Node], spikes: dict[str, int]) -> Graph:
    source = graph.values[chain[0].inputs[0] if chain else end.inputs[0]]
    steps, mean = spikes[source.name], end.op == "mean"
    values, nodes = dict(graph.values), list[Node]()

    def add(node: Node, shape: tuple[int, ...]) -> str:
        name = _unused(graph, f"{node.name}.counted", values)
        values[name] = Value(name, shape, "float32")
        nodes.append(replace(node, name=name, outputs=(name,)))
        return name

    attrs = {"steps": steps, "mean": mean}
    name = add(Node("spike_count", source.name, (source.name,), ("",), attrs, end.source), (1, *source.shape[1:]))
    for node in chain:
        inputs = [name, *node.inputs[1:]]
        bias = values[inputs[2]].data if len(inputs) == 3 else None
        if bias is not None and not mean:
            inputs[2] = _unused(graph, f"{node.name}.bias.steps", values)
            values[inputs[2]] = Value(inputs[2], bias.shape, "float32", None, (bias * np.float32(steps)))
        shape = (1, *graph.values[node.output].shape[1:])
        name = add(replace(node, inputs=tuple(inputs), attrs=_rows(node, 1)), shape)
    last = Node("reshape", end.name, (name,), end.outputs, {"shape": graph.values[end.output].shape}, end.source)
    return _swapped(graph, end, [*nodes, last], values)


def _fuse_one(graph: Graph) -> Graph | None:
    spikes = spikes_of(graph)
    for node in graph.nodes:
        layer = graph.producers.get(node.inputs[0]) if node.op == "leaky" else None
        if layer is None or layer.op not in SPIKING or layer.inputs[0] not in spikes:
            continue
        if spikes[layer.inputs[0]] != node.attrs["steps"] or layer.attrs.get("activation", "none") != "none":
            continue
        x, w = graph.values[layer.inputs[0]], graph.values[layer.inputs[1]]
        if w.data is None or w.shape[-1] != x.shape[-1]:
            continue
        values, inputs = dict(graph.values), list(layer.inputs)
        if len(inputs) < 3:
            inputs.append(_unused(graph, f"{layer.name}.bias0"))
            values[inputs[2]] = Value(inputs[2], (w.shape[0],), "float32", None, np.zeros(w.shape[0], np.float32))
        attrs = {key: value for key, value in layer.attrs.items() if key != "activation"} | dict(node.attrs)
        made = replace(node, op=SPIKING[layer.op], inputs=(*inputs, *node.inputs[1:]), attrs=attrs)
        return _swapped(graph, node, [made], values)
    return None


def _rows(node: Node, rows: int) -> dict[str, Any]:
    """Its attributes for another number of rows."""
    if node.op == "reshape":
        return {**node.attrs, "shape": (rows, *node.attrs["shape"][1:])}
    return dict(node.attrs)


def _swapped(graph: Graph, old: Node, new: list[Node], values: dict[str, Value] | None = None) -> Graph:
    nodes = [made for node in graph.nodes for made in (new if node is old else [node])]
    return graph.replace(nodes=nodes, values={**graph.values, **(values or {})})


def _unused(graph: Graph, wanted: str, more: dict[str, Value] | None = None) -> str:
    taken = {*graph.values, *(node.name for node in graph.nodes), *(more or {})}
    while wanted in taken:
        wanted += "_"
    return wanted
