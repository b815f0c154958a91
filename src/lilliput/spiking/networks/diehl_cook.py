r"""One layer of excitatory neurons that compete, each with a threshold that rises as it fires, taught by pair STDP.

    pixels, spikes by chance -> excitatory neurons -> each inhibits all others, one step later
    V = rest + e^(-1 / τ) (V - rest) + gain · W s,    fires at threshold + θ,    θ ← θ + rise at each spike

Weights of a neuron are scaled to one sum before each picture. Labels are read once, after learning: a neuron stands for
the class of the training pictures that it answered most.

Potentials in millivolts, times in steps of a millisecond. Axes: T time steps, B batch, I inputs, O neurons.

Source: Diehl and Cook, Unsupervised learning of digit recognition using spike-timing-dependent plasticity (Front.
Comput. Neurosci. 9, 2015). Differs: inhibitory neurons, one behind each excitatory one, are left out, and what they
would send is sent a step later; of neurons that reach the threshold in one step the highest fires; pictures come in
small batches, whose changes add up; potentials start at rest for each picture, where the paper waits 150 ms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lilliput.layers.multi_step import Fired
from lilliput.layers.neuron_cells import State
from lilliput.layers.spiking import Neuron
from lilliput.spiking.networks.answering import Answering, StepCost, Synapses, shuffled, votes
from lilliput.spiking.rules.stdp import PairSTDP, Traces


@dataclass(frozen=True)
class DiehlCookSettings:
    """Sizes, constants and rates.

    Args:
        neurons: O.
        steps: that a picture is shown for, in ms.
        rate: spikes a step of a white pixel, in [0, 1].
        drive: pixels whose input a neuron is made for; pictures with fewer are amplified.
        sum: of a neuron's weights, as a share of the number of pixels.
        tau: of the potential.
        tau_trace: of the traces of the rule.
        potentiation: at a spike of a neuron.
        depression: at a spike of an input.
        rise: of θ a spike, in mV.
        inhibition: mV that a spike takes from all others.
        refractory: steps.
        epochs: over all pictures.
        batch: pictures at once.
        labelled: training pictures that neurons are labelled with, the first ones.
    """

    neurons: int = 100
    steps: int = 250
    rate: float = 0.128
    drive: int = 784
    sum: float = 0.1
    tau: float = 100.0
    tau_trace: float = 20.0
    potentiation: float = 0.01
    depression: float = -0.0001
    rise: float = 0.5
    inhibition: float = 120.0
    refractory: int = 5
    epochs: int = 1
    batch: int = 20
    labelled: int = 2000


class Excitatory(Neuron):
    """Leaky neurons with a refractory time and thresholds of their own, of which one a row and step fires.

    State: potential and steps until it may fire again. x (T, B, O), mV.
    """

    REST, RESET, THRESHOLD = -65.0, -60.0, -52.0

    def __init__(self, count: int, tau: float, refractory: int) -> None:
        super().__init__()
        self.cell = StepCost(macs=1, adds=2, states=("potential", "refractory", "threshold"))
        self.keep, self.refractory = math.exp(-1 / tau), refractory
        self.register_buffer("theta", torch.zeros(count))

    def parameters_of_cell(self) -> tuple[float, ...]:
        return ()

    def forward(self, x: Tensor, state: State | None = None) -> Fired:
        v, waits = state or (torch.full_like(x[0], self.REST), torch.zeros_like(x[0]))
        level = self.THRESHOLD + self.get_buffer("theta")
        found = []
        for now in x:
            v = self.REST + self.keep * (v - self.REST) + torch.where(waits > 0, 0.0, now)
            waits = waits - 1
            above = torch.where((v >= level) & (waits <= 0), v - level, -1.0)
            highest, who = above.max(1, keepdim=True)
            spikes = torch.zeros_like(v).scatter_(1, who, (highest >= 0).to(v.dtype))
            v = torch.where(spikes > 0, self.RESET, v)
            waits = torch.where(spikes > 0, float(self.refractory), waits)
            found.append(spikes)
        return Fired(torch.stack(found), (v, waits))


class DiehlCook(Answering):
    """The network of the file's head; the answer is the mean count of the neurons of each class."""

    def __init__(self, inputs: int, classes: int, settings: DiehlCookSettings, seed: int) -> None:
        super().__init__()
        self.settings, self.steps, self.seed = settings, settings.steps, seed
        size, chance = settings.neurons, torch.Generator().manual_seed(seed)
        self.inputs = Synapses(0.3 * torch.rand(size, inputs, generator=chance))
        self.lateral = Synapses(settings.inhibition * (1 - torch.eye(size)))
        self.register_buffer("vote", torch.zeros(classes, size))
        self.neurons = Excitatory(size, settings.tau, settings.refractory)
        self.gain = max(1.0, settings.drive / inputs)

    def normalise(self) -> None:
        """Scale the weights of each neuron to the sum of the settings."""
        weight = self.inputs.weight
        weight *= self.settings.sum * weight.shape[1] / weight.sum(1, keepdim=True)

    def step(self, seen: Tensor, spikes: Tensor, state: State | None) -> Fired:
        """One step: spikes of inputs (B, I) and those of the neurons the step before (B, O)."""
        current = self.gain * self.inputs(seen) - self.lateral(spikes)
        return self.neurons(current.unsqueeze(0), state)  # type: ignore[no-any-return]

    def counts(self, x: Tensor, steps: int) -> Tensor:
        """How often each neuron fires: (B, Y, X) -> (B, O)."""
        chance = torch.Generator().manual_seed(self.seed)
        spikes = total = x.new_zeros(len(x), self.settings.neurons)
        state: State | None = None
        for _ in range(steps):
            (spikes,), state = self.step(self.draw(x, chance), spikes, state)
            total = total + spikes
        return total

    def draw(self, x: Tensor, chance: torch.Generator) -> Tensor:
        """Spikes of the inputs in one step: (B, Y, X) -> (B, I)."""
        flat = x.flatten(1)
        return (torch.rand(flat.shape, generator=chance) < self.settings.rate * flat).to(x.dtype)

    def answer(self, x: Tensor, steps: int) -> Tensor:
        return self.counts(x, steps) @ self.get_buffer("vote").T


@torch.no_grad()
def learn_diehl_cook(x: Tensor, y: Tensor, classes: int, settings: DiehlCookSettings, seed: int) -> DiehlCook:
    """A network that has seen all pictures, and then the labels of some.

    Args:
        x: pictures (N, Y, X) in [0, 1].
        y: class numbers, (N,).
        classes: how many.
        settings: sizes and rates; 0 epochs leave first weights.
        seed: of all chance.
    """
    net = DiehlCook(x[0].numel(), classes, settings, seed)
    chance = torch.Generator().manual_seed(seed + 1)
    rule = PairSTDP(
        settings.potentiation, settings.depression, settings.tau_trace, settings.tau_trace, pairing="nearest"
    )
    net.normalise()
    for rows in shuffled(len(x), settings.batch, settings.epochs, chance):
        _show(net, x[rows], rule, chance)
        net.normalise()
    some = slice(settings.labelled)
    responses = torch.cat([net.counts(part, net.steps) for part in x[some].split(200)])  # type: ignore[no-untyped-call]
    net.get_buffer("vote").copy_(votes(responses, y[some], classes))
    return net


def _show(net: DiehlCook, x: Tensor, rule: PairSTDP, chance: torch.Generator) -> None:
    weight, theta = net.inputs.weight, net.neurons.get_buffer("theta")
    spikes = x.new_zeros(len(x), len(weight))
    traces = Traces(x.new_zeros(len(x), weight.shape[1]), torch.zeros_like(spikes))
    state: State | None = None
    for _ in range(net.steps):
        seen = net.draw(x, chance)
        (spikes,), state = net.step(seen, spikes, state)
        learnt, traces = rule.step(weight, seen, spikes, traces)
        weight.copy_(learnt)
        theta += net.settings.rise * spikes.sum(0)
