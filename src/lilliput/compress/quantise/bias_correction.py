"""Bias correction: give each channel back the mean that rounding has moved.

    b'[c] = b[c] + E[y_float[c]] - E[y_int[c]]        y before the fused activation, E over items and positions

Layer by layer in execution order: y_int is measured on a network whose earlier layers are corrected already. Adding
the difference to b and adding it to y are the same thing, so that one simulated run corrects all layers.

Source: Data-Free Quantization Through Weight Equalization and Bias Correction (arXiv:1906.04721), section 4.2,
empirical form.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from lilliput.compiler.graph import Graph, Quant
from lilliput.compiler.interpret import run_float
from lilliput.compress.quantise.layers import data_of, layers_of, with_constants
from lilliput.compress.quantise.lower import bits_of, dequantised_operands, quantised_layer
from lilliput.compress.quantise.settings import QuantiseSettings
from lilliput.compress.quantise.simulate import run_simulated, substeps_of, without_activations

_MOST_ELEMENTS = 1 << 25  # 128 MiB in float32


def correct_bias(
    graph: Graph,
    quants: Mapping[str, Quant],
    inputs: Mapping[str, Tensor],
    settings: QuantiseSettings,
    bits: Mapping[str, int] | None = None,
) -> Graph:
    """The float graph with corrected biases.

    Args:
        graph: legal float graph, each layer with constants of its own.
        quants: of each activation.
        inputs: calibration items in one batch, name → float32 (N, …), channels last; where they are many and large,
            fewer are used.
        settings: `activations`, `per_channel` and `weight_bits` are read.
        bits: as for `lower`.
    """
    inputs = _as_fit(graph, inputs)
    layers = {node.output: node for node in layers_of(graph)}
    wanted: dict[str, Tensor] = {}
    moved: dict[str, Tensor] = {}
    bare, activate = without_activations(graph)

    def measure(name: str, y: Tensor) -> Tensor:
        if name in layers:
            wanted[name] = _channel_mean(y)
        return activate(name, y)

    def correct(name: str, y: Tensor) -> Tensor:
        if name not in layers:
            return y
        moved[name] = wanted[name] - _channel_mean(y)
        return y + moved[name]

    constants, scales = dequantised_operands(graph, quants, settings.activations), {}
    for node in layers.values():
        made = quantised_layer(graph, node, quants, settings, (bits or {}).get(node.name, bits_of(node, settings)))
        constants[node.inputs[1]] = made.weight_quant.dequantise(made.weights)
        constants[node.inputs[2]] = made.bias_quant.dequantise(made.bias)
        scales[node.name] = np.array(made.weight_quant.scale)
    tensors = {name: torch.from_numpy(array) for name, array in constants.items()}
    with torch.no_grad():
        run_float(bare, inputs, hook=measure)
        substeps = substeps_of(graph, quants, scales) if settings.activations == "int8" else {}
        run_simulated(graph, inputs, quants, tensors, substeps, before=correct, dtype=settings.activations)
    biases = {n.inputs[2]: data_of(graph, n.inputs[2]) + moved[n.output].numpy() for n in layers.values()}
    return with_constants(graph, biases)


def _as_fit(graph: Graph, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """As many items, spread evenly, as keep the largest activation below `_MOST_ELEMENTS`."""
    largest = max(value.elements for value in graph.values.values() if not value.is_constant)
    count = len(next(iter(inputs.values())))
    step = math.ceil(count * largest / _MOST_ELEMENTS)
    return {name: x[::step] for name, x in inputs.items()}


def _channel_mean(y: Tensor) -> Tensor:
    return y.mean(dim=tuple(range(y.ndim - 1)))
