"""Let a convolution do the zero padding in front of it: its taps outside the image are skipped."""

from __future__ import annotations

from dataclasses import replace

from lilliput.compiler.graph import Graph, Node

_PADDED = ("conv2d", "depthwise_conv2d")


def fuse_padding(graph: Graph) -> Graph:
    """The same graph with zero pads of height and width summed into the convolutions that read them."""
    nodes = []
    for node in graph.nodes:
        pad = graph.producers.get(node.inputs[0])
        nodes.append(_fused(node, pad) if node.op in _PADDED and pad is not None and _is_image_pad(pad) else node)
    graph = graph.replace(nodes=nodes)
    dead = [n for n in graph.nodes if n.op == "pad" and not graph.readers[n.output] and n.output not in graph.outputs]
    return graph.replace(nodes=[node for node in graph.nodes if node not in dead]) if dead else graph


def _is_image_pad(node: Node) -> bool:
    if node.op != "pad" or float(node.attrs.get("value", 0.0)) != 0.0:
        return False
    padding = node.attrs["padding"]
    return len(padding) == 4 and tuple(padding[0]) == tuple(padding[3]) == (0, 0)


def _fused(node: Node, pad: Node) -> Node:
    own, extra = node.attrs["padding"], pad.attrs["padding"][1:3]
    total = tuple((o[0] + e[0], o[1] + e[1]) for o, e in zip(own, extra, strict=True))
    return replace(node.with_attrs(padding=total), inputs=(pad.inputs[0], *node.inputs[1:]))
