r"""A trained network of ReLUs becomes one of spiking neurons, without training.

    network = convert(trained, calibration, balance="percentile", start=0.5)
    scores = network(x, steps=32)[-1]                     what it says after 32 steps

A neuron that integrates a constant current x, fires at λ and subtracts λ has fired ⌊(T x + V₀) / λ⌋ times in T steps,
so that its share of spikes is within 1/T of clip(x / λ, 0, 1). Deeper layers get currents that are not constant, and
so are less exact; `correct_bias` takes the mean of that error out, `anytime` shows what is left of it, step by step.

Axes: T time steps, B batch.

Source: Deep Learning in Spiking Neural Networks (arXiv:1804.08150); see `balancing` for the rules of λ; bias
correction: A Free Lunch From ANN (arXiv:2106.06984); start at λ/2: Optimal ANN-SNN Conversion for Fast and Accurate
Inference in Deep Spiking Neural Networks (arXiv:2105.11654).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from lilliput.core.errors import NoSpikingRule
from lilliput.layers.clip_floor_shift import ClipFloorShift
from lilliput.layers.neuron_cells import Reset
from lilliput.spiking.balancing import BALANCES, Balance, scales
from lilliput.spiking.converted import Code, Neurons, Piece, RecordMaximum, SignedNeurons, SpikingNetwork, Total, Worth
from lilliput.spiking.feed_forward import WEIGHTS, FeedForward, Step, read, window, with_signed
from lilliput.spiking.operations import OperationCounter

ReadOut = Literal["membrane", "count"]


@torch.no_grad()
def convert(
    network: nn.Module,
    calibration: Tensor,
    *,
    balance: Balance = "max",
    percentile: float = 99.9,
    start: float = 0.0,
    reset_to: Reset = "subtract",
    code: Code = "direct",
    read_out: ReadOut = "membrane",
    signed: bool = False,
) -> SpikingNetwork:
    """The spiking network of a feed-forward network; that one is not changed.

    Args:
        network: of convolutions, linear layers, batch normalisation, ReLU (`ClipFloorShift`, ReLU6), pooling and sums.
        calibration: items of the training data, (N, ...); they set the thresholds.
        balance: how: "max", "percentile" or "model", see `lilliput.spiking.balancing`.
        percentile: of the activations above 0, in (0, 100], for "percentile".
        start: share of the threshold that potentials start at; 0.5 takes half a spike of delay out of each layer.
        reset_to: "subtract" keeps what lies above the threshold, "zero" loses it.
        code: "direct" or "rate", see `SpikingNetwork`.
        read_out: of a network that ends in a linear layer: "membrane" sums up its currents, "count" gives it neurons
            and counts their spikes, so that scores below 0 become 0.
        signed: where a layer follows another with no ReLU between, put neurons that fire -1 too (`SignedNeurons`); such
            a network is refused otherwise.

    Raises:
        NoSpikingRule: LP320, a part of the network has no rule.
        ValueError: an argument is out of range, or there is no calibration.
    """
    _check(calibration, balance, percentile, start, code, read_out)
    plan = read(network, calibration)
    plan = with_signed(plan) if signed else plan
    found = scales(plan, calibration, balance, percentile)
    made = _Maker(plan, found, start, reset_to, code)
    for index, step in enumerate(plan.steps):
        made.add(index, step)
    return made.finish(read_out).eval()


def _check(calibration: Tensor, balance: str, percentile: float, start: float, code: str, read_out: str) -> None:
    if calibration.ndim < 2 or not len(calibration) or not calibration.is_floating_point():
        raise ValueError(f"`calibration` must be floats (N, ...), got {tuple(calibration.shape)}, {calibration.dtype}")
    if not bool(torch.isfinite(calibration).all()):
        raise ValueError("`calibration` holds a number that is not finite")
    if balance not in BALANCES:
        raise ValueError(f"`balance` must be one of {', '.join(BALANCES)}, got {balance!r}")
    if not 0 < percentile <= 100:
        raise ValueError(f"`percentile` must be in (0, 100], got {percentile}")
    if not 0 <= start < 1:
        raise ValueError(f"`start` must be in [0, 1), got {start}")
    if code not in ("direct", "rate") or read_out not in ("membrane", "count"):
        raise ValueError(f"`code` is direct or rate, `read_out` membrane or count; got {code!r} and {read_out!r}")
    if code == "rate" and not bool(((calibration >= 0) & (calibration <= 1)).all()):
        low, high = float(calibration.min()), float(calibration.max())
        raise ValueError(f'for `code="rate"` items must be in [0, 1], got {low:g} to {high:g}: scale them first')


@dataclass(frozen=True)
class _Signal:
    """What a piece gives: spikes (counts) of a worth, or currents; still or not."""

    piece: int
    kind: Literal["spikes", "current", "numbers"]
    unit: float


class _Maker:
    """Builds pieces in the order of the plan."""

    def __init__(
        self,
        plan: FeedForward,
        found: dict[int, float],
        start: float,
        reset_to: Reset,
        code: Code,
    ) -> None:
        self.plan, self.scales, self.start, self.reset_to, self.code = plan, found, start, reset_to, code
        self.layers: dict[str, nn.Module] = {}
        self.pieces: list[Piece] = []
        self.signals: list[_Signal] = []

    def add(self, index: int, step: Step) -> None:
        given = [self.signals[source] for source in step.reads]
        if step.role == "input":
            self.pieces.append(Piece("", (), is_still=self.code == "direct"))
            self.signals.append(_Signal(0, "numbers" if self.code == "direct" else "spikes", 1.0))
        elif step.role == "add":
            self.signals.append(self._sum(step, given))
        else:
            self.signals.append(getattr(self, f"_{step.role}")(step, given[0], index))

    def _put(self, name: str, module: nn.Module, *reads: int, keeps_state: bool = False) -> int:
        key = name.replace(".", "_")
        while key in self.layers or hasattr(nn.ModuleDict, key):
            key += "_"
        self.layers[key] = module
        is_still = not keeps_state and all(self.pieces[i].is_still for i in reads)
        self.pieces.append(Piece(key, reads, is_still, keeps_state))
        return len(self.pieces) - 1

    def _weights(self, step: Step, given: _Signal, index: int) -> _Signal:
        if given.kind == "current":
            raise NoSpikingRule(
                f"{step.name} takes currents: there is no ReLU between it and the layer before",
                why="what enters it would be no spikes, so that it would multiply",
                fix="put a ReLU between them, or take signed=True, neurons that fire -1 too",
            )
        layer = copy.deepcopy(step.module)
        assert isinstance(layer, WEIGHTS)
        layer.weight.mul_(given.unit)
        return _Signal(self._put(step.name, layer, given.piece), "current", 1.0)

    def _relu(self, step: Step, given: _Signal, index: int) -> _Signal:
        if given.kind == "spikes" and isinstance(step.module, nn.ReLU):
            return given  # there are none below 0
        start = 0.5 if isinstance(step.module, ClipFloorShift) else self.start
        neurons = Neurons(self.scales[index], start, self.reset_to)
        return _Signal(self._put(step.name, neurons, given.piece, keeps_state=True), "spikes", self.scales[index])

    def _signed(self, step: Step, given: _Signal, index: int) -> _Signal:
        neurons = SignedNeurons(self.scales[index])
        return _Signal(self._put(step.name, neurons, given.piece, keeps_state=True), "spikes", self.scales[index])

    def _max(self, step: Step, given: _Signal, index: int) -> _Signal:
        assert step.module is not None
        if given.kind == "current":
            raise NoSpikingRule(
                f"{step.name} takes the maximum of currents", fix="put a ReLU right before or behind it"
            )
        if given.kind == "numbers":
            return _Signal(self._put(step.name, step.module, given.piece), "numbers", given.unit)
        pool = RecordMaximum(step.module)
        return _Signal(self._put(step.name, pool, given.piece, keeps_state=True), "spikes", given.unit)

    def _mean(self, step: Step, given: _Signal, index: int) -> _Signal:
        assert step.module is not None
        if given.kind != "spikes":
            return _Signal(self._put(step.name, step.module, given.piece), given.kind, given.unit)
        size = window(step.module, self.plan.steps[step.reads[0]].shape)
        total = Total(step.module, size, is_whole=True)
        return _Signal(self._put(step.name, total, given.piece), "spikes", given.unit / size)

    def _shape(self, step: Step, given: _Signal, index: int) -> _Signal:
        assert step.module is not None
        if isinstance(step.module, nn.Identity):
            return given
        return _Signal(self._put(step.name, step.module, given.piece), given.kind, given.unit)

    def _sum(self, step: Step, given: Sequence[_Signal]) -> _Signal:
        one, other = given
        kind = "spikes" if one.kind == other.kind == "spikes" and one.unit == other.unit else "current"
        if kind == "current":
            one, other = (self._as_current(step, signal) for signal in given)
        is_still = all(self.pieces[signal.piece].is_still for signal in (one, other))
        self.pieces.append(Piece("", (one.piece, other.piece), is_still))
        return _Signal(len(self.pieces) - 1, "spikes" if kind == "spikes" else "current", one.unit)

    def _as_current(self, step: Step, signal: _Signal) -> _Signal:
        if signal.kind != "spikes":
            return signal
        return _Signal(self._put(f"{step.name}_worth", Worth(signal.unit), signal.piece), "current", 1.0)

    def finish(self, read_out: ReadOut) -> SpikingNetwork:
        last = self.signals[-1]
        if last.kind == "spikes" and read_out == "membrane" and self.plan.steps[-1].role == "relu":
            raise NoSpikingRule(
                f"the network ends in {self.plan.steps[-1].name}, behind which there is no membrane",
                fix='read_out="count"',
            )
        if last.kind != "spikes" and read_out == "count":
            scale = self.scales[len(self.plan.steps) - 1]
            neurons = Neurons(scale, self.start, self.reset_to)
            last = _Signal(self._put("read_out", neurons, last.piece, keeps_state=True), "spikes", scale)
        if last.piece != len(self.pieces) - 1:
            last = _Signal(self._put("out", nn.Identity(), last.piece), last.kind, last.unit)
        return SpikingNetwork(self.layers, self.pieces, self.code, last.unit, self.plan.steps[0].shape)


def replace_relus(network: nn.Module, levels: int = 8, ceiling: float = 8.0) -> nn.Module:
    """A copy whose ReLU modules are `ClipFloorShift`, each with its own ceiling to learn; train it, then convert it.

    Raises:
        ValueError: there is no ReLU module.
    """
    made = copy.deepcopy(network)
    places = [(m, key) for m in made.modules() for key, c in m.named_children() if isinstance(c, (nn.ReLU, nn.ReLU6))]
    if not places:
        raise ValueError(f"{type(network).__name__} has no module nn.ReLU: its functions cannot be replaced")
    for module, key in places:
        setattr(module, key, ClipFloorShift(levels, ceiling))
    return made


@torch.no_grad()
def correct_bias(
    network: SpikingNetwork, reference: nn.Module, calibration: Tensor, steps: int, rounds: int = 4
) -> SpikingNetwork:
    """A copy whose layers give the reference's mean activations after `steps` steps, channel by channel.

    Layer after layer, each behind the layers that were corrected: the mean over items and places of what the neurons
    stand for is compared, and the difference goes into the bias of the layer before.

    Args:
        network: what `convert` made of the reference.
        reference: the network that was converted.
        calibration: items, (N, ...); a few hundred are enough.
        steps: T that it is corrected for.
        rounds: corrections of one layer.

    Raises:
        ValueError: `steps` or `rounds` below 1.
    """
    if steps < 1 or rounds < 1:
        raise ValueError(f"`steps` and `rounds` must be at least 1, got {steps} and {rounds}")
    plan = read(reference, calibration)
    values = plan.values(calibration)
    wanted = {step.name.replace(".", "_"): values[i] for i, step in enumerate(plan.steps) if step.role == "relu"}
    made = copy.deepcopy(network)
    for name, neurons in made.neurons().items():
        layer = _layer_before(made, name)
        if layer is None or name not in wanted:
            continue
        for _ in range(rounds):
            shares = _shares(made, name, calibration, steps)
            error = wanted[name] - shares * neurons.threshold
            channel = error.ndim - 1 if isinstance(layer, nn.Linear) else 1
            by_channel = error.mean([axis for axis in range(error.ndim) if axis != channel])
            if layer.bias is None:
                layer.bias = nn.Parameter(torch.zeros_like(by_channel))
            layer.bias += by_channel
    return made


def _layer_before(network: SpikingNetwork, name: str) -> nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d | None:
    """The nearest layer with weights on the way to those neurons."""
    at = next(i for i, piece in enumerate(network.pieces) if piece.name == name)
    while network.pieces[at].reads:
        at = network.pieces[at].reads[0]
        layer = network.layers[network.pieces[at].name] if network.pieces[at].name else None
        if isinstance(layer, WEIGHTS):
            return layer
        if isinstance(layer, Neurons):
            return None
    return None


def _shares(network: SpikingNetwork, name: str, x: Tensor, steps: int) -> Tensor:
    """The mean over the steps of what those neurons give."""
    seen: list[Tensor] = []
    hook = network.layers[name].register_forward_hook(lambda _, __, fired: seen.append(fired[0].mean(0)))
    try:
        network(x, steps, torch.Generator().manual_seed(0))
    finally:
        hook.remove()
    return seen[0]


@dataclass(frozen=True)
class Moment:
    """What a spiking network has reached, and spent, up to one step.

    Args:
        step: from 1.
        accuracy: share of items whose largest score is that of their class.
        additions: synaptic operations an item, from the first step on.
        macs: multiply-accumulates an item.
        spikes: spikes of neurons an item.
    """

    step: int
    accuracy: float
    additions: float
    macs: float
    spikes: float


@torch.no_grad()
def anytime(
    network: SpikingNetwork,
    x: Tensor,
    y: Tensor,
    steps: int,
    *,
    batch: int = 256,
    generator: torch.Generator | None = None,
) -> tuple[Moment, ...]:
    """Accuracy and operations after each step: what a decision costs that is taken then.

    Args:
        network: spiking.
        x: items, (N, ...).
        y: class numbers, (N,).
        steps: how many.
        batch: items at once.
        generator: of chance, for the rate code.

    Raises:
        ValueError: as many items as classes are needed, at least one.
    """
    if len(x) != len(y) or not len(x):
        raise ValueError(f"`x` and `y` must have as many items, at least one; got {len(x)} and {len(y)}")
    right, additions, macs, spikes = ([0.0] * steps for _ in range(4))
    for some, classes in zip(torch.split(x, batch), torch.split(y, batch), strict=True):
        so_far = None
        with OperationCounter(network) as counter:
            for step in range(steps):
                scores, so_far = network.run(some, 1, so_far, generator)
                found = counter.so_far(len(some))
                right[step] += float((scores[-1].argmax(-1) == classes).sum())
                additions[step] += found.additions
                macs[step] += found.macs
                spikes[step] += sum(n.fired for n in found.neurons)
    rows = zip(right, additions, macs, spikes, strict=True)
    return tuple(Moment(i + 1, *(value / len(x) for value in row)) for i, row in enumerate(rows))
