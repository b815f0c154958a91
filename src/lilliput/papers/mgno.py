"""Networks from functions to functions, whose linear maps are multigrid cycles with learned stencils."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lilliput.core.units import PERCENT
from lilliput.papers import Claim, Context, Kind, Paper, Recipe, Result, Row, Scale, register_paper

if TYPE_CHECKING:
    from torch import nn

    from lilliput.tasks.pde import Fields


@dataclass(frozen=True)
class Settings:
    """What is learnt, on what, for how long.

    Args:
        data: a file of your own, `.pt`, `.mat` or `.npz`; empty for sets that are solved here.
        given: name of the array in it that the operator takes; empty: as published files name it.
        solved: name of the array that it gives.
        stride: every so many points of the file.
        sets: of Darcy flow, solved here: "rough", "smooth", "multiscale".
        points: a side; a finer grid of twice as many is tested with the same weights.
        train: samples to learn from.
        test: samples to test on; of a file the last ones.
        seconds: of this machine's processor, that each training takes, by whole epochs; 0: `epochs` for all.
        epochs: where `seconds` is 0.
        loss: "h1" or "l2", of all methods but the one that says otherwise.
        batch_size, weight_decay: of the training by Adam.
        lr, lr_fourier, lr_convolutions: its largest rates, of MgNO, of FNO, and of U-Net and plain convolutions: of
            2.5e-3, 5e-3 and 1e-2 the best on a rough set of a seed (1000) that no run takes; above 2.5e-3 MgNO
            learns faster, and with some seeds ends in a network that says the same of all.
        lr_rise: share of the training in which the rate rises from half of it.
        lr_fall: the last rate's share of the largest.
        grad_clip: largest norm of gradients.
        calibration: training samples that the ranges of int8 come from.
        shown: test samples that are drawn.
        board: whose emulated core runs MgNO in int8, on the points that `sets` were learnt on; empty: none.
    """

    data: str = ""
    given: str = ""
    solved: str = ""
    stride: int = 1
    sets: str = "rough smooth"
    points: int = 32
    train: int = 800
    test: int = 100
    seconds: float = 20.0
    epochs: int = 2
    loss: str = "h1"
    batch_size: int = 8
    weight_decay: float = 1e-4
    lr: float = 2.5e-3
    lr_fourier: float = 1e-2
    lr_convolutions: float = 2.5e-3
    lr_rise: float = 0.2
    lr_fall: float = 5e-3
    grad_clip: float = 1.0
    shown: int = 3
    calibration: int = 64
    board: str = "nucleo-h743zi"


METHODS = {
    "mgno": ("mgno_small", "lr"),
    "mgno-l2": ("mgno_small", "lr"),
    "mgno-slim": ("mgno_slim", "lr"),
    "fno": ("fno", "lr_fourier"),
    "fno-slim": ("fno_small", "lr_fourier"),
    "unet": ("field_unet", "lr_convolutions"),
    "cnn": ("field_cnn", "lr_convolutions"),
    "mean-field": ("", ""),
}
"""Network, and the setting of its learning rate. `fno` is of the published size, `mgno-slim` smaller; the others have
about as many weights."""
OURS, RIVALS = "mgno", ("fno", "fno-slim")


def run(context: Context) -> Result:
    """One network trained on each set and tested on other samples, and on a finer grid."""
    from lilliput.models.cost import count_params
    from lilliput.train.fields import FieldItems, field_errors, predicted_fields, transfer_errors

    settings: Settings = context.settings
    rows, artifacts = list[Row](), list[Path]()
    for name in settings.sets.split() if not settings.data else [Path(settings.data).stem]:
        train, test, finer = _fields(settings, name, context.seed)
        model, spent = _trained(context, name, train)
        for figure, each in field_errors(model, FieldItems(test)).items():
            rows.append(Row(f"relative {figure}", float(each.mean()), split=name, n=len(test)))
        for size, error in transfer_errors(model, [finer] if finer else []).items():
            rows.append(Row("relative l2", error, split=f"{name}, {size[0]} points", n=len(test)))
        rows += spent
        if context.method != "mean-field":
            rows.append(Row("parameters", float(count_params(model).trainable), split=f"network, {name}"))
        shown = test.rows(slice(0, settings.shown))
        artifacts += _picture(context, name, shown, predicted_fields(model, shown))
        if context.method == OURS and settings.board:
            rows += _on_board(settings, name, model, train, test)
    measured = _structure() if context.method == OURS else {}
    return Result(tuple(rows), tuple(artifacts), measured)


@functools.cache
def _solved(name: str, points: int, samples: int, seed: int) -> Fields:
    """Kept, since all methods of one process learn from the same samples."""
    from lilliput.tasks.pde_darcy import darcy

    return darcy(points, samples, kind=name, seed=seed)  # type: ignore[arg-type]


def _fields(settings: Settings, name: str, seed: int) -> tuple[Fields, Fields, Fields | None]:
    """Training and test samples, and the test samples on a finer grid where there is one; each seed has its own."""
    from lilliput.core.errors import BadTask

    if not settings.data:  # the first ones are tested on, since they alone are solved on the finer grid too
        whole = _solved(name, settings.points, settings.train + settings.test, seed)
        finer = _solved(name, 2 * settings.points, settings.test, seed)
        return whole.rows(slice(settings.test, None)), whole.rows(slice(0, settings.test)), finer
    from lilliput.train.field_files import read_fields

    path = Path(settings.data)
    whole = read_fields(path, given=settings.given, solved=settings.solved, stride=settings.stride)
    if len(whole) <= settings.test:
        raise BadTask(f"{len(whole)} samples, of which {settings.test} are to be tested on", fix="a smaller test=")
    train = whole.rows(slice(0, min(settings.train, len(whole) - settings.test)))
    return train, whole.rows(slice(-settings.test, None)), None


def _trained(context: Context, name: str, train: Fields) -> tuple[nn.Module, list[Row]]:
    import torch

    from lilliput.models import create_model_for
    from lilliput.train.fields import FieldTraining, MeanField, Normalised, learn_fields

    settings: Settings = context.settings
    network, rate = METHODS[context.method]
    if not network:
        return MeanField(train), []
    torch.manual_seed(context.seed)
    net = create_model_for(network, train.x.shape[1:], 0, outputs=train.y.shape[1])
    model = Normalised(net, train)
    how = FieldTraining(
        lr=getattr(settings, rate), lr_rise=settings.lr_rise, lr_fall=settings.lr_fall, seconds=settings.seconds,
        epochs=settings.epochs, loss="l2" if context.method == "mgno-l2" else settings.loss,
        batch_size=settings.batch_size, weight_decay=settings.weight_decay, grad_clip=settings.grad_clip,
        seed=context.seed,
    )  # fmt: skip
    epochs, spent = learn_fields(model, train, how, folder=context.folder / f"training-{name}", emit=context.emit)
    where = f"training, {name}"
    return model, [Row("epochs", float(epochs), split=where), Row("processor time", spent, split=where, unit="s")]


def _picture(context: Context, name: str, shown: Fields, found: Any) -> Iterator[Path]:
    from PIL import Image

    from lilliput.train.field_pictures import drawn_fields

    path = Path(f"fields-{name}.png")
    picture = drawn_fields(shown.x[:, 0], shown.y[:, 0], found[:, 0])
    Image.fromarray(picture).save(context.folder / path)
    yield path


def _on_board(settings: Settings, name: str, model: nn.Module, train: Fields, test: Fields) -> Iterator[Row]:
    """The network in int8 on an emulated board, held to the integer reference; its error on all test samples."""
    from lilliput.papers._device import on_device
    from lilliput.train.fields import channels_first, channels_last, relative_l2

    given, tested = (channels_last(f.x) for f in (train.rows(slice(0, settings.calibration)), test))
    found = on_device(model, given, tested, settings.board)
    solved = channels_first(found.outputs.reshape(len(test), *test.size, test.y.shape[1]))
    error = float(relative_l2(solved, channels_first(channels_last(test.y))).mean())
    yield Row("relative l2", error, split=f"{name}, int8", n=len(test))
    yield from found.rows() if name == settings.sets.split()[0] else ()


def _structure() -> dict[str, float]:
    """Parameters of the published networks, and of one cycle; whether that is linear."""
    from lilliput.models import create_model
    from lilliput.models.cost import count_params
    from lilliput.models.shapes import shapes_only
    from lilliput.train.fields import is_linear

    networks = {
        "darcy-smooth": "mgno_darcy_smooth", "darcy-rough": "mgno_darcy", "pipe": "mgno_pipe",
        "navier-stokes": "mgno_navier_stokes", "helmholtz": "mgno_helmholtz",
    }  # fmt: skip
    found = {}
    for claim, name in networks.items():
        with shapes_only():
            model = create_model(name)
        found[f"{claim}.params"] = float(count_params(model).trainable)
    inner = create_model("mgno_small").get_submodule("cycles.1")
    found["linear"] = float(is_linear(inner))
    with shapes_only():
        cycle = create_model("mgno_darcy").get_submodule("cycles.1")
    found["cycle.params"] = float(count_params(cycle).trainable)
    return found


def conclude(result: Result, folder: Path) -> Result:
    """Errors against parameters, drawn for each set; what methods come to beside each other."""
    from statistics import mean

    from lilliput.train.field_pictures import costs_svg

    errors: dict[tuple[str, str, str], list[float]] = {}
    for row in result.rows:
        errors.setdefault((row.split, row.method, row.name), []).append(row.value)
    sets = [split.removeprefix("network, ") for split, method, _ in errors if method == OURS and "network, " in split]
    artifacts, measured = [], dict[str, float]()
    for name in sets:
        points = {
            method: (errors[f"network, {name}", method, "parameters"][0], errors[name, method, "relative l2"])
            for method in METHODS
            if (f"network, {name}", method, "parameters") in errors
        }
        path = Path(f"errors-{name}.svg")
        (folder / path).write_text(costs_svg(points, f"Relative L2 error on {name}, by size"), encoding="utf-8")
        artifacts.append(path)
        for figure in ("l2", "h1"):
            claim = f"darcy-{name}.{figure}"
            if claim in CLAIMED:
                measured[claim] = PERCENT * mean(errors[name, OURS, f"relative {figure}"])
    rivals = [
        mean(errors[name, RIVALS[0], "relative l2"]) / mean(errors[name, OURS, "relative l2"])
        for name in sets
        if (name, RIVALS[0], "relative l2") in errors
    ]
    if rivals and sets == ["rough", "smooth"]:
        measured["fno.gain"] = mean(rivals)
    return Result((), tuple(artifacts), measured)


CLAIMED = ("darcy-smooth.l2", "darcy-smooth.h1", "darcy-rough.l2")
_NET = "[official code]"
_HERE = "here: fields solved by our own solver, and those of 16x16 points"

register_paper(
    Paper(
        number=19,
        name="mgno",
        title="MgNO: Efficient Parameterization of Linear Operators via Multigrid",
        date=date(2023, 10, 16),
        authors=3,
        by="He and Liu and Xu",
        arxiv="2310.19809",
        topics=("operators", "physics", "multigrid"),
        summary="Learns maps from one field to another, such as permeability to pressure. It is written like a "
        "fully connected network whose weights are linear operators, and each operator is one multigrid cycle of "
        "small learned stencils: cheap, on all scales, with boundary conditions given by the padding. For "
        "surrogates of diffusion, flow and waves, also on small devices, as it is made of convolutions only.",
        claims=(
            Claim("darcy-smooth.l2", "relative L2 error", 0.153, "%", "lower", "Darcy flow, smooth set, 211x211",
                  Kind.STAND_IN, "[unverified]", note=_HERE),
            Claim("darcy-smooth.h1", "relative H1 error", 0.711, "%", "lower", "Darcy flow, smooth set, 211x211",
                  Kind.STAND_IN, "[unverified]", note=_HERE),
            Claim("darcy-rough.l2", "relative L2 error", 0.339, "%", "lower", "Darcy flow, rough set, 256x256",
                  Kind.STAND_IN, "[unverified]", note=_HERE),
            Claim("darcy-multiscale.l2", "relative L2 error", 0.715, "%", "lower",
                  "Darcy flow, multiscale set, 256x256", Kind.OUT_OF_REACH, "[unverified]"),
            Claim("fno.gain", "error of a Fourier operator against MgNO's", "higher", "", "higher",
                  "Darcy flow, with a quarter of the parameters", Kind.STAND_IN, "[unverified]", note=_HERE),
            Claim("darcy-smooth.params", "parameters", 678_093, "", "equal", "5 layers of 24 channels, 6 levels",
                  Kind.STRUCTURE, _NET),
            Claim("darcy-rough.params", "parameters", 572_661, "", "equal", "4 layers of 24 channels, 6 levels",
                  Kind.STRUCTURE, _NET),
            Claim("pipe.params", "parameters", 783_876, "", "equal", "pipe flow, 5 layers of 24 channels, 2 inputs",
                  Kind.STRUCTURE, _NET),
            Claim("navier-stokes.params", "parameters", 2_885_194, "", "equal",
                  "Navier-Stokes, 5 layers of 32 channels, biases and normalisation", Kind.STRUCTURE, _NET),
            Claim("helmholtz.params", "parameters", 1_933_797, "", "equal", "Helmholtz, constant channels",
                  Kind.STRUCTURE, _NET),
            Claim("cycle.params", "parameters", 165_312, "", "equal", "one cycle of 24 channels, 6 levels",
                  Kind.STRUCTURE, _NET),
            Claim("linear", "whether a cycle is linear in its input", "yes", "", "equal", "any cycle", Kind.STRUCTURE,
                  "[paper]"),
        ),
        recipe=Recipe(
            settings=Settings,
            scales={
                "smoke": Scale(seconds=20, memory_bytes=2**30,
                               settings={"points": 16, "train": 64, "test": 16, "seconds": 0.0, "epochs": 1}),
                "small": Scale(seconds=60, memory_bytes=2**30, seeds=3),
                "full": Scale(
                    seconds=7200, memory_bytes=2**32, seeds=3,
                    settings={"sets": "rough smooth multiscale", "points": 64, "train": 1000, "seconds": 1800.0,
                              "board": ""},
                ),
            },
            run=run,
            conclude=conclude,
            claims=(*CLAIMED, "fno.gain", "darcy-smooth.params", "darcy-rough.params", "pipe.params",
                    "navier-stokes.params", "helmholtz.params", "cycle.params", "linear"),
            methods=tuple(METHODS),
        ),
    )
)  # fmt: skip
