"""Every kernel on every kind of core, byte for byte: what sanitizers prove on this machine holds on the boards too.

One network holds all operators side by side, so that one image a core serves.
"""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from lilliput.boards import boards
from lilliput.boards.qemu import find_qemu
from lilliput.boards.verify import verify
from lilliput.compiler.graph import Graph
from lilliput.compiler.program import compile_graph
from lilliput.core.errors import MissingTool
from tests.runtime.cases import CASES, side_by_side
from tests.runtime.harness import sample
from tests.runtime.weighted_cases import SAME3, conv, depthwise

WEIGHTED = {
    "general": conv((9, 7), 5, 6, padding=SAME3, stride=(2, 1), activation="relu"),
    "aligned": conv((6, 6), 16, 8, padding=SAME3),
    "pointwise": conv((5, 5), 13, 7, (1, 1)),
    "stem": conv((11, 9), 3, 8, padding=SAME3, stride=(2, 2), zero=-128),
    "depthwise": depthwise((7, 6), 10),
    "strided": depthwise((8, 8), 4, stride=(2, 2), activation="relu6"),
}


def everything() -> Graph:
    """The first case of each operator without weights, and some of each with."""
    first = {op: next(iter(cases.values())) for op, cases in sorted(CASES.items())}
    return side_by_side({**first, **WEIGHTED})


@pytest.mark.parametrize(
    "name", ["nucleo-f446re", "nucleo-f746zg", "rp2040-pico", "rp2350-pico2", "esp32-c3", "mps3-an547", "qemu-rv32v"]
)
def test_every_kernel_gives_the_references_bytes(name: str) -> None:
    board = boards[name]
    if board.emulator == "qemu":
        try:
            find_qemu(board)
        except MissingTool as error:
            pytest.skip(error.what)
    program = compile_graph(everything(), board.target)
    rng = np.random.default_rng(5)
    inputs = [sample(value, 6, rng) for value in program.inputs]
    proof = verify(program, board, inputs)
    assert proof.output_bytes > 1000
    assert proof.differing_bytes == 0
    if proof.execution.counts is not None:
        assert len(proof.execution.by_layer) == len(program.steps)
        assert min(proof.execution.by_layer.values()) > 0


@pytest.mark.parametrize("name", ["nucleo-f446re", "rp2040-pico", "esp32-c3"])
def test_gcc_gives_the_same_bytes(name: str) -> None:
    board = boards[name]
    if not any(shutil.which(f"{prefix}gcc") for prefix in board.core.gcc):
        pytest.skip(f"no gcc for {board.core.name} is installed")
    program = compile_graph(everything(), board.target)
    rng = np.random.default_rng(6)
    inputs = [sample(value, 4, rng) for value in program.inputs]
    assert verify(program, board, inputs, toolchain="gcc").differing_bytes == 0
