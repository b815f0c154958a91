"""One layer that reads when inputs fire: tempotrons, and neurons taught by ReSuMe.

Pictures become one spike a value, the brighter the earlier.

Axes: T time steps, B batch, I inputs, K classes.

Source: the review (arXiv:1804.08150), section 3.2; the rules' own sources stand in their files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from lilliput.layers.multi_step import Fired
from lilliput.layers.neuron_cells import State
from lilliput.layers.spiking import LIF, Neuron
from lilliput.spiking.encoders import latency
from lilliput.spiking.networks.answering import Answering, StepCost, Synapses, shuffled
from lilliput.spiking.rules.resume import ReSuMe
from lilliput.spiking.rules.tempotron import Tempotron


@dataclass(frozen=True)
class TempotronSettings:
    """How tempotrons learn; several a class, each from pictures of its own, share an answer."""

    steps: int = 30
    each: int = 5  # neurons a class
    tau_membrane: float = 15.0
    tau_synapse: float = 3.75
    least: float = 0.2  # darkest value that fires
    rate: float = 0.01
    momentum: float = 0.9
    epochs: int = 20
    batch: int = 32


class _Potential(Neuron):
    """The tempotron's potential step by step: two leaky sums. State: both sums, the highest so far, who has fired."""

    def __init__(self, neuron: Tempotron) -> None:
        super().__init__()
        self.cell = StepCost(macs=3, adds=2, states=("membrane", "synapse"))
        self.fades = math.exp(-1 / neuron.tau_membrane), math.exp(-1 / neuron.tau_synapse)
        self.height = float(neuron.kernel(torch.ones(1)) / (self.fades[0] - self.fades[1]))
        self.threshold = neuron.threshold

    def parameters_of_cell(self) -> tuple[float, ...]:
        return ()

    def forward(self, x: Tensor, state: State | None = None) -> Fired:
        zero = torch.zeros_like(x[0])
        slow, fast, highest, fired = state or (zero, zero, zero, zero)
        spikes = torch.zeros_like(x)
        for step, now in enumerate(x):
            v = self.height * (slow - fast)
            spikes[step] = ((v >= self.threshold) & (fired == 0)).to(x.dtype)
            highest, fired = torch.maximum(highest, v), fired + spikes[step]
            slow, fast = self.fades[0] * (slow + now), self.fades[1] * (fast + now)
        return Fired(spikes, (slow, fast, torch.maximum(highest, self.height * (slow - fast)), fired))


class Tempotrons(Answering):
    """Tempotrons by class; the answer is how high their potential rose."""

    def __init__(self, inputs: int, classes: int, settings: TempotronSettings, seed: int) -> None:
        super().__init__()
        self.settings, self.steps, self.classes = settings, settings.steps, classes
        self.rule = Tempotron(settings.tau_membrane, settings.tau_synapse)
        chance = torch.Generator().manual_seed(seed)
        drawn = torch.randn(classes * settings.each, inputs, generator=chance) / inputs
        self.inputs = Synapses(drawn)
        self.neurons = _Potential(self.rule)

    def encode(self, x: Tensor) -> Tensor:
        """(B, Y, X) -> spikes (T, B, I)."""
        return latency(x.flatten(1), self.steps, least=self.settings.least)

    def answer(self, x: Tensor, steps: int) -> Tensor:
        highest: Tensor = self.neurons(self.inputs(self.encode(x)[:steps]))[1][2]
        return highest.reshape(len(x), self.classes, -1).mean(2)


@torch.no_grad()
def learn_tempotrons(x: Tensor, y: Tensor, classes: int, settings: TempotronSettings, seed: int) -> Tempotrons:
    """Tempotrons that fire for their class.

    Args:
        x: pictures (N, Y, X) in [0, 1].
        y: class numbers, (N,).
        classes: how many.
        settings: sizes and rates; 0 epochs leave first weights.
        seed: of all chance.
    """
    net = Tempotrons(x[0].numel(), classes, settings, seed)
    chance = torch.Generator().manual_seed(seed + 1)
    # Each of a class's neurons skips pictures of its own, so that they do not all learn the same.
    mine = torch.rand(len(x), classes * settings.each, generator=chance) < 0.7
    weight, moved = net.inputs.weight, torch.zeros_like(net.inputs.weight)
    batches = shuffled(len(x), settings.batch, settings.epochs, chance)
    for n, rows in enumerate(batches):
        spikes = net.encode(x[rows])
        wanted = F.one_hot(y[rows], classes).bool().repeat_interleave(settings.each, 1)
        fired = net.rule.fires(weight, spikes)
        # What a neuron skips counts as right.
        change, _ = net.rule.change(weight, spikes, torch.where(mine[rows], wanted, fired))
        moved = settings.momentum * moved + settings.rate * (1 - n / len(batches)) / len(rows) * change
        weight += moved
    return net


@dataclass(frozen=True)
class ReSuMeSettings:
    """How one layer learns to fire at given steps for its class, and at none for others."""

    steps: int = 30
    tau: float = 20.0
    least: float = 0.2
    wanted_from: int = 4  # first step that the right output should fire in
    wanted_every: int = 2
    constant: float = 0.02
    rate: float = 0.01
    epochs: int = 20
    batch: int = 32


class Timed(Answering):
    """One layer of leaky neurons; the answer is how often each fired."""

    def __init__(self, inputs: int, classes: int, settings: ReSuMeSettings, seed: int) -> None:
        super().__init__()
        self.settings, self.steps = settings, settings.steps
        chance = torch.Generator().manual_seed(seed)
        self.inputs = Synapses(torch.randn(classes, inputs, generator=chance) / inputs)
        self.neurons = LIF(tau=settings.tau, decays_input=False)

    def spikes(self, x: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        """Of inputs and outputs: (T, B, I), (T, B, K)."""
        seen = latency(x.flatten(1), self.steps, least=self.settings.least)[:steps]
        return seen, self.neurons(self.inputs(seen))[0]

    def answer(self, x: Tensor, steps: int) -> Tensor:
        return self.spikes(x, steps)[1].sum(0)


@torch.no_grad()
def learn_resume(x: Tensor, y: Tensor, classes: int, settings: ReSuMeSettings, seed: int) -> Timed:
    """Neurons that fire at the wanted steps for their class. The arguments are `learn_tempotrons`'."""
    net = Timed(x[0].numel(), classes, settings, seed)
    chance = torch.Generator().manual_seed(seed + 1)
    rule = ReSuMe(settings.rate, settings.constant, tau=settings.tau)
    train = torch.zeros(settings.steps, 1, 1)
    train[settings.wanted_from :: settings.wanted_every] = 1
    batches = shuffled(len(x), settings.batch, settings.epochs, chance)
    for n, rows in enumerate(batches):
        pre, post = net.spikes(x[rows], settings.steps)
        change = rule.change(pre, post, train * F.one_hot(y[rows], classes))
        net.inputs.weight.add_(change, alpha=1 - n / len(batches))
    return net
