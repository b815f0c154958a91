"""Copies of a small network side by side, each level invertible, so that features can be computed again backwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from lilliput.core.units import KIB
from lilliput.papers import Claim, Context, Kind, Paper, Recipe, Result, Row, Scale, register_paper

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from lilliput.models.revcol import RevCol
    from lilliput.tasks import Task
    from lilliput.train.data import Source


@dataclass(frozen=True)
class Settings:
    """What is trained, and on what.

    Args:
        task: pictures and classes: a task's name, or a folder or NPZ of your own.
        data: the full data of a task that is bundled in part; empty for what is bundled.
        model: the network.
        side: of the pictures, which are resized to it.
        widths, layers, columns: of the network.
        single: layers of the single column that costs about as much as all of them.
        epochs, batch_size, lr, weight_decay, drop_path, label_smoothing: of the training, by AdamW with a cosine.
        many: columns of the second network whose memory is counted.
        probe: items that lines from maps to classes and pictures are fitted on.
    """

    task: str = "fashion"
    data: str = ""
    model: str = "revcol_nano"
    side: int = 32
    widths: str = "12 24 48 96"
    layers: str = "1 1 2 1"
    columns: int = 4
    single: str = "3 5 9 6"
    epochs: int = 8
    batch_size: int = 64
    lr: float = 3e-3
    weight_decay: float = 0.05
    drop_path: float = 0.05
    label_smoothing: float = 0.1
    many: int = 8
    probe: int = 800


METHODS: dict[str, dict[str, object]] = {
    "anchored": {},
    "plain": {"memory": "plain"},
    "supervised": {"supervision": True},
    "single-column": {"columns": 1, "memory": "plain"},
}


def run(context: Context) -> Result:
    """One way of training the same network, or a single column of about its cost."""
    from lilliput.models.cost import count_macs, count_params
    from lilliput.tasks import get_task
    from lilliput.train.metrics import evaluate

    settings: Settings = context.settings
    task = get_task(settings.task, Path(settings.data) if settings.data else None)
    model, learn, test = _trained(context, task)
    found = evaluate(model, test)
    rows = [
        Row("accuracy", found.value, n=found.n, low=found.low, high=found.high),
        Row("multiply-accumulates", float(count_macs(model, model.config.input_shape)), split="network"),
        Row("parameters", float(count_params(model).trainable), split="network"),
        *_memory(context, task),
    ]
    if context.method == "supervised":
        rows += [
            Row("accuracy", evaluate(model.until(exit), test).value, split=f"left after column {column}")
            for exit, column in enumerate(model.exits, 1)
        ]
    if context.method in ("anchored", "supervised"):
        rows += _probe(model, learn, test, len(task.labels), settings)
    return Result(tuple(rows), measured=_structure() if context.method == "anchored" else {})


def _config(context: Context, task: Task, **changes: object) -> dict[str, object]:
    settings: Settings = context.settings
    chosen: dict[str, object] = {
        "channels": task.preprocess.output_shape[-1], "height": settings.side, "width": settings.side,
        "classes": len(task.labels), "widths": settings.widths, "columns": settings.columns,
        "layers": settings.single if context.method == "single-column" else settings.layers,
        "drop_path": settings.drop_path,
    }  # fmt: skip
    return {**chosen, **METHODS[context.method], **changes}


def _trained(context: Context, task: Task) -> tuple[RevCol, Source, Source]:
    import torch

    from lilliput.models import create_model
    from lilliput.train.compound import compound
    from lilliput.train.data import Features, Resized, TrainData
    from lilliput.train.loop import fit
    from lilliput.train.settings import TrainSettings

    settings: Settings = context.settings
    torch.manual_seed(context.seed)
    model: RevCol = create_model(settings.model, **_config(context, task))  # type: ignore[arg-type, assignment]
    splits = task.load()
    learn, validate, test = (
        Resized(Features(splits[name], task.preprocess, augment=augment, seed=context.seed), (settings.side,) * 2)
        for name, augment in (("train", task.augment), ("validation", ()), ("test", ()))
    )
    objective = None
    if context.method == "supervised":
        seen = torch.cat([learn.batch(items, 0)[0].flatten() for items in _chunks(learn, settings.batch_size)])
        objective = compound(float(seen.min()), float(seen.max()), smoothing=settings.label_smoothing)
    wanted = TrainSettings(
        epochs=settings.epochs, batch_size=settings.batch_size, lr=settings.lr, weight_decay=settings.weight_decay,
        label_smoothing=settings.label_smoothing, keep="last", seed=context.seed,
    )  # fmt: skip
    fit(
        model, TrainData(learn, validate), wanted, emit=context.emit, objective=objective,
        checkpoint_dir=context.folder / "checkpoints",
    )  # fmt: skip
    return model, learn, test


def _chunks(source: Source, size: int, count: int | None = None) -> Iterator[NDArray[np.intp]]:
    import numpy as np

    order = np.random.default_rng(0).permutation(len(source))[:count]
    yield from np.array_split(order, max(1, len(order) // size))


def _memory(context: Context, task: Task) -> Iterator[Row]:
    """Bytes that one step's forward pass leaves for the backward pass, and how they grow with a column."""
    import torch

    from lilliput.models import create_model
    from lilliput.models.memory import LiveBytes

    settings: Settings = context.settings
    held = {}
    counts = (settings.columns, settings.many) if context.method != "single-column" else (1,)
    for columns in counts:
        changes = _config(context, task, columns=columns, drop_path=0.0)
        model = create_model(settings.model, **changes).train()  # type: ignore[arg-type]
        x = torch.zeros(settings.batch_size, *model.config.input_shape)  # type: ignore[union-attr, misc]
        with LiveBytes([*model.parameters(), x]) as counted:
            out = model(x, supervised=True) if context.method == "supervised" else model(x)
            held[columns] = counted.live
            del out
        yield Row("kept for the backward pass", held[columns] / KIB, split=f"{columns} columns", unit="KiB")
    if len(held) > 1:
        grown = (held[settings.many] - held[settings.columns]) / (settings.many - settings.columns)
        yield Row("kept for the backward pass", grown / KIB, split="each further column", unit="KiB")


def _probe(model: RevCol, learn: Source, test: Source, classes: int, settings: Settings) -> Iterator[Row]:
    """What a line can tell from the lowest and from the highest level of each column."""
    import torch

    from lilliput.train.probe import class_accuracy, picture_error

    def states(source: Source) -> tuple[Tensor, Tensor, list[tuple[Tensor, ...]]]:
        batches = (source.batch(at, 0) for at in _chunks(source, settings.batch_size, settings.probe))
        x, y = (torch.cat(parts) for parts in zip(*batches, strict=True))
        with torch.no_grad():
            return x, y, model.eval().column_states(x)

    x, y, seen = states(learn)
    x_held, y_held, held = states(test)
    for column in range(len(seen)):
        for level in (0, len(seen[column]) - 1):
            a, b = seen[column][level], held[column][level]
            split = f"line from level {level} of column {column + 1}"
            yield Row("accuracy", class_accuracy(a, y, b, y_held, classes), split=split, n=len(y_held))
            yield Row("picture's relative squared error", picture_error(a, x, b, x_held), split=split, n=len(y_held))


def _structure() -> dict[str, float]:
    """Parameters and multiply-accumulates of the published networks."""

    from lilliput.models import create_model, example_input
    from lilliput.models.cost import count_macs, count_params
    from lilliput.models.shapes import shapes_only

    found = {}
    for name in ("t", "s", "b", "l"):
        with shapes_only():
            model = create_model(f"revcol_{name}")
        found[f"{name}.params"] = float(count_params(model).trainable)
        if name != "l":
            found[f"{name}.macs"] = float(count_macs(model, example_input(model).shape[1:]))
    return found


_ONE_K = "ImageNet-1k, 224x224, trained from scratch"
_SIZE = "1000 classes, one head"

register_paper(
    Paper(
        number=7,
        name="revcol",
        title="Reversible Column Networks",
        date=date(2022, 12, 22),
        authors=7,
        arxiv="2212.11696",
        links=("https://github.com/megvii-research/RevCol",),
        topics=("vision", "reversible", "training-memory"),
        summary="An architecture of several copies of a small hierarchical network. Each level of a copy gets the "
        "same level of the copy before it through an invertible scaling, so that features are carried on instead of "
        "squeezed, and can be recomputed backwards instead of being stored. For training under tight memory, for "
        "dense prediction, and for answers that can be read early.",
        claims=(
            Claim("t.top1", "accuracy", 82.2, "%", "higher", f"RevCol-T, {_ONE_K}", Kind.OUT_OF_REACH, "[readme]"),
            Claim("s.top1", "accuracy", 83.5, "%", "higher", f"RevCol-S, {_ONE_K}", Kind.OUT_OF_REACH, "[readme]"),
            Claim("b.top1", "accuracy", 84.1, "%", "higher", f"RevCol-B, {_ONE_K}", Kind.OUT_OF_REACH, "[readme]"),
            Claim("xl.top1", "accuracy", 88.2, "%", "higher", "RevCol-XL, ImageNet-1k after 22k", Kind.OUT_OF_REACH,
                  "[paper]"),
            Claim("h.top1", "accuracy", 90.0, "%", "higher", "RevCol-H, 640x640, 168 million private pictures",
                  Kind.OUT_OF_REACH, "[paper]"),
            Claim("h.coco", "box average precision", 63.8, "%", "higher", "RevCol-H, COCO minival", Kind.OUT_OF_REACH,
                  "[paper]"),
            Claim("h.ade20k", "mean intersection over union", 61.0, "%", "higher", "RevCol-H, ADE20k, best",
                  Kind.OUT_OF_REACH, "[paper]"),
            Claim("memory", "stored activations, reversible against plain training", "lower", "", "lower",
                  "growing number of columns", Kind.STAND_IN, "[paper] a trade of memory for computation",
                  note="the published code still stores each column's output, so memory grows with the columns"),
            Claim("t.params", "parameters", 30_456_168, "", "equal", f"RevCol-T, {_SIZE}", Kind.STRUCTURE,
                  "[official code]"),
            Claim("s.params", "parameters", 60_568_424, "", "equal", f"RevCol-S, {_SIZE}", Kind.STRUCTURE,
                  "[official code]"),
            Claim("b.params", "parameters", 138_616_408, "", "equal", f"RevCol-B, {_SIZE}", Kind.STRUCTURE,
                  "[official code]"),
            Claim("l.params", "parameters", 273_095_400, "", "equal", f"RevCol-L, {_SIZE}", Kind.STRUCTURE,
                  "[official code]"),
            Claim("t.macs", "multiply-accumulates", 4_517_355_520, "", "equal", "RevCol-T, 224x224", Kind.STRUCTURE,
                  "[official code]"),
            Claim("s.macs", "multiply-accumulates", 9_043_832_832, "", "equal", "RevCol-S, 224x224", Kind.STRUCTURE,
                  "[official code]"),
            Claim("b.macs", "multiply-accumulates", 16_585_449_984, "", "equal", "RevCol-B, 224x224", Kind.STRUCTURE,
                  "[official code]"),
        ),
        recipe=Recipe(
            settings=Settings,
            scales={
                "smoke": Scale(seconds=60, memory_bytes=2**30, settings={"epochs": 1, "probe": 200}),
                "small": Scale(seconds=300, memory_bytes=2**30, seeds=3),
                "full": Scale(
                    seconds=14400, memory_bytes=2**33, seeds=3,
                    settings={"epochs": 100, "columns": 8, "many": 16, "single": "6 10 18 12",
                              "widths": "32 64 128 256"},
                ),
            },
            run=run,
            claims=("t.params", "s.params", "b.params", "l.params", "t.macs", "s.macs", "b.macs"),
            methods=tuple(METHODS),
        ),
    )
)  # fmt: skip
