"""Fully connected networks that learn by BP-STDP or by random feedback: pictures as spikes by chance, counted answers.

Axes: T time steps, B batch, I inputs, O outputs.

Source: the review (arXiv:1804.08150), section 3.2; the rules' own sources stand in their files.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.spiking import IF, LIF, Neuron
from lilliput.spiking.encoders import rate
from lilliput.spiking.networks.answering import Answering, Synapses, shuffled
from lilliput.spiking.rules.bp_stdp import BPSTDP
from lilliput.spiking.rules.random_feedback import Feedback, RandomBackprop, feedback_weights


class SpikingLayers(Answering):
    """Layers of neurons without biases; the answer is how often each output fired.

    Args:
        sizes: inputs, hidden layers, classes.
        neuron: of every layer.
        steps: that a picture is shown for.
        scale: of first weights; 1 gives a hidden neuron an input of variance 1 from pictures of `brightness`.
        brightness: mean of pictures.
        seed: of first weights and of spikes.
    """

    def __init__(
        self, sizes: Sequence[int], neuron: Neuron, steps: int, *, scale: float, brightness: float, seed: int
    ) -> None:
        super().__init__()
        self.steps, self.neuron, self.seed = steps, neuron, seed
        chance = torch.Generator().manual_seed(seed)
        self.layers = nn.ModuleList()
        share = brightness
        for before, size in itertools.pairwise(sizes):
            drawn = torch.randn(size, before, generator=chance)
            self.layers.append(Synapses(drawn * scale / math.sqrt(max(share, 1e-3) * before)))
            share = 0.2  # of steps that hidden neurons fire in

    @property
    def weights(self) -> list[Tensor]:
        """(O, I) by layer."""
        return [layer.weight for layer in self.layers if isinstance(layer, Synapses)]

    def trains(self, x: Tensor, steps: int, generator: torch.Generator) -> list[Tensor]:
        """Spikes of the input and of each layer: (B, Y, X) -> (T, B, size) each."""
        found = [rate(x.flatten(1), steps, generator=generator)]
        for layer in self.layers:
            found.append(self.neuron(layer(found[-1]))[0])
        return found

    def answer(self, x: Tensor, steps: int) -> Tensor:
        return self.trains(x, steps, torch.Generator().manual_seed(self.seed))[-1].sum(0)


@dataclass(frozen=True)
class BPSTDPSettings:
    """How a network learns by BP-STDP. The rate falls to 0 in a line."""

    hidden: int = 256
    steps: int = 20
    window: int = 2
    rate: float = 0.02
    epochs: int = 6
    batch: int = 32
    scale: float = 0.5


@torch.no_grad()
def learn_bp_stdp(x: Tensor, y: Tensor, classes: int, settings: BPSTDPSettings, seed: int) -> SpikingLayers:
    """Integrate-and-fire neurons taught by BP-STDP.

    Args:
        x: pictures (N, Y, X) in [0, 1].
        y: class numbers, (N,).
        classes: outputs.
        settings: sizes and rates; 0 epochs leave first weights.
        seed: of all chance.
    """
    sizes = (x[0].numel(), settings.hidden, classes)
    net = SpikingLayers(
        sizes, IF(reset_to="subtract"), settings.steps, scale=settings.scale, brightness=float(x.mean()), seed=seed
    )
    chance, rule = torch.Generator().manual_seed(seed + 1), BPSTDP(settings.window)
    batches = shuffled(len(x), settings.batch, settings.epochs, chance)
    for n, rows in enumerate(batches):
        changes = rule.changes(net.weights, net.trains(x[rows], settings.steps, chance), F.one_hot(y[rows], classes))
        step = settings.rate * (1 - n / len(batches)) / len(rows)
        for weight, change in zip(net.weights, changes, strict=True):
            weight += step * change
    return net


@dataclass(frozen=True)
class RandomFeedbackSettings:
    """How a network learns by random feedback. The rate falls to 0 in a line."""

    hidden: int = 256
    steps: int = 20
    tau: float = 4.0
    rate: float = 0.01
    epochs: int = 6
    batch: int = 32
    scale: float = 0.2
    feedback: Feedback = "random"
    feedback_gain: float = 2.0
    wanted_rate: float = 0.5  # spikes a step of the right output
    box: float = 1.0  # half width of the boxcar around the threshold
    error_threshold: float = 0.25


@torch.no_grad()
def learn_random_feedback(
    x: Tensor, y: Tensor, classes: int, settings: RandomFeedbackSettings, seed: int
) -> SpikingLayers:
    """Leaky neurons with one hidden layer, taught step by step while they run. The arguments are `learn_bp_stdp`'s."""
    sizes = (x[0].numel(), settings.hidden, classes)
    neuron = LIF(tau=settings.tau, decays_input=False, reset_to="subtract")
    net = SpikingLayers(sizes, neuron, settings.steps, scale=settings.scale, brightness=float(x.mean()), seed=seed)
    chance = torch.Generator().manual_seed(seed + 1)
    rule = RandomBackprop(1 - settings.box, 1 + settings.box, settings.error_threshold)
    first, last = net.weights
    back = settings.feedback_gain * feedback_weights(settings.feedback, last, chance)
    keep = 1 - 1 / settings.tau
    batches = shuffled(len(x), settings.batch, settings.epochs, chance)
    for n, rows in enumerate(batches):
        step = settings.rate * (1 - n / len(batches)) / len(rows)
        target = settings.wanted_rate * F.one_hot(y[rows], classes)
        hidden, out = x.new_zeros(len(rows), settings.hidden), x.new_zeros(len(rows), classes)
        held = torch.zeros_like(out)
        for seen in rate(x[rows].flatten(1), settings.steps, generator=chance):
            hidden = keep * hidden + F.linear(seen, first)
            fired = (hidden >= neuron.threshold).to(x.dtype)
            out = keep * out + F.linear(fired, last)
            answered = (out >= neuron.threshold).to(x.dtype)
            sent, held = rule.error_spikes(held, answered, target)
            if settings.feedback == "symmetric":
                back = settings.feedback_gain * last
            change = rule.change(sent @ back, hidden, seen)
            last += step * rule.change(sent, out, fired)
            first += step * change
            hidden, out = hidden - neuron.threshold * fired, out - neuron.threshold * answered
    return net
