"""Move a pointwise convolution in front of the upsampling that it follows.

Nearest-neighbour upsampling repeats pixels, and a 1x1 convolution treats each pixel by itself: it may as well run
before, on a map that is as many times smaller. Where it makes no more channels than it reads, the large map shrinks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lilliput.compiler.graph import Graph, Node, Value


def late_upsampling(graph: Graph) -> Graph:
    """The same graph with 1x1 convolutions on the small side of nearest-neighbour upsampling."""
    values = dict(graph.values)
    nodes: dict[str, Node] = {}  # by the first output, in order
    for node in graph.nodes:
        # By what was made of the graph so far, so that several convolutions in a row all move.
        resize = nodes.get(node.inputs[0]) if node.inputs else None
        if resize is None or not _is_pointwise(node, values) or not _may_wait(graph, resize, values):
            nodes[node.outputs[0]] = node
            continue
        large, small = values[node.output], f"{node.output} before upsampling"
        values[small] = replace(large, name=small, shape=(*values[resize.inputs[0]].shape[:3], large.shape[3]))
        del nodes[resize.output]
        nodes[small] = replace(node, inputs=(resize.inputs[0], *node.inputs[1:]), outputs=(small,))
        nodes[node.output] = replace(resize, inputs=(small,), outputs=(node.output,))
    return graph.replace(nodes=list(nodes.values()), values=values)


def _is_pointwise(node: Node, values: Mapping[str, Value]) -> bool:
    if node.op != "conv2d":
        return False
    made, high, wide, read = values[node.inputs[1]].shape
    is_still = tuple(node.attrs["stride"]) == (1, 1) and not any(side for pad in node.attrs["padding"] for side in pad)
    return (high, wide) == (1, 1) and is_still and made <= read == values[node.inputs[0]].shape[3]


def _may_wait(graph: Graph, node: Node, values: Mapping[str, Value]) -> bool:
    if node.op != "resize" or node.attrs["mode"] != "nearest":
        return False
    (_, low, narrow, _), (_, high, wide, _) = values[node.inputs[0]].shape, values[node.output].shape
    is_larger = high >= low and wide >= narrow and high * wide > low * narrow
    return is_larger and len(graph.readers[node.output]) == 1 and node.output not in graph.outputs
