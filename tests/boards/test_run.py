"""Running a network on a board or on this machine, from its sources alone."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from lilliput.boards import HOST, boards
from lilliput.boards import qemu as qemu_module
from lilliput.boards.board import Board
from lilliput.boards.firmware import nearest_board
from lilliput.boards.ports import SourceFiles, ports_of
from lilliput.boards.run import differing_bytes, execute
from lilliput.core.errors import DoesNotFit, MissingTool, NotThisFormat
from tests.boards.networks import program_for, rows

M4 = boards["nucleo-f446re"]
M55 = boards["mps3-an547"]
C3, RV32V = boards["esp32-c3"], boards["qemu-rv32v"]
needs_qemu = pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="qemu-system-arm is not installed")


@pytest.mark.parametrize("board", [M4, HOST], ids=["board", "host"])
def test_outputs_equal_the_reference_from_sources_alone(board: Board) -> None:
    program, x = program_for(board), rows(5)
    made = execute(SourceFiles(dict(program.sources)), board, [x])
    np.testing.assert_array_equal(made.outputs[0], program.run(x)[0])


def test_what_is_measured_on_a_board() -> None:
    made = execute(program_for(M4), M4, [rows(4)])
    assert made.image is not None
    assert made.stack_bytes is not None
    assert len(made.instructions) == 4
    assert made.instructions[0] == sum(made.by_layer.values()) + (made.counts.outside if made.counts else -1)
    assert made.sram_bytes == made.image.static_bytes + made.stack_bytes
    assert made.stack_bytes % 4 == 0
    assert 0 < made.stack_bytes < 1024
    assert made.cycles_estimate is not None
    assert made.cycles_estimate > made.instructions[0]
    assert made.milliseconds_estimate == pytest.approx(made.cycles_estimate / 180e3)


def test_only_as_many_counts_as_asked_for() -> None:
    made = execute(program_for(M4), M4, [rows(4)], count_rows=2)
    assert len(made.instructions) == 2
    assert len(made.outputs[0]) == 4


def test_a_stack_that_does_not_fit_beside_the_data_is_refused() -> None:
    program = program_for(M4, (4032, 4))
    board = replace(M4, ram=replace(M4.ram, nbytes=4096))
    with pytest.raises(DoesNotFit, match=r"LP401"):
        execute(program, board, [rows(1, 4032)])


def test_a_wrong_shape_names_the_port() -> None:
    with pytest.raises(ValueError, match=r"lilliput_model_input takes int8\['N', 64\], got int8\[2, 63\]"):
        execute(program_for(M4), M4, [rows(2, 63)])
    with pytest.raises(ValueError, match="has 1 inputs, got 2"):
        execute(program_for(M4), HOST, [rows(2), rows(2)])


def test_ports_are_those_of_the_program() -> None:
    program = program_for(M4)
    ports = ports_of(program)
    assert [(p.shape, p.dtype, p.offset) for p in ports.inputs] == [((1, 64), "int8", program.plan.offsets["x"])]
    assert [(p.shape, p.dtype, p.offset) for p in ports.outputs] == [((1, 12), "int8", program.plan.offsets["y2"])]
    assert ports.arena_bytes == program.plan.arena_bytes


@pytest.mark.parametrize("old", ["ARENA_BYTES", "1 x 64 int8", "arena + "])
def test_a_header_that_was_edited_is_refused(old: str) -> None:
    sources = dict(program_for(M4).sources)
    assert old in sources["lilliput_model.h"]
    sources["lilliput_model.h"] = sources["lilliput_model.h"].replace(old, "edited")
    with pytest.raises(NotThisFormat, match=r"lilliput_model\.h is not as"):
        ports_of(SourceFiles(sources))


def test_differing_bytes_are_counted_and_located() -> None:
    a = np.arange(12, dtype=np.int32).reshape(3, 4)
    b = a.copy()
    assert differing_bytes([a], [b]) == (0, None)
    b[1, 2] += 257
    assert differing_bytes([a], [b]) == (2, 1)
    with pytest.raises(ValueError, match=r"outputs are int32\(3, 4\) and int8\(3, 4\)"):
        differing_bytes([a], [a.astype(np.int8)])


@needs_qemu
def test_a_core_without_unicorn_runs_in_qemu() -> None:
    program, x = program_for(M55), rows(3)
    made = execute(program, M55, [x])
    np.testing.assert_array_equal(made.outputs[0], program.run(x)[0])
    assert len(made.instructions) == 3
    assert "QEMU" in made.instructions_how
    assert 1_000 < made.instructions[0] < execute(program, M4, [x]).instructions[0]
    assert made.stack_bytes is not None
    assert 0 < made.stack_bytes < 1024
    assert made.cycles_estimate is None


@needs_qemu
def test_qemu_counts_what_unicorn_counts() -> None:
    """The same core in both: QEMU's MPS2 board with a Cortex-M4 against Unicorn."""
    board = replace(
        M4, emulator="qemu", qemu_machine="mps2-an386", clock_hz=25_000_000,
        flash=replace(M4.flash, origin=0, base=0), ram=replace(M4.ram, origin=0x2000_0000),
    )  # fmt: skip
    program = program_for(board)
    counted = execute(program, board, [rows(2)]).instructions
    exact = execute(program, M4, [rows(2)]).instructions
    assert np.abs(np.array(counted) - np.array(exact)).max() <= 2 * 1e9 / board.clock_hz


@pytest.mark.skipif(shutil.which("qemu-system-riscv32") is None, reason="qemu-system-riscv32 is not installed")
def test_minstret_counts_what_unicorn_counts_and_the_call() -> None:
    """The same code for RV32 in both, over inputs that take it different ways."""
    program, x = program_for(C3), rows(6)
    counted = execute(program, replace(RV32V, features=frozenset()), [x])
    exact = execute(program, C3, [x])
    np.testing.assert_array_equal(counted.outputs[0], exact.outputs[0])
    assert "minstret" in counted.instructions_how
    assert {a - b for a, b in zip(counted.instructions, exact.instructions, strict=True)} == {5}
    assert counted.stack_bytes is not None
    assert 0 < counted.stack_bytes < 1024


@pytest.mark.parametrize(
    ("board", "package"), [(M55, "qemu-system-arm"), (RV32V, "qemu-system-misc")], ids=["Arm", "RISC-V"]
)
def test_qemu_that_is_missing_names_the_package(board: Board, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qemu_module.shutil, "which", lambda name: None)
    with pytest.raises(MissingTool, match=rf"(?s)LP602.*apt-get install {package}"):
        execute(program_for(board), board, [rows(1)])


def test_a_virtual_board_is_nobodys_nearest() -> None:
    assert RV32V.is_virtual
    assert nearest_board(RV32V.flash_bytes - 4096, RV32V.sram_bytes - 4096) is None
