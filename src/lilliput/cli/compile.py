"""`lilliput compile` and `lilliput cost`: any network as C for a board, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lilliput.cli._patching import Patch, PatchImage, PatchRise, PatchSram, PatchUntil, PatchWishes, patched
from lilliput.cli.options import Json, Out, Quiet, Set

if TYPE_CHECKING:
    import numpy as np

    from lilliput.boards import Board
    from lilliput.boards.toolchain import ToolchainName
    from lilliput.compiler.graph import Graph
    from lilliput.compiler.program import Program


File = Annotated[Path, typer.Argument(help="A network: .tflite, .onnx, or .pt2 from torch.export.save.")]
BoardName = Annotated[str, typer.Option("--board", metavar="NAME", help="The microcontroller; `lilliput list boards`.")]
Calibration = Annotated[
    Path | None,
    typer.Option(
        "--calibration",
        metavar="X.npy",
        help="Real inputs, to quantise a float network to int8: (N, …) float32. Without, it is compiled in float32.",
    ),
]
Dequantise = Annotated[
    bool, typer.Option("--dequantise", help="Take the integer weights of a hybrid .tflite for the numbers they mean.")
]
Activations = Annotated[
    str, typer.Option("--activations", metavar="TYPE", help="What a float network computes on: int8 (usual) or int16.")
]
Toolchain = Annotated[str, typer.Option("--toolchain", help="The compiler: zig (from pip) or gcc.")]


ROWS = 8
"""Inputs that a compiled network is proved with."""
FEWEST_ROWS = 3
"""One at random, and the two extreme ones."""
CHECKED_MACS = 1_000_000_000
"""Large networks are checked on fewer rows: so many that they take about this many multiply-accumulates."""

Stream = Annotated[
    bool, typer.Option("--stream", help="Take a few new frames a run, and keep what is needed of the past.")
]
Hop = Annotated[int, typer.Option("--hop", min=0, help="New frames a run with --stream; by default the strides.")]
Tune = Annotated[bool, typer.Option("--tune", help="Count what each kernel of a layer retires, and take the fastest.")]
RoundingName = Annotated[
    str,
    typer.Option(
        "--rounding", help="double, as TensorFlow Lite Micro rounds, or single, as TensorFlow Lite on a processor."
    ),
]


@dataclass(frozen=True)
class _Wishes:
    """What the options say about how a network is to be compiled."""

    settings: list[str]
    dequantise: bool
    stream: bool
    hop: int
    rounding: str
    tune: bool
    patches: PatchWishes
    toolchain: str


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command(
        name="compile", epilog="Example: lilliput compile model.tflite --board nucleo-f746zg --out build/model"
    )(compile_file)
    app.command(name="cost", epilog="Example: lilliput cost model.tflite --board nucleo-f446re --sort macs")(cost)


def compile_file(
    file: File,
    board: BoardName,
    out: Out = None,
    calibration: Calibration = None,
    activations: Activations = "",
    settings: Set = None,
    dequantise: Dequantise = False,
    stream: Stream = False,
    hop: Hop = 0,
    rounding: RoundingName = "double",
    tune: Tune = False,
    patch: Patch = "off",
    patch_until: PatchUntil = "",
    patch_image: PatchImage = "resident",
    patch_rise: PatchRise = 25.0,
    patch_sram: PatchSram = "",
    toolchain: Toolchain = "zig",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compile a network to C for a board, run it there once, and write a folder with all of it."""
    from lilliput.boards import get_board
    from lilliput.boards.compiled import write_compiled
    from lilliput.boards.report import make_report, report_parts
    from lilliput.boards.verify import verify
    from lilliput.core.files import write_folder
    from lilliput.core.output import Output

    chosen = get_board(board)
    patches = PatchWishes(patch, patch_until, patch_image, patch_rise, patch_sram)
    wishes = _Wishes(_overrides(activations, settings), dequantise, stream, hop, rounding, tune, patches, toolchain)
    program, told = _program(file, chosen, calibration, wishes)
    rows = _random_rows(program, told)
    verification = verify(program, chosen, rows, toolchain=_toolchain(toolchain))
    report = make_report(program, chosen, verification.execution) | {
        "proof": verification.plain(),
        **told,
    }
    folder = out or Path("build") / f"{file.stem}-{chosen.name}"
    with write_folder(folder) as fresh:
        write_compiled(fresh, program, report, rows)
    parts = [*report_parts(report), f"folder: {folder}", f"next: lilliput exec {folder} --on board --input x.npy"]
    Output(json=json, quiet=quiet).show({**report, "folder": str(folder)}, ids=[str(folder)], human=parts)


def cost(
    file: File,
    board: BoardName,
    calibration: Calibration = None,
    activations: Activations = "",
    settings: Set = None,
    dequantise: Dequantise = False,
    stream: Stream = False,
    hop: Hop = 0,
    rounding: RoundingName = "double",
    tune: Tune = False,
    patch: Patch = "off",
    patch_until: PatchUntil = "",
    patch_image: PatchImage = "resident",
    patch_rise: PatchRise = 25.0,
    patch_sram: PatchSram = "",
    sort: Annotated[str, typer.Option("--sort", help="Order the layers by macs, instructions or live.")] = "",
    toolchain: Toolchain = "zig",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what a network would cost on a board: flash, SRAM, instructions, by layer. Nothing is written."""
    from lilliput.boards import get_board
    from lilliput.boards.report import make_report, report_parts
    from lilliput.boards.run import execute
    from lilliput.core.output import Output

    chosen = get_board(board)
    patches = PatchWishes(patch, patch_until, patch_image, patch_rise, patch_sram)
    wishes = _Wishes(_overrides(activations, settings), dequantise, stream, hop, rounding, tune, patches, toolchain)
    program, told = _program(file, chosen, calibration, wishes)
    rows = _random_rows(program, {})
    first = [x[: len(x) // _row_count(program)] for x in rows]
    execution = execute(program, chosen, first, toolchain=_toolchain(toolchain))
    report = make_report(program, chosen, execution) | told
    Output(json=json, quiet=quiet).show(report, ids=[str(file)], human=report_parts(report, sort=sort))


def _program(file: Path, board: Board, calibration: Path | None, wishes: _Wishes) -> tuple[Program, dict[str, Any]]:
    """The compiled network, and what the report says beyond it."""
    from lilliput.compiler.frontends import load_network
    from lilliput.compiler.passes.stream import stream as streamed
    from lilliput.compiler.program import compile_graph
    from lilliput.core.errors import BadSetting

    if wishes.hop and not wishes.stream:
        raise BadSetting(f"--hop {wishes.hop} without --stream", fix="add --stream")

    told: dict[str, Any] = {}
    graph, stage = load_network(file, dequantise=wishes.dequantise)
    if stage == "float" and calibration is not None:
        graph = _quantised(graph, calibration, wishes.settings)
    elif wishes.settings:
        why = "is quantised already" if stage == "integer" else "is compiled in float32 without --calibration"
        raise BadSetting(f"{wishes.settings[0]} for {file.name}, which {why}", fix="leave the setting out")
    if wishes.rounding != "double":
        graph = _rounded(graph, wishes.rounding)
        told["rounding"] = wishes.rounding
    if wishes.stream:
        made = streamed(graph, wishes.hop)
        graph = made.graph
        told["stream"] = {"hop": made.hop, "lag": made.lag, "first_run": made.first_run, "kept_bytes": made.kept_bytes}
    if wishes.tune:
        from lilliput.boards.tune import tune

        # With patches the layers' scratch is not what the memory of the whole network is short of.
        room = None if wishes.patches.patch == "off" else 1 << 30
        tuning = tune(graph, board, sram_bytes=room, toolchain=_toolchain(wishes.toolchain))
        graph, told["tuned"] = tuning.graph, tuning.plain()
    graph, patches = patched(graph, board.target, wishes.patches)
    told |= patches
    return compile_graph(graph, board.target), told


def _rounded(graph: Graph, rounding: str) -> Graph:
    from lilliput.compiler.passes.rounding import with_rounding
    from lilliput.core.errors import BadSetting

    if rounding != "single":
        raise BadSetting(f"--rounding {rounding}", fix="one of double, single")
    return with_rounding(graph, "single")


def _overrides(activations: str, settings: list[str] | None) -> list[str]:
    return [*(settings or []), *([f"quantise.activations={activations}"] if activations else [])]


def _quantised(graph: Graph, calibration: Path, overrides: list[str]) -> Graph:
    from lilliput.compress.quantise import QuantiseSettings, quantise
    from lilliput.core.settings import load_settings

    sections = [text.removeprefix("quantise.") for text in overrides]
    return quantise(graph, _array(calibration), load_settings(QuantiseSettings, overrides=sections)).graph


def _array(path: Path) -> np.ndarray:
    from lilliput.boards.arrays import read_npy

    return read_npy(path)


def _random_rows(program: Program, told: Mapping[str, Any]) -> list[np.ndarray]:
    """The same few rows each time: random, and the extreme ones. A stream gets enough of them to fill its memory.

    Of float32, whose range nobody tells, they are normal with deviation 1, and all -255 and all 255; or less far, where
    the network leaves the range of float32 for those.
    """
    import numpy as np

    found = _rows(program, told, 255)
    for far in (8, 1) if any(value.dtype == "float32" for value in program.inputs) else ():
        if all(np.isfinite(y).all() for y in program.run(*found)):
            break
        found = _rows(program, told, far)
    return found


def _row_count(program: Program) -> int:
    return max(FEWEST_ROWS, min(ROWS, CHECKED_MACS // max(program.macs, 1)))


def _rows(program: Program, told: Mapping[str, Any], far: int) -> list[np.ndarray]:
    import numpy as np

    rng, found = np.random.default_rng(0), []
    count = _row_count(program) + (told["stream"]["first_run"] if "stream" in told else 0)
    for value in program.inputs:
        each = (value.shape or (1,))[0]
        shape = (count * each, *value.shape[1:])
        low, high = _extremes(value.dtype, far)
        if value.dtype == "float32":
            x = rng.standard_normal(shape).astype(np.float32)
        else:
            x = rng.integers(low, high + 1, shape).astype(value.dtype)
        x[-2 * each : -each], x[-each:] = low, high
        found.append(x)
    return found


def _extremes(dtype: str, far: int) -> tuple[int, int]:
    import numpy as np

    if dtype in ("float32", "bool"):
        return (-far, far) if dtype == "float32" else (0, 1)
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)


def _toolchain(name: str) -> ToolchainName:
    from lilliput.core.errors import BadSetting

    if name not in ("zig", "gcc"):
        raise BadSetting(f"--toolchain {name}", fix="one of zig, gcc")
    return "gcc" if name == "gcc" else "zig"
