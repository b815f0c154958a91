"""From a float graph and the quantisation of its activations to the integer graph that the compiler takes.

activations          int8 or int16, as chosen
weights and biases   int8 and int32, or int64 on int16; see weights.py
other operands       of add, mul, concat, …: as the activations, over their own range

A concat of int16 takes one scale: a part that has another, by a sigmoid or the like, is brought to it first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from lilliput.compiler.grammar import check
from lilliput.compiler.graph import Array, DType, Graph, Node, Quant, Value
from lilliput.compress.quantise.activations import held_operands, quant_of_range
from lilliput.compress.quantise.layers import CHANNEL_AXIS, data_of, layers_of, with_own_constants
from lilliput.compress.quantise.observe import Range
from lilliput.compress.quantise.settings import QuantiseSettings
from lilliput.compress.quantise.spikes import lowered_spikes, neuron_constants
from lilliput.compress.quantise.weights import QuantisedWeights, quantise_layer

_BIAS: Mapping[str, DType] = {"int8": "int32", "int16": "int64"}
PACKED = ("conv2d", "fully_connected")
"""Operators whose weights can have fewer than 8 bits."""


def lower(
    graph: Graph, quants: Mapping[str, Quant], settings: QuantiseSettings, bits: Mapping[str, int] | None = None
) -> Graph:
    """The integer graph.

    Args:
        graph: legal float graph.
        quants: of each activation, as `choose_quants` gives them.
        settings: `activations`, `per_channel` and `weight_bits` are read.
        bits: layer name → bits of its weights, as `choose_bits` gives them; `bits_of` where it is left out.

    Raises:
        UnsafeRange: LP312, a bias needs more than 32 bits.
        BrokenGraph: LP310, an operator does not take these integers.
    """
    graph, dtype = with_own_constants(graph), settings.activations
    chosen, real = {**quants, **held_operands(graph, quants)}, real_operands(graph)
    values = {name: v if name in real else _lowered(v, chosen, dtype) for name, v in graph.values.items()}
    for node in layers_of(graph):
        count = (bits or {}).get(node.name, bits_of(node, settings))
        (_, w, b), layer = node.inputs, quantised_layer(graph, node, quants, settings, count)
        packed = 4 if count <= 4 else 8
        values[w] = Value(w, layer.weights.shape, "int8", layer.weight_quant, layer.weights, bits=packed)
        bias, kind = layer.bias, _BIAS[dtype]
        values[b] = Value(b, bias.shape, kind, layer.bias_quant, bias.astype(kind))
    integer = lowered_spikes(graph, values, settings)
    return check(_one_scale(integer) if dtype == "int16" else integer, "integer", "quantise")


def _one_scale(graph: Graph) -> Graph:
    """The same graph, where each part of a concat has the scale of its output."""
    values, nodes = dict(graph.values), list[Node]()
    for node in graph.nodes:
        inputs = list(node.inputs)
        for place, name in enumerate(inputs if node.op == "concat" else ()):
            part, wanted = values[name], values[node.output].quant
            if part.quant != wanted and not part.is_constant:
                inputs[place] = made = f"{node.name}.part{place}"
                values[made] = replace(part, name=made, quant=wanted)
                nodes.append(Node("requantize", made, (name,), (made,), {"dtype": part.dtype}, node.source))
        nodes.append(replace(node, inputs=tuple(inputs)))
    return graph.replace(nodes=nodes, values=values)


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


def dequantised_operands(graph: Graph, quants: Mapping[str, Quant], dtype: DType = "int8") -> dict[str, Array]:
    """The float constants that are neither weights nor biases, after their rounding.

    Args:
        graph: legal float graph.
        quants: of each activation.
        dtype: of the activations.
    """
    plain = {name for node in layers_of(graph) for name in node.inputs[1:]} | real_operands(graph)
    held, found = held_operands(graph, quants), dict[str, Array]()
    for name, value in graph.values.items():
        if value.data is not None and value.dtype == "float32" and name not in plain:
            quant = held.get(name) or quant_of_operand(value.data, dtype)
            found[name] = quant.dequantise(quant.quantise(value.data, dtype))
    return found


def real_operands(graph: Graph) -> set[str]:
    """The constants that stay float32, because the compiler works them into its own numbers, or that spiking neurons
    bring to their own steps."""
    return {name for node in graph.nodes if node.op == "layer_norm" for name in node.inputs[1:]} | neuron_constants(
        graph
    )


def _lowered(value: Value, quants: Mapping[str, Quant], dtype: DType) -> Value:
    if value.dtype != "float32":
        return value
    if value.data is None:
        return replace(value, dtype=dtype, quant=quants[value.name])
    quant = quants.get(value.name) or quant_of_operand(value.data, dtype)
    return replace(value, dtype=dtype, quant=quant, data=quant.quantise(value.data, dtype))


def quant_of_operand(data: Array, dtype: DType = "int8") -> Quant:
    """The quantisation of a constant that is no weight."""
    return quant_of_range(Range(min(0.0, float(np.min(data))), max(0.0, float(np.max(data)))), dtype)
