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

from lilliput.models.spiking_recurrent import LSNN
from lilliput.spiking.balancing import Balance
from lilliput.spiking.comparison import Hardware
from lilliput.spiking.conversion import convert
from lilliput.spiking.networks.answering import Answering, shuffled
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
from lilliput.spiking.networks.wrapped import LARGE, ByRows, Converted, Perceptron, Plain, Read, all_features, large
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

    Raises:
        ValueError: other shapes or values.
    """

    x: Tensor
    y: Tensor
    classes: int

    def __post_init__(self) -> None:
        if self.x.ndim != 3 or len(self.x) != len(self.y):
            raise ValueError(f"pictures (N, Y, X) with N classes are needed, got {tuple(self.x.shape)}, {len(self.y)}")
        if not bool(((self.x >= 0) & (self.x <= 1)).all()):
            raise ValueError(f"pictures must be in [0, 1], got {float(self.x.min()):g} to {float(self.x.max()):g}")

    @property
    def inputs(self) -> int:
        """Pixels of one."""
        return self.x[0].numel()


@dataclass(frozen=True)
class Effort:
    """How much is done.

    Args:
        hidden: neurons of hidden layers.
        epochs: of methods that see labels while they learn.
        recurrent: epochs of recurrent networks.
        machine: hidden neurons of a Boltzmann machine.
        competing: neurons of the layer of Diehl and Cook.
        shown_ms: that they look at a picture for.
        rounds: epochs of that layer.
        sampling: epochs of a Boltzmann machine.
        taught: pictures that each layer of the SDNN is taught with.
        converted_steps: that converted networks may take.
        untrained: nothing is learnt but read-outs.
    """

    hidden: int = 256
    epochs: int = 10
    recurrent: int = 10
    machine: int = 100
    competing: int = 100
    shown_ms: int = 250
    rounds: int = 1
    sampling: int = 10
    taught: int = 4000
    converted_steps: int = 32
    untrained: bool = False

    def turns(self, wanted: int) -> int:
        """Epochs, none for the control."""
        return 0 if self.untrained else wanted


Learn = Callable[[Pictures, Effort, int], Answering]


@dataclass(frozen=True)
class Method:
    """A way to learn, and what a chip needs for it."""

    learn: Learn
    hardware: Hardware


def ann(data: Pictures, effort: Effort, seed: int) -> Answering:
    """An ordinary perceptron of the same size, by back-propagation."""
    return Plain(_perceptron(data, effort, seed))


def svm(data: Pictures, effort: Effort, seed: int) -> Answering:
    """A line on raw pixels."""
    body = nn.Linear(data.inputs, data.classes)
    torch.manual_seed(seed)
    nn.init.normal_(body.weight, std=0.01)
    if not effort.untrained:
        weight, bias = fit_svm(data.x.flatten(1), data.y, data.classes, 0.1)
        body.load_state_dict({"weight": weight, "bias": bias})
    return Plain(body)


def _converted(balance: Balance, start: float) -> Learn:
    def learn(data: Pictures, effort: Effort, seed: int) -> Answering:
        body = _perceptron(data, effort, seed, bias=False)
        net = convert(body, data.x[:1000].flatten(1), balance=balance, start=start)
        return Converted(net, effort.converted_steps)

    return learn


def _perceptron(data: Pictures, effort: Effort, seed: int, *, bias: bool = True) -> nn.Module:
    torch.manual_seed(seed)
    layers = nn.Linear(data.inputs, effort.hidden, bias=bias), nn.Linear(effort.hidden, data.classes, bias=bias)
    body = nn.Sequential(layers[0], nn.ReLU(), layers[1])
    _fit(body, data.x.flatten(1), data.y, effort, seed)
    return body


def converted_cnn(data: Pictures, effort: Effort, seed: int) -> Answering:
    """Two convolutions and a line, by back-propagation, converted."""
    torch.manual_seed(seed)
    height, width = data.x.shape[1:]
    narrow, wide = 8, 16
    # Small pictures are halved once.
    pools = [nn.AvgPool2d(2)] if height >= LARGE else []
    left = (height // (2 << len(pools))) * (width // (2 << len(pools)))
    body = nn.Sequential(
        nn.Unflatten(1, (1, height, width)),
        *(nn.Conv2d(1, narrow, 3, padding=1, bias=False), nn.ReLU(), nn.AvgPool2d(2)),
        *(nn.Conv2d(narrow, wide, 3, padding=1, bias=False), nn.ReLU(), *pools),
        *(nn.Flatten(), nn.Linear(wide * left, data.classes, bias=False)),
    )
    _fit(body, data.x.flatten(1), data.y, effort, seed)
    net = convert(body, data.x[:1000].flatten(1), balance="percentile", start=0.5)
    return Converted(net, effort.converted_steps)


def bptt(data: Pictures, effort: Effort, seed: int) -> Answering:
    """A spiking perceptron through substitute derivatives."""
    torch.manual_seed(seed)
    net = Perceptron(data.inputs, effort.hidden, data.classes)
    _fit(net.model, data.x.flatten(1), data.y, effort, seed)
    return net


def _recurrent(name: str) -> Learn:
    def learn(data: Pictures, effort: Effort, seed: int) -> Answering:
        torch.manual_seed(seed)
        net = ByRows(name, (data.x.shape[1], data.x.shape[2]), data.classes)
        _fit(net.model, net.frames(data.x), data.y, replace(effort, epochs=effort.recurrent), seed, rate=5e-3)
        return net.eval()

    return learn


def _fit(net: nn.Module, x: Tensor, y: Tensor, effort: Effort, seed: int, rate: float = 2e-3) -> None:
    """By the project's one loop, to the last epoch. Nothing is chosen by what validates, so a tenth will do for it."""
    if effort.untrained:
        return
    held = max(1, len(x) // 10)
    wanted = TrainSettings(
        epochs=effort.epochs, batch_size=32, optimiser="adam", lr=rate, weight_decay=0.0, keep="last", seed=seed
    )
    fit(net, TrainData(Tensors(x, y), Tensors(x[:held], y[:held])), wanted)


def by_eprop(data: Pictures, effort: Effort, seed: int) -> Answering:
    """A recurrent network by e-prop: errors reach neurons over fixed random weights; steps by Adam."""
    torch.manual_seed(seed)
    whole = ByRows("lsnn", (data.x.shape[1], data.x.shape[2]), data.classes)
    net = whole.model
    assert isinstance(net, LSNN)
    chance = torch.Generator().manual_seed(seed)
    back = feedback_weights("random", net.readout.weight.detach(), chance).T
    held = (net.inputs.weight, net.inputs.bias, net.recurrent.weight, net.readout.weight, net.readout.bias)
    first = 5e-3
    steps = torch.optim.Adam(held, lr=first)
    batches = shuffled(len(data.x), 32, effort.turns(effort.recurrent), chance)
    for n, rows in enumerate(batches):
        found = eprop(net, whole.frames(data.x[rows]), data.y[rows], back)
        for parameter, gradient in zip(held, found[1:], strict=True):
            parameter.grad = torch.as_tensor(gradient)
        for group in steps.param_groups:
            group["lr"] = first * (1 - n / len(batches))
        steps.step()
    return whole.eval()


def bp_stdp(data: Pictures, effort: Effort, seed: int) -> Answering:
    """Integrate-and-fire neurons by BP-STDP."""
    settings = BPSTDPSettings(hidden=effort.hidden, epochs=effort.turns(effort.epochs))
    return learn_bp_stdp(data.x, data.y, data.classes, settings, seed)


def erbp(data: Pictures, effort: Effort, seed: int) -> Answering:
    """Leaky neurons by event-driven random back-propagation."""
    settings = RandomFeedbackSettings(hidden=effort.hidden, epochs=effort.turns(effort.epochs))
    return learn_random_feedback(data.x, data.y, data.classes, settings, seed)


def tempotron(data: Pictures, effort: Effort, seed: int) -> Answering:
    """Tempotrons on latencies."""
    settings = TempotronSettings(epochs=effort.turns(effort.epochs))
    return learn_tempotrons(data.x, data.y, data.classes, settings, seed)


def resume(data: Pictures, effort: Effort, seed: int) -> Answering:
    """One layer by ReSuMe on latencies."""
    settings = ReSuMeSettings(epochs=effort.turns(effort.epochs))
    return learn_resume(data.x, data.y, data.classes, settings, seed)


def diehl_cook(data: Pictures, effort: Effort, seed: int) -> Answering:
    """Competing neurons by pair STDP; labels afterwards."""
    settings = DiehlCookSettings(neurons=effort.competing, steps=effort.shown_ms, epochs=effort.turns(effort.rounds))
    return learn_diehl_cook(data.x, data.y, data.classes, settings, seed)


def rbm(data: Pictures, effort: Effort, seed: int) -> Answering:
    """A spiking Boltzmann machine with class neurons."""
    settings = BoltzmannSettings(hidden=effort.machine, epochs=effort.turns(effort.sampling))
    return learn_rbm(data.x, data.y, data.classes, settings, seed)


def dbn(data: Pictures, effort: Effort, seed: int) -> Answering:
    """Two spiking Boltzmann machines, one on the other."""
    settings = BoltzmannSettings(hidden=effort.machine, epochs=effort.turns(effort.sampling))
    return learn_dbn(data.x, data.y, data.classes, settings, seed)


def sdnn(data: Pictures, effort: Effort, seed: int) -> Answering:
    """Convolutions by the order of spikes, then a linear SVM."""
    x = large(data.x)
    # Small pictures have fewer contrasts below a filter.
    first = SDNNSettings.thresholds[0] if x.shape == data.x.shape else 8.0
    settings = SDNNSettings(pictures=(effort.turns(effort.taught),) * 2, thresholds=(first, 1.0))
    net = SDNN(settings, torch.Generator().manual_seed(seed))
    teach(net, x, torch.Generator().manual_seed(seed + 1))
    return Read(net, *fit_svm(all_features(net, x), data.y, data.classes, 0.1))


def lsm(data: Pictures, effort: Effort, seed: int) -> Answering:
    """A liquid that reads pictures row by row, and a line. The control has no liquid: neurons that do not meet."""
    settings = ReservoirSettings(strength=0.0 if effort.untrained else ReservoirSettings.strength)
    net = Reservoir((data.x.shape[1], data.x.shape[2]), data.classes, settings, seed)
    net.fit(data.x, data.y)
    return net


_NUMBERS = Hardware("global", False, False, True, True, True, 1, 1, 1)
_THROUGH_TIME = Hardware("global", False, True, True, True, True, 1, 1, 2)
_CONVERTED = replace(_NUMBERS, binary=True)

METHODS: dict[str, Method] = {
    "ann": Method(ann, _NUMBERS),
    "svm": Method(svm, replace(_NUMBERS, transports=False)),
    "convert-max": Method(_converted("max", 0.0), _CONVERTED),
    "convert-percentile": Method(_converted("percentile", 0.0), _CONVERTED),
    "convert-half": Method(_converted("max", 0.5), _CONVERTED),
    "convert-cnn": Method(converted_cnn, _CONVERTED),
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
    "lsm": Method(lsm, Hardware("no rule", False, False, False, True, True, 2, 0, 0)),
}
"""By name, ordinary networks first."""
