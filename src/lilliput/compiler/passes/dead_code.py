"""Drop nodes whose results nothing reads."""

from __future__ import annotations

from lilliput.compiler.graph import Graph, Node


def remove_dead_code(graph: Graph) -> Graph:
    """The same graph without nodes that no output depends on."""
    needed = set(graph.outputs)
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if needed.intersection(node.outputs):
            kept.append(node)
            needed.update(node.inputs)
    return graph.replace(nodes=kept[::-1])
