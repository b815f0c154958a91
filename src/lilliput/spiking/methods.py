"""The methods of the review: each one function from pictures to a network that answers, and what a chip needs for it.

    made = METHODS["sdnn"].learn(Pictures(x, y, classes), Effort(), seed=0)      a network
    METHODS["sdnn"].hardware

`Effort(untrained=True)` gives the control: the same network with the weights that it began with. What is read out with
labels after learning (an SVM, the classes that neurons stand for) is still read out then.

Axes: N pictures, Y and X places.

Source: Deep Learning in Spiking Neural Networks (arXiv:1804.08150).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from lilliput.models import create_model
from lilliput.models.spiking_recurrent import LSNN
from lilliput.spiking.comparison import Hardware
from lilliput.spiking.networks.answering import Answering, Synapses, Wrapped, shuffled
from lilliput.spiking.networks.boltzmann import BoltzmannSettings, learn_dbn, learn_rbm
from lilliput.spiking.networks.diehl_cook import DiehlCookSettings, learn_diehl_cook
from lilliput.spiking.networks.fully_connected import (
    BPSTDPSettings,
    RandomFeedbackSettings,
    learn_bp_stdp,
    learn_random_feedback,
)
from lilliput.spiking.networks.reservoir import Reservoir, ReservoirSettings
from lilliput.spiking.networks.sdnn import SDNN, SDNNSettings, teach
from lilliput.spiking.networks.spike_times import ReSuMeSettings, TempotronSettings, learn_resume, learn_tempotrons
from lilliput.spiking.rules.eprop import eprop
from lilliput.spiking.rules.random_feedback import feedback_weights
from lilliput.train.data import Tensors, TrainData
from lilliput.train.loop import fit
from lilliput.train.settings import TrainSettings
from lilliput.train.svm import fit_svm


@dataclass(frozen=True)
class Pictures:
    """What is learnt from.

    Args:
        x: (N, Y, X), in [0, 1].
        y: class numbers, (N,).
        classes: how many.
    """

    x: Tensor
    y: Tensor
    classes: int

    def __post_init__(self) -> None:
        if self.x.ndim != 3 or len(self.x) != len(self.y):
            raise ValueError(f"pictures (N, Y, X) with N classes are needed, got {tuple(self.x.shape)}, {len(self.y)}")
        if not bool(((self.x >= 0) & (self.x <= 1)).all()):
            raise ValueError(f"pictures must be in [0, 1], got {float(self.x.min()):g} to {float(self.x.max()):g}")


@dataclass(frozen=True)
class Effort:
    """How much is done.

    Args:
        hidden: neurons of hidden layers.
        epochs: of methods that see labels while they learn.
        competing: neurons of the layer of Diehl and Cook.
        shown_ms: that they look at a picture for.
        rounds: epochs of that layer.
        sampling: epochs of a Boltzmann machine.
        taught: pictures that each layer of the SDNN is taught with.
        untrained: nothing is learnt but read-outs.
    """

    hidden: int = 256
    epochs: int = 10
    competing: int = 100
    shown_ms: int = 250
    rounds: int = 1
    sampling: int = 5
    taught: int = 4000
    untrained: bool = False

    @property
    def turns(self) -> int:
        """Epochs, none for the control."""
        return 0 if self.untrained else self.epochs


Learn = Callable[[Pictures, Effort, int], Answering]


@dataclass(frozen=True)
class Method:
    """A way to learn, and what a chip needs for it."""

    learn: Learn
    hardware: Hardware


class Plain(Answering):
    """An ordinary network: one step, numbers in between."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body, self.steps = body, 1

    def answer(self, x: Tensor, steps: int) -> Tensor:
        scores: Tensor = self.body(x.flatten(1))
        return scores


def ann(data: Pictures, effort: Effort, seed: int) -> Answering:
    """An ordinary perceptron of the same size, by back-propagation."""
    torch.manual_seed(seed)
    body = nn.Sequential(nn.Linear(data.x[0].numel(), effort.hidden), nn.ReLU(), nn.Linear(effort.hidden, data.classes))
    _fit(body, data.x.flatten(1), data.y, effort, seed)
    return Plain(body)


def svm(data: Pictures, effort: Effort, seed: int) -> Answering:
    """A line on raw pixels."""
    body = nn.Linear(data.x[0].numel(), data.classes)
    torch.manual_seed(seed)
    nn.init.normal_(body.weight, std=0.01)
    if not effort.untrained:
        weight, bias = fit_svm(data.x.flatten(1), data.y, data.classes, 0.1)
        body.load_state_dict({"weight": weight, "bias": bias})
    return Plain(body)


def bptt(data: Pictures, effort: Effort, seed: int) -> Answering:
    """A spiking perceptron through substitute derivatives."""
    torch.manual_seed(seed)
    net = create_model(
        "spiking_mlp", features=data.x[0].numel(), classes=data.classes, hidden=str(effort.hidden), threshold=0.5
    )
    _fit(net, data.x.flatten(1), data.y, effort, seed)
    return Wrapped(net, net.config.steps)  # type: ignore[union-attr, arg-type]


def _recurrent(name: str) -> Learn:
    def learn(data: Pictures, effort: Effort, seed: int) -> Answering:
        torch.manual_seed(seed)
        net = _by_rows(name, data)
        _fit(net, data.x.unsqueeze(1), data.y, effort, seed)
        return Wrapped(net, data.x.shape[1])

    return learn


def _by_rows(name: str, data: Pictures) -> nn.Module:
    """A recurrent network that reads a picture row by row."""
    _, frames, bands = data.x.shape
    return create_model(name, frames=frames, bands=bands, classes=data.classes)


def _fit(net: nn.Module, x: Tensor, y: Tensor, effort: Effort, seed: int) -> None:
    """By the project's one loop, to the last epoch. Nothing is chosen by what validates, so a tenth will do for it."""
    if effort.untrained:
        return
    source = Tensors(x, y)
    held = Tensors(x[: max(1, len(x) // 10)], y[: max(1, len(x) // 10)])
    wanted = TrainSettings(
        epochs=effort.epochs, batch_size=32, optimiser="adam", lr=2e-3, weight_decay=0.0, keep="last", seed=seed
    )
    fit(net, TrainData(source, held), wanted)


def by_eprop(data: Pictures, effort: Effort, seed: int) -> Answering:
    """A recurrent network by e-prop: errors reach neurons over fixed random weights; steps by Adam."""
    torch.manual_seed(seed)
    net = _by_rows("lsnn", data)
    assert isinstance(net, LSNN)
    chance = torch.Generator().manual_seed(seed)
    back = feedback_weights("random", net.readout.weight.detach(), chance).T
    held = (net.inputs.weight, net.inputs.bias, net.recurrent.weight, net.readout.weight, net.readout.bias)
    steps = torch.optim.Adam(held, lr=5e-3)
    batches = shuffled(len(data.x), 32, effort.turns, chance)
    for n, rows in enumerate(batches):
        found = eprop(net, data.x[rows].unsqueeze(1), data.y[rows], back)
        for parameter, gradient in zip(held, found[1:], strict=True):
            parameter.grad = torch.as_tensor(gradient)
        for group in steps.param_groups:
            group["lr"] = 5e-3 * (1 - n / len(batches))
        steps.step()
    return Wrapped(net.eval(), data.x.shape[1])


def bp_stdp(data: Pictures, effort: Effort, seed: int) -> Answering:
    """Integrate-and-fire neurons by BP-STDP."""
    settings = BPSTDPSettings(hidden=effort.hidden, epochs=effort.turns)
    return learn_bp_stdp(data.x, data.y, data.classes, settings, seed)


def erbp(data: Pictures, effort: Effort, seed: int) -> Answering:
    """Leaky neurons by event-driven random back-propagation."""
    settings = RandomFeedbackSettings(hidden=effort.hidden, epochs=effort.turns)
    return learn_random_feedback(data.x, data.y, data.classes, settings, seed)


def tempotron(data: Pictures, effort: Effort, seed: int) -> Answering:
    """Tempotrons on latencies."""
    settings = TempotronSettings(epochs=effort.turns)
    return learn_tempotrons(data.x, data.y, data.classes, settings, seed)


def resume(data: Pictures, effort: Effort, seed: int) -> Answering:
    """One layer by ReSuMe on latencies."""
    return learn_resume(data.x, data.y, data.classes, ReSuMeSettings(epochs=effort.turns), seed)


def diehl_cook(data: Pictures, effort: Effort, seed: int) -> Answering:
    """Competing neurons by pair STDP; labels afterwards."""
    settings = DiehlCookSettings(
        neurons=effort.competing, steps=effort.shown_ms, epochs=0 if effort.untrained else effort.rounds
    )
    return learn_diehl_cook(data.x, data.y, data.classes, settings, seed)


def rbm(data: Pictures, effort: Effort, seed: int) -> Answering:
    """A spiking Boltzmann machine with class neurons."""
    settings = BoltzmannSettings(hidden=effort.hidden, epochs=0 if effort.untrained else effort.sampling)
    return learn_rbm(data.x, data.y, data.classes, settings, seed)


def dbn(data: Pictures, effort: Effort, seed: int) -> Answering:
    """Two spiking Boltzmann machines, one on the other."""
    settings = BoltzmannSettings(hidden=effort.hidden, epochs=0 if effort.untrained else effort.sampling)
    return learn_dbn(data.x, data.y, data.classes, settings, seed)


class Read(Answering):
    """The SDNN with a line behind it."""

    def __init__(self, net: SDNN, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.net, self.steps = net, net.settings.steps
        self.read = Synapses(weight)
        self.register_buffer("read_bias", bias)

    def answer(self, x: Tensor, steps: int) -> Tensor:
        scores: Tensor = self.read(self.net.features(x, steps))
        return scores + self.get_buffer("read_bias")


def sdnn(data: Pictures, effort: Effort, seed: int) -> Answering:
    """Convolutions by the order of spikes, then a linear SVM."""
    settings = SDNNSettings(pictures=(effort.taught, effort.taught))
    if min(data.x.shape[1:]) < 16:  # the filters of small pictures
        settings = replace(settings, kernels=(3, 2), thresholds=(4.0, 1.0), centre=0.5, maps=(32, 100))
    net = SDNN(settings, torch.Generator().manual_seed(seed))
    if not effort.untrained:
        teach(net, data.x, torch.Generator().manual_seed(seed + 1))
    features = torch.cat([net.features(rows) for rows in data.x.split(100)])  # type: ignore[no-untyped-call]
    return Read(net, *fit_svm(features, data.y, data.classes, 0.1))


def lsm(data: Pictures, effort: Effort, seed: int) -> Answering:
    """A liquid that reads pictures row by row, and a line. The control has no liquid: neurons that do not meet."""
    settings = ReservoirSettings(strength=0.0 if effort.untrained else ReservoirSettings.strength)
    net = Reservoir((data.x.shape[1], data.x.shape[2]), data.classes, settings, seed)
    net.fit(data.x, data.y)
    return net


_NUMBERS = Hardware("global", False, False, True, True, True, 1, 1, 1)
_THROUGH_TIME = Hardware("global", False, True, True, True, True, 1, 1, 2)

METHODS: dict[str, Method] = {
    "ann": Method(ann, _NUMBERS),
    "svm": Method(svm, replace(_NUMBERS, transports=False)),
    "bptt": Method(bptt, _THROUGH_TIME),
    "bp-stdp": Method(bp_stdp, Hardware("layer's error", True, True, True, False, False, 1, 1, 0)),
    "erbp": Method(erbp, Hardware("layer's error", True, True, False, False, False, 1, 1, 0)),
    "eprop": Method(by_eprop, Hardware("layer's error", True, True, False, False, False, 2, 1, 3)),
    "lsnn": Method(_recurrent("lsnn"), replace(_THROUGH_TIME, neuron_words=2)),
    "spiking-lstm": Method(_recurrent("spiking_lstm"), _THROUGH_TIME),
    "tempotron": Method(tempotron, Hardware("three factors", True, True, False, True, False, 2, 2, 1)),
    "resume": Method(resume, Hardware("three factors", True, True, False, False, False, 1, 1, 0)),
    "sdnn": Method(sdnn, Hardware("synapse", True, False, False, False, True, 1, 1, 0)),
    "diehl-cook": Method(diehl_cook, Hardware("synapse", True, True, False, False, True, 3, 1, 0)),
    "spiking-rbm": Method(rbm, Hardware("three factors", True, True, False, False, False, 1, 1, 0)),
    "spiking-dbn": Method(dbn, Hardware("three factors", True, True, False, False, False, 1, 1, 0)),
    "lsm": Method(lsm, Hardware("no rule", False, True, False, True, True, 2, 0, 0)),
}
"""By name, ordinary networks first."""
