"""The emulated board: equal results, exact counts, measured stack, and no access outside its memories."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lilliput.boards import boards
from lilliput.boards.board import Board
from lilliput.boards.cycles import classify
from lilliput.boards.emulate import Machine
from lilliput.boards.firmware import build_image
from lilliput.boards.ports import SourceFiles, ports_of
from lilliput.boards.profile import instruction_bytes, instructions_in
from lilliput.boards.run import infer
from lilliput.core.errors import BoardFault, DoesNotFit, MissingTool
from tests.boards.networks import program_for, rows

UNICORN = [name for name in boards if boards[name].emulator == "unicorn"]
M4 = boards["nucleo-f446re"]

HEADER = """
#include <stdint.h>
#define LILLIPUT_MODEL_ARENA_BYTES 64u
#define LILLIPUT_MODEL_ARENA_ALIGN 16u
static inline void lilliput_model_reset(void *arena) { (void)arena; }
void lilliput_model_run(void *arena);
"""


def machine_with(body: str, board: Board = M4) -> Machine:
    """A board whose `lilliput_model_run` has the body given."""
    source = f'#include "lilliput_model.h"\nvoid lilliput_model_run(void *arena)\n{{\n{body}\n}}\n'
    return Machine(build_image(SourceFiles({"lilliput_model.h": HEADER, "lilliput_model.c": source}), board))


def run(machine: Machine, **options: int) -> int:
    return machine.call("lilliput_model_run", [machine.image.symbols["lilliput_arena"].address], **options)


def count_one_by_one(machine: Machine, function: str) -> int:
    """Instructions by a hook on each single instruction, the slow and plain way.

    Unicorn calls that hook for no instruction whose condition in an IT block fails. A core issues it all the same, and
    so it counts: it is what lies between an instruction that is no branch and the next one that is seen.
    """
    from unicorn import UC_HOOK_CODE

    is_thumb = machine.image.board.core.isa == "thumb"
    count, end, jumped = 0, 0, True

    def on_instruction(_: Any, address: int, size: int, __: object) -> None:
        nonlocal count, end, jumped
        if is_thumb and not jumped and address > end:
            count += instructions_in(machine.read(end, address - end), riscv=False)
        if is_thumb:
            jumped = next(iter(classify(machine.read(address, size))))[0] in ("branch", "branch if", "call")
        count, end = count + 1, address + size

    machine._engine.ctl_flush_tb()  # blocks translated before a hook is there do not call it
    handle = machine._engine.hook_add(UC_HOOK_CODE, on_instruction)
    machine.call(function, [machine.image.symbols["lilliput_arena"].address])
    machine._engine.hook_del(handle)
    machine._engine.ctl_flush_tb()
    return count


@pytest.mark.parametrize("name", UNICORN)
class TestEveryBoard:
    def test_outputs_equal_the_reference(self, name: str) -> None:
        program, x = program_for(boards[name]), rows(6)
        ports, machine = ports_of(program), Machine(build_image(program, boards[name]))
        made = [infer(machine, ports, row)[0] for row in ports.rows([x])]
        assert made == [row.tobytes() for row in program.run(x)[0]]
        assert len(set(made)) > 1

    def test_blocks_count_what_single_instructions_count(self, name: str) -> None:
        program = program_for(boards[name])
        machine, ports = Machine(build_image(program, boards[name])), ports_of(program)
        row = ports.rows([rows(1)])[0]
        counted = infer(machine, ports, row)[1]
        arena = machine.image.symbols["lilliput_arena"].address
        machine.write(arena + ports.inputs[0].offset, row)
        assert count_one_by_one(machine, "lilliput_model_run") == counted > program.macs

    def test_both_hooks_count_the_same(self, name: str) -> None:
        program = program_for(boards[name])
        image, ports = build_image(program, boards[name]), ports_of(program)
        native, python = Machine(image), Machine(image, native=False)
        assert native.counts_natively
        assert not python.counts_natively
        row = ports.rows([rows(1)])[0]
        assert infer(native, ports, row) == infer(python, ports, row)
        assert native.counts() == python.counts()


def test_layers_and_functions_add_up_to_all_instructions() -> None:
    program = program_for(M4)
    machine, ports = Machine(build_image(program, M4)), ports_of(program)
    _, total = infer(machine, ports, ports.rows([rows(1)])[0])
    counts = machine.counts()
    assert counts.instructions == total
    assert sum(counts.by_layer.values()) + counts.outside == total
    assert sum(counts.by_function.values()) == total
    assert list(counts.by_layer) == ["lilliput_layer_00_fc0", "lilliput_layer_01_fc1", "lilliput_layer_02_fc2"]
    assert next(iter(counts.by_function)).startswith("lp_")


def test_a_layers_share_is_what_it_retires_alone() -> None:
    program = program_for(M4)
    machine, ports = Machine(build_image(program, M4)), ports_of(program)
    infer(machine, ports, ports.rows([rows(1)])[0])
    shares = machine.counts().by_layer
    arena = machine.image.symbols["lilliput_arena"].address
    for layer, share in shares.items():
        assert machine.call(layer, [arena]) == share


def test_two_runs_count_the_same_and_not_twice() -> None:
    program = program_for(M4)
    machine, ports = Machine(build_image(program, M4)), ports_of(program)
    row = ports.rows([rows(1)])[0]
    assert infer(machine, ports, row) == infer(machine, ports, row)


def test_a_loop_on_itself_is_counted_each_time_round() -> None:
    body = '(void)arena; __asm__ volatile("movs r1, #200\\n1: subs r1, #1\\nbne 1b" ::: "r1", "cc");'
    assert run(machine_with(body)) == 1 + 2 * 200 + 1  # movs, the loop, bx lr


@pytest.mark.parametrize(
    ("half", "riscv", "expected"),
    [
        (0xE7FE, False, 2),
        (0xE800, False, 4),
        (0xF000, False, 4),
        (0xFFFF, False, 4),
        (0x0003, True, 4),
        (0x0001, True, 2),
    ],
)
def test_lengths_follow_from_the_first_halfword(half: int, riscv: bool, expected: int) -> None:
    assert instruction_bytes(half, riscv=riscv) == expected


def test_instructions_in_mixed_code() -> None:
    code = bytes.fromhex("7047fff7fcff00bf")
    assert instructions_in(code, riscv=False) == 3


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("*(volatile uint32_t *)0x30000000u = 1u; (void)arena;", r"writes 4 B at 0x30000000"),
        ("*(volatile uint8_t *)arena = *(volatile uint8_t *)0x2003fff0u;", r"reads 1 B at 0x2003fff0"),
        ("*(volatile uint16_t *)0x08000000u = 1u; (void)arena;", r"writes 2 B at 0x08000000"),
        ("((void (*)(void))0x20000001u)(); (void)arena;", r"jumps to 0x20000000"),
        ('__asm__ volatile("udf #0"); (void)arena;', r"raises exception|does not have"),
        ("((void (*)(void))0x40000001u)(); (void)arena;", r"jumps to 0x40000000"),
    ],
)
def test_an_access_outside_the_memories_names_the_address(body: str, words: str) -> None:
    with pytest.raises(BoardFault, match=f"(?s)LP503: lilliput_model_run on the emulated nucleo-f446re {words}"):
        run(machine_with(body))


def test_a_run_without_end_is_stopped() -> None:
    with pytest.raises(BoardFault, match="is not done when the instruction limit is reached"):
        run(machine_with('(void)arena; for (;;) { __asm__ volatile("nop"); }'), limit=100_000)


def test_the_machine_can_be_used_after_a_fault() -> None:
    machine = machine_with("if (*(volatile uint8_t *)arena) *(volatile uint32_t *)0x30000000u = 1u;")
    arena = machine.image.symbols["lilliput_arena"].address
    machine.write(arena, b"\x01")
    with pytest.raises(BoardFault):
        run(machine)
    machine.write(arena, b"\x00")
    assert run(machine) > 0


def test_the_stack_is_measured_to_the_lowest_byte_written() -> None:
    def body(count: int) -> str:
        return f"volatile uint8_t a[{count}]; for (int i = 0; i < {count}; i++) a[i] = 1; (void)arena; (void)a[0];"

    small, large = machine_with(body(64)), machine_with(body(4096))
    before = small.stack_bytes()
    run(small)
    run(large)
    assert small.stack_bytes() - before >= 64
    assert abs(large.stack_bytes() - small.stack_bytes() - (4096 - 64)) <= 8  # the frames are aligned to 8 bytes


def test_a_stack_that_meets_the_data_does_not_fit() -> None:
    board = replace(M4, ram=replace(M4.ram, nbytes=4096))
    machine = machine_with(
        "volatile uint8_t a[4064]; for (int i = 0; i < 4064; i++) a[i] = 1; (void)arena; (void)a[0];", board
    )
    try:
        run(machine)
    except BoardFault:
        pass  # the stack left the RAM altogether
    else:
        with pytest.raises(DoesNotFit, match="LP401: the stack of nucleo-f446re runs into its data"):
            machine.stack_bytes()


def test_reset_copies_variables_and_clears_the_rest() -> None:
    source = (
        '#include "lilliput_model.h"\nstatic volatile uint32_t first = 0x12345678u, zero;\n'
        "void lilliput_model_run(void *arena)\n{\n"
        "    uint32_t *out = arena;\n    out[0] = first;\n    out[1] = zero;\n}\n"
    )
    for name in UNICORN:
        image = build_image(SourceFiles({"lilliput_model.h": HEADER, "lilliput_model.c": source}), boards[name])
        assert image.data_bytes == 4
        machine = Machine(image)
        run(machine)
        arena = image.symbols["lilliput_arena"].address
        assert machine.read(arena, 8) == (0x12345678).to_bytes(4, "little") + bytes(4)


def test_reset_switches_the_floating_point_unit_on() -> None:
    machine = machine_with("float *f = arena; f[0] = f[1] * f[2];")
    assert int.from_bytes(machine.read(0xE000ED88, 4), "little") >> 20 == 0xF


@pytest.mark.parametrize("name", ["nucleo-f446re", "rp2040-pico", "esp32-c3"])
@pytest.mark.parametrize("shift", [0, 1, 4])
def test_memory_functions_copy_and_fill(name: str, shift: int) -> None:
    body = f"""    volatile uint8_t count = 23;
    uint8_t *a = arena;
    memcpy(a + 32, a + {shift}, count);
    memset(a + 56, 7, count - 17u);
    memmove(a + 2, a, count - 3u);"""
    source = f'#include "lilliput_model.h"\n#include <string.h>\nvoid lilliput_model_run(void *arena)\n{{\n{body}\n}}\n'
    machine = Machine(build_image(SourceFiles({"lilliput_model.h": HEADER, "lilliput_model.c": source}), boards[name]))
    arena = machine.image.symbols["lilliput_arena"].address
    expected = bytearray(range(100, 164))
    machine.write(arena, bytes(expected))
    run(machine)
    expected[32 : 32 + 23] = expected[shift : shift + 23]
    expected[56:62] = bytes([7] * 6)
    expected[2:22] = expected[0:20]
    assert machine.read(arena, 64) == bytes(expected)


def test_a_core_that_unicorn_lacks_names_the_package() -> None:
    board = boards["mps3-an547"]
    with pytest.raises(MissingTool, match=r"(?s)unicorn cannot run cortex-m55.*apt-get install qemu-system-arm"):
        Machine(build_image(program_for(board), board))
