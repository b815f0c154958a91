"""Fold a batch normalisation into the layer that feeds it.

    γ (w∗x + b - μ) / √(σ² + ε) + β  =  w'∗x + b',   w' = s·w,  b' = s·(b - μ) + β,  s = γ / √(σ² + ε)

s has one entry per output channel. Where no such layer feeds it, or something else reads that layer too, the
normalisation becomes a 1×1 depthwise convolution with w = s and b = β - s·μ.
"""

from __future__ import annotations

import numpy as np

from lilliput.compiler.graph import Array, Graph, Node, Value

_CHANNEL_AXIS = {"conv2d": 0, "depthwise_conv2d": 3, "fully_connected": 0, "transpose_conv2d": 0}


def fold_batchnorm(graph: Graph) -> Graph:
    """The same graph without `batch_norm`."""
    values = dict(graph.values)
    replaced: dict[str, list[Node]] = {}
    for norm in graph.nodes:
        if norm.op != "batch_norm":
            continue
        scale, shift = _affine(graph, norm)
        layer = graph.producers.get(norm.inputs[0])
        if layer is not None and _foldable(graph, layer):
            replaced[layer.name] = [_merge(values, layer, norm, scale, shift)]
            replaced[norm.name] = []
        else:
            replaced[norm.name] = _as_depthwise(values, norm, scale, shift)
    return graph.replace(nodes=[new for node in graph.nodes for new in replaced.get(node.name, [node])], values=values)


def _affine(graph: Graph, norm: Node) -> tuple[Array, Array]:
    """s and β - s·μ, in float64."""
    arrays = [graph.values[name].data for name in norm.inputs[1:]]
    gamma, beta, mean, variance = (np.asarray(array, np.float64) for array in arrays)
    scale = gamma / np.sqrt(variance + float(norm.attrs["eps"]))
    return scale, beta - scale * mean


def _foldable(graph: Graph, layer: Node) -> bool:
    alone = len(graph.readers[layer.output]) == 1 and layer.output not in graph.outputs
    weights = [graph.values[name].data for name in layer.inputs[1:]]
    plain = layer.attrs.get("activation", "none") == "none"
    return layer.op in _CHANNEL_AXIS and alone and plain and all(array is not None for array in weights)


def _merge(values: dict[str, Value], layer: Node, norm: Node, scale: Array, shift: Array) -> Node:
    w = np.asarray(values[layer.inputs[1]].data, np.float64)
    shape = [1] * w.ndim
    shape[_CHANNEL_AXIS[layer.op]] = -1
    bias = np.asarray(values[layer.inputs[2]].data, np.float64) if len(layer.inputs) > 2 else 0.0
    new_w = _constant(values, f"{layer.inputs[1]}.folded", w * scale.reshape(shape))
    new_b = _constant(values, f"{layer.name}.bias.folded", scale * bias + shift)
    return Node(layer.op, layer.name, (layer.inputs[0], new_w, new_b), norm.outputs, layer.attrs, layer.source)


def _as_depthwise(values: dict[str, Value], norm: Node, scale: Array, shift: Array) -> list[Node]:
    w = _constant(values, f"{norm.name}.scale", scale.reshape(1, 1, 1, -1))
    b = _constant(values, f"{norm.name}.shift", shift)
    attrs = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}
    x, y = values[norm.inputs[0]], values[norm.output]
    if len(x.shape) == 4:
        return [Node("depthwise_conv2d", norm.name, (x.name, w, b), norm.outputs, attrs, norm.source)]
    image = (x.shape[0], 1, 1, x.shape[-1])
    before, after = Value(f"{norm.name}.image", image, "float32"), Value(f"{norm.name}.normal", image, "float32")
    values[before.name], values[after.name] = before, after
    return [
        Node("reshape", before.name, (x.name,), (before.name,), {"shape": image}, norm.source),
        Node("depthwise_conv2d", norm.name, (before.name, w, b), (after.name,), attrs, norm.source),
        Node("reshape", after.name, (after.name,), norm.outputs, {"shape": y.shape}, norm.source),
    ]


def _constant(values: dict[str, Value], name: str, data: Array) -> str:
    array = np.ascontiguousarray(data, np.float32)
    values[name] = Value(name, array.shape, "float32", None, array)
    return name
