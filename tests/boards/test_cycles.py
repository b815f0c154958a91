"""The cycle estimate: instruction classes against an assembler's, and small sums by hand."""

from __future__ import annotations

import pytest

from lilliput.boards import HOST, boards
from lilliput.boards.cycles import classify, estimate_cycles, estimate_milliseconds
from lilliput.boards.elf import read_elf
from lilliput.boards.profile import Block
from lilliput.boards.toolchain import find_toolchain

M4, M7, M0 = boards["nucleo-f446re"], boards["nucleo-f746zg"], boards["rp2040-pico"]

CASES: dict[tuple[str, int], tuple[str, ...]] = {
    ("alu", 0): ("adds r0, r1, r2", "mov.w r8, #1", "sxtb16 r0, r1", "ssat r0, #8, r1", "it eq\\n addeq r0, r0",
        "movw r0, #0x1234", "pkhbt r0, r1, r2", "dsb sy",),
    ("multiply", 0): ("muls r0, r1, r0", "mla r0, r1, r2, r3", "smlad r0, r1, r2, r3", "smulbb r0, r1, r2",
        "smmul r0, r1, r2",),
    ("multiply long", 0): ("smull r0, r1, r2, r3", "smlal r0, r1, r2, r3", "umull r0, r1, r2, r3",),
    ("divide", 0): ("sdiv r0, r1, r2", "udiv r0, r1, r2",),
    ("load", 0): ("ldr r0, [r1]", "ldr r0, [pc, #4]", "ldrsb r0, [r1, r2]", "ldrb r0, [r1, #1]",
        "ldrh r0, [r1, #2]", "ldr r0, [sp, #4]", "ldr.w r0, [r1], #4", "ldrsb.w r0, [r1, #1]!",
        "ldrh.w r0, [r1, #100]",),
    ("store", 0): ("str r0, [r1]", "strb r0, [r1, r2]", "strh.w r0, [r1], #2", "str r0, [sp, #4]",),
    ("load many", 3): ("ldmia r0!, {r1, r2, r3}",),
    ("store many", 2): ("stmia r0!, {r1, r2}", "strd r0, r1, [r2]", "vpush {d8}",),
    ("load many", 2): ("ldrd r0, r1, [r2]", "pop {r4, r5}",),
    ("store many", 3): ("push {r4, r5, lr}", "push.w {r4, r8, lr}",),
    ("branch", 3): ("pop {r4, pc}",),
    ("branch", 4): ("pop.w {r4, r8, pc}",),
    ("branch", 0): ("bx lr", "b .", "b.w .",),
    ("branch if", 0): ("beq .", "beq.w .", "cbz r0, 1f\\n nop\\n1:",),
    ("call", 0): ("bl .", "blx r3",),
    ("branch", 1): ("tbb [pc, r0]",),
    ("float", 0): ("vadd.f32 s0, s1, s2", "vmul.f32 s0, s1, s2", "vcvt.s32.f32 s0, s1", "vmov r0, s0",),
    ("float multiply-add", 0): ("vfma.f32 s0, s1, s2", "vmla.f32 s0, s1, s2",),
    ("float divide", 0): ("vdiv.f32 s0, s1, s2", "vsqrt.f32 s0, s1",),
    ("float load", 0): ("vldr s0, [r0]",),
    ("float store", 0): ("vstr s0, [r0]",),
    ("load many", 4): ("vldmia r0, {s0-s3}",),
}  # fmt: skip
"""Class and registers moved → assembly."""


def assembled(text: str) -> bytes:
    tools = find_toolchain(M4.core)
    source = f'__attribute__((naked)) void f(void)\n{{\n    __asm__ volatile("{text}");\n}}\n'
    made = tools.compile({"a.c": source}, [*tools.cpu_flags(M4.core, M4.features), "-O2"])["a.c"]
    return read_elf(made).sections[".text.f"].data


@pytest.mark.parametrize(("kind", "registers"), list(CASES))
def test_instructions_fall_into_their_class(kind: str, registers: int) -> None:
    for text in CASES[kind, registers]:
        assert next(iter(classify(assembled(text)))) == (kind, registers), text


def block(text: str, visits: int, start: int = 0) -> Block:
    code = assembled(text)
    return Block(start, code, len(list(classify(code))), visits, None)


def test_a_straight_block_costs_the_sum_of_its_classes() -> None:
    text = "adds r0, r1, r2\\n smlad r0, r1, r2, r3\\n ldr r0, [r1]\\n ldr r2, [r1, #4]\\n bx lr"
    # 1 + 1 + 2 + 1 (behind a load) + 1 + refill 2
    assert estimate_cycles([block(text, 10)], M4) == 10 * 8
    assert estimate_cycles([block(text, 10)], M7) == round(80 * 0.59)


def test_a_conditional_branch_is_taken_as_often_as_the_code_behind_it_is_not_reached() -> None:
    loop = block("subs r0, #1\\n bne .", 100)
    behind = block("bx lr", 1, start=len(loop.data))
    assert estimate_cycles([loop, behind], M4) == 100 * 2 + 99 * 2 + 3
    assert estimate_cycles([loop, behind], M0) == 100 * 2 + 99 * 1 + 2


def test_cores_without_a_table_have_no_estimate() -> None:
    assert estimate_cycles([], boards["esp32-c3"]) is None
    assert estimate_milliseconds(None, M4) is None
    assert estimate_milliseconds(1000, HOST) is None
    assert estimate_milliseconds(180_000, M4) == 1.0
