"""Cross-layer equalisation: move range from channels that have much of it to the layer behind them.

    y = W₂ · f(W₁ x + b₁)  =  (W₂ S) · f(S⁻¹ W₁ x + S⁻¹ b₁),   S = diag(s) > 0,   f = relu or nothing
    s = √(r₁ · r₂) / r₂,   r₁ = largest |w|, |b| of each row of (W₁, b₁),   r₂ = largest |w| of each column of W₂

after which both layers have the range √(r₁ · r₂) in that channel. A pair is two layers with nothing between but pools
and means over positions, which keep channels apart and pass a factor through. Pairs are taken in order, again and
again, until no factor is further than 0.1 % from 1.

Not applied where the value between has another reader or is an output, and not across relu6: its ceiling of 6 does
not scale with its input, and putting relu in its place would change the network.

Differs from the paper: b₁ counts in r₁. Else a channel with a bias and hardly a weight would be blown up, and the
range of the activation with it; the paper mends that afterwards, by moving biases into the next layer.

Source: Data-Free Quantization Through Weight Equalization and Bias Correction (arXiv:1906.04721), section 4.1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lilliput.compiler.graph import Array, Graph, Node
from lilliput.compiler.op import activation_of
from lilliput.compress.quantise.layers import (
    CHANNEL_AXIS,
    data_of,
    is_layer,
    layers_of,
    per_channel_max,
    with_constants,
    with_own_constants,
)

_ROUNDS = 50


class Pair(NamedTuple):
    """Two layers that a factor per channel can be moved between."""

    first: Node
    second: Node


def equalise(graph: Graph) -> Graph:
    """The same function in float with evener channels."""
    graph = with_own_constants(graph)
    pairs = pairs_of(graph)
    arrays = {name: data_of(graph, name).astype(np.float64) for node in layers_of(graph) for name in node.inputs[1:]}
    for _ in range(_ROUNDS):
        furthest = max((_equalise_pair(arrays, pair) for pair in pairs), default=0.0)
        if furthest < 1e-3:
            break
    return with_constants(graph, {name: array.astype(np.float32) for name, array in arrays.items()})


def pairs_of(graph: Graph) -> tuple[Pair, ...]:
    """The pairs of layers in the graph, in execution order."""
    found = (_pair(graph, node) for node in layers_of(graph) if activation_of(node) in ("none", "relu"))
    return tuple(pair for pair in found if pair is not None)


def _pair(graph: Graph, first: Node) -> Pair | None:
    name = first.output
    while True:
        readers = graph.readers[name]
        if len(readers) != 1 or name in graph.outputs:
            return None
        reader = readers[0]
        if is_layer(reader):
            # Input channels lie on the last axis of w; there are fewer or more of them in grouped convolutions.
            fits = graph.values[reader.inputs[1]].shape[-1] == graph.values[name].shape[-1]
            return Pair(first, reader) if fits and reader.inputs[0] == name else None
        if not _keeps_channels(graph, reader):
            return None
        name = reader.output


def _keeps_channels(graph: Graph, node: Node) -> bool:
    before, after = graph.values[node.inputs[0]].shape, graph.values[node.output].shape
    if activation_of(node) not in ("none", "relu"):
        return False
    if node.op == "mean":
        return len(before) - 1 not in node.attrs["axes"]
    if node.op == "reshape":  # one that drops or adds axes of size one, but not the last
        return before[-1] == after[-1] and [n for n in before if n > 1] == [n for n in after if n > 1]
    return node.op in ("max_pool2d", "avg_pool2d", "relu")


def _equalise_pair(arrays: dict[str, Array], pair: Pair) -> float:
    """Scale one pair in place; the largest |log factor|."""
    (_, w1, b1), (_, w2, _) = pair.first.inputs, pair.second.inputs
    axis1 = CHANNEL_AXIS[pair.first.op]
    axis2 = arrays[w2].ndim - 1
    r1 = np.maximum(per_channel_max(arrays[w1], axis1), np.abs(arrays[b1]))
    r2 = per_channel_max(arrays[w2], axis2)
    alive = (r1 > 0) & (r2 > 0)
    factor = np.sqrt(np.divide(r1, r2, out=np.ones_like(r1), where=alive))
    arrays[w1] /= _along(factor, axis1, arrays[w1].ndim)
    arrays[b1] /= factor
    arrays[w2] *= _along(factor, axis2, arrays[w2].ndim)
    return float(np.abs(np.log(factor)).max())


def _along(factor: Array, axis: int, rank: int) -> Array:
    shape = [1] * rank
    shape[axis] = -1
    return factor.reshape(shape)
