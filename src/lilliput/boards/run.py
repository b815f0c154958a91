"""Run a compiled network on a board, and count the bytes in which two runs differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lilliput.boards.board import Board
from lilliput.boards.cycles import estimate_cycles, estimate_milliseconds
from lilliput.boards.emulate import Machine
from lilliput.boards.firmware import Image, build_image, check_fits
from lilliput.boards.host import run_host
from lilliput.boards.ports import Ports, Sourced, ports_of
from lilliput.boards.profile import Counts
from lilliput.boards.qemu import run_qemu
from lilliput.boards.toolchain import ToolchainName
from lilliput.compiler.graph import Array


@dataclass(frozen=True, eq=False)
class Execution:
    """What a board, or this machine, made of some inputs.

    Args:
        board: where it ran.
        image: the linked image that ran; None on the host.
        outputs: (N, …) each.
        instructions: retired between call and return, for the first inferences; empty where they cannot be counted.
        instructions_how: what counted them, and how exactly.
        counts: the first inference by layer, function and block; None where there is only a total, or nothing.
        stack_bytes: measured from power-on: reset, `main` and all inferences; None where it cannot be measured.
        cycles_estimate: ≈ of the first inference, see `cycles`.
        milliseconds_estimate: ≈ at the board's highest clock.
    """

    board: Board
    image: Image | None
    outputs: tuple[Array, ...]
    instructions: tuple[int, ...] = ()
    instructions_how: str = ""
    counts: Counts | None = None
    stack_bytes: int | None = None
    cycles_estimate: int | None = None
    milliseconds_estimate: float | None = None

    @property
    def by_layer(self) -> Mapping[str, int]:
        """Layer function → instructions of it and all that it calls, in the first inference."""
        return {} if self.counts is None else self.counts.by_layer

    @property
    def by_function(self) -> Mapping[str, int]:
        """Function → its own instructions in the first inference, most first."""
        return {} if self.counts is None else self.counts.by_function

    @property
    def sram_bytes(self) -> int | None:
        """Data, arena and measured stack: all the RAM that the image needs."""
        if self.image is None or self.stack_bytes is None:
            return None
        return self.image.static_bytes + self.stack_bytes


def execute(
    program: Sourced,
    board: Board,
    inputs: Sequence[Array],
    *,
    count_rows: int | None = None,
    toolchain: ToolchainName = "zig",
) -> Execution:
    """Run a compiled network on rows of raw integer inputs.

    Args:
        program: a `Program`, or the `SourceFiles` of a compiled folder.
        board: a board, or `HOST`.
        inputs: (N, …) for each input, in order.
        count_rows: report the instructions of this many inferences; None for all.
        toolchain: `zig` or `gcc`.

    Raises:
        DoesNotFit: LP401, the image with its measured stack is larger than the board.
        BoardFault: LP503, it does what a board answers with a fault.
        ToolError: LP6xx, a compiler or emulator is missing or failed.
        ValueError: an input has another dtype or shape than the network takes.
    """
    ports = ports_of(program)
    rows = ports.rows(inputs)
    if board.emulator == "host":
        return Execution(board, None, run_host(program, inputs))
    if board.emulator == "qemu":
        return _execute_qemu(program, board, ports, rows, count_rows, toolchain)
    image = build_image(program, board, toolchain=toolchain)
    machine = Machine(image)
    made, instructions, counts = [], [], None
    for row in rows:
        output, count = infer(machine, ports, row)
        made.append(output)
        instructions.append(count)
        counts = machine.counts() if counts is None else counts
    stack = machine.stack_bytes()
    check_fits(image, stack)
    cycles = None if counts is None else estimate_cycles(counts.blocks, board)
    return Execution(
        board=board,
        image=image,
        outputs=ports.arrays(made),
        instructions=tuple(instructions[:count_rows]),
        instructions_how="exact, counted by block in Unicorn",
        counts=counts,
        stack_bytes=stack,
        cycles_estimate=cycles,
        milliseconds_estimate=estimate_milliseconds(cycles, board),
    )


def infer(machine: Machine, ports: Ports, row: bytes) -> tuple[bytes, int]:
    """One inference: the outputs' bytes, and the instructions retired."""
    arena = machine.image.symbols["lilliput_arena"].address
    place(machine, ports, row)
    count = machine.call("lilliput_model_run", [arena])
    return b"".join(machine.read(arena + port.at, port.nbytes) for port in ports.outputs), count


def place(machine: Machine, ports: Ports, row: bytes) -> None:
    """Write one row of inputs into the arena, or a streamed one beside the board's own memory."""
    arena, start = machine.image.symbols["lilliput_arena"].address, 0
    for port in ports.inputs:
        part = row[start : start + port.nbytes]
        if port.offset is None:
            machine.write_outside(part)
        else:
            machine.write(arena + port.offset, part)
        start += port.nbytes


def differing_bytes(made: Sequence[Array], wanted: Sequence[Array]) -> tuple[int, int | None]:
    """How many bytes differ over all outputs, and the first row with such a byte; None where there is none."""
    count, first = 0, None
    for a, b in zip(made, wanted, strict=True):
        if a.shape != b.shape or a.dtype != b.dtype:
            raise ValueError(f"outputs are {a.dtype}{a.shape} and {b.dtype}{b.shape}")
        different = np.ascontiguousarray(a).view(np.uint8) != np.ascontiguousarray(b).view(np.uint8)
        rows = np.flatnonzero(different.reshape(len(a), -1).any(axis=1))
        count += int(different.sum())
        if len(rows) and (first is None or rows[0] < first):
            first = int(rows[0])
    return count, first


def _execute_qemu(
    program: Sourced,
    board: Board,
    ports: Ports,
    rows: Sequence[bytes],
    count_rows: int | None,
    toolchain: ToolchainName,
) -> Execution:
    done = run_qemu(program, board, ports, rows, toolchain=toolchain)
    return Execution(
        board=board,
        image=done.image,
        outputs=ports.arrays(done.outputs),
        instructions=done.instructions[:count_rows],
        instructions_how=done.instructions_how,
        stack_bytes=done.stack_bytes,
    )
