"""The layers with weights: which they are, where their channels lie, and how each gets constants of its own.

Inputs of such a node are (x, w, b). The output channel lies on this axis of w:

    conv2d           w (C_out, kh, kw, C_in)   0
    depthwise_conv2d w (1, kh, kw, C)          3
    fully_connected  w (C_out, C_in)           0
    transpose_conv2d w (C_out, kh, kw, C_in)   0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from lilliput.compiler.grammar import check
from lilliput.compiler.graph import Array, Graph, Node, Value

CHANNEL_AXIS: Mapping[str, int] = {
    "conv2d": 0, "depthwise_conv2d": 3, "fully_connected": 0, "transpose_conv2d": 0
}  # fmt: skip


def is_layer(node: Node) -> bool:
    """True for a node with weights."""
    return node.op in CHANNEL_AXIS


def layers_of(graph: Graph) -> tuple[Node, ...]:
    """The nodes with weights, in execution order."""
    return tuple(node for node in graph.nodes if is_layer(node))


def per_channel_max(w: Array, axis: int) -> Array:
    """Largest magnitude along every axis but `axis`, float64."""
    largest: Array = np.abs(w.astype(np.float64)).max(axis=tuple(i for i in range(w.ndim) if i != axis))
    return largest


def data_of(graph: Graph, name: str) -> Array:
    """The array of a constant.

    Raises:
        ValueError: `name` is an activation.
    """
    data = graph.values[name].data
    if data is None:
        raise ValueError(f"{name!r} is an activation, a constant is needed")
    return data


def with_own_constants(graph: Graph) -> Graph:
    """The same graph, where each layer has a bias, and weights and bias that no other node reads.

    Tied weights are copied: they meet inputs of different scales, so their integers differ.
    """
    values = dict(graph.values)
    taken: set[str] = set()
    nodes: list[Node] = []
    for node in graph.nodes:
        if is_layer(node):
            w = _own(values, taken, node.inputs[1], f"{node.name}.weight")
            if len(node.inputs) > 2:
                b = _own(values, taken, node.inputs[2], f"{node.name}.bias")
            else:
                channels = values[w].shape[CHANNEL_AXIS[node.op]]
                b = _add(values, f"{node.name}.bias", np.zeros(channels, np.float32))
            node = replace(node, inputs=(node.inputs[0], w, b))
        taken.update(node.inputs)
        nodes.append(node)
    return check(graph.replace(nodes=nodes, values=values), "float", "with_own_constants")


def with_constants(graph: Graph, arrays: Mapping[str, Array]) -> Graph:
    """The same graph with other data for some constants of the same shape, float32."""
    values = dict(graph.values)
    for name, array in arrays.items():
        values[name] = replace(values[name], data=np.ascontiguousarray(array, np.float32))
    return graph.replace(values=values)


def _own(values: dict[str, Value], taken: set[str], name: str, wanted: str) -> str:
    data = values[name].data
    if name not in taken or data is None:
        return name
    return _add(values, wanted, data)


def _add(values: dict[str, Value], wanted: str, data: Array) -> str:
    name, count = wanted, 1
    while name in values:
        count += 1
        name = f"{wanted}_{count}"
    values[name] = Value(name, data.shape, "float32", None, data)
    return name
