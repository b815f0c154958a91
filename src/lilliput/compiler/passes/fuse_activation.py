"""Fuse relu and relu6 into the layer that feeds them: the kernel's clamp does them for nothing."""

from __future__ import annotations

from dataclasses import replace

from lilliput.compiler.graph import Graph
from lilliput.compiler.ops import ops

_FUSED = ("relu", "relu6")


def fuse_activation(graph: Graph) -> Graph:
    """The same graph with `activation` set on layers whose only reader was such a node."""
    changed: dict[str, object] = {}
    for node in graph.nodes:
        layer = graph.producers.get(node.inputs[0]) if node.op in _FUSED else None
        if layer is None or not ops[layer.op].takes_activation or layer.attrs.get("activation", "none") != "none":
            continue
        if len(graph.readers[layer.output]) > 1 or layer.output in graph.outputs:
            continue
        if graph.values[layer.output].quant not in (None, graph.values[node.output].quant):
            continue  # between two scales the value is rounded, and that must stay
        changed[layer.name] = replace(layer.with_attrs(activation=node.op), outputs=node.outputs)
        changed[node.name] = None
    nodes = [changed.get(node.name, node) for node in graph.nodes]
    return graph.replace(nodes=[node for node in nodes if node is not None])  # type: ignore[misc]
