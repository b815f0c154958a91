"""Compile a program with the pip-installed compiler for an Arm core, every warning an error, and run it in Unicorn.

The DSP kernels hold assembly that runs on no other machine: here it is held to the integer reference, and its
instructions are counted.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lilliput.compiler.graph import Array
from lilliput.compiler.program import Program
from tests.runtime.objects import object_of

_FLAGS = [
    "-O2", "-std=c11", "-fno-sanitize=all", "-fno-stack-protector", "-fno-PIC", "-ffunction-sections",
    "-fno-unwind-tables", "-fno-asynchronous-unwind-tables", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion",
    "-Wshadow", "-Wundef", "-Wstrict-prototypes", "-Wframe-larger-than=256", "-Werror", "-I.",
]  # fmt: skip
_STRING_H = """
#include <stddef.h>
void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memset(void *to, int value, size_t count);
"""
_MAIN_C = """
#include <string.h>
#include "lilliput_model.h"
_Alignas(16) uint8_t arena[LILLIPUT_MODEL_ARENA_BYTES];
void entry(void);
void entry(void) { lilliput_model_run(arena); }
void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    for (size_t i = 0; i < count; i++) ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    return to;
}
void *memset(void *to, int value, size_t count)
{
    for (size_t i = 0; i < count; i++) ((volatile uint8_t *)to)[i] = (uint8_t)value;
    return to;
}
"""
_SCRIPT = """
ENTRY(entry)
SECTIONS {
  .text 0x08000000 : { *(.text*) *(.rodata*) }
  .bss 0x20000000 : { *(.data*) *(.bss*) *(COMMON) }
  /DISCARD/ : { *(.ARM.exidx*) *(.comment) }
}
"""
_FLASH, _RAM, _STACK, _RETURN, _ROOM = 0x08000000, 0x20000000, 0x30000000, 0x10000, 1 << 22


def compile_for(program: Program, folder: Path, cpu: str) -> list[Path]:
    """Object files of the program and a main for `cpu`, one of zig's names."""
    pytest.importorskip("ziglang")
    folder.mkdir(parents=True, exist_ok=True)
    sources = {**program.sources, "string.h": _STRING_H, "main.c": _MAIN_C}
    for name, text in sources.items():
        (folder / name).write_text(text)
    command = [sys.executable, "-m", "ziglang", "cc", "-target", "thumb-freestanding-eabi", f"-mcpu={cpu}", *_FLAGS]
    return [object_of(command, name, sources, folder) for name in sorted(sources) if name.endswith(".c")]


def run_on_cortex_m4(program: Program, inputs: Sequence[Array], folder: Path) -> tuple[list[Array], Counter[str]]:
    """The outputs for the first row of each input, and the instructions by function."""
    pytest.importorskip("unicorn")
    pytest.importorskip("elftools")
    objects = compile_for(program, folder, "cortex_m4")
    (folder / "board.ld").write_text(_SCRIPT)
    link = [sys.executable, "-m", "ziglang", "ld.lld", "-T", "board.ld", "-o", "image.elf"]
    _run([*link, *map(str, objects)], folder)
    return _emulate(program, inputs, folder / "image.elf")


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(list(command), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _emulate(program: Program, inputs: Sequence[Array], elf: Path) -> tuple[list[Array], Counter[str]]:
    import unicorn as uc
    from elftools.elf.elffile import ELFFile
    from unicorn import arm_const as arm

    machine = uc.Uc(uc.UC_ARCH_ARM, uc.UC_MODE_THUMB | uc.UC_MODE_MCLASS)
    machine.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M4)
    for start in (_FLASH, _RAM, _STACK):
        machine.mem_map(start, _ROOM)
    machine.mem_map(_RETURN, 4096)
    machine.mem_write(_RETURN, b"\xfe\xe7")  # branch to itself
    with elf.open("rb") as file:
        image = ELFFile(file)
        for segment in image.iter_segments("PT_LOAD"):
            machine.mem_write(segment["p_paddr"], segment.data())
        symbols = {s.name: s["st_value"] for s in image.get_section_by_name(".symtab").iter_symbols()}
        functions = sorted(
            (s["st_value"] & ~1, s.name)
            for s in image.get_section_by_name(".symtab").iter_symbols()
            if s["st_info"]["type"] == "STT_FUNC"
        )
    blocks: Counter[tuple[int, int]] = Counter()

    def count(_: Any, address: int, size: int, __: Any) -> None:
        blocks[address, size] += 1

    machine.hook_add(uc.UC_HOOK_BLOCK, count)
    arena = symbols["arena"]
    for value, x in zip(program.inputs, inputs, strict=True):
        machine.mem_write(arena + program.plan.offsets[value.name], x[0].tobytes())
    machine.reg_write(arm.UC_ARM_REG_SP, _STACK + _ROOM - 64)
    machine.reg_write(arm.UC_ARM_REG_LR, _RETURN | 1)
    machine.emu_start(symbols["entry"] | 1, _RETURN)
    outputs = [
        np.frombuffer(machine.mem_read(arena + program.plan.offsets[v.name], v.nbytes), v.dtype).reshape(v.shape)
        for v in program.outputs
    ]
    spent: Counter[str] = Counter()
    for (address, size), times in blocks.items():
        if address >= _FLASH:
            name = max(f for f in functions if f[0] <= address)[1]
            spent[name] += times * _instructions(bytes(machine.mem_read(address, size)))
    return outputs, spent


def _instructions(code: bytes) -> int:
    """Thumb instructions in a run of code: those of four bytes start with 0b11101, 0b11110 or 0b11111."""
    at, found = 0, 0
    while at < len(code):
        at += 4 if struct.unpack_from("<H", code, at)[0] >> 11 in (0b11101, 0b11110, 0b11111) else 2
        found += 1
    return found
