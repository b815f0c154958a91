"""Run an image in QEMU's system emulator, for cores that Unicorn does not have (Cortex-M55, RISC-V with vectors).

The image is the same network with another `main` around it, which reads inputs and writes outputs through
semihosting. QEMU is told to let one nanosecond pass for each instruction (`-icount shift=0`). So the system timer of
an Arm core counts instructions around an inference, to within one tick, and `minstret` of a RISC-V core counts each
one. No layers, no cycles.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from lilliput.boards.board import Board
from lilliput.boards.firmware import Image, build_image, template
from lilliput.boards.ports import Ports, Sourced
from lilliput.boards.toolchain import ToolchainName, build_folder
from lilliput.core.errors import BoardFault, MissingTool

_SECONDS = 600
_WRAPPED = 0xFFFFFFFF
_ARM = ("qemu-system-arm", "qemu-system-arm")
"""Program and the package that has it."""
_RISCV = ("qemu-system-riscv32", "qemu-system-misc")


@dataclass(frozen=True, eq=False)
class QemuRun:
    """What one run of QEMU gave.

    Args:
        image: the board's image, with the plain `main`; its sizes are the report's.
        outputs: the outputs' bytes, a row each.
        instructions: a row each; empty when an inference outlasted the timer.
        instructions_how: what counted them, and how exactly.
        stack_bytes: measured from `main` on, in the image with semihosting.
    """

    image: Image
    outputs: list[bytes]
    instructions: tuple[int, ...]
    instructions_how: str
    stack_bytes: int


def run_qemu(
    program: Sourced, board: Board, ports: Ports, rows: Sequence[bytes], *, toolchain: ToolchainName = "zig"
) -> QemuRun:
    """Run all rows in one QEMU process.

    Raises:
        MissingTool: LP602, QEMU is not installed.
        BoardFault: LP503, the program did not end well.
    """
    qemu = find_qemu(board)
    image = build_image(program, board, toolchain=toolchain)
    carrier = build_image(program, board, toolchain=toolchain, main=semihosting_main(ports))
    with build_folder() as folder:
        (folder / "image.elf").write_bytes(carrier.elf)
        (folder / "inputs.bin").write_bytes(b"".join(rows))
        _run(qemu, board, folder)
        outputs = _read(folder / "outputs.bin")
        reports = _read(folder / "ticks.bin")
    width = sum(port.nbytes for port in ports.outputs)
    if len(outputs) != width * len(rows) or len(reports) != 8 * len(rows):
        raise BoardFault(f"the emulated {board.name} gave {len(outputs)} B of outputs, not {width * len(rows)} B")
    ticks = [tick for tick, _ in struct.iter_unpack("<II", reports)]
    per_tick, how = _clock(board)
    counted = not any(tick == _WRAPPED for tick in ticks)
    return QemuRun(
        image=image,
        outputs=[outputs[i * width : (i + 1) * width] for i in range(len(rows))],
        instructions=tuple(round(tick * per_tick) for tick in ticks) if counted else (),
        instructions_how=how if counted else "",
        stack_bytes=max((stack for _, stack in struct.iter_unpack("<II", reports)), default=0),
    )


def _clock(board: Board) -> tuple[float, str]:
    """Instructions a tick of what `main_semihosting.c` reads, and how that is told."""
    if _is_riscv(board):
        return 1.0, "exact with the call, by minstret in QEMU under -icount"
    per_tick = 1e9 / board.clock_hz
    return per_tick, f"by QEMU's system timer under -icount, to within {per_tick:.0f}"


def find_qemu(board: Board) -> str:
    """Path of QEMU for the board's core. Raises MissingTool (LP602) where it is not installed."""
    program, package = _RISCV if _is_riscv(board) else _ARM
    found = shutil.which(program)
    if found is None:
        raise MissingTool(
            f"{board.name} ({board.core.name}) runs in QEMU only, and {program} is not installed",
            fix=f"`apt-get install {package}`",
        )
    return found


def _is_riscv(board: Board) -> bool:
    return board.core.isa == "riscv32"


def semihosting_main(ports: Ports) -> str:
    """The `main` that reads rows of inputs and writes rows of outputs through semihosting."""
    read = [
        f"        if (!transfer(SYS_READ, inputs, {p.place('lilliput_arena')}, {p.nbytes}u)) leave(0u);"
        for p in ports.inputs
    ]
    write = [
        f"        if (!transfer(SYS_WRITE, outputs, {p.accessor}(lilliput_arena), {p.nbytes}u)) leave(3u);"
        for p in ports.outputs
    ]
    return Template(template("main_semihosting.c")).substitute(
        image=ports.image_source(), read="\n".join(read), write="\n".join(write)
    )


def _run(qemu: str, board: Board, folder: Path) -> None:
    command = [qemu, "-M", board.qemu_machine, "-display", "none", "-monitor", "none", "-serial", "none"]
    command += ["-semihosting-config", "enable=on,target=native", "-icount", "shift=0", "-kernel", "image.elf"]
    if board.qemu_cpu:
        command += ["-cpu", board.qemu_cpu]
    if _is_riscv(board):
        command += ["-bios", "none"]  # no firmware of QEMU's own before the image
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BoardFault(f"the emulated {board.name} did not end: {error}") from error
    if done.returncode != 0:
        raise BoardFault(
            f"the emulated {board.name} ended with {done.returncode}: {done.stderr.strip()[-1000:]}",
            fix="this is a bug of the compiler or of a kernel: keep the folder and report it",
        )


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
