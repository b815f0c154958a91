"""Small vision transformers that learn from small data: a convolutional tokeniser and pooling over the sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lilliput.core.units import PERCENT
from lilliput.papers import Claim, Context, Kind, Paper, Recipe, Result, Row, Scale, register_paper

if TYPE_CHECKING:
    from torch import nn

    from lilliput.tasks import Task
    from lilliput.train.data import Source
    from lilliput.train.settings import TrainSettings


@dataclass(frozen=True)
class Settings:
    """What is compared, on what, and how it is trained.

    Args:
        task: pictures and classes: a task's name, or a folder or NPZ of your own.
        data: the full data of a task that is bundled in part; empty for what is bundled.
        side: pixels that pictures are resized to, in height and in width.
        cct, cvt, vit_lite: registered names of the three networks.
        training: "short", "cct-bare" or "cct-full".
        epochs: of the training; 0: as many as that training has.
        maps: test pictures that are drawn with what the network looked at.
    """

    task: str = "fashion"
    data: str = ""
    side: int = 32
    cct: str = "cct_2_3x2_32"
    cvt: str = "cvt_2_4_32"
    vit_lite: str = "vit_2_4_32"
    training: str = "short"
    epochs: int = 0
    maps: int = 12


@dataclass(frozen=True)
class Short:
    """A training of minutes."""

    epochs: int = 10
    batch_size: int = 64
    lr: float = 2e-3
    weight_decay: float = 0.03
    warmup_epochs: float = 2.0
    label_smoothing: float = 0.1
    augment: tuple[str, ...] = ("flip",)


@dataclass(frozen=True)
class Bare:
    """The authors' bare training, of 200 epochs; weight decay is left off biases and normalisations here."""

    epochs: int = 200
    batch_size: int = 128
    lr: float = 5e-4
    lr_every: str = "epoch"
    weight_decay: float = 0.03
    warmup: str = "inverse"
    warmup_epochs: float = 5.0
    label_smoothing: float = 0.1
    augment: tuple[str, ...] = ("autoaugment", "crop", "flip")


@dataclass(frozen=True)
class Full:
    """The authors' full training, as for CIFAR-10 in 300 epochs and ten more at the lowest rate."""

    epochs: int = 310
    batch_size: int = 128
    lr: float = 5.5e-4
    lr_every: str = "epoch"
    cosine_from: str = "start"
    min_lr: float = 1e-5
    weight_decay: float = 0.06
    warmup_epochs: float = 10.0
    warmup_lr: float = 1e-5
    cooldown_epochs: float = 10.0
    label_smoothing: float = 0.1
    mixup_alpha: float = 0.8
    cutmix_alpha: float = 1.0
    mix_epochs: int = 175
    augment: tuple[str, ...] = ("resized_crop", "flip", "rand-m9-mstd0.5-inc1")


PUBLISHED = {"cct-bare": vars(Bare()), "cct-full": vars(Full())}
TRAININGS: Mapping[str, Mapping[str, Any]] = {"short": vars(Short()), **PUBLISHED}


def train_settings(name: str, **changes: Any) -> TrainSettings:
    """The settings of one of the three trainings, with `changes`.

    Raises:
        UnknownName: LP100, there is no such training.
    """
    from lilliput.core.errors import UnknownName
    from lilliput.train.settings import TrainSettings

    if name not in TRAININGS:
        raise UnknownName.of("training", name, list(TRAININGS))
    return TrainSettings(**{**TRAININGS[name], "keep": "last", **changes})


def run(context: Context) -> Result:
    """One network trained from nothing; with `cct`, the structure of all published ones."""
    from lilliput.models.cost import count_macs, count_params
    from lilliput.tasks import get_task
    from lilliput.train.metrics import evaluate

    settings: Settings = context.settings
    task = get_task(settings.task, Path(settings.data) if settings.data else None)
    model = _network(context, task)
    validation, test = _trained(context, task, model)
    known, found = (evaluate(model, source) for source in (validation, test))
    shape = _shape(settings, task)
    rows = [
        Row("accuracy", found.value, n=found.n, low=found.low, high=found.high),
        Row("accuracy", known.value, split="validation", n=known.n, low=known.low, high=known.high),
        Row("multiply-accumulates", float(count_macs(model, shape)), split="network"),
        Row("parameters", float(count_params(model).trainable), split="network"),
    ]
    artifacts = (_attention(context, model, test),) if context.method in ("cct", "cvt") and settings.maps else ()
    return Result(tuple(rows), artifacts, _structure() if context.method == "cct" else {})


def compare(result: Result) -> dict[str, float]:
    """Points of accuracy between the steps, each the mean over seeds of differences with the same seed."""
    found: dict[str, dict[int | None, float]] = {}
    for row in result.rows:
        if (row.name, row.split) == ("accuracy", "test"):
            found.setdefault(row.method, {})[row.seed] = row.value
    pairs = {"cct.gain": ("cct", "vit-lite"), "cvt.gain": ("cvt", "vit-lite"), "cct.tokeniser": ("cct", "cvt")}
    return {claim: PERCENT * _mean_gain(found[one], found[other]) for claim, (one, other) in pairs.items()}


def _mean_gain(one: Mapping[int | None, float], other: Mapping[int | None, float]) -> float:
    from statistics import mean

    return mean(one[seed] - other[seed] for seed in one)


def _shape(settings: Settings, task: Task) -> tuple[int, int, int]:
    return task.preprocess.output_shape[2], settings.side, settings.side


def _network(context: Context, task: Task) -> nn.Module:
    """The network of the method, its weights drawn from the seed; the convolutional one is as large as the CCT."""
    import torch

    from lilliput.models import create_model_for

    settings: Settings = context.settings
    shape, classes = _shape(settings, task), len(task.labels)
    torch.manual_seed(context.seed)
    if context.method == "resnet":
        return create_model_for("resnet8", shape, classes, filters=_filters(settings.cct, shape, classes))
    return create_model_for(getattr(settings, context.method.replace("-", "_")), shape, classes)


def _filters(like: str, shape: tuple[int, int, int], classes: int) -> int:
    """The filters with which a ResNet8 has the number of parameters that is nearest to another network's."""
    import itertools

    from lilliput.models import create_model_for
    from lilliput.models.cost import count_params

    def params(name: str, **changes: object) -> int:
        from lilliput.models.shapes import shapes_only

        with shapes_only():
            return count_params(create_model_for(name, shape, classes, **changes)).trainable

    wanted, before = params(like), 0
    for filters in itertools.count(1):
        now = params("resnet8", filters=filters)
        if now >= wanted:
            return filters if now - wanted <= wanted - before or filters == 1 else filters - 1
        before = now
    raise AssertionError  # the count has no end


def _trained(context: Context, task: Task, model: nn.Module) -> tuple[Source, Source]:
    """Train the network in place, to the last epoch; the items for validation and those for the test."""
    from lilliput.train.data import Features, Resized, TrainData
    from lilliput.train.loop import fit

    settings: Settings = context.settings
    changes = {"epochs": settings.epochs} if settings.epochs else {}
    wanted = train_settings(settings.training, seed=context.seed, **changes)
    splits, size = task.load(), (settings.side, settings.side)
    learn, validate, test = (
        Resized(Features(splits[name], task.preprocess, augment=augment, seed=context.seed), size)
        for name, augment in (("train", wanted.augment), ("validation", ()), ("test", ()))
    )
    fit(model, TrainData(learn, validate), wanted, emit=context.emit, checkpoint_dir=context.folder / "checkpoints")
    return validate, test


def _attention(context: Context, model: nn.Module, test: Source) -> Path:
    """Test pictures, and below each how much its places count in the answer: brighter is more."""
    import numpy as np
    import torch
    from PIL import Image

    count = min(context.settings.maps, len(test))
    x, _ = test.batch(np.arange(count), 0)
    with torch.no_grad():
        weights = model.attention_map(x)  # type: ignore[operator]
    drawn = torch.nn.functional.interpolate(weights[:, None], tuple(x.shape[2:]), mode="nearest")
    rows = [np.concatenate(list(_grey(one.mean(1).numpy())), axis=1) for one in (x, drawn)]
    Image.fromarray(np.concatenate(rows)).save(context.folder / "attention.png")
    return Path("attention.png")


def _grey(pictures: Any) -> Any:
    """Each picture (H, W) from its darkest to its brightest, as uint8."""
    import numpy as np

    low, high = (edge(pictures, axis=(1, 2), keepdims=True) for edge in (np.min, np.max))
    share = (pictures - low) / np.maximum(high - low, np.finfo(np.float32).tiny)
    return (share * np.iinfo(np.uint8).max).astype(np.uint8)


_BUILT = {
    "vit_lite_6_4": "vit_6_4_32", "vit_lite_7_4": "vit_7_4_32", "cvt_6_4": "cvt_6_4_32", "cvt_7_4": "cvt_7_4_32",
    "cct_2_3x2": "cct_2_3x2_32", "cct_4_3x2": "cct_4_3x2_32", "cct_6_3x1": "cct_6_3x1_32",
    "cct_6_3x2": "cct_6_3x2_32", "cct_7_3x1": "cct_7_3x1_32", "cct_7_3x2": "cct_7_3x2_32",
    "cct_7_7x2": "cct_7_7x2_224", "cct_14_7x2": "cct_14_7x2_224", "cct_14_7x2_384": "cct_14_7x2_384",
}  # fmt: skip
_TEXT = ("text_cct_2", "text_cct_4", "text_cct_6")
_COUNTED = (*(f"{claim}.{what}" for claim in _BUILT for what in ("params", "macs")), *(f"{n}.params" for n in _TEXT))


def _structure() -> dict[str, float]:
    """Parameters, and multiply-accumulates of convolutions and linear layers, of the published networks."""

    from lilliput.models import create_model, example_input
    from lilliput.models.cost import count_params, macs_by_layer
    from lilliput.models.shapes import shapes_only

    found = {}
    for claim, name in _BUILT.items():
        with shapes_only():
            model = create_model(name)
        found[f"{claim}.params"] = float(count_params(model).trainable)
        found[f"{claim}.macs"] = float(sum(macs_by_layer(model, example_input(model).shape[1:]).values()))
    for name in _TEXT:
        with shapes_only():
            model = create_model(name, freeze=True)
        found[f"{name}.params"] = float(count_params(model).trainable)
    return found


_200 = "200 epochs"
_SIZE = "32x32 colour, 10 classes"
_7X7 = "CCT-7/7x2, 224x224, 102 classes"
_224, _384 = (f"CCT-14/7x2, {side}x{side}, 1000 classes" for side in ("224", "384"))
_ATTENTION = "without the two products of attention"
_NET = "[official code]"

register_paper(
    Paper(
        number=24,
        name="cct",
        title="Escaping the Big Data Paradigm with Compact Transformers",
        date=date(2021, 4, 12),
        authors=6,
        arxiv="2104.05704",
        links=("https://github.com/SHI-Labs/Compact-Transformers",),
        topics=("vision", "transformers", "text"),
        summary="Three steps towards vision transformers that train from scratch on small data: small patches; a "
        "learned weighted mean over the output tokens in place of a class token; and a few convolutions with "
        "pooling in place of patches, which make position codes optional and free the input size. The smallest has "
        "0.28 million parameters. For those with thousands of labels, not millions.",
        claims=(
            Claim("cct_7_3x1.cifar10", "accuracy", 98.00, "%", "higher", "CCT-7/3x1, CIFAR-10, 5000 epochs",
                  Kind.OUT_OF_REACH, "[readme]"),
            Claim("cct_7_3x1.cifar100", "accuracy", 82.87, "%", "higher", "CCT-7/3x1, CIFAR-100, 5000 epochs",
                  Kind.OUT_OF_REACH, "[readme]"),
            Claim("cct_2_3x2.cifar10", "accuracy", 89.17, "%", "higher", f"CCT-2/3x2, CIFAR-10, {_200}",
                  Kind.OUT_OF_REACH, "[readme]"),
            Claim("cct_14_7x2.imagenet", "accuracy", 80.67, "%", "higher", "CCT-14/7x2, ImageNet-1k, 310 epochs",
                  Kind.OUT_OF_REACH, "[readme]"),
            Claim("cct_14_7x2.flowers", "accuracy", 99.76, "%", "higher", "CCT-14/7x2 at 384, Flowers-102, finetuned",
                  Kind.OUT_OF_REACH, "[readme]"),
            Claim("cct.gain", "accuracy of CCT-6/3x2 above ViT-Lite-6/4", 2.62, "points", "higher",
                  f"CIFAR-10, {_200}", Kind.STAND_IN, "[derived] 93.56 against 90.94 in the readme",
                  note="here: small pictures, networks of two layers"),
            Claim("cvt.gain", "accuracy of CVT-6/4 above ViT-Lite-6/4", 1.64, "points", "higher", f"CIFAR-10, {_200}",
                  Kind.STAND_IN, "[derived] 92.58 against 90.94 in the readme",
                  note="here: small pictures, networks of two layers"),
            Claim("cct.tokeniser", "accuracy of CCT-6/3x2 above CVT-6/4", 0.98, "points", "higher", f"CIFAR-10, {_200}",
                  Kind.STAND_IN, "[derived] 93.56 against 92.58 in the readme",
                  note="here: small pictures, networks of two layers"),
            Claim("cct_2_3x2.params", "parameters", 283_723, "", "equal", f"CCT-2/3x2, {_SIZE}",
                  Kind.STRUCTURE, _NET),
            Claim("cct_2_3x2.macs", "multiply-accumulates", 33_236_224, "", "equal", f"CCT-2/3x2, {_SIZE}",
                  Kind.STRUCTURE, _NET, note=_ATTENTION),
            Claim("cct_4_3x2.params", "parameters", 482_123, "", "equal", f"CCT-4/3x2, {_SIZE}",
                  Kind.STRUCTURE, _NET),
            Claim("cct_4_3x2.macs", "multiply-accumulates", 45_819_136, "", "equal", f"CCT-4/3x2, {_SIZE}",
                  Kind.STRUCTURE, _NET, note=_ATTENTION),
            Claim("cct_6_3x1.params", "parameters", 3_233_803, "", "equal", f"CCT-6/3x1, {_SIZE}",
                  Kind.STRUCTURE, _NET),
            Claim("cct_6_3x1.macs", "multiply-accumulates", 812_452_352, "", "equal", f"CCT-6/3x1, {_SIZE}",
                  Kind.STRUCTURE, _NET, note=_ATTENTION),
            Claim("cct_6_3x2.params", "parameters", 3_326_923, "", "equal", f"CCT-6/3x2, {_SIZE}",
                  Kind.STRUCTURE, _NET),
            Claim("cct_6_3x2.macs", "multiply-accumulates", 240_863_744, "", "equal", f"CCT-6/3x2, {_SIZE}",
                  Kind.STRUCTURE, _NET, note=_ATTENTION),
            Claim("cct_7_3x1.params", "parameters", 3_760_139, "", "equal", f"CCT-7/3x1, {_SIZE}",
                  Kind.STRUCTURE, _NET),
            Claim("cct_7_3x1.macs", "multiply-accumulates", 946_670_080, "", "equal", f"CCT-7/3x1, {_SIZE}",
                  Kind.STRUCTURE, _NET, note=_ATTENTION),
            Claim("cct_7_3x2.params", "parameters", 3_853_259, "", "equal", f"CCT-7/3x2, {_SIZE}",
                  Kind.STRUCTURE, _NET),
            Claim("cct_7_3x2.macs", "multiply-accumulates", 274_418_176, "", "equal", f"CCT-7/3x2, {_SIZE}",
                  Kind.STRUCTURE, _NET, note=_ATTENTION),
            Claim("cct_7_7x2.params", "parameters", 4_573_735, "", "equal", _7X7,
                  Kind.STRUCTURE, _NET),
            Claim("cct_7_7x2.macs", "multiply-accumulates", 1_466_821_120, "", "equal", _7X7,
                  Kind.STRUCTURE, _NET, note=_ATTENTION),
            Claim("cct_14_7x2.params", "parameters", 22_367_273, "", "equal", _224,
                  Kind.STRUCTURE, _NET),
            Claim("cct_14_7x2.macs", "multiply-accumulates", 5_108_777_472, "", "equal", _224,
                  Kind.STRUCTURE, _NET, note=_ATTENTION),
            Claim("cct_14_7x2_384.params", "parameters", 22_513_193, "", "equal", _384,
                  Kind.STRUCTURE, _NET),
            Claim("cct_14_7x2_384.macs", "multiply-accumulates", 15_012_805_632, "", "equal", _384,
                  Kind.STRUCTURE, _NET, note=_ATTENTION),
            Claim("vit_lite_6_4.params", "parameters", 3_190_538, "", "equal", f"ViT-Lite-6/4, {_SIZE}",
                  Kind.STRUCTURE, _NET),
            Claim("vit_lite_6_4.macs", "multiply-accumulates", 205_261_312, "", "equal", f"ViT-Lite-6/4, {_SIZE}",
                  Kind.STRUCTURE, _NET, note=_ATTENTION),
            Claim("vit_lite_7_4.params", "parameters", 3_716_874, "", "equal", f"ViT-Lite-7/4, {_SIZE}",
                  Kind.STRUCTURE, _NET),
            Claim("vit_lite_7_4.macs", "multiply-accumulates", 239_340_032, "", "equal", f"ViT-Lite-7/4, {_SIZE}",
                  Kind.STRUCTURE, _NET, note=_ATTENTION),
            Claim("cvt_6_4.params", "parameters", 3_190_283, "", "equal", f"CVT-6/4, {_SIZE}",
                  Kind.STRUCTURE, _NET),
            Claim("cvt_6_4.macs", "multiply-accumulates", 202_131_968, "", "equal", f"CVT-6/4, {_SIZE}",
                  Kind.STRUCTURE, _NET, note=_ATTENTION),
            Claim("cvt_7_4.params", "parameters", 3_716_619, "", "equal", f"CVT-7/4, {_SIZE}",
                  Kind.STRUCTURE, _NET),
            Claim("cvt_7_4.macs", "multiply-accumulates", 235_686_400, "", "equal", f"CVT-7/4, {_SIZE}",
                  Kind.STRUCTURE, _NET, note=_ATTENTION),
            Claim("text_cct_2.params", "parameters without the vectors of words", 352_901, "", "equal",
                  "text CCT-2, kernel 4, 4 classes", Kind.STRUCTURE, _NET),
            Claim("text_cct_4.params", "parameters without the vectors of words", 551_301, "", "equal",
                  "text CCT-4, kernel 4, 4 classes", Kind.STRUCTURE, _NET),
            Claim("text_cct_6.params", "parameters without the vectors of words", 3_467_013, "", "equal",
                  "text CCT-6, kernel 4, 4 classes", Kind.STRUCTURE, _NET),
        ),
        recipe=Recipe(
            settings=Settings,
            scales={
                "smoke": Scale(seconds=60, memory_bytes=2**30, settings={"epochs": 1}),
                "small": Scale(seconds=150, memory_bytes=2**30, seeds=3),
                "full": Scale(seconds=20000, memory_bytes=2**33, seeds=3, settings={
                    "cct": "cct_7_3x1_32", "cvt": "cvt_7_4_32", "vit_lite": "vit_7_4_32", "training": "cct-full"}),
            },
            run=run,
            claims=("cct.gain", "cvt.gain", "cct.tokeniser", *_COUNTED),
            methods=("cct", "cvt", "vit-lite", "resnet"),
            compare=compare,
            trainings=PUBLISHED,
        ),
    )
)  # fmt: skip
