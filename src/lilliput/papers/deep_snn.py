"""How deep spiking networks were trained: spike timing, substitute gradients, conversion, belief nets, reservoirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from lilliput.core.units import KIB, PERCENT
from lilliput.papers import Claim, Context, Kind, Paper, Recipe, Result, Row, Scale, register_paper

if TYPE_CHECKING:
    from torch import Tensor

    from lilliput.spiking.comparison import Hardware, Point
    from lilliput.spiking.methods import Effort, Pictures
    from lilliput.spiking.networks.answering import Answering


@dataclass(frozen=True)
class Settings:
    """What is learnt, how long, and how it is measured. Sizes and epochs are those of `spiking.methods.Effort`.

    Args:
        task: grey pictures and classes: a task's name, or a folder or NPZ of your own.
        data: the data of a task that is not bundled, such as `mnist`; empty for what is bundled.
        items: training pictures at most, the first ones; 0: all.
        hidden, epochs, recurrent, machine, competing, shown_ms, rounds, sampling, taught, converted_steps: see there.
        counted: test pictures whose operations are counted.
        points: numbers of steps that a network answers after, each twice the one before.
        slack: share of right answers that the decision may lose to the last step.
        bits: of weights that networks are measured with.
        technology: of the energy, a name of `lilliput.spiking.TECHNOLOGIES`.
    """

    task: str = "digits"
    data: str = ""
    items: int = 0
    hidden: int = 128
    epochs: int = 10
    recurrent: int = 24
    machine: int = 100
    competing: int = 100
    shown_ms: int = 250
    rounds: int = 1
    sampling: int = 10
    taught: int = 3000
    converted_steps: int = 32
    counted: int = 100
    points: int = 6
    slack: float = 0.01
    bits: str = "8 4 2 1"
    technology: str = "45nm_fp32"


NAMES = (
    "bptt", "bp-stdp", "erbp", "eprop", "lsnn", "spiking-lstm", "tempotron", "resume", "sdnn", "diehl-cook",
    "spiking-rbm", "spiking-dbn", "lsm", "convert-max", "convert-percentile", "convert-half", "convert-cnn", "ann",
    "svm",
)  # fmt: skip
"""The review's methods, and two ordinary networks of the same pixels."""

CLAIMS = {
    "bptt": "bp.mnist", "erbp": "erbp.mnist", "diehl-cook": "stdp.mnist", "bp-stdp": "bp-stdp.mnist",
    "sdnn": "sdnn.mnist", "tempotron": "tempotron.mnist", "spiking-rbm": "rbm.mnist",
    "convert-max": "conversion-mlp.mnist", "convert-cnn": "conversion-cnn.mnist",
}  # fmt: skip
"""Method → the accuracy that the review's table has for it."""


def run(context: Context) -> Result:
    """One method learns, and so does its control, which keeps its first weights; both are measured alike."""
    from dataclasses import replace

    from lilliput.spiking.comparison import run_at, some_steps
    from lilliput.spiking.methods import METHODS

    settings: Settings = context.settings
    method, effort = METHODS[context.method], _effort(settings)
    data, x, y = _pictures(settings)
    network = method.learn(data, effort, context.seed)
    points = [run_at(network, x, n, counted=settings.counted) for n in some_steps(network.steps, settings.points)]
    control = method.learn(data, replace(effort, untrained=True), context.seed)
    untrained = run_at(control, x, control.steps, counted=1)
    rows = [_accuracy(points[-1], y, "test"), _accuracy(untrained, y, "first weights")]
    rows += _costs(points[-1], settings.technology)
    rows += _any_time(points, y, settings)
    rows += _needs(method.hardware, network, points[-1], settings.technology)
    rows += _at_bits(network, x, y, settings)
    claim = CLAIMS.get(context.method)
    # Other pictures than digits say nothing about a claim on digits.
    measured = {claim: PERCENT * rows[0].value} if claim and settings.task in ("digits", "mnist") else {}
    return Result(tuple(rows), measured=measured)


def _effort(settings: Settings) -> Effort:
    from dataclasses import fields

    from lilliput.spiking.methods import Effort

    return Effort(**{f.name: getattr(settings, f.name) for f in fields(Effort) if f.name != "untrained"})


def _pictures(settings: Settings) -> tuple[Pictures, Tensor, Tensor]:
    """What is learnt from; pictures and classes of the test. The brightest value there is becomes 1."""
    import torch

    from lilliput.core.errors import BadTask
    from lilliput.spiking.methods import Pictures
    from lilliput.tasks import get_task

    task = get_task(settings.task, Path(settings.data) if settings.data else None)
    splits = task.load()
    items = splits["train"].x
    shape = tuple(n for n in items.shape[1:] if n != 1)
    if len(shape) != 2 or items.min() < 0:
        raise BadTask(
            f"the items of {task.name} are no grey pictures",
            why=f"one is {items.shape[1:]}, and values begin at {items.min():g}",
            fix="take a task of grey pictures, such as digits, fashion or mnist",
        )
    found = {}
    brightest = float(items.max())
    for name in ("train", "test"):
        x = torch.tensor(splits[name].x.reshape(-1, *shape)).float() / brightest
        found[name] = x.clamp(0, 1), torch.tensor(splits[name].y)
    x, y = (part[: settings.items or None] for part in found["train"])
    return Pictures(x, y, len(task.labels)), *found["test"]


def _accuracy(point: Point, y: Tensor, split: str) -> Row:
    from lilliput.train.metrics import accuracy

    found = accuracy(point.predicted.numpy(), y.numpy())
    return Row("accuracy", found.value, split=split, n=found.n, low=found.low, high=found.high)


def _costs(point: Point, technology: str) -> Iterator[Row]:
    """Of one picture, all steps."""
    yield Row("synaptic operations", point.additions)
    yield Row("multiply-accumulates", point.macs)
    yield Row("updates of neurons", point.updates)
    yield Row("spikes", point.spikes)
    if point.updates:
        yield Row("spikes a neuron and step", sum(n.fired for n in point.operations.neurons) / point.operations.updates)
    yield Row("energy", point.energy_nj(technology), unit="nJ")
    yield Row("layers behind the first that multiply", float(len(point.operations.hidden_floats)))
    yield Row("layers of neurons that never fire", float(len(point.operations.dead)))


def _any_time(points: Sequence[Point], y: Tensor, settings: Settings) -> Iterator[Row]:
    """What it says after some of its steps, and from which on that is as good as its last word."""
    for point in points:
        split = f"{point.steps} steps"
        yield _accuracy(point, y, split)
        yield Row("operations", point.additions + point.macs, split=split)
        yield Row("energy", point.energy_nj(settings.technology), split=split, unit="nJ")
    enough = points[-1].accuracy(y) - settings.slack
    yield Row("steps", float(points[-1].steps))
    yield Row("steps to the decision", float(next(p.steps for p in points if p.accuracy(y) >= enough)))


def _needs(hardware: Hardware, network: Answering, point: Point, technology: str) -> Iterator[Row]:
    """Memory, and what a chip must have; yes is 1."""
    from lilliput.spiking import TECHNOLOGIES
    from lilliput.spiking.comparison import LOCALITIES, parameters

    weights, neurons = parameters(network), point.updates / point.steps
    answering = weights + neurons * hardware.neuron_words
    learning = answering + neurons * hardware.learning_neuron_words + weights * hardware.learning_synapse_words
    size = TECHNOLOGIES[technology].word_bytes / KIB
    yield Row("parameters", float(weights), split="network")
    yield Row("memory", answering * size, split="while it answers", unit="KiB")
    yield Row("memory", learning * size, split="while it learns", unit="KiB")
    yield Row("how far what a synapse must know comes from", float(LOCALITIES.index(hardware.locality)), split="chip")
    for name in ("on_line", "binary", "transports", "stores", "normalises"):
        yield Row(f"chip: {name.replace('_', ' ')}", float(getattr(hardware, name)), split="chip")


def _at_bits(network: Answering, x: Tensor, y: Tensor, settings: Settings) -> Iterator[Row]:
    from lilliput.spiking.comparison import at_bits, run_at

    for bits in settings.bits.split():
        coarse = at_bits(network, int(bits))
        yield _accuracy(run_at(coarse, x, network.steps, counted=1), y, f"weights of {bits} bits")


def compare(result: Result) -> dict[str, float]:
    """How many times fewer operations the spiking perceptron takes than the ordinary one, the mean over seeds."""
    from statistics import mean

    taken = {
        method: mean(
            sum(row.value for row in result.rows if (row.method, row.seed, row.split) == (method, seed, "test")
                and row.name in ("synaptic operations", "multiply-accumulates"))
            for seed in {row.seed for row in result.rows}
        )
        for method in ("ann", "bptt")
    }  # fmt: skip
    return {"bp.operations": taken["ann"] / taken["bptt"]}


def conclude(result: Result, folder: Path) -> Result:
    """All methods in one table, and accuracy against operations and energy as drawings."""
    from lilliput.spiking.method_table import method_table
    from lilliput.spiking.methods import METHODS
    from lilliput.spiking.trade_off import trade_off_svg

    figures: dict[str, dict[tuple[str, str], list[float]]] = {}
    for row in result.rows:
        figures.setdefault(row.method, {}).setdefault((row.name, row.split), []).append(row.value)
    hardware = {name: METHODS[name].hardware for name in figures}
    files = {"table.md": method_table(figures, hardware)}
    for name, cost in (("operations", "operations a picture"), ("energy", "nanojoules a picture")):
        curves = {method: _curve(found, name) for method, found in figures.items()}
        files[f"accuracy-{name}.svg"] = trade_off_svg(curves, f"Accuracy against {name}, mean over seeds", cost)
    for file, text in files.items():
        (folder / file).write_text(text, encoding="utf-8")
    return Result((), tuple(Path(file) for file in files))


def _curve(figures: Mapping[tuple[str, str], Sequence[float]], cost: str) -> list[tuple[float, float]]:
    from statistics import mean

    splits = [split for name, split in figures if name == "operations"]
    return [(mean(figures[cost, split]), mean(figures["accuracy", split])) for split in splits]


_TABLE = "[paper] table I"
_HERE = "here: bundled digits of 8x8 pixels, or the MNIST that a setting names; smaller networks"

register_paper(
    Paper(
        number=17,
        name="deep-snn",
        title="Deep Learning in Spiking Neural Networks",
        date=date(2018, 4, 22),
        authors=5,
        by="Tavanaei and Ghodrati and Kheradpisheh and Masquelier and Maida",
        arxiv="1804.08150",
        topics=("spiking", "neuromorphic", "learning-rules"),
        summary="A review of the ways to train deep spiking networks: unsupervised by spike timing, supervised on "
        "spike times, by gradients with a substitute derivative, by converting an ordinary network, as belief nets "
        "and as reservoirs. To have it working is to have every family on the same data under the same measures: "
        "accuracy, operations, and what hardware would need. For those who choose a spiking method or must justify "
        "one.",
        claims=(
            Claim("bp.mnist", "accuracy", 98.88, "%", "higher", "Lee 2016, fully connected, back-propagation, MNIST",
                  Kind.STAND_IN, _TABLE, note=_HERE),
            Claim("bp.n-mnist", "accuracy", 98.74, "%", "higher",
                  "Lee 2016, fully connected, back-propagation, N-MNIST", Kind.STAND_IN, _TABLE,
                  note="here: 800 samples of it"),
            Claim("erbp.mnist", "accuracy", 97.98, "%", "higher", "Neftci 2017, random feedback, MNIST", Kind.STAND_IN,
                  _TABLE, note=_HERE),
            Claim("stdp.mnist", "accuracy", 95.00, "%", "higher", "Diehl 2015, spike timing, MNIST", Kind.STAND_IN,
                  _TABLE, note=_HERE),
            Claim("bp-stdp.mnist", "accuracy", 97.20, "%", "higher", "Tavanaei 2017, BP-STDP, MNIST", Kind.STAND_IN,
                  _TABLE, note=_HERE),
            Claim("sdnn.mnist", "accuracy", 98.40, "%", "higher", "Kheradpisheh 2016, convolutional, STDP, MNIST",
                  Kind.STAND_IN, _TABLE, note=_HERE),
            Claim("tempotron.mnist", "accuracy", 91.29, "%", "higher", "Zhao 2015, tempotron, MNIST", Kind.STAND_IN,
                  _TABLE, note=_HERE),
            Claim("rbm.mnist", "accuracy", 91.90, "%", "higher", "Neftci 2014, spiking Boltzmann machine, MNIST",
                  Kind.STAND_IN, _TABLE, note=_HERE),
            Claim("conversion-mlp.mnist", "accuracy", 98.60, "%", "higher", "Diehl 2015, converted perceptron, MNIST",
                  Kind.STAND_IN, _TABLE, note=_HERE),
            Claim("conversion-cnn.mnist", "accuracy", 99.44, "%", "higher",
                  "Rueckauer 2017, converted convolutional network, MNIST", Kind.STAND_IN, _TABLE, note=_HERE),
            Claim("conversion.cifar10", "accuracy", 90.85, "%", "higher",
                  "Rueckauer, converted convolutional network, CIFAR-10", Kind.OUT_OF_REACH, _TABLE),
            Claim("bp.operations", "operations, ordinary against spiking network", 5, "x", "higher",
                  "Lee 2016, MNIST", Kind.STAND_IN, "[paper]", note=_HERE),
            Claim("conversion.operations", "operations of converted networks at 98 %",
                  "far fewer to more than the ordinary network's", "", "equal",
                  "522 conversions of a 784-1200-1200-10 perceptron, MNIST", Kind.STAND_IN, "[paper]", note=_HERE),
        ),
        recipe=Recipe(
            settings=Settings,
            scales={
                "smoke": Scale(seconds=10, memory_bytes=2**30, settings={
                    "items": 200, "hidden": 32, "epochs": 2, "recurrent": 1, "machine": 30, "competing": 20,
                    "shown_ms": 60, "sampling": 2, "taught": 100, "converted_steps": 16, "counted": 20, "points": 3,
                    "bits": "4"}),
                "small": Scale(seconds=15, memory_bytes=2**30, seeds=3),
                "full": Scale(seconds=7200, memory_bytes=2**32, seeds=3, settings={
                    "hidden": 800, "epochs": 40, "recurrent": 60, "machine": 500, "competing": 400, "rounds": 3,
                    "sampling": 30, "taught": 60000, "converted_steps": 128, "points": 8}),
            },
            run=run,
            claims=(*CLAIMS.values(), "bp.operations"),
            methods=NAMES,
            compare=compare,
            conclude=conclude,
        ),
    )
)  # fmt: skip
