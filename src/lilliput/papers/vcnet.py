"""A small classifier wired like the visual cortex: areas, two streams, and predictions that flow back down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from lilliput.papers import Claim, Context, Kind, Paper, Recipe, Result, Row, Scale, register_paper

if TYPE_CHECKING:
    from torch import Tensor, nn

    from lilliput.tasks import Task


@dataclass(frozen=True)
class Settings:
    """What is trained, and on what.

    Args:
        task: pictures and classes: a task's name, or a folder or NPZ of your own.
        data: the full data of a task that is bundled in part; empty for what is bundled.
        model: the size of the network.
        side: of the pictures, which are resized to it.
        steps: of the dynamics, with feedback.
        plain_width: channels of the plain network, so that it has as many parameters.
        plain_kernel: side of its first kernel.
        epochs, batch_size, lr, weight_decay, label_smoothing: of the training, by AdamW with a cosine.
        noise: standard deviations, as shares of the way from black to white.
        occlusion: share of the side that is hidden.
        attacks: largest changes of a pixel, of 255.
        tested: pictures that attacks are tried on.
    """

    task: str = "fashion"
    data: str = ""
    model: str = "vcnet_micro"
    side: int = 32
    steps: int = 2
    plain_width: int = 60
    plain_kernel: int = 3
    epochs: int = 4
    batch_size: int = 64
    lr: float = 3e-3
    weight_decay: float = 0.05
    label_smoothing: float = 0.05
    noise: tuple[float, ...] = (0.1, 0.2)
    occlusion: float = 0.4
    attacks: tuple[float, ...] = (2.0,)
    tested: int = 400


METHODS = ("feedback", "feed-forward", "plain", "student")


def run(context: Context) -> Result:
    """One network trained from nothing, and tried on pictures that were changed."""

    from lilliput.models.cost import count_macs, count_params
    from lilliput.models.shapes import shapes_only
    from lilliput.tasks import get_task

    settings: Settings = context.settings
    task = get_task(settings.task, Path(settings.data) if settings.data else None)
    model, x, y, low, high = _trained(context, task)
    rows = [
        *_robustness(settings, model, x, y, low, high),
        Row("multiply-accumulates", float(count_macs(model, model.config.input_shape)), split="network"),  # type: ignore[union-attr, arg-type]
        Row("parameters", float(count_params(model).trainable), split="network"),
    ]
    if context.method == "feedback":
        rows += _dynamics(settings, model, x[: settings.tested], y[: settings.tested])
    measured = {}
    if context.method == "student":
        from lilliput.models import create_model

        with shapes_only():
            measured["baseline.params"] = float(count_params(create_model("spots_student")).trainable)
    return Result(tuple(rows), measured=measured)


def _network(context: Context, shape: tuple[int, int, int], classes: int) -> nn.Module:
    from lilliput.models import create_model_for

    settings: Settings = context.settings
    if context.method == "plain":
        stem = {"stem_frames": settings.plain_kernel, "stem_bands": settings.plain_kernel}
        return create_model_for("ds_cnn", shape, classes, width=settings.plain_width, **stem)
    if context.method == "student":
        return create_model_for("spots_student", shape, classes)
    steps = settings.steps if context.method == "feedback" else 0
    return create_model_for(settings.model, shape, classes, steps=steps)


def _trained(context: Context, task: Task) -> tuple[nn.Module, Tensor, Tensor, float, float]:
    """The network, the test pictures and their classes, and what black and white are."""
    import numpy as np
    import torch

    from lilliput.train.data import Features, Resized, TrainData
    from lilliput.train.loop import fit
    from lilliput.train.predictive import predictive
    from lilliput.train.settings import TrainSettings

    settings: Settings = context.settings
    splits, size = task.load(), (settings.side, settings.side)
    learn, validate, test = (
        Resized(Features(splits[name], task.preprocess, augment=augment, seed=context.seed), size)
        for name, augment in (("train", task.augment), ("validation", ()), ("test", ()))
    )
    torch.manual_seed(context.seed)
    model = _network(context, (task.preprocess.output_shape[-1], *size), len(task.labels))
    wanted = TrainSettings(
        epochs=settings.epochs, batch_size=settings.batch_size, lr=settings.lr, weight_decay=settings.weight_decay,
        label_smoothing=settings.label_smoothing, keep="last", seed=context.seed,
    )  # fmt: skip
    fit(
        model, TrainData(learn, validate), wanted, emit=context.emit, checkpoint_dir=context.folder / "checkpoints",
        objective=predictive(smoothing=settings.label_smoothing) if context.method == "feedback" else None,
    )  # fmt: skip
    x, y = test.batch(np.arange(len(test)), 0)
    return model, x, y, float(x.min()), float(x.max())


def _robustness(settings: Settings, model: nn.Module, x: Tensor, y: Tensor, low: float, high: float) -> Iterator[Row]:
    from lilliput.train.robustness import EIGHT_BIT, Change, robustness

    passive = [Change("clean"), *(Change("noise", size) for size in settings.noise)]
    passive.append(Change("occlusion", settings.occlusion))
    active = [Change(kind, size * EIGHT_BIT) for kind in ("fgsm", "pgd") for size in settings.attacks]
    for changes, count in ((passive, len(x)), (active, settings.tested)):
        for name, share in robustness(model, x[:count], y[:count], changes, low=low, high=high).items():
            yield Row("accuracy", share, split="test" if name == "clean" else name, n=count)


def _dynamics(settings: Settings, model: nn.Module, x: Tensor, y: Tensor) -> Iterator[Row]:
    """Error of predictions and accuracy by step, with more steps than were trained."""
    import torch

    with torch.no_grad():
        trace = model.eval()(x, steps=2 * settings.steps, trace=True)
    for step, (errors, states, logits) in enumerate(zip(trace.errors, trace.states, trace.logits, strict=True)):
        split = f"after {step} steps"
        yield Row("accuracy", float((logits.argmax(1) == y).double().mean()), split=split, n=len(y))
        for area, error, state in zip(("V1", "V2", "V4"), errors, states, strict=False):
            yield Row(f"prediction error of {area}", float(error.square().mean() / state.var()), split=split)


register_paper(
    Paper(
        number=9,
        name="vcnet",
        title="The Geometry of Cortical Computation: Manifold Disentanglement and Predictive Dynamics in VCNet",
        date=date(2025, 8, 4),
        authors=3,
        arxiv="2508.02995",
        topics=("vision", "predictive-coding", "light-fields"),
        summary="An image classifier that copies the large-scale plan of the primate visual cortex: a chain of "
        "areas, one stream for what and one for where, and predictions from above that refine the areas below over "
        "a few steps. Tested on small grey textures and on light fields. For very small models that should be "
        "robust, and for those who want to read an area's state. No code was published: what is built here is a "
        "reconstruction.",
        claims=(
            Claim("spots10", "accuracy", 92.08, "%", "higher", "SPOTS-10, test part", Kind.OUT_OF_REACH, "[abstract]",
                  note="the picture files cannot be had here; the loader reads them where a user has them"),
            Claim("light-field", "accuracy", 74.42, "%", "higher", "Stanford light fields", Kind.OUT_OF_REACH,
                  "[abstract]"),
            Claim("peers", "accuracy against networks of comparable size", "higher", "", "higher",
                  "SPOTS-10 and Stanford light fields", Kind.STAND_IN, "[abstract]",
                  note="here: other small pictures, a plain network of equal parameters, also with noise"),
            Claim("feedback", "representation with predictive feedback against without", "better", "", "higher",
                  "a few recurrent steps", Kind.STAND_IN, "[abstract]",
                  note="here: prediction error and accuracy for each number of steps"),
            Claim("baseline.params", "parameters", 66_570, "", "equal", "the student network published with SPOTS-10",
                  Kind.STRUCTURE, "[derived] from that network's code"),
        ),
        recipe=Recipe(
            settings=Settings,
            scales={
                "smoke": Scale(seconds=90, memory_bytes=2**30, settings={"epochs": 1, "tested": 100}),
                "small": Scale(seconds=300, memory_bytes=2**30, seeds=2),
                "full": Scale(
                    seconds=14400, memory_bytes=2**32, seeds=3,
                    settings={"epochs": 30, "model": "vcnet_small", "plain_width": 111},
                ),
            },
            run=run,
            claims=("baseline.params",),
            methods=METHODS,
        ),
    )
)  # fmt: skip
