"""Fold a constant that is added behind a layer into its bias.

    (w∗x + b) + c  =  w∗x + (b + c),   c one number, or one per output channel

A reshape in between that keeps the channels as the last axis may stay there. Skipped when anything else reads the
layer's output, or the layer has an activation.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lilliput.compiler.graph import Array, Graph, Node, Value

_CHANNEL_AXIS = {"conv2d": 0, "depthwise_conv2d": 3, "fully_connected": 0, "transpose_conv2d": 0}


def fold_bias(graph: Graph) -> Graph:
    """The same graph, where no layer is followed by the addition of a constant for each channel."""
    values = dict(graph.values)
    changed: dict[str, Node | None] = {}
    for node in graph.nodes:
        constants = [graph.values[name] for name in node.inputs if graph.values[name].is_constant]
        if node.op != "add" or len(constants) != 1 or node.attrs.get("activation", "none") != "none":
            continue
        chain = _layer_before(graph, next(name for name in node.inputs if name != constants[0].name))
        if not chain or any(each.name in changed for each in chain):
            continue
        added = _per_channel(constants[0], values[chain[-1].inputs[1]].shape[_CHANNEL_AXIS[chain[-1].op]])
        if added is None or values[node.output].shape != values[chain[0].output].shape:
            continue
        changed[chain[-1].name] = _with_bias(graph, values, chain[-1], added)
        changed[node.name] = None
        last = changed.get(chain[0].name) or chain[0]
        changed[chain[0].name] = replace(last, outputs=node.outputs)
    nodes = [changed.get(node.name, node) for node in graph.nodes]
    return graph.replace(nodes=[node for node in nodes if node is not None], values=values)


def _layer_before(graph: Graph, name: str) -> list[Node]:
    """The layer that makes `name`, with a reshape behind it in front of it in the list; empty where there is none."""
    found: list[Node] = []
    while (node := graph.producers.get(name)) is not None and len(graph.readers[name]) == 1:
        if name in graph.outputs or node.attrs.get("activation", "none") != "none":
            return []
        found.append(node)
        if node.op in _CHANNEL_AXIS:
            return found if all(graph.values[constant].is_constant for constant in node.inputs[1:]) else []
        if node.op != "reshape" or graph.values[node.inputs[0]].shape[-1] != graph.values[name].shape[-1]:
            return []
        name = node.inputs[0]
    return []


def _per_channel(constant: Value, channels: int) -> Array | None:
    data = np.asarray(constant.data)
    if data.size == 1:
        return np.broadcast_to(data.reshape(1), (channels,))
    return data.reshape(channels) if data.size == channels == data.shape[-1] else None


def _with_bias(graph: Graph, values: dict[str, Value], layer: Node, added: Array) -> Node:
    before = np.float32(0) if len(layer.inputs) < 3 else np.asarray(graph.values[layer.inputs[2]].data)
    data = np.ascontiguousarray(before + added, np.float32)
    name = f"{layer.name}.bias.added"
    while name in values:
        name += "_"
    values[name] = Value(name, data.shape, "float32", None, data)
    return replace(layer, inputs=(*layer.inputs[:2], name))
