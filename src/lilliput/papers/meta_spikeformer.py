"""A vision backbone of spiking neurons, convolutions and an attention that only adds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lilliput.core.units import GIGA, MEGA, PERCENT
from lilliput.papers import Claim, Context, Kind, Paper, Recipe, Result, Row, Scale, register_paper

if TYPE_CHECKING:
    from torch import nn

    from lilliput.models.meta_spikeformer import MetaSpikeFormer
    from lilliput.tasks import Task
    from lilliput.train.data import Source


@dataclass(frozen=True)
class Settings:
    """What is trained, on what, and how what it costs is counted.

    Args:
        task: pictures and classes: a task's name, or a folder or NPZ of your own.
        data: the full data of a task that is bundled in part; empty for what is bundled.
        model: the network.
        side: of the pictures, which are resized to it; 0: as they are.
        steps: T of the second training; the first has 1.
        epochs, batch_size, lr, weight_decay, label_smoothing: of the first training, by AdamW with a cosine.
        tune_epochs, tune_lr: of the second one.
        twin_lr: of the network with rectifiers, which learns best at another rate.
        technology: of the energy, a name of `lilliput.spiking.TECHNOLOGIES`.
        counted: test pictures whose operations are counted.
        scenes: that labels of pixels and boxes are learnt from.
        scene_side, things: of each scene, pixels and pictures laid in it at most.
        scene_strides: of the backbone for scenes.
        scene_epochs, scene_batch: of those trainings.
    """

    task: str = "fashion"
    data: str = ""
    model: str = "meta_spikeformer_nano"
    side: int = 0
    steps: int = 4
    epochs: int = 10
    batch_size: int = 32
    lr: float = 2e-2
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    tune_epochs: int = 2
    tune_lr: float = 2e-3
    twin_lr: float = 3e-3
    technology: str = "45nm_fp32"
    counted: int = 64
    scenes: int = 400
    scene_side: int = 64
    things: int = 3
    scene_strides: str = "2 2 2 1 1"
    scene_epochs: int = 8
    scene_batch: int = 8


@dataclass(frozen=True)
class StageA:
    """The authors' first training, one time step. Their README says 200 epochs, the name of their checkpoint 300."""

    epochs: int = 200
    batch_size: int = 1024
    optimiser: str = "lamb"
    lr: float = 2.4e-3
    min_lr: float = 1e-6
    warmup_epochs: float = 10.0
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    augment: tuple[str, ...] = ("small_crop", "flip", "rand-m9-mstd0.5-inc1", "erase")


@dataclass(frozen=True)
class StageB:
    """The authors' second training, at four steps, from the weights of the first."""

    epochs: int = 50
    batch_size: int = 192
    optimiser: str = "lamb"
    lr: float = 1.5e-5  # 2e-5 for 256 pictures
    min_lr: float = 1e-6
    warmup_epochs: float = 5.0
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    augment: tuple[str, ...] = ("small_crop", "flip", "rand-m9-mstd0.5-inc1", "erase")


PUBLISHED = {"meta-spikeformer-t1": vars(StageA()), "meta-spikeformer-t4": vars(StageB())}

OWN = "meta-spikeformer"
METHODS: dict[str, dict[str, Any]] = {
    OWN: {},
    "ann": {"neuron": "relu"},
    "distilled": {},
    "sew": {"shortcut": "sew"},
    "vanilla": {"shortcut": "vanilla"},
    "sdsa1": {"attention": "sdsa1"},
    "sdsa2": {"attention": "sdsa2"},
    "sdsa4": {"attention": "sdsa4"},
    "scenes": {},
    "scenes-ann": {"neuron": "relu"},
}
"""Method → what differs from the network of the settings. The two last ones label pixels and find boxes."""
_TUNED = (OWN, "distilled")


def run(context: Context) -> Result:
    """One network trained at one step, and for some at several after that; what it costs, folded and not."""
    import lilliput.spiking  # noqa: F401  (its import makes neurons fast)

    if context.method.startswith("scenes"):
        return Result(tuple(_scenes(context)))
    from lilliput.tasks import get_task
    from lilliput.train.metrics import evaluate

    settings: Settings = context.settings
    task = get_task(settings.task, Path(settings.data) if settings.data else None)
    sources = _sources(context, task)
    model = _new(context, task, METHODS[context.method])
    _train(context, model, sources, "one step", lr=_rate(settings, context.method))
    found = evaluate(model, sources["test"])
    rows = [Row("accuracy", found.value, n=found.n, low=found.low, high=found.high), *_counts(model, settings)]
    rows += _costs(model, sources["test"], settings)
    if context.method in _TUNED:
        objective = None
        if context.method == "distilled":
            teacher = _new(context, task, METHODS["ann"])
            _train(context, teacher, sources, "teacher", lr=settings.twin_lr)
            objective = _taught(model, teacher, settings)
        rows += _tuned(context, model, sources, objective)
    return Result(tuple(rows), measured=_structure() if context.method == OWN else {})


def _rate(settings: Settings, method: str) -> float:
    return settings.twin_lr if METHODS[method].get("neuron") == "relu" else settings.lr


def _sources(context: Context, task: Task) -> dict[str, Source]:
    from lilliput.train.data import Features, Resized

    settings: Settings = context.settings
    found: dict[str, Source] = {}
    for name, split in task.load().items():
        augment = task.augment if name == "train" else ()
        source = Features(split, task.preprocess, augment=augment, seed=context.seed)
        found[name] = Resized(source, (settings.side, settings.side)) if settings.side else source
    return found


def _new(context: Context, task: Task, changes: Mapping[str, Any]) -> MetaSpikeFormer:
    import torch

    from lilliput.models import create_model_for

    settings: Settings = context.settings
    torch.manual_seed(context.seed)
    height, width, channels = task.preprocess.output_shape
    shape = (channels, settings.side or height, settings.side or width)
    return create_model_for(settings.model, shape, len(task.labels), **changes)  # type: ignore[return-value]


def _train(context: Context, model: nn.Module, sources: Mapping[str, Source], folder: str, **changes: Any) -> None:
    from lilliput.train import TrainData, TrainSettings, fit

    settings: Settings = context.settings
    objective, judge = changes.pop("objective", None), changes.pop("judge", None)
    chosen = {
        "epochs": settings.epochs, "batch_size": settings.batch_size, "lr": settings.lr, "keep": "last",
        "weight_decay": settings.weight_decay, "label_smoothing": settings.label_smoothing, "seed": context.seed,
    }  # fmt: skip
    fit(
        model, TrainData(sources["train"], sources["validation"]), TrainSettings(**{**chosen, **changes}),
        emit=context.emit, objective=objective, judge=judge,
        checkpoint_dir=context.folder / "checkpoints" / folder.replace(" ", "-"),
    )  # fmt: skip


def _tuned(context: Context, model: MetaSpikeFormer, sources: Mapping[str, Source], objective: Any) -> Iterator[Row]:
    """The same weights at more steps: as they are, and after a short training."""
    from lilliput.train.metrics import evaluate

    settings: Settings = context.settings
    split = f"{settings.steps} steps"
    model.set_steps(settings.steps)
    if objective is None:
        yield Row("accuracy", evaluate(model, sources["test"]).value, split=f"{split}, before tuning")
    _train(
        context, model, sources, split, epochs=settings.tune_epochs, lr=settings.tune_lr, objective=objective
    )  # fmt: skip
    found = evaluate(model, sources["test"])
    yield Row("accuracy", found.value, split=split, n=found.n, low=found.low, high=found.high)
    for row in _costs(model, sources["test"], settings):
        yield Row(row.name, row.value, split=f"{row.split}, {split}", unit=row.unit)


def _taught(model: MetaSpikeFormer, teacher: nn.Module, settings: Settings) -> Any:
    from lilliput.train.losses import distilled_heads

    model.add_teacher_head()
    return distilled_heads(teacher, smoothing=settings.label_smoothing)


def _counts(model: nn.Module, settings: Settings) -> Iterator[Row]:
    from lilliput.models.cost import count_macs, count_params
    from lilliput.models.spike_fold import fold

    yield Row("multiply-accumulates", float(count_macs(model, model.config.input_shape)), split="network")  # type: ignore[union-attr, arg-type]
    yield Row("parameters", float(count_params(model).trainable), split="network")
    folded = fold(model)
    yield Row("parameters", float(folded.after), split="folded")
    yield Row("growth by folding", folded.growth, split="folded", unit="x")


def _costs(model: nn.Module, test: Source, settings: Settings) -> Iterator[Row]:
    """What a picture costs by what really enters each layer, as it was trained and folded; and by the usual formula."""
    import numpy as np
    import torch

    from lilliput.models.spike_fold import fold
    from lilliput.spiking import OperationCounter, energy

    folded = fold(model).network
    x, _ = test.batch(np.arange(min(settings.counted, len(test))), 0)
    said = {}
    for split, network in (("as trained", model), ("folded", folded)):
        with torch.no_grad(), OperationCounter(network) as counter:
            said[split] = network(x).argmax(1)
        found = counter.report(len(x))
        cost = energy(found, settings.technology)
        yield Row("energy", cost.total_pj / MEGA, split=split, unit="uJ")
        yield Row("energy by the usual formula", cost.published_pj / MEGA, split=split, unit="uJ")
        yield Row("additions", found.additions / len(x), split=split)
        yield Row("multiplications", found.macs / len(x), split=split)
        yield Row("layers behind the first that multiply", float(len(found.hidden_floats)), split=split)
        yield Row("layers of neurons that never fire", float(len(found.dead)), split=split)
        if found.neurons:
            rate = sum(n.fired for n in found.neurons) / sum(n.updates for n in found.neurons)
            yield Row("spikes a neuron and step", rate, split=split)
    agreed = float((said["as trained"] == said["folded"]).float().mean())
    yield Row("answers that folding leaves", agreed, split="folded", n=len(x))


def _scenes(context: Context) -> Iterator[Row]:
    """A class for each pixel, and boxes, on scenes that pictures of the task were laid in."""
    import numpy as np
    import torch

    from lilliput.models import create_model
    from lilliput.models.cost import count_params
    from lilliput.models.spike_dense import SpikeDetector, SpikeSegmenter
    from lilliput.tasks import get_task
    from lilliput.tasks.scenes import compose
    from lilliput.train.dense import (
        DenseItems,
        JudgeBoxes,
        answered,
        average_precision,
        centre_loss,
        centre_targets,
        found_boxes,
        judge_pixels,
        pixel_loss,
    )

    settings: Settings = context.settings
    task = get_task(settings.task, Path(settings.data) if settings.data else None)
    splits, kinds = task.load(), len(task.labels)
    made = {
        name: compose(splits[name], count=settings.scenes if name == "train" else settings.scenes // settings.things,
                      side=settings.scene_side, things=settings.things, seed=context.seed)
        for name in splits
    }  # fmt: skip
    chosen = {
        "epochs": settings.scene_epochs,
        "batch_size": settings.scene_batch,
        "lr": _rate(settings, context.method),
    }

    def backbone() -> MetaSpikeFormer:
        torch.manual_seed(context.seed)
        return create_model(
            settings.model, height=settings.scene_side, width=settings.scene_side, strides=settings.scene_strides,
            classes=0, **METHODS[context.method],
        )  # type: ignore[return-value]  # fmt: skip

    segmenter = SpikeSegmenter(backbone(), kinds + 1)
    items: dict[str, Source] = {n: DenseItems(s.x, torch.from_numpy(s.labels)) for n, s in made.items()}
    _train(
        context, segmenter, items, "pixels", judge=judge_pixels,
        objective=lambda model, x, y: pixel_loss(model(x), y), **chosen,
    )  # fmt: skip
    overlap = judge_pixels(segmenter, items["test"])
    yield Row("mean overlap of pixels", overlap.value, n=overlap.n)
    yield Row("parameters", float(count_params(segmenter).trainable), split="network for pixels")

    detector = SpikeDetector(backbone(), kinds)
    size = (settings.scene_side // detector.reduction,) * 2
    items = {
        n: DenseItems(s.x, centre_targets(torch.from_numpy(s.boxes), torch.from_numpy(s.classes), kinds, size,
                                          detector.reduction))
        for n, s in made.items()
    }  # fmt: skip
    held = made["validation"]
    _train(
        context, detector, items, "boxes", objective=lambda model, x, y: centre_loss(model(x), y),
        judge=JudgeBoxes(torch.from_numpy(held.boxes), torch.from_numpy(held.classes), detector.reduction), **chosen,
    )  # fmt: skip
    scenes = made["test"]
    found = found_boxes(answered(detector, items["test"].batch(np.arange(len(scenes)), 0)[0]), detector.reduction)
    precision = average_precision(found, torch.from_numpy(scenes.boxes), torch.from_numpy(scenes.classes))
    yield Row("average precision of boxes at half overlap", precision, n=len(scenes))
    yield Row("parameters", float(count_params(detector).trainable), split="network for boxes")
    yield from _costs(segmenter, items["test"], settings)


def compare(result: Result) -> dict[str, float]:
    """Points of accuracy that more steps add to the same network, the mean over seeds."""
    from statistics import mean

    found: dict[str, dict[int | None, float]] = {}
    for row in result.rows:
        if row.name == "accuracy" and row.method == OWN and "before" not in row.split:
            found.setdefault("one" if row.split == "test" else "more", {})[row.seed] = row.value
    return {"steps": PERCENT * mean(found["more"][seed] - value for seed, value in found["one"].items())}


def _structure() -> dict[str, float]:
    """Parameters and multiply-accumulates of the published networks."""
    import torch

    from lilliput.models import create_model
    from lilliput.models.cost import count_params, macs_by_layer

    found = {}
    for name in ("15m", "31m", "55m"):
        with torch.device("meta"):
            model = create_model(f"meta_spikeformer_{name}")
            taught = create_model(f"meta_spikeformer_{name}", distillation=True)
        found[f"{name}.params"] = float(count_params(model).trainable)
        found[f"{name}.kd.params"] = float(count_params(taught).trainable)
    by_layer = macs_by_layer(model, model.config.input_shape)  # type: ignore[union-attr, arg-type]
    dense = sum(macs for layer, macs in by_layer.items() if not layer.endswith(".meeting"))
    del found["15m.kd.params"]  # nobody gives a figure for it
    return {**found, "55m.macs": float(f"{dense / GIGA:.3f}")}  # as many digits as the claim has


_IMAGENET = "ImageNet-1k, 55.4 M parameters"
_BUILT = "[official code]"

register_paper(
    Paper(
        number=27,
        name="meta-spikeformer",
        title="Spike-driven Transformer V2: Meta Spiking Neural Network Architecture Inspiring the Design of "
        "Next-generation Neuromorphic Chips",
        date=date(2024, 2, 15),
        authors=8,
        arxiv="2404.03663",
        links=("https://github.com/BICLab/Spike-Driven-Transformer-V2",),
        topics=("spiking", "neuromorphic", "transformers", "vision"),
        summary="A pyramid of two convolutional and two attention stages, in which every layer with weights but the "
        "first sees only spikes. It is trained directly, at one time step first and at four later, and serves "
        "classification, event cameras, detection and segmentation. For those who aim at neuromorphic chips, and "
        "who must tell the energy of a network from how often it fires.",
        claims=(
            Claim("imagenet.t4-kd", "accuracy", 80.0, "%", "higher", f"{_IMAGENET}, 4 steps, with distillation",
                  Kind.OUT_OF_REACH, "[readme]"),
            Claim("imagenet.t4", "accuracy", 79.7, "%", "higher", f"{_IMAGENET}, 4 steps", Kind.OUT_OF_REACH,
                  "[review]"),
            Claim("imagenet.t4.energy", "energy of one inference", 52.5, "mJ", "lower", f"{_IMAGENET}, 4 steps",
                  Kind.OUT_OF_REACH, "[review]", note="a reviewer: nearly ten times that of the first version"),
            Claim("imagenet.15m", "accuracy", 74.1, "%", "higher",
                  "ImageNet-1k, 15.1 M parameters, 4 steps, with distillation", Kind.OUT_OF_REACH, "[unverified]"),
            Claim("har-dvs", "accuracy", 47.5, "%", "higher", "HAR-DVS, about 18 M parameters, 8 steps",
                  Kind.OUT_OF_REACH, "[unverified]"),
            Claim("steps", "accuracy at 4 steps against 1 step", "higher", "", "higher", "the same weights, finetuned",
                  Kind.STAND_IN, "[unverified] table of ImageNet results", note="here: digits and a part of N-MNIST"),
            Claim("15m.params", "parameters", 15_112_208, "", "equal", "channels 64, 128, 256, 360", Kind.STRUCTURE,
                  _BUILT),
            Claim("31m.params", "parameters", 31_333_864, "", "equal", "channels 96, 192, 384, 480", Kind.STRUCTURE,
                  _BUILT),
            Claim("55m.params", "parameters", 55_350_248, "", "equal", "channels 128, 256, 512, 640", Kind.STRUCTURE,
                  _BUILT),
            Claim("31m.kd.params", "parameters", 31_814_864, "", "equal", "channels 96, 192, 384, 480, second head",
                  Kind.STRUCTURE, _BUILT),
            Claim("55m.kd.params", "parameters", 55_991_248, "", "equal", "channels 128, 256, 512, 640, second head",
                  Kind.STRUCTURE, _BUILT),
            Claim("55m.macs", "dense multiply-accumulates of one step", 24.699, "G", "equal",
                  "channels 128, 256, 512, 640, 224x224, as trained", Kind.STRUCTURE, _BUILT,
                  note="inference by additions alone needs folded layers and more of them"),
            Claim("lif", "spikes of the neuron", "0 0 1 0 1 1 0 0", "", "equal",
                  "tau 2, threshold 1, inputs 1, 1, 1.5, 0.5, 3, 2, 0, 1.9", Kind.STRUCTURE, _BUILT),
        ),
        recipe=Recipe(
            settings=Settings,
            scales={
                "smoke": Scale(seconds=60, memory_bytes=2**30, settings={
                    "epochs": 1, "tune_epochs": 1, "scenes": 60, "scene_epochs": 1, "counted": 16}),
                "small": Scale(seconds=120, memory_bytes=2**30, seeds=3),
                "full": Scale(seconds=20000, memory_bytes=2**33, seeds=3, settings={
                    "model": "meta_spikeformer_micro", "epochs": 100, "tune_epochs": 20, "scenes": 6000,
                    "scene_epochs": 50}),
            },
            run=run,
            claims=("steps", "15m.params", "31m.params", "55m.params", "31m.kd.params", "55m.kd.params", "55m.macs"),
            methods=tuple(METHODS),
            compare=compare,
            trainings=PUBLISHED,
        ),
    )
)  # fmt: skip
