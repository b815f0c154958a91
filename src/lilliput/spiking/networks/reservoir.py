r"""A liquid state machine: a fixed recurrent network of spiking neurons on a grid, and a line that reads its echo.

    P(i and j are joined) = C · e^(-(d_ij / λ)²),    C: .3 excitatory to excitatory, .2 to inhibitory, .4 and .1 back
    state = exponentially filtered spikes, at several moments

Nothing in it learns but the line, which is a linear support vector machine.

Axes: T time steps, B batch, F frames, W values of a frame, N neurons, K classes.

Source: Maass et al., Real-time computing without stable states (Neural Computation 14, 2002); the review
(arXiv:1804.08150), section 3.5. Synapses are not dynamic here, and weights are uniform.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lilliput.layers.neuron_cells import State
from lilliput.layers.spiking import LIF
from lilliput.spiking.networks.answering import Answering, Synapses
from lilliput.train.svm import fit_svm

_JOINED = {(True, True): 0.3, (True, False): 0.2, (False, True): 0.4, (False, False): 0.1}
"""C, by whether the sending and the receiving neuron excite."""


@dataclass(frozen=True)
class ReservoirSettings:
    """Shape of the liquid, and how it is read.

    Args:
        grid: neurons along three axes.
        excitatory: share of them.
        reach: λ, in neurons.
        strength: largest weight between neurons, in thresholds.
        drive: spread of the weights from the input, in thresholds.
        density: share of neurons that an input reaches.
        repeat: steps that a frame is held for.
        tau: of the potentials, in steps.
        tau_state: of the filter of spikes, in steps.
        moments: that the state is read at, evenly over the steps.
        c: of the line that reads it, see `fit_svm`.
    """

    grid: tuple[int, int, int] = (15, 3, 3)
    excitatory: float = 0.8
    reach: float = 2.0
    strength: float = 0.5
    drive: float = 4.0
    density: float = 0.3
    repeat: int = 4
    tau: float = 6.0
    tau_state: float = 12.0
    moments: int = 10
    c: float = 0.03


class Reservoir(Answering):
    """The machine of the file's head; the answer reads the state at the moments so far.

    Args:
        frames: F, W of the input.
        classes: K.
        settings: its shape.
        seed: of its wiring.
    """

    def __init__(self, frames: tuple[int, int], classes: int, settings: ReservoirSettings, seed: int) -> None:
        super().__init__()
        self.settings = settings
        self.steps = frames[0] * settings.repeat
        chance = torch.Generator().manual_seed(seed)
        recurrent = wire(settings, chance)
        size = len(recurrent)
        reached = (torch.rand(size, frames[1], generator=chance) < settings.density).float()
        self.inputs = Synapses(settings.drive * reached * torch.randn(reached.shape, generator=chance))
        self.recurrent = Synapses(recurrent)
        self.read = nn.ModuleList(Synapses(torch.zeros(classes, size)) for _ in range(settings.moments))
        self.register_buffer("read_mean", torch.zeros(settings.moments, size))
        self.register_buffer("read_level", torch.zeros(classes))
        self.neurons = LIF(tau=settings.tau)

    def states(self, x: Tensor, steps: int | None = None) -> Tensor:
        """Filtered spikes at each moment, 0 for those that have not come: (B, F, W) -> (B, moments, N)."""
        settings = self.settings
        current = self.inputs(x.transpose(0, 1))
        keep, at = math.exp(-1 / settings.tau_state), self._moments()
        spikes = state = torch.zeros_like(current[0])
        found = x.new_zeros(len(x), settings.moments, state.shape[1])
        neuron_state: State | None = None
        for step in range(self.steps if steps is None else steps):
            drive = current[step // settings.repeat] + self.recurrent(spikes)
            (spikes,), neuron_state = self.neurons(drive.unsqueeze(0), neuron_state)
            state = keep * state + spikes
            if step in at:
                found[:, at.index(step)] = state
        return found

    def answer(self, x: Tensor, steps: int) -> Tensor:
        states, mean = self.states(x, steps), self.get_buffer("read_mean")
        # What has not come yet counts as its mean: as nothing.
        scores = self.get_buffer("read_level").expand(len(x), -1)
        for n, (moment, read) in enumerate(zip(self._moments(), self.read, strict=True)):
            if moment < steps:
                scores = scores + read(states[:, n] - mean[n])
        return scores

    def _moments(self) -> list[int]:
        return [(n + 1) * self.steps // self.settings.moments - 1 for n in range(self.settings.moments)]

    @torch.no_grad()
    def fit(self, x: Tensor, y: Tensor) -> None:
        """Learn the line: (N, F, W), class numbers (N,)."""
        states = torch.cat([self.states(rows) for rows in x.split(200)])  # type: ignore[no-untyped-call]
        mean = states.mean(0)
        weight, level = fit_svm((states - mean).flatten(1), y, len(self.get_buffer("read_level")), self.settings.c)
        for read, part in zip(self.read, weight.chunk(self.settings.moments, 1), strict=True):
            read.get_buffer("weight").copy_(part)
        self.get_buffer("read_mean").copy_(mean)
        self.get_buffer("read_level").copy_(level)


def wire(settings: ReservoirSettings, generator: torch.Generator) -> Tensor:
    """Weights between the neurons of a grid: (N, N), receiver first."""
    axes = torch.meshgrid(*(torch.arange(n, dtype=torch.float32) for n in settings.grid), indexing="ij")
    place = torch.stack(axes, -1).reshape(-1, 3)
    size = len(place)
    excites = torch.rand(size, generator=generator) < settings.excitatory
    chance = torch.exp(-(torch.cdist(place, place) / settings.reach).square())
    for (sender, receiver), share in _JOINED.items():
        chance[(excites == receiver).unsqueeze(1) & (excites == sender)] *= share
    joined = torch.rand(size, size, generator=generator) < chance.fill_diagonal_(0)
    weight = settings.strength * torch.rand(size, size, generator=generator)
    return torch.where(excites, weight, -weight) * joined
