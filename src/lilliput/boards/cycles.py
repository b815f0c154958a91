"""An estimate of clock cycles from the blocks that an emulated core executed. Always an estimate: mark it with ≈.

Instructions are exact; cycles are not, because Unicorn has no pipeline. Each executed instruction gets the cycles of
its class in the core's table, a taken branch its refill on top. What is left out makes real boards slower: flash wait
states, bus waits, cache misses. Branches count as taken as often as the code behind them ran less often.

Sources of the tables
    Cortex-M4    Arm Cortex-M4 Technical Reference Manual (DDI0439), instruction set summary, and floating-point unit,
                 instruction set. Where it gives a range the middle is taken: refill P = 2 of 1..3, division 7 of 2..12.
                 A single load or store right behind another takes 1 cycle less ("neighbouring" loads are pipelined).
    Cortex-M0+   Arm Cortex-M0+ Technical Reference Manual (DDI0484), instruction set summary, one-cycle multiplier.
    Cortex-M7    Arm publishes no table. The M4 estimate times 0.59: the mean ratio of cycles for one inference, M7 to
                 M4, of one vendor's stack over the four networks of MLPerf Tiny v1.2 (STM32H7A3ZI at 280 MHz against
                 STM32L4R5ZI at 120 MHz: 0.58, 0.63, 0.61, 0.54).
    Cortex-M33   likewise times 0.89 (STM32U575 at 160 MHz: 0.90, 0.89, 0.90, 0.87).
    others       no estimate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lilliput.boards.board import Board
from lilliput.boards.profile import Block, instruction_bytes

Kind: TypeAlias = Literal[
    "alu", "multiply", "multiply long", "divide", "load", "store", "load many", "store many",
    "branch", "branch if", "call", "float", "float multiply-add", "float divide", "float load", "float store",
]  # fmt: skip


@dataclass(frozen=True)
class Costs:
    """Cycles by class of one core.

    Args:
        cycles: of one instruction; of `load many` and `store many` without the registers, which take one each.
        refill: what a taken branch adds.
        follows: what a single load or store right behind another saves.
        scale: factor on the sum.
    """

    cycles: Mapping[Kind, int]
    refill: int
    follows: int
    scale: float = 1.0


_M4: Mapping[Kind, int] = {
    "alu": 1, "multiply": 1, "multiply long": 1, "divide": 7, "load": 2, "store": 2, "load many": 1, "store many": 1,
    "branch": 1, "branch if": 1, "call": 1, "float": 1, "float multiply-add": 3, "float divide": 14, "float load": 2,
    "float store": 2,
}  # fmt: skip
_M0: Mapping[Kind, int] = {
    "alu": 1, "multiply": 1, "multiply long": 1, "divide": 1, "load": 2, "store": 2, "load many": 1, "store many": 1,
    "branch": 1, "branch if": 1, "call": 2, "float": 1, "float multiply-add": 1, "float divide": 1, "float load": 2,
    "float store": 2,
}  # fmt: skip

costs: Mapping[str, Costs] = {
    "cortex-m0plus": Costs(_M0, refill=1, follows=0),
    "cortex-m4": Costs(_M4, refill=2, follows=1),
    "cortex-m7": Costs(_M4, refill=2, follows=1, scale=0.59),
    "cortex-m33": Costs(_M4, refill=2, follows=1, scale=0.89),
}
"""Core → its table."""


def estimate_cycles(blocks: Iterable[Block], board: Board) -> int | None:
    """≈ cycles of the executed blocks, zero wait states; None for a core without a table."""
    table = costs.get(board.core.name)
    if table is None:
        return None
    blocks = list(blocks)
    visits: dict[int, int] = {}
    for block in blocks:
        visits[block.start] = visits.get(block.start, 0) + block.visits
    total = 0
    for block in blocks:
        inside, last = _straight(block.data, table)
        behind = visits.get(block.start + len(block.data), 0)
        total += inside * block.visits
        if last in ("branch", "call"):
            total += table.refill * block.visits
        elif last == "branch if":
            total += table.refill * max(block.visits - behind, 0)
    return round(total * table.scale)


def estimate_milliseconds(cycles: int | None, board: Board) -> float | None:
    """≈ milliseconds at the board's highest clock."""
    return None if cycles is None or not board.clock_hz else cycles / board.clock_hz * 1e3


def _straight(code: bytes, table: Costs) -> tuple[int, Kind]:
    total, before = 0, False
    kind: Kind = "alu"
    for kind, registers in classify(code):
        single = kind in ("load", "store")
        total += table.cycles[kind] + registers - (table.follows if single and before else 0)
        before = single
    return total, kind


def classify(code: bytes) -> Iterator[tuple[Kind, int]]:
    """Class of each Thumb instruction, and the registers that a multiple load or store moves."""
    at = 0
    while at < len(code):
        first = code[at] | code[at + 1] << 8
        if instruction_bytes(first, riscv=False) == 2:
            yield _narrow(first)
            at += 2
        else:
            yield _wide(first, code[at + 2] | code[at + 3] << 8)
            at += 4


def _narrow(half: int) -> tuple[Kind, int]:
    """A 16-bit instruction; Armv7-M Architecture Reference Manual, A5.2."""
    top = half >> 11
    if top == 0b01001:
        return "load", 0
    if half >> 12 == 0b0101:
        return ("load" if (half >> 9) & 7 >= 3 else "store"), 0
    if half >> 12 in (0b0110, 0b0111, 0b1000, 0b1001):
        return ("load" if half & 0x0800 else "store"), 0
    if top in (0b11000, 0b11001):
        return ("load many" if top & 1 else "store many"), (half & 0xFF).bit_count()
    if half >> 9 in (0b1011010, 0b1011110):
        pops = bool(half & 0x0800)
        registers = (half & 0x1FF).bit_count()
        if pops and half & 0x100:  # loads the program counter: a return
            return "branch", 1 + registers
        return ("load many" if pops else "store many"), registers
    if half >> 12 == 0b1101 or half & 0xF500 == 0xB100:
        return "branch if", 0
    if top == 0b11100 or half & 0xFF80 == 0x4700:
        return "branch", 0
    if half & 0xFF80 == 0x4780:
        return "call", 0
    if half & 0xFFC0 == 0x4340:
        return "multiply", 0
    return "alu", 0


def _wide(first: int, second: int) -> tuple[Kind, int]:
    """A 32-bit instruction; Armv7-M Architecture Reference Manual, A5.3."""
    group, op = (first >> 11) & 3, (first >> 4) & 0x7F
    if group != 2 and op & 0x40:
        return _float(first, second)
    if group == 1 and op & 0x60 == 0:
        loads = bool(first & 0x10)
        if op & 4:  # two registers, exclusive, or a table branch
            if first & 0xFFF0 == 0xE8D0 and second & 0xFFE0 == 0xF000:
                return "branch", 1
            return ("load many" if loads else "store many"), 2
        registers = second.bit_count()
        if loads and second & 0x8000:
            return "branch", 1 + registers
        return ("load many" if loads else "store many"), registers
    if group == 2:
        if not second & 0x8000:
            return "alu", 0
        if second & 0x5000 == 0x5000:
            return "call", 0
        if second & 0x1000:
            return "branch", 0
        return ("branch if" if (first >> 6) & 0xE != 0xE else "alu"), 0
    if group == 3:
        if op & 0x71 == 0:
            return "store", 0
        if op & 0x61 == 1:
            return "load", 0
        if op & 0x78 == 0x30:
            return "multiply", 0
        if op & 0x78 == 0x38:
            divides = op & 0x0F in (0x9, 0xB) and second & 0xF0 == 0xF0
            return ("divide" if divides else "multiply long"), 0
    return "alu", 0


def _float(first: int, second: int) -> tuple[Kind, int]:
    """Floating point and other coprocessor instructions; A6.4 and A6.5."""
    if first & 0x0E00 == 0x0C00:  # load, store, or two core registers
        if first & 0x0FE0 == 0x0C40:
            return "float", 1
        loads = bool(first & 0x10)
        if first & 0x0120 == 0x0100:  # one register, plain offset
            return ("float load" if loads else "float store"), 0
        return ("load many" if loads else "store many"), second & 0xFF
    if second & 0x10:  # one core register
        return "float", 0
    opcode = (first >> 4) & 0b1011
    if opcode == 0b1000:
        return "float divide", 0
    if opcode == 0b1011 and first & 0xF == 1 and second & 0xC0 == 0xC0:
        return "float divide", 0  # square root, the same 14 cycles
    if opcode in (0b0000, 0b0001, 0b1001, 0b1010):
        return "float multiply-add", 0
    return "float", 0
