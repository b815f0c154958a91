"""A rule for shrinking a good network: resolution, depth and width from the share of computation that is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from lilliput.core.units import PERCENT
from lilliput.papers import Claim, Context, Kind, Paper, Recipe, Result, Row, Scale, register_paper

if TYPE_CHECKING:
    from torch import nn

    from lilliput.search import Scaled
    from lilliput.tasks import Task
    from lilliput.train.data import Source


@dataclass(frozen=True)
class Settings:
    """What is shrunk, to what, and how it is trained.

    Args:
        task: pictures and classes: a task's name, or a folder or NPZ of your own.
        data: the full data of a task that is bundled in part; empty for what is bundled.
        base: the network that is shrunk.
        share: of its multiply-accumulates.
        epochs, batch_size, lr, weight_decay, label_smoothing: of the training, by AdamW with a cosine.
        calibration: training pictures that the ranges of activations are read off for int8.
        board: whose emulated core runs the paper's network in int8.
    """

    task: str = "fashion"
    data: str = ""
    base: str = "efficientnet_b0_32px"
    share: float = 0.1
    epochs: int = 10
    batch_size: int = 64
    lr: float = 3e-3
    weight_decay: float = 0.01
    label_smoothing: float = 0.1
    calibration: int = 256
    board: str = "nucleo-h743zi"


def run(context: Context) -> Result:
    """One rule's network at the budget, trained from nothing."""
    from lilliput.tasks import get_task
    from lilliput.train.metrics import evaluate

    settings: Settings = context.settings
    task = get_task(settings.task, Path(settings.data) if settings.data else None)
    scaled = _scaled(context, task)
    model, test = _trained(context, task, scaled)
    found = evaluate(model, test)
    rows = [
        Row("accuracy", found.value, n=found.n, low=found.low, high=found.high),
        *(Row(name, getattr(scaled, name), split="network") for name in ("resolution", "depth", "width", "share")),
        Row("multiply-accumulates", float(scaled.cost.macs or 0), split="network"),
        Row("parameters", float(scaled.cost.params or 0), split="network"),
    ]
    measured = {}
    if context.method == "tiny":
        rows += _on_board(context, task, scaled, model, test)
        measured = _structure()
    return Result(tuple(rows), measured=measured)


def compare(result: Result) -> dict[str, float]:
    """How many points the paper's rule is above EfficientNet's, mean over seeds."""
    from statistics import mean

    found = {
        method: [row.value for row in result.rows if (row.method, row.name, row.split) == (method, "accuracy", "test")]
        for method in ("tiny", "inverse-giant")
    }
    return {"e.gain": PERCENT * (mean(found["tiny"]) - mean(found["inverse-giant"]))}


def _scaled(context: Context, task: Task) -> Scaled:
    from lilliput.core.budget import Budget
    from lilliput.models import create_model
    from lilliput.models.cost import count_macs
    from lilliput.search import InverseGiant, TinyFormula, WidthOnly, scale_to_budget

    settings: Settings = context.settings
    height, width, channels = task.preprocess.output_shape
    changes = {"channels": channels, "height": height, "width": width, "classes": len(task.labels)}
    macs = count_macs(create_model(settings.base, **changes), (channels, height, width))  # type: ignore[arg-type]
    rule = {"tiny": TinyFormula.default, "inverse-giant": InverseGiant, "width-only": WidthOnly}[context.method]()
    budget = Budget(macs=int(macs * settings.share))
    return scale_to_budget(settings.base, budget, formula=rule, **changes)  # type: ignore[arg-type]


def _trained(context: Context, task: Task, scaled: Scaled) -> tuple[nn.Module, Source]:
    import torch

    from lilliput.models import create_model
    from lilliput.train.data import Features, Resized, TrainData
    from lilliput.train.loop import fit
    from lilliput.train.settings import TrainSettings

    settings: Settings = context.settings
    torch.manual_seed(context.seed)
    model = create_model(settings.base, **vars(scaled.config))
    splits, size = task.load(), (scaled.config.height, scaled.config.width)
    learn, validate, test = (
        Resized(Features(splits[name], task.preprocess, augment=augment, seed=context.seed), size)
        for name, augment in (("train", task.augment), ("validation", ()), ("test", ()))
    )
    wanted = TrainSettings(
        epochs=settings.epochs, batch_size=settings.batch_size, lr=settings.lr, weight_decay=settings.weight_decay,
        label_smoothing=settings.label_smoothing, keep="last", seed=context.seed,
    )  # fmt: skip
    fit(model, TrainData(learn, validate), wanted, emit=context.emit, checkpoint_dir=context.folder / "checkpoints")
    return model, test


def _on_board(context: Context, task: Task, scaled: Scaled, model: nn.Module, test: Source) -> list[Row]:
    import numpy as np

    from lilliput.papers._device import on_device
    from lilliput.train.data import Features, Resized

    size = (scaled.config.height, scaled.config.width)
    known = Resized(Features(task.load()["train"], task.preprocess), size)
    (seen, _), (x, y) = (source.batch(np.arange(min(count, len(source))), 0)
                         for source, count in ((known, context.settings.calibration), (test, len(test))))  # fmt: skip
    calibration, inputs = (np.ascontiguousarray(pixels.movedim(1, -1).numpy()) for pixels in (seen, x))
    found = on_device(model, calibration, inputs, context.settings.board)
    right = float(np.mean(found.outputs.reshape(len(y), -1).argmax(1) == y.numpy()))
    return [Row("accuracy", right, split="test, int8", n=len(y)), *found.rows()]


def _structure() -> dict[str, float]:
    """Parameters and multiply-accumulates of the published networks."""

    from lilliput.models import create_model, example_input
    from lilliput.models.cost import count_macs, count_params
    from lilliput.models.shapes import shapes_only

    found = {}
    for letter in "abcde":
        with shapes_only():
            model = create_model(f"tinynet_{letter}")
        found[f"{letter}.params"] = float(count_params(model).trainable)
        found[f"{letter}.macs"] = float(count_macs(model, example_input(model).shape[1:]))
    return found


_TOP = "ImageNet-1k"
_NET = "[official code] conversion of the published networks"

register_paper(
    Paper(
        number=11,
        name="tinynet",
        title="Model Rubik's Cube: Twisting Resolution, Depth and Width for TinyNets",
        date=date(2020, 10, 28),
        authors=6,
        arxiv="2010.14819",
        links=(
            "https://github.com/huawei-noah/ghostnet/tree/master/tinynet_pytorch",
            "https://gitee.com/mindspore/mindspore/tree/master/model_zoo/research/cv/tinynet",
        ),
        topics=("vision", "scaling", "architecture-search"),
        summary="Shrinks a network to a budget by a formula. Many shrunken copies are trained, the best trade-offs "
        "kept, and resolution and depth fitted as functions of the computation that is left; width then follows "
        "from the budget. For small budgets resolution and depth matter more than width. For anyone with a fixed "
        "budget who wants a good classifier without a search.",
        claims=(
            Claim("a.top1", "accuracy", 76.8, "%", "higher", f"TinyNet-A, {_TOP}", Kind.OUT_OF_REACH, "[readme]"),
            Claim("b.top1", "accuracy", 75.0, "%", "higher", f"TinyNet-B, {_TOP}", Kind.OUT_OF_REACH, "[readme]"),
            Claim("c.top1", "accuracy", 71.2, "%", "higher", f"TinyNet-C, {_TOP}", Kind.OUT_OF_REACH, "[readme]"),
            Claim("d.top1", "accuracy", 67.0, "%", "higher", f"TinyNet-D, {_TOP}", Kind.OUT_OF_REACH, "[readme]"),
            Claim("e.top1", "accuracy", 59.9, "%", "higher", f"TinyNet-E, {_TOP}", Kind.OUT_OF_REACH, "[readme]"),
            Claim("e.gain", "accuracy above the inverse of EfficientNet's formula at 24 M", 3.2, "points", "higher",
                  f"TinyNet-E, {_TOP}", Kind.STAND_IN, "[derived] 59.9 against 56.7",
                  note="here: small real pictures, both formulas solved to one budget"),
            Claim("a.params", "parameters", 6_187_972, "", "equal", "TinyNet-A, 1000 classes", Kind.STRUCTURE, _NET),
            Claim("b.params", "parameters", 3_730_562, "", "equal", "TinyNet-B, 1000 classes", Kind.STRUCTURE, _NET),
            Claim("c.params", "parameters", 2_457_234, "", "equal", "TinyNet-C, 1000 classes", Kind.STRUCTURE, _NET),
            Claim("d.params", "parameters", 2_338_446, "", "equal", "TinyNet-D, 1000 classes", Kind.STRUCTURE, _NET),
            Claim("e.params", "parameters", 2_042_972, "", "equal", "TinyNet-E, 1000 classes", Kind.STRUCTURE, _NET),
            Claim("a.macs", "multiply-accumulates", 336_867_712, "", "equal", "TinyNet-A, 192x192", Kind.STRUCTURE,
                  _NET),
            Claim("b.macs", "multiply-accumulates", 200_709_360, "", "equal", "TinyNet-B, 188x188", Kind.STRUCTURE,
                  _NET),
            Claim("c.macs", "multiply-accumulates", 99_536_432, "", "equal", "TinyNet-C, 184x184", Kind.STRUCTURE,
                  _NET),
            Claim("d.macs", "multiply-accumulates", 51_580_656, "", "equal", "TinyNet-D, 152x152", Kind.STRUCTURE,
                  _NET),
            Claim("e.macs", "multiply-accumulates", 24_356_848, "", "equal", "TinyNet-E, 106x106", Kind.STRUCTURE,
                  _NET),
        ),
        recipe=Recipe(
            settings=Settings,
            scales={
                "smoke": Scale(seconds=30, memory_bytes=2**30, settings={"epochs": 1, "share": 0.08}),
                "small": Scale(seconds=200, memory_bytes=2**30, seeds=3),
                "full": Scale(seconds=7200, memory_bytes=2**32, settings={"epochs": 60, "share": 0.25}, seeds=3),
            },
            run=run,
            claims=("e.gain", *(f"{n}.{what}" for n in "abcde" for what in ("params", "macs"))),
            methods=("tiny", "inverse-giant", "width-only"),
            compare=compare,
        ),
    )
)  # fmt: skip
