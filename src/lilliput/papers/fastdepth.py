"""Depth from one picture on an embedded computer: a light decoder with added skips, pruned by NetAdapt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lilliput.papers import Claim, Context, Kind, Paper, Recipe, Result, Row, Scale, register_paper

if TYPE_CHECKING:
    from torch import nn

    from lilliput.tasks.rgbd import Frames


@dataclass(frozen=True)
class Settings:
    """What is trained, and on what.

    Args:
        frames: a folder of pairs (`NAME.color.jpg`, `NAME.depth.png`); empty for the bundled 24 rendered views of one
            room and one real office, of which only the rendered ones are trained on.
        unit_mm: millimetres of one step of the folder's distances.
        height, width: of the pictures, multiples of 32.
        multiplier: on all channels.
        epochs, batch_size, lr, momentum, weight_decay, grad_clip: of the training, by SGD as in the paper.
        test: the last part of the frames, in order, that is kept for testing.
        max_depth: metres; what lies further is not counted.
        board: whose emulated core runs the network in int8.
    """

    frames: str = ""
    unit_mm: float = 1.0
    height: int = 96
    width: int = 128
    multiplier: float = 0.5
    epochs: int = 120
    batch_size: int = 6
    lr: float = 0.02
    momentum: float = 0.9
    weight_decay: float = 1e-4
    grad_clip: float = 5.0
    test: float = 0.25
    max_depth: float = 10.0
    board: str = "nucleo-h743zi"


NETWORKS = {"skip-add": "fastdepth", "skip-concat": "fastdepth_concat", "no-skip": "fastdepth_plain",
            "pruned": "fastdepth_pruned"}  # fmt: skip


def run(context: Context) -> Result:
    """One network trained from nothing and tested on frames of another time; or a baseline that sees no picture."""
    settings: Settings = context.settings
    train, test, other = _frames(settings)
    rows, artifacts, measured = list[Row](), tuple[Path, ...](), dict[str, float]()
    if context.method in NETWORKS:
        model = _trained(context, train)
        for split, frames in (("test", test), ("real office", other)):
            rows += _figures(model, frames, settings, split) if len(frames) else []
        rows += _on_board(context, model, train, test)
        artifacts = (_picture(context, model, test),)
        if context.method == "pruned":
            measured = _structure()
    else:
        from lilliput.train.depth import Guess

        rows += _figures(Guess(train.depth, context.method), test, settings, "test")
    return Result(tuple(rows), artifacts, measured)


def _structure() -> dict[str, float]:
    """Parameters and multiply-accumulates of the networks at full width and 224×224."""

    from lilliput.models import create_model, example_input
    from lilliput.models.cost import count_macs, count_params
    from lilliput.models.shapes import shapes_only

    found = {}
    variants: Mapping[str, tuple[str, dict[str, Any]]] = {
        "skip-add": ("fastdepth", {}), "skip-concat": ("fastdepth_concat", {}), "pruned": ("fastdepth_pruned", {}),
        "nnconv5": ("fastdepth_plain", {"upsampling": "nnconv5"}),
    }  # fmt: skip
    for claim, (name, changes) in variants.items():
        with shapes_only():
            model = create_model(name, **changes)
        found[f"{claim}.params"] = float(count_params(model).trainable)
        found[f"{claim}.macs"] = float(count_macs(model, example_input(model).shape[1:]))
    found.pop("nnconv5.macs")  # no claim
    found["pruning.macs"] = found["skip-add.macs"] / found["pruned.macs"]
    found["pruning.weights"] = found["skip-add.params"] / found["pruned.params"]
    return found


def _frames(settings: Settings) -> tuple[Frames, Frames, Frames]:
    """Training, test, and frames of another place."""
    import numpy as np

    from lilliput.core.errors import BadTask
    from lilliput.tasks.rgbd import bundled_frames, nearest, read_pairs

    size = (settings.height, settings.width)
    if settings.frames:
        frames = read_pairs(Path(settings.frames), size=size, unit_mm=settings.unit_mm)
        other = frames.rows(slice(0, 0))
    else:
        both, real = bundled_frames()
        both = type(both)(nearest(both.rgb, size), nearest(both.depth, size), both.names)
        frames, other = both.rows(~real), both.rows(real)
    kept = round(len(frames) * (1 - settings.test))
    if not 0 < kept < len(frames):
        raise BadTask(f"{len(frames)} frames, of which {kept} for training", fix="more frames, or another test share")
    order = np.arange(len(frames))
    return frames.rows(order < kept), frames.rows(order >= kept), other


def _trained(context: Context, train: Frames) -> nn.Module:
    import torch

    from lilliput.models import create_model
    from lilliput.train.data import TrainData
    from lilliput.train.depth import DepthItems, depth_objective, judge_depth
    from lilliput.train.loop import fit
    from lilliput.train.settings import TrainSettings

    settings: Settings = context.settings
    torch.manual_seed(context.seed)
    model = create_model(
        NETWORKS[context.method], height=settings.height, width=settings.width, multiplier=settings.multiplier
    )
    with torch.no_grad():  # the last normalisation begins at a middle distance: at 0 its rectifier could stay shut
        model.head[1].bias.fill_(float(train.depth[train.depth > 0].mean()))  # type: ignore[index, union-attr]
    # Nothing is chosen by the test frames: the last epoch is taken, and what is judged on the way are training frames.
    data = TrainData(
        DepthItems(train.rgb, train.depth, augment=True, seed=context.seed), DepthItems(train.rgb, train.depth)
    )
    wanted = TrainSettings(
        epochs=settings.epochs, batch_size=settings.batch_size, optimiser="sgd", lr=settings.lr,
        momentum=settings.momentum, weight_decay=settings.weight_decay, grad_clip=settings.grad_clip,
        schedule="cosine", keep="last", seed=context.seed,
    )  # fmt: skip
    fit(
        model, data, wanted, emit=context.emit, objective=depth_objective("l1", settings.max_depth), judge=judge_depth,
        checkpoint_dir=context.folder / "checkpoints",
    )  # fmt: skip
    return model


def _figures(model: nn.Module, frames: Frames, settings: Settings, split: str) -> list[Row]:
    from lilliput.train.depth import DepthItems, evaluate_depth

    found = evaluate_depth(model, DepthItems(frames.rgb, frames.depth), max_depth=settings.max_depth)
    units = {"rmse": "m", "mae": "m", "irmse": "1/m", "imae": "1/m"}
    return [Row(name, value, split=split, n=len(frames), unit=units.get(name, "")) for name, value in found.items()]


def _on_board(context: Context, model: nn.Module, train: Frames, test: Frames) -> Iterator[Row]:
    """The network in int8 on an emulated board: one test frame, held to the integer reference; the error of all."""
    import torch

    from lilliput.papers._device import on_device
    from lilliput.train.depth import depth_errors, pixels

    settings: Settings = context.settings
    found = on_device(model, pixels(train.rgb), pixels(test.rgb), settings.board, by_patches=True)
    maps = torch.from_numpy(found.outputs.reshape(len(test), 1, settings.height, settings.width))
    errors = depth_errors(maps, torch.from_numpy(test.depth[:, None]), max_depth=settings.max_depth)
    for name in ("rmse", "delta1"):
        yield Row(name, float(errors[name].mean()), split="test, int8", n=len(test), unit="m" if name == "rmse" else "")
    yield from found.rows()


def _picture(context: Context, model: nn.Module, test: Frames) -> Path:
    """The pictures, their distances and ours."""
    import numpy as np
    import torch
    from PIL import Image

    from lilliput.train.depth import DepthItems, drawn

    x, depth = DepthItems(test.rgb, test.depth).batch(np.arange(len(test)), 0)
    with torch.no_grad():
        y = model.eval()(x)
    Image.fromarray(drawn(test.rgb, depth[:, 0].numpy(), y[:, 0].numpy())).save(context.folder / "depth.png")
    return Path("depth.png")


_NYU = "NYU Depth v2, 654 test pictures, 224x224, pruned network"
_BUILT = "[official code]"

register_paper(
    Paper(
        number=4,
        name="fastdepth",
        title="FastDepth: Fast Monocular Depth Estimation on Embedded Systems",
        date=date(2019, 3, 7),
        authors=5,
        arxiv="1903.03273",
        topics=("vision", "depth", "pruning"),
        summary="Turns one colour picture into a depth map with an encoder-decoder that is small from the start and "
        "is then pruned, filter by filter, against a budget that is counted or measured. Encoder features are added "
        "to the decoder instead of concatenated. For drones, robots and cameras that must know distances within a "
        "few watts; the pruning serves any convolutional network.",
        claims=(
            Claim("rmse", "root mean square error", 0.604, "m", "lower", _NYU, Kind.OUT_OF_REACH,
                  "[readme] table of results"),
            Claim("delta1", "share of pixels within a factor of 1.25", 0.771, "", "higher", _NYU, Kind.OUT_OF_REACH,
                  "[readme] table of results"),
            Claim("tx2-gpu.latency", "time per picture", 5.6, "ms", "lower", "Jetson TX2 GPU, pruned network",
                  Kind.OUT_OF_REACH, "[paper] 178 pictures a second"),
            Claim("tx2-cpu.latency", "time per picture", 37, "ms", "lower", "Jetson TX2 CPU, pruned network",
                  Kind.OUT_OF_REACH, "[paper] 27 pictures a second"),
            Claim("tx2.power", "active power", 10, "W", "lower", "Jetson TX2, pruned network", Kind.OUT_OF_REACH,
                  "[paper] below this"),
            Claim("pruning.macs", "multiply-accumulates, before against after pruning", 2.0, "x", "higher",
                  "skip-add network, 224x224", Kind.STAND_IN, "[derived] from both networks' counts"),
            Claim("pruning.weights", "weights, before against after pruning", 2.9, "x", "higher", "skip-add network",
                  Kind.STAND_IN, "[derived] from both networks' counts"),
            Claim("pruned.params", "parameters", 1_360_786, "", "equal", "pruned network with its normalisations",
                  Kind.STRUCTURE, "[derived] layer by layer from the published tuning logs"),
            Claim("pruned.macs", "multiply-accumulates of the convolutions", 366_393_384, "", "equal",
                  "pruned network, 224x224", Kind.STRUCTURE, "[derived] from the published tuning logs"),
            Claim("skip-add.params", "parameters", 3_960_930, "", "equal", "MobileNet, depthwise decoder, added skips",
                  Kind.STRUCTURE, _BUILT),
            Claim("skip-add.macs", "multiply-accumulates of the convolutions", 736_658_944, "", "equal",
                  "MobileNet, depthwise decoder, added skips, 224x224", Kind.STRUCTURE, _BUILT),
            Claim("skip-concat.params", "parameters", 4_016_034, "", "equal", "concatenated skips", Kind.STRUCTURE,
                  _BUILT),
            Claim("skip-concat.macs", "multiply-accumulates of the convolutions", 848_852_480, "", "equal",
                  "concatenated skips, 224x224", Kind.STRUCTURE, _BUILT),
            Claim("nnconv5.params", "parameters", 20_668_194, "", "equal", "decoder with full 5x5 convolutions",
                  Kind.STRUCTURE, _BUILT),
        ),
        recipe=Recipe(
            settings=Settings,
            scales={
                "smoke": Scale(seconds=15, memory_bytes=2**30,
                               settings={"height": 64, "width": 64, "multiplier": 0.25, "epochs": 3}),
                "small": Scale(seconds=90, memory_bytes=2**30, seeds=3),
            },
            run=run,
            claims=("pruning.macs", "pruning.weights", "pruned.params", "pruned.macs", "skip-add.params",
                    "skip-add.macs", "skip-concat.params", "skip-concat.macs", "nnconv5.params"),
            methods=("pruned", "skip-add", "skip-concat", "no-skip", "mean-map", "median"),
        ),
    )
)  # fmt: skip
