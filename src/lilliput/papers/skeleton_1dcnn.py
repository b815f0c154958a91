"""Actions from body joints by one-dimensional convolutions over time, four views of a clip fused late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from lilliput.core.units import PERCENT
from lilliput.papers import Claim, Context, Kind, Paper, Recipe, Result, Row, Scale, register_paper

if TYPE_CHECKING:
    from torch import Tensor, nn

    from lilliput.tasks import Task
    from lilliput.train.data import Source


@dataclass(frozen=True)
class Settings:
    """What is trained, and on what.

    Args:
        data: recordings of your own, split by subject (formats: `tasks/skeletons.py`); empty for the bundled ones, of
            which seed n tests the n-th recording of each action.
        width: of the networks, through the published one.
        epochs, batch_size, lr, l1: of each member's training by Adam with a cosine; l1 is the strength of the sum of
            absolute weights of the convolutions.
        dropout_parts, dropout_attention, dropout_difference: of these members.
        copies: base networks that differ in their first weights alone, fused for comparison.
        hop: new frames a run of the streaming network.
        drawn: clips in the picture of attention.
        board: whose emulated core runs the base network in int8.
    """

    data: str = ""
    width: float = 0.25
    epochs: int = 12
    batch_size: int = 32
    lr: float = 2e-3
    l1: float = 1e-4
    dropout_parts: float = 0.1
    dropout_attention: float = 0.1
    dropout_difference: float = 0.3
    copies: int = 4
    hop: int = 4
    drawn: int = 6
    board: str = "nucleo-f446re"


MEMBERS = ("two_stream", "parts", "attention", "difference")


def run(context: Context) -> Result:
    """The four members and the base network, fused in three ways; copies of the base network; or a baseline."""
    task = _task(context)
    if context.method == "statistics":
        return Result(tuple(_statistics(task)))
    if context.method == "legacy-attention":
        model, parts = _trained(context, task, "attention", frame_attention="legacy")
        return Result(tuple(_figures("attention", _logits(model, parts["test"]), _truth(parts["test"]))))
    if context.method == "copies":
        return Result(tuple(_copies(context, task)))
    return _ensemble(context, task)


def _task(context: Context) -> Task:
    """The data; of the bundled recordings each seed tests others."""
    from dataclasses import replace

    from lilliput.features import Affine
    from lilliput.tasks import get_task
    from lilliput.tasks.skeleton_actions import bundled_clips, recordings

    if context.settings.data:
        return get_task("skeleton-actions", Path(context.settings.data))
    splits = recordings(bundled_clips(), context.seed)
    task = get_task("skeleton-actions")
    return replace(task, preprocess=Affine.fit(splits["train"].x), loader=lambda: splits)


def _trained(
    context: Context, task: Task, member: str, *, copy: int = 0, **changes: object
) -> tuple[nn.Module, Mapping[str, Source]]:
    import torch

    from lilliput.models import create_model_for
    from lilliput.train.data import Features, TrainData
    from lilliput.train.loop import fit
    from lilliput.train.losses import objective_of, with_l1
    from lilliput.train.settings import TrainSettings

    settings: Settings = context.settings
    seed = context.seed * settings.copies + copy
    torch.manual_seed(seed)
    shape, splits = task.preprocess.output_shape, task.load()
    dropout = getattr(settings, f"dropout_{member}", 0.0)
    model = create_model_for(
        f"skeleton_{member}", (shape[2], *shape[:2]), len(task.labels),
        **{"width": settings.width, "dropout": dropout, **changes},
    )  # fmt: skip
    parts = {
        name: Features(splits[name], task.preprocess, augment=task.augment if name == "train" else (), seed=seed)
        for name in splits
    }
    wanted = TrainSettings(
        epochs=settings.epochs, batch_size=settings.batch_size, optimiser="adamw", lr=settings.lr, weight_decay=0.0,
        schedule="cosine", keep="last", seed=seed,
    )  # fmt: skip
    where = context.folder / f"{member}-{copy}" / "checkpoints"
    objective = with_l1(objective_of(wanted), settings.l1)
    data = TrainData(parts["train"], parts["validation"])
    fit(model, data, wanted, emit=context.emit, objective=objective, checkpoint_dir=where)
    return model.eval(), parts


def _ensemble(context: Context, task: Task) -> Result:
    from lilliput.models.cost import count_macs, count_params

    models, parts = {}, dict[str, "Source"]()
    for name in ("base", *MEMBERS):
        models[name], parts = _trained(context, task, name)  # type: ignore[assignment]
    truth, known = _truth(parts["test"]), _truth(parts["validation"])
    logits = {name: _logits(model, parts["test"]) for name, model in models.items()}
    of_validation = {name: _logits(models[name], parts["validation"]) for name in MEMBERS}
    rows = [row for name in models for row in _figures(name, logits[name], truth)]
    rows += _fusions({name: logits[name] for name in MEMBERS}, of_validation, known, truth)
    for name, model in models.items():
        rows.append(Row("parameters", float(count_params(model).trainable), split=name))
        rows.append(Row("multiply-accumulates", float(count_macs(model, model.config.input_shape)), split=name))  # type: ignore[arg-type, union-attr]
    rows += _on_board(context, models["base"], parts)
    rows += _streaming(context, task)
    reached = {row.split: row.value for row in rows if row.name == "mean recall"}
    gain = PERCENT * (reached["ensemble, product"] - reached["base"])
    picture = _picture(context, models["attention"], task)
    return Result(tuple(rows), (picture,), {"ensemble.gain": gain, **_structure()})


def _logits(model: nn.Module, source: Source) -> Tensor:
    import torch

    from lilliput.train.metrics import predict

    return torch.from_numpy(predict(model, source))


def _truth(source: Source) -> Tensor:
    import numpy as np

    return source.batch(np.arange(len(source)), 0)[1]


def _figures(name: str, logits: Tensor, truth: Tensor) -> list[Row]:
    from lilliput.train.fusion import mean_recall
    from lilliput.train.metrics import accuracy

    told = logits.argmax(1).numpy()
    found = accuracy(told, truth.numpy())
    return [
        Row("accuracy", found.value, split=name, n=found.n, low=found.low, high=found.high),
        Row("mean recall", mean_recall(told, truth.numpy()), split=name, n=found.n),
    ]


def _fusions(
    logits: Mapping[str, Tensor], of_validation: Mapping[str, Tensor], known: Tensor, truth: Tensor
) -> Iterator[Row]:
    """Three ways to fuse, what each member adds, how they differ, and the gain over the best of them."""
    from itertools import combinations

    from lilliput.core.intervals import paired_difference
    from lilliput.layers.shares import product_of_shares
    from lilliput.train.fusion import disagreement, fuse_mean, fusion_weights

    product = product_of_shares([*logits.values()])
    weights = fusion_weights(of_validation, known)
    yield from _figures("ensemble, product", product, truth)
    yield from _figures("ensemble, mean", fuse_mean(logits), truth)
    yield from _figures("ensemble, weighted", product_of_shares([*logits.values()], [*weights.values()]), truth)
    for name, weight in weights.items():
        yield Row("weight", weight, split=name)
    for name in logits:
        rest = product_of_shares([z for other, z in logits.items() if other != name])
        yield from _figures(f"ensemble without {name}", rest, truth)
    for first, second in combinations(logits, 2):
        yield Row("disagreement", disagreement(logits[first], logits[second]), split=f"{first}, {second}")
    right = {name: (z.argmax(1) == truth).double().numpy() for name, z in logits.items()}
    best = max(right.values(), key=lambda hits: float(hits.mean()))
    gain = paired_difference((product.argmax(1) == truth).double().numpy(), best)
    yield Row("accuracy above the best member", gain.value, split="ensemble, product", low=gain.low, high=gain.high)


def _copies(context: Context, task: Task) -> Iterator[Row]:
    """As many base networks as the ensemble has members: what fusing gives without different views."""
    from lilliput.layers.shares import product_of_shares

    logits, truth = [], None
    for copy in range(context.settings.copies):
        model, parts = _trained(context, task, "base", copy=copy)
        logits.append(_logits(model, parts["test"]))
        truth = _truth(parts["test"])
    assert truth is not None
    yield from _figures("base networks, product", product_of_shares(logits), truth)


def _statistics(task: Task) -> Iterator[Row]:
    """A line through the mean and the spread of each coordinate."""
    import torch

    from lilliput.train.probe import fit_linear

    splits = task.load()

    def summary(name: str) -> Tensor:
        x = torch.from_numpy(task.preprocess.dequantise(task.preprocess.integer(splits[name].x))).squeeze(2)
        return torch.cat([x.mean(1), x.std(1)], 1).double()

    def with_one(x: Tensor) -> Tensor:
        return torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], 1)

    y = torch.from_numpy(splits["train"].y)
    seen, asked = summary("train"), summary("test")
    middle, spread = seen.mean(0), seen.std(0) + torch.finfo(torch.float32).eps
    weights = fit_linear((seen - middle) / spread, torch.nn.functional.one_hot(y, len(task.labels)))
    yield from _figures("statistics", with_one((asked - middle) / spread) @ weights, torch.from_numpy(splits["test"].y))


def _on_board(context: Context, model: nn.Module, parts: Mapping[str, Source]) -> Iterator[Row]:
    import numpy as np

    from lilliput.papers._device import on_device

    (seen, _), (x, y) = (parts[name].batch(np.arange(len(parts[name])), 0) for name in ("train", "test"))
    inputs = [np.ascontiguousarray(rows.movedim(1, -1).numpy()) for rows in (seen, x)]
    found = on_device(model, inputs[0], inputs[1], context.settings.board)
    told = found.outputs.reshape(len(y), -1).argmax(1)
    yield Row("accuracy", float(np.mean(told == y.numpy())), split="base, int8", n=len(y))
    yield from found.rows()


def _streaming(context: Context, task: Task) -> Iterator[Row]:
    """A causal base network that takes a few new frames a run: its accuracy by windows, and what a run costs."""
    import numpy as np

    from lilliput.boards import get_board
    from lilliput.boards.run import differing_bytes, execute
    from lilliput.boards.tune import roomy
    from lilliput.compiler.frontends.torch_export import from_torch
    from lilliput.compiler.passes import simplify
    from lilliput.compiler.passes.stream import stream
    from lilliput.compiler.program import compile_graph
    from lilliput.compress.quantise import quantise
    from lilliput.models import example_input

    settings: Settings = context.settings
    model, parts = _trained(context, task, "base", copy=1, causal=True)
    yield from _figures("base, causal", _logits(model, parts["test"]), _truth(parts["test"]))
    seen, _ = parts["train"].batch(np.arange(len(parts["train"])), 0)
    calibration = np.ascontiguousarray(seen.movedim(1, -1).numpy())
    graph = quantise(simplify(from_torch(model, example_input(model))), calibration).graph
    made, place = stream(graph, settings.hop), roomy(get_board(settings.board))
    program = compile_graph(made.graph, place.target)
    recording = calibration[0].reshape(-1, settings.hop, *calibration.shape[2:])
    rows = program.inputs[0].quant.quantise(recording, "int8")  # type: ignore[union-attr]
    done, wanted = execute(program, place, [rows]), program.run(rows)
    where = f"streaming on {settings.board}, {settings.hop} frames a run"
    yield Row("bytes that differ", float(differing_bytes(done.outputs, wanted)[0]), split=where)
    yield Row("instructions", float(done.instructions[-1]), split=where)
    yield Row("arena", float(program.plan.arena_bytes), split=where, unit="B")


def _picture(context: Context, model: nn.Module, task: Task) -> Path:
    """What attention weighs in some clips of the test."""
    import torch

    from lilliput.models.skeleton import DIMENSIONS, SkeletonAttention
    from lilliput.train.joint_pictures import attention_picture

    assert isinstance(model, SkeletonAttention)
    test = task.load()["test"]
    chosen = test.x[:: max(1, len(test) // context.settings.drawn)][: context.settings.drawn]
    x = torch.from_numpy(task.preprocess.dequantise(task.preprocess.integer(chosen))).movedim(-1, 1)
    with torch.no_grad():
        shares = model.coordinate_weights(x)[..., 0].movedim(1, -1)
        frames = model.frame_weights(x)[0].numpy()
    joints = shares.reshape(*shares.shape[:2], -1, DIMENSIONS).sum(-1)
    bodies = chosen.reshape(*chosen.shape[:2], -1, DIMENSIONS).astype(float)
    picture = attention_picture([*bodies], [*(joints * joints.shape[-1]).numpy()], [*frames])
    picture.save(context.folder / "attention.png")
    return Path("attention.png")


def _structure() -> dict[str, float]:
    """Parameters of the published networks, statistics of normalisations included; and the first one's cost."""
    from lilliput.models import create_model
    from lilliput.models.cost import count_macs, count_params
    from lilliput.models.shapes import shapes_only

    names = {"base": "base", "difference": "difference", "two-stream": "two_stream", "body-part": "parts",
             "attention": "attention", "ensemble": "ensemble"}  # fmt: skip
    found = {}
    for claim, name in names.items():
        with shapes_only():
            model = create_model(f"skeleton_{name}_ntu")
        found[f"{claim}.params"] = float(count_params(model).total)
        if claim == "base":
            found["base.macs"] = float(count_macs(model, model.config.input_shape))  # type: ignore[arg-type, union-attr]
    return found


_INPUT = "60 classes, 300 frames, 150 coordinates"
_BUILT = "[official code] counted by building the published networks"

register_paper(
    Paper(
        number=2,
        name="skeleton-1dcnn",
        title="Ensemble One-dimensional Convolution Neural Networks for Skeleton-based Action Recognition",
        date=date(2018, 1, 8),
        authors=2,
        by="Xu, Yangyang and Wang, Lei",
        arxiv="1801.02475",
        topics=("skeletons", "time-series", "ensembles"),
        summary="Recognises actions from sequences of body joints with one residual 1-D convolutional network, used "
        "in four ways: joints over time and frames over joints, five body parts, attention on channels and frames, "
        "and differences between frames. Their class scores are fused. For those who have a few dozen coordinates a "
        "frame and a small processor: wearables, gesture input, exercise counting.",
        claims=(
            Claim(
                "ntu60.cross-subject", "accuracy", 85.1, "%", "higher", "NTU RGB+D 60, cross-subject, four nets fused",
                Kind.OUT_OF_REACH, "[report] public reading notes that cite the paper",
                note="the data are handed out on application only",
            ),
            Claim(
                "ntu60.cross-view", "accuracy", 91, "%", "higher", "NTU RGB+D 60, cross-view, four nets fused",
                Kind.OUT_OF_REACH, "[unverified] about",
            ),
            Claim(
                "etri.accuracy", "accuracy", 83.0, "%", "higher", "ETRI-Activity3D, run again by others",
                Kind.OUT_OF_REACH, "[report] table in a third party's repository",
            ),
            Claim(
                "ensemble.gain", "accuracy, four nets fused against the base net", "higher", "points", "higher",
                "three widely used skeleton sets", Kind.STAND_IN, "[abstract] late fusion of the four",
                note="here: mean recall on motion capture of unseen recordings, as actions differ in number",
            ),
            Claim("base.params", "parameters", 1_878_076, "", "equal", _INPUT, Kind.STRUCTURE, _BUILT),
            Claim("difference.params", "parameters", 1_877_052, "", "equal", _INPUT, Kind.STRUCTURE, _BUILT),
            Claim("two-stream.params", "parameters", 3_832_952, "", "equal", _INPUT, Kind.STRUCTURE, _BUILT),
            Claim("body-part.params", "parameters", 9_098_540, "", "equal", _INPUT, Kind.STRUCTURE, _BUILT),
            Claim("attention.params", "parameters", 2_140_561, "", "equal", _INPUT, Kind.STRUCTURE, _BUILT),
            Claim("ensemble.params", "parameters", 16_949_105, "", "equal", _INPUT, Kind.STRUCTURE, _BUILT),
            Claim(
                "base.macs", "multiply-accumulates", 203_688_960, "", "equal", "300 frames, 150 coordinates",
                Kind.STRUCTURE, "[derived] from the layer table",
            ),
        ),
        recipe=Recipe(
            settings=Settings,
            scales={
                "smoke": Scale(seconds=60, memory_bytes=2**30, settings={"epochs": 1, "copies": 2}),
                "small": Scale(seconds=200, memory_bytes=2**30, seeds=5),
                "full": Scale(seconds=7200, memory_bytes=2**32, seeds=5, settings={"epochs": 60, "width": 1.0}),
            },
            run=run,
            claims=("ensemble.gain", "base.params", "difference.params", "two-stream.params", "body-part.params",
                    "attention.params", "ensemble.params", "base.macs"),
            methods=("ensemble", "copies", "legacy-attention", "statistics"),
        ),
    )
)  # fmt: skip
