"""Which layers keep their weights in 8 bits and which in 4, so that all weights fit a number of bytes.

For each layer alone, the weights are rounded to 4 bits and the error at the network's outputs is measured on
calibration items, everything else in float. The layers are taken in the order of that error for each byte saved, the
cheapest first, until the weights fit; those that turn out not to be needed go back to 8 bits, the dearest first.

That errors of single layers add up is an assumption; the report by layer of the finished network shows the truth.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from lilliput.compiler.graph import Graph, Node
from lilliput.compiler.interpret import run_float
from lilliput.compress.quantise.layers import CHANNEL_AXIS, data_of, layers_of
from lilliput.compress.quantise.lower import PACKED, bits_of
from lilliput.compress.quantise.settings import QuantiseSettings
from lilliput.compress.quantise.weights import quantise_weights, weight_scales
from lilliput.core.errors import BadSetting
from lilliput.core.units import exact_bytes

LOW = 4


def choose_bits(graph: Graph, items: Mapping[str, Tensor], settings: QuantiseSettings) -> dict[str, int]:
    """Layer name → bits of its weights.

    Args:
        graph: legal float graph, each layer with constants of its own.
        items: calibration items, name → float32 (N, …), channels last; a few are enough.
        settings: `weight_bits`, `weight_bytes` and `per_channel` are read.

    Raises:
        BadSetting: LP101, the weights do not fit with 4 bits either.
    """
    layers = layers_of(graph)
    bits = {node.name: bits_of(node, settings) for node in layers}
    if not settings.weight_bytes:
        return bits

    def taken() -> int:
        return sum(bytes_of(graph, node, bits[node.name]) for node in layers)

    wide = [node for node in layers if node.op in PACKED and bits[node.name] > LOW]
    if taken() <= settings.weight_bytes:
        return bits
    error = {node.name: _error(graph, node, items, settings) for node in wide}
    saved = {node.name: bytes_of(graph, node, 8) - bytes_of(graph, node, LOW) for node in wide}
    for node in sorted(wide, key=lambda node: (error[node.name] / max(saved[node.name], 1), node.name)):
        if taken() <= settings.weight_bytes:
            break
        bits[node.name] = LOW
    if taken() > settings.weight_bytes:
        raise BadSetting(
            f"quantise.weight_bytes = {settings.weight_bytes}",
            why=f"the weights take {exact_bytes(taken())} with 4 bits wherever 4 bits are possible",
            fix="a smaller network, or more room",
        )
    for node in sorted(wide, key=lambda node: (-error[node.name], node.name)):
        if bits[node.name] == LOW:
            bits[node.name] = 8
            if taken() > settings.weight_bytes:
                bits[node.name] = LOW
    return bits


def bytes_of(graph: Graph, node: Node, bits: int) -> int:
    """Bytes of a layer's weights in flash, each output channel from a whole byte on."""
    shape = graph.values[node.inputs[1]].shape
    channels = shape[CHANNEL_AXIS[node.op]]
    taps = math.prod(shape) // channels
    return channels * (taps if bits > LOW else -(-taps // 2))


def _error(graph: Graph, node: Node, items: Mapping[str, Tensor], settings: QuantiseSettings) -> float:
    """Square error at the outputs, in parts of their power, with this layer alone in 4 bits."""
    axis = CHANNEL_AXIS[node.op]
    w, b = data_of(graph, node.inputs[1]), data_of(graph, node.inputs[2])
    scales = weight_scales(w, b, 1.0, axis=axis, per_channel=settings.per_channel, bits=LOW)
    weights, quant = quantise_weights(w, scales, axis=axis, bits=LOW)
    rounded = {node.inputs[1]: torch.from_numpy(quant.dequantise(weights))}
    with torch.no_grad():
        exact, made = run_float(graph, items), run_float(graph, items, constants=rounded)
    parts = [float(((made[k] - y) ** 2).sum() / (y**2).sum().clamp_min(1e-30)) for k, y in exact.items()]
    return math.fsum(parts)
