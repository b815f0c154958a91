"""Quantisation-aware fine-tuning: train the weights while they and the activations are rounded as in integers.

Rounding passes gradients straight through. Weights get the scale of their largest magnitude again at each step;
activations have the scale that `qat_ranges` says:

    fixed    as calibrated
    ema      from low and high of the batches, averaged with decay 0.99
    learned  calibrated scale · exp(t), t a parameter that starts at 0, its gradient times 1 / √(127 · elements of an
             item), on int16 32767 for 127; the zero point stays

Source: Learned Step Size Quantization (arXiv:1902.08153), but for exp, which keeps the scale above 0 and its steps
relative; Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference
(arXiv:1712.05877).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from lilliput.compiler.graph import Array, Graph, Node, Quant
from lilliput.compiler.interpret import run_float
from lilliput.compiler.passes.spikes import spikes_of
from lilliput.compress.quantise.activations import fixed_outputs, groups_of, quant_of_range, sets_range
from lilliput.compress.quantise.layers import CHANNEL_AXIS, data_of, layers_of, with_constants, with_own_constants
from lilliput.compress.quantise.lower import bits_of, dequantised_operands
from lilliput.compress.quantise.modules import ChannelsFirst
from lilliput.compress.quantise.observe import Range
from lilliput.compress.quantise.settings import QuantiseSettings
from lilliput.compress.quantise.simulate import fake_quantise, round_straight_through
from lilliput.compress.quantise.weights import weight_scales
from lilliput.core.errors import UnsupportedOp
from lilliput.core.events import Emit, silent
from lilliput.train.data import TrainData
from lilliput.train.loop import TrainResult, fit
from lilliput.train.losses import Objective
from lilliput.train.settings import TrainSettings

_DECAY = 0.99


class FineTuned(NamedTuple):
    """The float graph and the quantisation of its activations after fine-tuning, for `lower`."""

    graph: Graph
    quants: dict[str, Quant]
    training: TrainResult


def fine_tune(
    graph: Graph,
    quants: Mapping[str, Quant],
    data: TrainData,
    settings: QuantiseSettings,
    *,
    train: TrainSettings | None = None,
    frozen: tuple[str, ...] = (),
    bits: Mapping[str, int] | None = None,
    objective: Objective | None = None,
    emit: Emit = silent,
    checkpoint_dir: Path | None = None,
) -> FineTuned:
    """Train a graph in its quantised form.

    Args:
        graph: legal float graph with one input and one output.
        quants: of each activation, to start from.
        data: channels first, as the training loop has it.
        settings: `activations`, `qat_epochs`, `qat_lr`, `qat_ranges`, `per_channel` and `weight_bits` are read.
        train: what the network was trained with; epochs, rate and the rest of the schedule are replaced.
        frozen: activations whose quantisation comes from elsewhere.
        bits: as for `lower`.
        objective: replaces the loss that `train` names.
        emit: receives progress.
        checkpoint_dir: where checkpoints go.

    Raises:
        UnsupportedOp: LP301, spiking neurons, whose spikes have no slope in the graph.
        LilliputError: as `fit`.
    """
    if spikes_of(graph):
        raise UnsupportedOp(
            "spiking networks cannot be fine-tuned here", fix="train them longer, or with weights that are smaller"
        )
    module = FakeQuantised(graph, quants, settings, frozen=frozen, bits=bits)
    changed = dataclasses.replace(
        train or TrainSettings(),
        epochs=settings.qat_epochs,
        lr=settings.qat_lr,
        optimiser="adam",
        schedule="cosine",
        warmup_epochs=0.0,
        weight_decay=0.0,
        mixup_alpha=0.0,
        ema_decay=0.0,
        amp="off",  # the roundings are of float32
    )
    wrapped = ChannelsFirst(module)
    training = fit(wrapped, data, changed, emit=emit, checkpoint_dir=checkpoint_dir, objective=objective)
    return FineTuned(module.to_graph(), module.quants(), training)


class FakeQuantised(nn.Module):
    """A float graph as a module whose forward rounds as the integer graph does; its parameters are the graph's.

    Args:
        graph: legal float graph with one input and one output.
        quants: of each activation, to start from.
        settings: `activations`, `per_channel`, `weight_bits` and `qat_ranges` are read.
        frozen: activations whose quantisation comes from elsewhere; those of softmax, sigmoid and tanh are added.
        bits: as for `lower`.

    Shapes:
        x (B, H, W, C) or (B, F), as the graph's input -> as the graph's output.
    """

    scales: Tensor
    zero_points: Tensor
    ends: Tensor

    def __init__(
        self,
        graph: Graph,
        quants: Mapping[str, Quant],
        settings: QuantiseSettings,
        *,
        frozen: tuple[str, ...] = (),
        bits: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__()
        if len(graph.inputs) != 1 or len(graph.outputs) != 1:
            raise ValueError(f"needs one input and one output, got {graph.inputs} and {graph.outputs}")
        self.graph, self.settings = with_own_constants(graph), settings
        self._layers = layers_of(self.graph)
        self._bits = {node.name: (bits or {}).get(node.name, bits_of(node, settings)) for node in self._layers}
        self.weights = nn.ParameterList(_tensor(self.graph, node.inputs[1]) for node in self._layers)
        self.biases = nn.ParameterList(_tensor(self.graph, node.inputs[2]) for node in self._layers)
        self._operands = dequantised_operands(self.graph, quants, settings.activations)
        for index, array in enumerate(self._operands.values()):
            self.register_buffer(f"operand{index}", torch.from_numpy(array), persistent=False)

        groups = groups_of(self.graph, frozen, settings.activations)
        self._group = {name: index for index, names in enumerate(groups) for name in names}
        start = [quants[names[0]] for names in groups]
        held = {*frozen, *fixed_outputs(self.graph)}
        self._held = {name for names in groups if not held.isdisjoint(names) for name in names}
        # The last one that adds values to a group, such as a concat, holds those of all before it.
        setters = ([name for name in names if sets_range(self.graph, name)] for names in groups)
        self._followed = {names[-1] for names in setters} - self._held
        self.register_buffer("scales", torch.tensor([quant.scale[0] for quant in start], dtype=torch.float32))
        self.register_buffer("zero_points", torch.tensor([quant.zero_point[0] for quant in start]))
        limits = np.iinfo(settings.activations)
        ends = [[q.scale[0] * (end - q.zero_point[0]) for end in (limits.min, limits.max)] for q in start]
        self.register_buffer("ends", torch.tensor(ends, dtype=torch.float32))
        self.stretch = nn.Parameter(torch.zeros(len(groups)), requires_grad=settings.qat_ranges == "learned")

    def forward(self, x: Tensor) -> Tensor:
        (name,) = self.graph.inputs
        made = run_float(self.graph, {name: x}, constants=self._constants(), hook=self._round)
        return made[self.graph.outputs[0]]

    def to_graph(self) -> Graph:
        """The float graph with the weights and biases as they are now."""
        arrays: dict[str, Array] = {}
        for node, w, b in zip(self._layers, self.weights, self.biases, strict=True):
            arrays |= {node.inputs[1]: w.detach().cpu().numpy(), node.inputs[2]: b.detach().cpu().numpy()}
        return with_constants(self.graph, arrays)

    def quants(self) -> dict[str, Quant]:
        """The quantisation of each activation as it is now."""
        scales = {name: float(self._scale(name).detach()) for name in self._group}
        return {
            name: Quant.per_tensor(scales[name], int(self.zero_points[index])) for name, index in self._group.items()
        }

    def _round(self, name: str, x: Tensor) -> Tensor:
        if name not in self._group:  # a truth value, or the number of a place
            return x
        index = self._group[name]
        if self.training and self.settings.qat_ranges == "ema" and name in self._followed:
            self._follow(index, x)
        scale = self._scale(name)
        if scale.requires_grad:
            slower = (float(np.iinfo(self.settings.activations).max) * x[0].numel()) ** -0.5
            scale = scale * slower + (scale * (1 - slower)).detach()
        return fake_quantise(x, scale, int(self.zero_points[index]), self.settings.activations)

    def _scale(self, name: str) -> Tensor:
        index = self._group[name]
        start = self.scales[index].clone()  # what is kept for the way back must not change when later scales follow
        return start if name in self._held else start * torch.exp(self.stretch[index])

    def _follow(self, index: int, x: Tensor) -> None:
        with torch.no_grad():
            seen = torch.stack([x.min().clamp(max=0.0), x.max().clamp(min=0.0)])
            self.ends[index] = _DECAY * self.ends[index] + (1 - _DECAY) * seen
            quant = quant_of_range(Range(*self.ends[index].tolist()), self.settings.activations)
            self.scales[index], self.zero_points[index] = quant.scale[0], quant.zero_point[0]

    def _constants(self) -> dict[str, Tensor]:
        found = {name: self.get_buffer(f"operand{index}") for index, name in enumerate(self._operands)}
        for node, w, b in zip(self._layers, self.weights, self.biases, strict=True):
            found[node.inputs[1]], found[node.inputs[2]] = self._rounded_layer(node, w, b)
        return found

    def _rounded_layer(self, node: Node, w: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        axis, entering = CHANNEL_AXIS[node.op], float(self._scale(node.inputs[0]).detach())
        scales = weight_scales(
            w.detach().cpu().numpy(),
            b.detach().cpu().numpy(),
            entering,
            axis=axis,
            per_channel=self.settings.per_channel,
            bits=self._bits[node.name],
        )
        steps = torch.from_numpy(scales).to(w.device)
        along, bias_steps = steps.reshape([-1 if i == axis else 1 for i in range(w.ndim)]), entering * steps
        limit = (1 << (self._bits[node.name] - 1)) - 1  # below 8 bits the scale may clip the largest
        rounded = round_straight_through(torch.clamp(w / along, -limit, limit)) * along
        return rounded, round_straight_through(b / bias_steps) * bias_steps


def _tensor(graph: Graph, name: str) -> nn.Parameter:
    return nn.Parameter(torch.from_numpy(data_of(graph, name).copy()))
