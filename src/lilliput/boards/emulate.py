"""Run an image on an emulated core, in this process, with Unicorn.

The machine has what the board has and nothing else: flash that can be read and executed, RAM that can be read and
written, the core's own control registers. Any other access ends the run with LP503 and the address.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from lilliput.boards.board import Board
from lilliput.boards.firmware import Image
from lilliput.boards.profile import BlockCounter, Counts
from lilliput.core.errors import BoardFault, DoesNotFit, MissingExtra, MissingTool

INSTRUCTION_LIMIT = 20_000_000_000
"""A run that retires more is taken for one that does not end; the largest networks of this field need a tenth."""

OUTSIDE = 0x90000000
"""Where the board's `main` finds a streamed input: the address of external memory on many boards. No board here has
memory of its own there."""

_PAGE = 4096
_CONTROL = 0xE000E000
"""Cortex-M system control space; reset switches the floating-point unit on there."""


class Machine:
    """One emulated board with an image in its flash, after reset.

    Args:
        image: what to run.
        native: count with the compiled hook where there is one.

    Raises:
        MissingExtra: LP601, unicorn is not installed.
        MissingTool: LP602, unicorn cannot run this core.
        BoardFault: LP503, reset did not come to its end.
    """

    def __init__(self, image: Image, *, native: bool = True) -> None:
        self.image = image
        self._engine, self._registers, self._error = _engine(image.board)
        self._fault = ""
        self._outside_bytes = 0
        self._map()
        self._watch()
        self._counter = BlockCounter(image, self._engine, native=native)
        self._ready = image.symbols["lilliput_ready"].address
        self._paint()
        self._reset()

    @property
    def counts_natively(self) -> bool:
        """True when blocks are counted by the compiled hook."""
        return self._counter.is_native

    def call(self, function: str, arguments: Sequence[int] = (), *, limit: int = INSTRUCTION_LIMIT) -> int:
        """Call a function of the image and return when it returns; gives the instructions that it retired.

        Raises:
            BoardFault: LP503, a forbidden access, an illegal instruction, or more than `limit` instructions.
        """
        registers = self._registers
        self._counter.reset(limit)
        for register, value in zip(registers.arguments, arguments, strict=False):
            self._engine.reg_write(register, value)
        self._engine.reg_write(registers.link, self._ready | self._thumb)
        self._run(self.image.symbols[function].address, function)
        return self._counter.instructions

    def counts(self) -> Counts:
        """What the last call retired, by layer and by function."""
        return self._counter.counts()

    def write(self, address: int, data: bytes) -> None:
        """Put bytes into memory."""
        self._engine.mem_write(address, data)

    def write_outside(self, data: bytes) -> None:
        """Put bytes into memory outside of the chip, from which a streamed input is read; mapped at the first use."""
        if len(data) > self._outside_bytes:
            from unicorn import UC_PROT_READ

            if self._outside_bytes:
                self._engine.mem_unmap(OUTSIDE, self._outside_bytes)
            self._outside_bytes = -(-len(data) // _PAGE) * _PAGE
            self._engine.mem_map(OUTSIDE, self._outside_bytes, UC_PROT_READ)
        self.write(OUTSIDE, data)

    def read(self, address: int, count: int) -> bytes:
        """Bytes of memory."""
        return bytes(self._engine.mem_read(address, count))

    def stack_bytes(self) -> int:
        """Stack used since power-on, reset and `main` included: from the top of RAM to the lowest byte written.

        Raises:
            DoesNotFit: LP401, the stack came down to the data below it.
        """
        start, paint = self._stack_floor(), self._pattern()
        now = np.frombuffer(self.read(start, len(paint)), np.uint8)
        changed = np.flatnonzero(now != np.frombuffer(paint, np.uint8))
        if len(changed) == 0:
            return 0
        if changed[0] < 4:
            board = self.image.board
            raise DoesNotFit(
                f"the stack of {board.name} runs into its data: {self.image.static_bytes} B of data leave "
                f"{len(paint)} B of {board.sram_bytes} B of SRAM for the stack",
                fix="a smaller network, or a board with more SRAM",
            )
        return len(paint) - int(changed[0]) // 4 * 4

    def _map(self) -> None:
        from unicorn import UC_PROT_EXEC, UC_PROT_READ, UC_PROT_WRITE

        board = self.image.board
        for region in (board.flash, board.constants):
            if region is not None:
                self._engine.mem_map(region.base, region.end - region.base, UC_PROT_READ | UC_PROT_EXEC)
        self._engine.mem_map(board.ram.base, board.ram.end - board.ram.base, UC_PROT_READ | UC_PROT_WRITE)
        if board.core.isa == "thumb":
            self._engine.mem_map(_CONTROL, _PAGE, UC_PROT_READ | UC_PROT_WRITE)
        for address, data in self.image.loads:
            self.write(address, data)

    def _watch(self) -> None:
        from unicorn import (
            UC_HOOK_INSN_INVALID,
            UC_HOOK_INTR,
            UC_HOOK_MEM_INVALID,
            UC_MEM_FETCH_PROT,
            UC_MEM_FETCH_UNMAPPED,
            UC_MEM_WRITE_PROT,
            UC_MEM_WRITE_UNMAPPED,
        )

        verbs = {UC_MEM_WRITE_UNMAPPED: "writes", UC_MEM_WRITE_PROT: "writes"}
        verbs |= {UC_MEM_FETCH_UNMAPPED: "jumps", UC_MEM_FETCH_PROT: "jumps"}

        def on_access(_: Any, kind: int, address: int, size: int, value: int, __: object) -> bool:
            verb = verbs.get(kind, "reads")
            self._fault = f"{verb} to {address:#010x}" if verb == "jumps" else f"{verb} {size} B at {address:#010x}"
            return False

        def on_interrupt(engine: Any, number: int, _: object) -> None:
            at = int(engine.reg_read(self._registers.counter))
            flash = self.image.board.flash
            is_inside = flash.base <= at < flash.end
            self._fault = f"raises exception {number}" if is_inside else f"jumps to {at:#010x}"
            engine.emu_stop()

        def on_illegal(_: Any, __: object) -> bool:
            self._fault = "meets an instruction that this core does not have"
            return False

        self._engine.hook_add(UC_HOOK_MEM_INVALID, on_access)
        self._engine.hook_add(UC_HOOK_INTR, on_interrupt)
        self._engine.hook_add(UC_HOOK_INSN_INVALID, on_illegal)

    def _reset(self) -> None:
        self._engine.reg_write(self._registers.stack, self.image.symbols["lilliput_stack_top"].address)
        self._counter.reset(INSTRUCTION_LIMIT)
        self._run(self.image.symbols["Reset_Handler"].address, "Reset_Handler")

    def _run(self, start: int, function: str) -> None:
        self._fault = ""
        words = ""
        try:
            self._engine.emu_start(start | self._thumb, self._ready)
        except self._error as error:
            words = str(error)
        at = int(self._engine.reg_read(self._registers.counter))
        if self._counter.is_over_limit:
            self._fault = "is not done when the instruction limit is reached"
        if words or self._fault or at != self._ready:
            where = next((f.name for f in self.image.functions if f.start <= at < f.end), "code that is no function")
            raise BoardFault(
                f"{function} on the emulated {self.image.board.name} {self._fault or words or 'stops early'}",
                why=f"the program counter is {at:#010x}, in {where}",
                fix="this is a bug of the compiler or of a kernel: keep the folder and report it",
            )

    @property
    def _thumb(self) -> int:
        return 1 if self.image.board.core.isa == "thumb" else 0

    def _stack_floor(self) -> int:
        return -(-(self.image.board.ram.origin + self.image.static_bytes) // 4) * 4

    def _pattern(self) -> bytes:
        """Each word differs from its neighbours, so that copies of painted memory are seen."""
        count = (self.image.symbols["lilliput_stack_top"].address - self._stack_floor()) // 4
        words = (np.arange(count, dtype=np.uint32) * np.uint32(2654435761)) ^ np.uint32(0xA5C3B1E7)
        return words.astype("<u4").tobytes()

    def _paint(self) -> None:
        self.write(self._stack_floor(), self._pattern())


class _Registers:
    """Unicorn's numbers of the registers that a call needs."""

    def __init__(self, isa: str) -> None:
        if isa == "riscv32":
            from unicorn import riscv_const as c

            self.arguments = (c.UC_RISCV_REG_A0, c.UC_RISCV_REG_A1, c.UC_RISCV_REG_A2, c.UC_RISCV_REG_A3)
            self.stack, self.link, self.counter = c.UC_RISCV_REG_SP, c.UC_RISCV_REG_RA, c.UC_RISCV_REG_PC
        else:
            from unicorn import arm_const as a

            self.arguments = (a.UC_ARM_REG_R0, a.UC_ARM_REG_R1, a.UC_ARM_REG_R2, a.UC_ARM_REG_R3)
            self.stack, self.link, self.counter = a.UC_ARM_REG_SP, a.UC_ARM_REG_LR, a.UC_ARM_REG_PC


def _engine(board: Board) -> tuple[Any, _Registers, type[Exception]]:
    try:
        unicorn: Any = importlib.import_module("unicorn")
        names: Any = importlib.import_module("unicorn.riscv_const" if _is_riscv(board) else "unicorn.arm_const")
    except ImportError:
        raise MissingExtra(
            "the emulator (package unicorn) is not installed", fix='pip install "lilliput[mcu]"'
        ) from None
    if not board.core.unicorn:
        raise MissingTool(f"unicorn cannot run {board.core.name}", fix="`apt-get install qemu-system-arm`")
    if _is_riscv(board):
        engine = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
    else:
        engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
    engine.ctl_set_cpu_model(getattr(names, board.core.unicorn))
    return engine, _Registers(board.core.isa), unicorn.UcError


def _is_riscv(board: Board) -> bool:
    return board.core.isa == "riscv32"
