"""Turn an average pool over the whole image into a mean, which may have a scale of its own.

The integer average pool gives its output the scale of its input. A mean of many values is far smaller than the largest
of them, so that most of the 256 steps would stay empty; the mean over both image axes is the same number in float.
Skipped where the pool has padding, gives more than one position, or has a fused activation.
"""

from __future__ import annotations

from dataclasses import replace

from lilliput.compiler.graph import Graph, Node


def pools_to_means(graph: Graph) -> Graph:
    """The same function with `mean` for each global average pool."""
    nodes = [
        replace(node, op="mean", attrs={"axes": (1, 2), "keepdims": True}) if _is_global(graph, node) else node
        for node in graph.nodes
    ]
    return graph.replace(nodes=nodes)


def _is_global(graph: Graph, node: Node) -> bool:
    if node.op != "avg_pool2d" or node.attrs.get("activation", "none") != "none":
        return False
    _, height, width, _ = graph.values[node.inputs[0]].shape
    whole = tuple(node.attrs["window"]) == (height, width) and graph.values[node.output].shape[1:3] == (1, 1)
    return whole and all(pads == 0 for side in node.attrs["padding"] for pads in side)
