"""One table: networks in float32 on emulated boards, beside the same with plain loops.

    python bench/float32.py FOLDER_OF_TFLITE_FILES [--board nucleo-f746zg]

Instructions are those retired between call and return of one inference; memory and flash are the linked image's. The
largest error is that of the C against torch over some rows, as a share of each row's largest output.

The plain loops (`bench/plain`) take the place of the kernels with weights in the same program: what a compiler makes of
the loops of the definition, as networks printed to C without further work are. Only their instructions are looked at,
which do not depend on the values.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from lilliput.boards import get_board
from lilliput.boards.run import execute
from lilliput.boards.verify import verify
from lilliput.compiler.frontends import load_network
from lilliput.compiler.program import Program, compile_graph
from lilliput.core.errors import DoesNotFit
from lilliput.core.output import Output, Table

NETWORKS = (
    "kws_ref_model_float32", "pretrainedResnet", "vww_96_float", "ad01_fp32", "hello_world_float",
    "tinymaix_mnist_valid_f",
)  # fmt: skip
ROOMY = "nucleo-h743zi"
"""For what does not fit the board that was asked for; the same core in the tables here."""
PLAIN = Path(__file__).parent / "plain"
COLUMNS = (
    "file", "board", "MACs", "instructions =", "per MAC", "cycles ≈", "plain loops =", "ratio",
    "arena B", "SRAM B", "flash B", "code B", "largest error",
)  # fmt: skip


def row(path: Path, name: str) -> tuple[object, ...]:
    """One line of the table."""
    board = get_board(name)
    graph, _ = load_network(path, dequantise=True)
    program = compile_graph(graph, board.target)
    (x,) = program.inputs
    inputs = np.random.default_rng(0).standard_normal((3, *x.shape[1:])).astype(np.float32)
    proof = verify(program, board, [inputs])
    execution = proof.execution
    image, instructions = execution.image, execution.instructions[0]
    plain = execute(loops(program), board, [inputs[:1]]).instructions[0]
    return (
        path.stem, name, program.macs, instructions, round(instructions / max(program.macs, 1), 2),
        execution.cycles_estimate, plain, round(instructions / plain, 2), program.plan.arena_bytes,
        execution.sram_bytes, image.flash_bytes if image else None, image.code_bytes if image else None,
        f"{proof.largest_error or 0:.1e}",
    )  # fmt: skip


def loops(program: Program) -> Program:
    """The program with plain loops."""
    texts = {path.name: path.read_text() for path in PLAIN.glob("*.c") if path.name in program.sources}
    return replace(program, sources={**program.sources, **texts})


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Instructions and memory of networks in float32.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--board", default="nucleo-f746zg")
    given = parser.parse_args()
    paths = [given.folder / f"{name}.tflite" for name in NETWORKS if (given.folder / f"{name}.tflite").is_file()]
    if not paths:
        sys.exit(f"{given.folder} holds none of {', '.join(NETWORKS)}")
    found = []
    for path in paths:
        try:
            found.append(row(path, given.board))
        except DoesNotFit:
            found.append(row(path, ROOMY))
    Output().show({}, human=[Table(COLUMNS, found, f"float32 networks on {given.board}")])


if __name__ == "__main__":
    main()
