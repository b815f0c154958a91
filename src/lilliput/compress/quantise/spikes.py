"""Layers of spiking neurons in integers: weights, thresholds and potentials.

    w_int = round(w / s_w) for each output channel, and potentials, thresholds and biases in the same steps s_w:
    spikes are 0 and 1, so that nothing is ever multiplied or brought to another scale
    decay in 2^-15

Potentials have 16 bits where every current fits them, whatever fires. A channel whose currents or threshold are too
many steps of its weights gets larger steps for that, as long as they are at most `COARSER` times as large, or a
threshold is `FINE` of them; where that is not enough potentials have 32 bits.

Neurons on currents of int8 count in parts of a step of those, as small as 16 bits allow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from lilliput.compiler.graph import Array, DType, Graph, Node, Quant, Value
from lilliput.compiler.ops._spikes import ONE, TRAIN
from lilliput.compiler.ops._spiking_layer import current_range
from lilliput.compiler.ops.leaky import MOST_SHIFT
from lilliput.compiler.ops.spike_count import count_quant
from lilliput.compiler.passes.spikes import FIRING, MOVES, SPIKING, spikes_of
from lilliput.compress.quantise.layers import data_of
from lilliput.compress.quantise.settings import QuantiseSettings
from lilliput.compress.quantise.weights import quantise_weights, weight_scales
from lilliput.core.errors import UnsafeRange, UnsupportedOp

COARSER = 2.0
FINE = 256
_HIGHEST = (1 << 15) - 1


@dataclass(frozen=True, eq=False)
class QuantisedNeurons:
    """Constants of a spiking layer in integers.

    Args:
        w, quant: int8 weights, and what a step of a channel is worth.
        b, threshold, start: int64, one a channel, in those steps.
        wide: whether potentials have 32 bits.
    """

    w: Array
    quant: Quant
    b: Array
    threshold: Array
    start: Array
    wide: bool


def demand_spikes(graph: Graph, settings: QuantiseSettings) -> None:
    """Raise UnsupportedOp, LP301, where spikes are read by what has no form for them, or int16 is asked for."""
    spikes = spikes_of(graph)
    if not spikes:
        return
    if settings.activations == "int16":
        raise UnsupportedOp("spiking neurons have no form with activations of int16", fix="leave activations at int8")
    for node in graph.nodes:
        read = [name for name in node.inputs if name in spikes]
        if read and not (node.output in spikes or node.op == "spike_count"):
            raise UnsupportedOp(
                f'{node.op} at "{node.name}" reads the spikes of {read[0]!r} as numbers',
                why="in integers spikes are read by layers with neurons behind them, by max pools, and counted",
                fix="put neurons behind each layer, and take the mean or the sum over time at the end",
            )
    for name in graph.outputs:
        if name in spikes:
            raise UnsupportedOp(f"the spikes of {name!r} leave the network", fix="take their mean or sum over time")


def spike_quants(graph: Graph) -> dict[str, Quant]:
    """The quantisation of spikes, and of their counts."""
    counts = {node.output: count_quant(node) for node in graph.nodes if node.op == "spike_count"}
    return dict.fromkeys(spikes_of(graph), TRAIN) | counts


def lowered_spikes(graph: Graph, values: Mapping[str, Value], settings: QuantiseSettings) -> Graph:
    """The integer graph.

    Args:
        graph: legal float graph.
        values: its values in integers, but for what spiking layers have and give.
        settings: `per_channel` is read.

    Raises:
        UnsafeRange: LP312, a threshold is more steps than potentials hold.
    """
    spikes, made, nodes = spikes_of(graph), dict(values), list[Node]()
    for name, steps in spikes.items():
        made[name] = Value(name, (1, *graph.values[name].shape[1:]), "uint8", TRAIN, steps=steps)
    for node in graph.nodes:
        if node.op in SPIKING.values():
            nodes.append(_layer(graph, node, made, settings))
        elif node.op == "leaky":
            nodes.append(_encoder(graph, node, made))
        elif node.output in spikes and node.op in MOVES:
            nodes.append(_moved(node, made[node.output]))
        else:
            nodes.append(node)
    return graph.replace(nodes=nodes, values=made)


def neuron_constants(graph: Graph) -> set[str]:
    """The constants of spiking layers, which are no operands with a scale."""
    return {name for node in graph.nodes if node.op in FIRING for name in node.inputs[1:]}


def quantised_neurons(graph: Graph, node: Node, settings: QuantiseSettings) -> QuantisedNeurons:
    """Constants of one spiking layer (x, w, b, decay, threshold, v)."""
    w, b, _, *levels = (data_of(graph, name) for name in node.inputs[1:])
    channels = len(w)
    bias = b.astype(np.float64)
    threshold, start = (np.broadcast_to(level.ravel(), channels).astype(np.float64) for level in levels)
    fine = weight_scales(w, b, 1.0, axis=0, per_channel=settings.per_channel).astype(np.float64)
    rows = w.reshape(channels, -1).astype(np.float64)
    reach = np.maximum(np.maximum(rows, 0).sum(axis=1) + bias, np.maximum(-rows, 0).sum(axis=1) - bias)
    # Each weight may be half a step larger than it was, and the bias.
    needed = np.maximum(reach, threshold) / (_HIGHEST - 0.5 * rows.shape[1] - 1)
    wanted = np.maximum(fine, needed if len(fine) == channels else needed.max(keepdims=True))
    coarse = bool((wanted <= np.maximum(COARSER * fine, threshold / FINE)).all())
    scales = (wanted if coarse else fine).astype(np.float32)
    weights, quant = quantise_weights(w, scales, axis=0)
    steps = scales.astype(np.float64)
    biases, thresholds, starts = (_rounded(level / steps) for level in (bias, threshold, start))
    thresholds = np.maximum(thresholds, 1)
    low, high = current_range(weights.reshape(channels, -1), biases)
    fits = -low.min() <= _HIGHEST and high.max() <= _HIGHEST and thresholds.max() <= _HIGHEST
    return QuantisedNeurons(weights, quant, biases, thresholds, starts, not fits)


def _layer(graph: Graph, node: Node, values: dict[str, Value], settings: QuantiseSettings) -> Node:
    made = quantised_neurons(graph, node, settings)
    x = node.inputs[0]
    decay = np.broadcast_to(data_of(graph, node.inputs[3]).ravel(), len(made.b))
    leak = _rounded(decay.astype(np.float64) * ONE)
    wide = made.wide or bool((leak < ONE).any() and (leak == ONE).any())
    kind: DType = "int32" if wide else "int16"
    names = [_own(values, f"{node.name}.{part}") for part in ("weight", "bias", "decay", "threshold", "potential")]
    limit = 1 << 30 if wide else _HIGHEST
    if int(made.threshold.max()) > limit or int(np.abs(made.b).max()) > 1 << 30:
        raise UnsafeRange(
            f'{node.op} at "{node.name}" has a threshold of {made.threshold.max()} steps of its weights, and '
            f"potentials of {limit} at most",
            fix="look for weights that are far too small for their neurons",
        )
    values[names[0]] = Value(names[0], made.w.shape, "int8", made.quant, made.w)
    values[names[1]] = Value(names[1], made.b.shape, "int32", made.quant, made.b.astype(np.int32))
    values[names[2]] = Value(names[2], leak.shape, "int32", None, leak.astype(np.int32))
    values[names[3]] = Value(names[3], made.b.shape, "int32", made.quant, made.threshold.astype(np.int32))
    start = np.clip(made.start, -limit, limit).astype(kind)
    values[names[4]] = Value(names[4], made.b.shape, kind, made.quant, start)
    return replace(node, inputs=(x, *names))


def _encoder(graph: Graph, node: Node, values: dict[str, Value]) -> Node:
    x = values[node.inputs[0]]
    decay, threshold, start = (data_of(graph, name).ravel().astype(np.float64) for name in node.inputs[1:])
    steps = threshold / x.scale
    shift = max((s for s in range(MOST_SHIFT + 1) if steps.max() * 2**s <= _HIGHEST / 2), default=0)
    levels = np.maximum(_rounded(steps * 2**shift), 1)
    if levels.max() > _HIGHEST:
        raise UnsafeRange(
            f'{node.op} at "{node.name}" has a threshold of {levels.max()} steps of its currents, its potentials hold '
            f"{_HIGHEST}",
            why=f"a step of its currents is {x.scale:g}",
            fix="look for currents that are far too small for their neurons",
        )
    leak = np.minimum(_rounded(decay * ONE), ONE)
    leak = leak if (leak == ONE).all() else np.minimum(leak, ONE - 1)
    names = [_own(values, f"{node.name}.{part}") for part in ("decay", "threshold", "potential")]
    quant = Quant.per_tensor(x.scale / 2**shift, 0)
    begin = np.clip(_rounded(start / x.scale * 2**shift), -_HIGHEST, _HIGHEST).astype(np.int16)
    values[names[0]] = Value(names[0], leak.shape, "int32", None, leak.astype(np.int32))
    values[names[1]] = Value(names[1], levels.shape, "int32", quant, levels.astype(np.int32))
    values[names[2]] = Value(names[2], begin.shape, "int16", quant, begin)
    return replace(node, inputs=(x.name, *names), attrs={**node.attrs, "shift": shift})


def _moved(node: Node, y: Value) -> Node:
    if node.op == "max_pool2d":
        attrs = {key: value for key, value in node.attrs.items() if key != "activation"}
        return replace(node, op="spike_pool2d", attrs=attrs)
    return replace(node, attrs={"shape": y.shape})


def _rounded(real: Array) -> Array:
    """Half away from zero, int64."""
    rounded: Array = np.trunc(real + np.copysign(0.5, real)).astype(np.int64)
    return rounded


def _own(values: Mapping[str, Value], wanted: str) -> str:
    while wanted in values:
        wanted += "_"
    return wanted
