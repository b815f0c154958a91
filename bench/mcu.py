"""One table: our compiled networks against TensorFlow Lite Micro with CMSIS-NN and TinyEngine, on the same files.

    python bench/mcu.py FOLDER_OF_TFLITE_FILES [--board nucleo-f746zg] [--tune]

Ours is measured here: instructions retired on the emulated core between call and return, RAM and flash of the linked
image. Where the wheel tflite_micro is installed it runs side by side, and `equal` counts the rows, random and extreme,
on which its outputs are those of our emulated core, byte for byte.

The columns marked (stored) are counts of the peer's own C, made with the same counting rule on an emulated Cortex-M7
(arm-none-eabi-gcc 12.2, kernels -O3, TensorFlow Lite Micro of 2026-08 with the CMSIS-NN revision it pins): instructions
of one inference, arena, and code with only the needed operators, without the model. Source: measured for this project,
2026-08. TinyEngine's generator takes none of the first five files (it has no softmax); where FOLDER holds its own two
demonstration networks, `vww.tflite` and `detection.tflite` from its repository's assets, they get a line each, with its
count. Their inputs and outputs are float32, and the counts include the conversion but for TinyEngine.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from lilliput.boards import get_board
from lilliput.boards.run import execute
from lilliput.compiler.frontends import load_network
from lilliput.compiler.graph import Array
from lilliput.compiler.program import compile_graph
from lilliput.core.output import Output, Table

PEER = {
    "kws_ref_model": (7_763_302, 22_820, 87_556),
    "pretrainedResnet_quant": (29_937_850, 54_996, 85_776),
    "vww_96_int8": (24_483_911, 100_708, 87_556),
    "ad01_int8": (582_643, 2_580, 31_900),
    "person_detect": (23_216_589, 82_308, None),
    "vww": (48_408_743, 219_808, None),
    "detection": (75_831_783, 379_968, None),
}
"""File → instructions, arena bytes, code bytes; stored."""

TINYENGINE = {"vww": 42_689_655, "detection": 71_784_543}
"""File → instructions; stored."""

COLUMNS = (
    "file", "MACs", "instructions =", "per MAC", "TFLM (stored)", "ratio", "TinyEngine (stored)",
    "equal", "arena B", "bound B", "SRAM B",
    "TFLM arena B (stored)", "code B", "TFLM code B (stored)",
)  # fmt: skip


ROWS = 20


def row(path: Path, board_name: str, *, tuned: bool) -> tuple[object, ...]:
    """One line of the table."""
    board = get_board(board_name)
    graph, _ = load_network(path)
    if tuned:
        from lilliput.boards.tune import tune

        graph = tune(graph, board).graph
    program = compile_graph(graph, board.target)
    (x,) = program.inputs
    codes = np.random.default_rng(0).integers(-128, 128, (ROWS, *x.shape[1:]))
    codes[-2], codes[-1] = -128, 127
    inputs = codes.astype(np.int8) if x.dtype == "int8" else (codes / np.float32(128)).astype(np.float32)
    execution = execute(program, board, [inputs])
    instructions, image = execution.instructions[0], execution.image
    peer, peer_arena, peer_code = PEER.get(path.stem, (None, None, None))
    return (
        path.stem, program.macs, instructions, round(instructions / max(program.macs, 1), 2), peer,
        round(instructions / peer, 3) if peer else None,
        TINYENGINE.get(path.stem), _equal(path, inputs, execution.outputs[0]),
        program.plan.arena_bytes, program.plan.bound, execution.sram_bytes, peer_arena,
        image.code_bytes if image else None, peer_code,
    )  # fmt: skip


def _equal(path: Path, inputs: Array, ours: Array) -> str | None:
    """How many rows TensorFlow Lite Micro gives the same bytes for; None where it is not installed."""
    try:
        from tflite_micro.python.tflite_micro.runtime import Interpreter
    except ImportError:
        return None
    interpreter, same = Interpreter.from_file(str(path), arena_size=1 << 21), 0
    for x, y in zip(inputs, ours, strict=True):
        interpreter.set_input(x[None], 0)
        interpreter.invoke()
        same += int(np.array_equal(interpreter.get_output(0)[0], y))
    return f"{same}/{len(inputs)}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Instructions and memory beside TensorFlow Lite Micro's.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--board", default="nucleo-f746zg")
    parser.add_argument("--tune", action="store_true", help="choose each layer's kernel by counting")
    given = parser.parse_args()
    paths = [given.folder / f"{name}.tflite" for name in PEER if (given.folder / f"{name}.tflite").is_file()]
    if not paths:
        sys.exit(f"{given.folder} holds none of {', '.join(PEER)}")
    table = Table(
        COLUMNS, [row(path, given.board, tuned=given.tune) for path in paths], f"int8 networks on {given.board}"
    )
    Output().show({}, human=[table])


if __name__ == "__main__":
    main()
