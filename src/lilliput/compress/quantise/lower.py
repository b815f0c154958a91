"""From a float graph and the quantisation of its activations to the integer graph that the compiler takes.

activations          int8, as chosen
weights and biases   int8 and int32, see weights.py
other operands       of add, mul, concat, …: int8, asymmetric, over their own range
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from lilliput.compiler.grammar import check
from lilliput.compiler.graph import Array, Graph, Node, Quant, Value
from lilliput.compress.quantise.activations import quant_of_range
from lilliput.compress.quantise.layers import CHANNEL_AXIS, data_of, layers_of, with_own_constants
from lilliput.compress.quantise.observe import Range
from lilliput.compress.quantise.settings import QuantiseSettings
from lilliput.compress.quantise.weights import QuantisedWeights, quantise_layer

PACKED = ("conv2d", "fully_connected")
"""Operators whose weights can have fewer than 8 bits."""


def lower(
    graph: Graph, quants: Mapping[str, Quant], settings: QuantiseSettings, bits: Mapping[str, int] | None = None
) -> Graph:
    """The integer graph.

    Args:
        graph: legal float graph.
        quants: of each activation, as `choose_quants` gives them.
        settings: `per_channel` and `weight_bits` are read.
        bits: layer name → bits of its weights, as `choose_bits` gives them; `bits_of` where it is left out.

    Raises:
        UnsafeRange: LP312, a bias needs more than 32 bits.
        BrokenGraph: LP310, an operator does not take these integers.
    """
    graph = with_own_constants(graph)
    values = {name: _lowered(value, quants) for name, value in graph.values.items()}
    for node in layers_of(graph):
        count = (bits or {}).get(node.name, bits_of(node, settings))
        (_, w, b), layer = node.inputs, quantised_layer(graph, node, quants, settings, count)
        packed = 4 if count <= 4 else 8
        values[w] = Value(w, layer.weights.shape, "int8", layer.weight_quant, layer.weights, bits=packed)
        values[b] = Value(b, layer.bias.shape, "int32", layer.bias_quant, layer.bias)
    return check(graph.replace(values=values), "integer", "quantise")


def bits_of(node: Node, settings: QuantiseSettings) -> int:
    """Bits of a layer's weights where nothing was chosen for it. Those of a depthwise convolution are few: 8."""
    return settings.weight_bits if node.op in PACKED else 8


def quantised_layer(
    graph: Graph, node: Node, quants: Mapping[str, Quant], settings: QuantiseSettings, bits: int
) -> QuantisedWeights:
    """Weights and bias of one layer (x, w, b) in integers."""
    x, w, b = node.inputs
    return quantise_layer(
        data_of(graph, w),
        data_of(graph, b),
        quants[x].scale[0],
        node.name,
        axis=CHANNEL_AXIS[node.op],
        per_channel=settings.per_channel,
        bits=bits,
    )


def dequantised_operands(graph: Graph) -> dict[str, Array]:
    """The float constants that are neither weights nor biases, after their rounding."""
    of_layers = {name for node in layers_of(graph) for name in node.inputs[1:]}
    found: dict[str, Array] = {}
    for name, value in graph.values.items():
        if value.data is not None and value.dtype == "float32" and name not in of_layers:
            quant = quant_of_operand(value.data)
            found[name] = quant.dequantise(quant.quantise(value.data, "int8"))
    return found


def _lowered(value: Value, quants: Mapping[str, Quant]) -> Value:
    if value.data is None:
        return replace(value, dtype="int8", quant=quants[value.name])
    if value.dtype != "float32":
        return value
    quant = quant_of_operand(value.data)
    return replace(value, dtype="int8", quant=quant, data=quant.quantise(value.data, "int8"))


def quant_of_operand(data: Array) -> Quant:
    """The quantisation of a constant that is no weight."""
    return quant_of_range(Range(min(0.0, float(np.min(data))), max(0.0, float(np.max(data)))))
