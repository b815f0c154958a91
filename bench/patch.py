"""One table: networks whole and patch by patch; memory, multiply-accumulates, instructions, code and compile time.

    python bench/patch.py FOLDER_OF_TFLITE_FILES [--board nucleo-f746zg] [--only NAME] [--rise 25]

Both programs of a line are compiled, linked and run on the emulated core, on random and extreme rows; `equal` counts
the rows on which their outputs are the same bytes. Instructions are those retired between call and return. Where a
network is larger than the board, its memories are taken to be larger, so that whole networks can be counted beside.

Networks with an @ have random weights (`mobilenet_v2.py` and our own): speed and memory are asked for and not accuracy.
Of the files those that the folder holds are measured: two of MLPerf Tiny and TensorFlow Lite Micro, and two that the
papers' authors publish with their generator (github.com/mit-han-lab/tinyengine, `assets`), which take a float32 image.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mobilenet_v2 import mobilenet_v2

from lilliput.boards import get_board
from lilliput.boards.board import Board
from lilliput.boards.run import Execution, execute
from lilliput.boards.tune import roomy
from lilliput.compiler.frontends import load_network
from lilliput.compiler.frontends.torch_export import from_torch
from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.op import Target
from lilliput.compiler.passes import simplify
from lilliput.compiler.patch import Image, PatchSettings, choose_patches
from lilliput.compiler.program import Program, compile_graph
from lilliput.compress.quantise import quantise
from lilliput.core.output import Output, Table
from lilliput.models import create_model, example_input

COLUMNS = (
    "network", "image", "grid", "until", "whole arena B", "arena B", "ratio", "whole SRAM B", "SRAM B", "MACs +%",
    "instructions +%", "estimate +%", "whole code B", "code B", "flash + B", "whole s", "s", "equal",
)  # fmt: skip
ROWS = 3


@dataclass(frozen=True)
class Case:
    """A network, how its graph is made from the folder, and where its image lies."""

    name: str
    graph: Callable[[Path], Graph]
    image: Image

    def is_there(self, folder: Path) -> bool:
        """Whether it can be made: always, or where the folder holds its file."""
        return "@" in self.name or (folder / f"{self.name}.tflite").is_file()


def _file(stem: str) -> Callable[[Path], Graph]:
    return lambda folder: load_network(folder / f"{stem}.tflite")[0]


def _ours(name: str) -> Callable[[Path], Graph]:
    """A network of the registry in 8 bits, with random weights."""

    def make(_: Path) -> Graph:
        torch.manual_seed(0)
        x = example_input(model := create_model(name).eval())
        pictures = torch.rand(4, *x.shape[1:]).permute(0, 2, 3, 1).numpy()
        return quantise(simplify(from_torch(model, x)), pictures).graph

    return make


CASES = (
    Case("vww_96_int8", _file("vww_96_int8"), "resident"),
    Case("vww_96_int8", _file("vww_96_int8"), "streamed"),
    Case("person_detect", _file("person_detect"), "resident"),
    Case("person_detect", _file("person_detect"), "streamed"),
    Case("vww", _file("vww"), "streamed"),
    Case("mcunetv2_large", _file("mcunetv2_large"), "streamed"),
    Case("MobileNetV2-0.35@144", lambda _: mobilenet_v2(0.35, 144), "resident"),
    Case("MobileNetV2-0.35@144", lambda _: mobilenet_v2(0.35, 144), "streamed"),
    Case("MobileNetV2-1.0@224", lambda _: mobilenet_v2(1.0, 224), "streamed"),
    Case("fastdepth_plain@224", _ours("fastdepth_plain"), "resident"),
    Case("fastdepth_pruned@224", _ours("fastdepth_pruned"), "resident"),
    Case("cct_2_3x2_32@32", _ours("cct_2_3x2_32"), "resident"),
)  # fmt: skip


def row(case: Case, folder: Path, board: Board, rise: float) -> tuple[object, ...]:
    """One line of the table."""
    graph = case.graph(folder)
    whole, whole_seconds = _timed(graph, board.target)
    start = time.perf_counter()
    chosen = choose_patches(graph, board.target, PatchSettings(image=case.image, rise=rise))
    patched = compile_graph(chosen.graph, board.target)
    seconds = time.perf_counter() - start
    rows = _rows(whole)
    before, after = (execute(program, board, [rows]) for program in (whole, patched))
    told = chosen.plain()
    return (
        case.name, case.image, told["grid"], told.get("until"), whole.plan.arena_bytes, patched.plan.arena_bytes,
        round(whole.plan.arena_bytes / patched.plan.arena_bytes, 2), before.sram_bytes, after.sram_bytes,
        _percent(chosen.rise), _percent(after.instructions[0] / before.instructions[0] - 1), _percent(chosen.effort),
        *_code(before, after), round(whole_seconds, 2), round(seconds, 2), _equal(before, after),
    )  # fmt: skip


def _rows(program: Program) -> Array:
    """Random and extreme images."""
    (x,) = program.inputs
    rows: Array = np.random.default_rng(0).integers(-128, 128, (ROWS, *x.shape[1:])).astype(np.int8)
    rows[-2], rows[-1] = -128, 127
    return rows if x.dtype == "int8" else rows.astype(np.float32) / np.float32(128)


def _timed(graph: Graph, target: Target) -> tuple[Program, float]:
    start = time.perf_counter()
    return compile_graph(graph, target), time.perf_counter() - start


def _percent(part: float) -> float:
    return round(100 * part, 1)


def _code(before: Execution, after: Execution) -> tuple[int, int, int]:
    assert before.image is not None
    assert after.image is not None
    more = after.image.flash_bytes - before.image.flash_bytes
    return before.image.code_bytes, after.image.code_bytes, more


def _equal(before: Execution, after: Execution) -> str:
    a, b = (np.asarray(execution.outputs[0]) for execution in (before, after))
    same: Array = (a.reshape(len(a), -1) == b.reshape(len(b), -1)).all(axis=1)
    return f"{int(same.sum())}/{len(same)}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Networks whole and patch by patch.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--board", default="nucleo-f746zg")
    parser.add_argument("--only", default="", help="networks whose name holds this")
    parser.add_argument("--rise", type=float, default=25.0, help="most additional multiply-accumulates, percent")
    given = parser.parse_args()
    cases = [case for case in CASES if given.only in case.name and case.is_there(given.folder)]
    if not cases:
        sys.exit(f"--only {given.only} names none of {', '.join(dict.fromkeys(case.name for case in CASES))}")
    board = roomy(get_board(given.board))
    rows = [row(case, given.folder, board, given.rise / 100) for case in cases]
    Output().show({}, human=[Table(COLUMNS, rows, f"whole and by patches on {given.board}")])


if __name__ == "__main__":
    main()
