r"""Spiking Boltzmann machines: chance is the state, and learning is spike timing under a gate that changes its sign.

    a neuron fires in a step with chance σ(u - ln τ), and not within τ steps of its last spike: its shadow, [on] = 1
    u = W [on] + b,    so that P([on] = 1) = σ(u) for a u that stands still

    Δw_ij = rate · g(t) · (s_i(t) [on_j] + [on_i] s_j(t))    at each spike
    g = 1 while data hold the visible neurons, -1 while they run free, 0 just after a change

Class neurons stand beside the pixels; held while learning, free when an answer is asked for. A belief network is one
machine on another: the upper one sees the spikes of the lower one.

Axes: B batch, V visible, H hidden, K classes.

Source: Neftci et al., Event-driven contrastive divergence for spiking neuromorphic systems (arXiv:1311.0966), with
neurons of neural sampling (Buesing et al., PLoS Comput. Biol. 7, 2011) for integrate-and-fire ones with noise; the
review (arXiv:1804.08150), section 3.4. Pictures come in small batches, whose chains run on from one to the next.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.multi_step import Fired
from lilliput.layers.neuron_cells import State
from lilliput.layers.spiking import Neuron
from lilliput.spiking.networks.answering import Answering, StepCost, Synapses, shuffled


@dataclass(frozen=True)
class BoltzmannSettings:
    """Sizes and rates of one machine.

    Args:
        hidden: H.
        each: class neurons a class.
        tau: steps of a shadow.
        steps: of each phase while learning.
        settle: first steps of a phase, which teach nothing.
        answer: steps that an answer takes.
        rate: of learning; it falls to 0 in a line.
        epochs: over all pictures.
        batch: pictures at once.
    """

    hidden: int = 100
    each: int = 4
    tau: int = 4
    steps: int = 20
    settle: int = 4
    answer: int = 160
    rate: float = 0.4
    epochs: int = 10
    batch: int = 20


class Sampling(Neuron):
    """Neurons that fire by chance, with a shadow. State: steps that are left of each shadow. x (T, ...): u.

    Args:
        tau: steps of a shadow, at least 1.
    """

    def __init__(self, tau: int) -> None:
        super().__init__()
        self.tau = tau
        self.cell = StepCost(macs=0, adds=2, states=("shadow", "chance"))
        self.chance = torch.Generator()

    def parameters_of_cell(self) -> tuple[float, ...]:
        return ()

    def forward(self, x: Tensor, state: State | None = None) -> Fired:
        left = state[0] if state else torch.zeros_like(x[0])
        found = []
        for now in x:
            draw = torch.rand(now.shape, generator=self.chance)
            spikes = ((draw < torch.sigmoid(now - math.log(self.tau))) & (left <= 1)).to(x.dtype)
            left = torch.where(spikes > 0, float(self.tau), (left - 1).clamp_min(0))
            found.append(spikes)
        return Fired(torch.stack(found), (left,))


class _Machine(NamedTuple):
    """Shadows of visible (B, V) and hidden (B, H) neurons."""

    visible: Tensor
    hidden: Tensor


class _Backwards(nn.Module):
    """The same synapses from hidden to visible neurons, the first `count` of which are held and need none."""

    def __init__(self, synapses: Synapses) -> None:
        super().__init__()
        self.synapses = [synapses]  # not a part of its own

    def forward(self, x: Tensor, count: int) -> Tensor:
        return F.linear(x, self.synapses[0].weight[:, count:].T)


class SpikingRBM(Answering):
    """One machine; the answer is how often the neurons of each class fired.

    Args:
        inputs: pixels, or neurons of the machine below.
        classes: K.
        settings: sizes.
        seed: of all chance.
    """

    def __init__(self, inputs: int, classes: int, settings: BoltzmannSettings, seed: int) -> None:
        super().__init__()
        self.settings, self.steps, self.seed, self.inputs, self.classes = (
            settings, settings.answer, seed, inputs, classes,
        )  # fmt: skip
        visible = inputs + classes * settings.each
        chance = torch.Generator().manual_seed(seed)
        self.up = Synapses(0.01 * torch.randn(settings.hidden, visible, generator=chance))
        self.down = _Backwards(self.up)
        self.register_buffer("hidden_bias", torch.full((settings.hidden,), -1.0))
        self.register_buffer("visible_bias", torch.full((visible,), -2.0))
        self.seen, self.felt = Sampling(settings.tau), Sampling(settings.tau)

    def silent(self, rows: int) -> _Machine:
        """Before the first spike."""
        weight = self.up.weight
        return _Machine(weight.new_zeros(rows, weight.shape[1]), weight.new_zeros(rows, weight.shape[0]))

    def step(self, now: _Machine, held: Tensor) -> tuple[Tensor, Tensor, _Machine]:
        """One step of all neurons at once; `held`: u of the first visible neurons, which data hold.

        Shapes:
            held (B, 0 … V) -> spikes (B, V) and (B, H), shadows.
        """
        count = held.shape[1]
        on = _Machine(*((left > 0).to(held.dtype) for left in now))
        felt = self.up(on.visible) + self.get_buffer("hidden_bias")
        free = self.down(on.hidden, count) + self.get_buffer("visible_bias")[count:]
        (seen,), (visible,) = self.seen(torch.cat([held, free], 1).unsqueeze(0), (now.visible,))
        (fired,), (hidden,) = self.felt(felt.unsqueeze(0), (now.hidden,))
        return seen, fired, _Machine(visible, hidden)

    def reseed(self, seed: int) -> None:
        """Begin chance again, so that the same pictures get the same answers."""
        self.seen.chance.manual_seed(seed)
        self.felt.chance.manual_seed(seed + 1)

    def answer(self, x: Tensor, steps: int) -> Tensor:
        self.reseed(self.seed)
        now, held = self.silent(len(x)), held_by(x.flatten(1))
        total = x.new_zeros(len(x), self.classes)
        for step in range(steps):
            seen, _, now = self.step(now, held)
            if step >= min(self.settings.settle, steps - 1):
                total += seen[:, self.inputs :].reshape(len(x), self.classes, -1).sum(2)
        return total


class SpikingDBN(Answering):
    """A machine with classes on one without: the upper one is held by the shadows of the lower one, step by step."""

    def __init__(self, lower: SpikingRBM, upper: SpikingRBM) -> None:
        super().__init__()
        self.lower, self.upper, self.steps = lower, upper, upper.steps

    def answer(self, x: Tensor, steps: int) -> Tensor:
        self.lower.reseed(self.lower.seed)
        self.upper.reseed(self.upper.seed)
        below, above = self.lower.silent(len(x)), self.upper.silent(len(x))
        held, size = held_by(x.flatten(1)), self.upper.inputs
        total = x.new_zeros(len(x), self.upper.classes)
        for step in range(steps):
            _, _, below = self.lower.step(below, held)
            on = (below.hidden > 0).to(x.dtype)
            seen, _, above = self.upper.step(above, held_by(on))
            if step >= min(self.upper.settings.settle, steps - 1):
                total += seen[:, size:].reshape(len(x), self.upper.classes, -1).sum(2)
        return total


def held_by(share: Tensor, least: float = 0.003) -> Tensor:
    """u of neurons whose share of time on should be that of the data, in [0, 1]: (...) -> (...)."""
    return torch.logit(share.clamp(least, 1 - least))


@torch.no_grad()
def learn_rbm(x: Tensor, y: Tensor, classes: int, settings: BoltzmannSettings, seed: int) -> SpikingRBM:
    """A machine taught by event-driven contrastive divergence.

    Args:
        x: pictures (N, Y, X), or (N, inputs), in [0, 1].
        y: class numbers, (N,).
        classes: how many; 0: none, for a machine that others stand on.
        settings: sizes and rates; 0 epochs leave first weights.
        seed: of all chance.
    """
    flat = x.flatten(1)
    net = SpikingRBM(flat.shape[1], classes, settings, seed)
    chance = torch.Generator().manual_seed(seed + 1)
    net.reseed(seed + 2)
    now = net.silent(settings.batch)
    batches = shuffled(len(x), settings.batch, settings.epochs, chance)
    for n, rows in enumerate(batches):
        if len(rows) < settings.batch:
            continue
        classes_on = F.one_hot(y[rows], classes).to(x.dtype).repeat_interleave(settings.each, 1) if classes else x[:0]
        held = held_by(torch.cat([flat[rows], classes_on], 1) if classes else flat[rows])
        now = _contrast(net, now, held, settings.rate * (1 - n / len(batches)))
    return net


def _contrast(net: SpikingRBM, now: _Machine, held: Tensor, rate: float) -> _Machine:
    """Both phases for one batch."""
    settings = net.settings
    pairs = torch.zeros_like(net.up.weight)
    of_visible, of_hidden = (torch.zeros_like(net.get_buffer(f"{n}_bias")) for n in ("visible", "hidden"))
    for gate, given in ((1, held), (-1, held[:, :0])):
        for step in range(settings.steps):
            seen, fired, now = net.step(now, given)
            if step < settings.settle:
                continue
            on = _Machine(*((left > 0).to(seen.dtype) for left in now))
            pairs += gate * (fired.T @ on.visible + on.hidden.T @ seen)
            of_visible += gate * seen.sum(0)
            of_hidden += gate * fired.sum(0)
    size = rate / (len(held) * (settings.steps - settings.settle))
    net.up.weight.add_(pairs, alpha=size)
    net.get_buffer("visible_bias").add_(of_visible, alpha=2 * size)
    net.get_buffer("hidden_bias").add_(of_hidden, alpha=2 * size)
    return now


@torch.no_grad()
def learn_dbn(x: Tensor, y: Tensor, classes: int, settings: BoltzmannSettings, seed: int) -> SpikingDBN:
    """Two machines, the lower one taught first, the upper one on how long its neurons are on. As `learn_rbm`."""
    lower = learn_rbm(x, y, 0, settings, seed)
    shares = torch.cat([_shares(lower, part) for part in x.split(200)])  # type: ignore[no-untyped-call]
    return SpikingDBN(lower, learn_rbm(shares, y, classes, settings, seed + 10))


def _shares(net: SpikingRBM, x: Tensor) -> Tensor:
    """Of the steps that each hidden neuron is on: (B, Y, X) -> (B, H)."""
    now, held = net.silent(len(x)), held_by(x.flatten(1))
    total = torch.zeros_like(now.hidden)
    for step in range(net.steps):
        _, _, now = net.step(now, held)
        if step >= net.settings.settle:
            total += now.hidden > 0
    return total / (net.steps - net.settings.settle)
