"""The host's kernels as compiled for a 64-bit Arm core with the dot product instructions of NEON, in Unicorn."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from lilliput.compiler.graph import Array
from lilliput.compiler.program import Program, compile_graph
from tests.runtime.cases import side_by_side
from tests.runtime.cortex import _MAIN_C, _STRING_H
from tests.runtime.harness import STRICT, sample
from tests.runtime.test_simd import HOST, PLAIN, WEIGHTED

_CODE, _DATA, _STACK, _ROOM = 0x0800_0000, 0x2000_0000, 0x3000_0000, 1 << 22
_RETURN = 0x1000_0000
_SCRIPT = f"""
ENTRY(entry)
SECTIONS {{
  .text {_CODE:#x} : {{ *(.text*) *(.rodata*) }}
  .bss {_DATA:#x} : {{ *(.data*) *(.bss*) *(COMMON) }}
  /DISCARD/ : {{ *(.comment) *(.eh_frame*) }}
}}
"""
_FLAGS = [flag for flag in STRICT if "sanitize" not in flag and flag not in ("-g", "-O1")]


def run_on_arm(program: Program, inputs: Sequence[Array], folder: Path, cpu: str) -> tuple[list[Array], bytes]:
    """The outputs for the first row of each input, and the code."""
    uc = pytest.importorskip("unicorn")
    elf = pytest.importorskip("elftools.elf.elffile")
    pytest.importorskip("ziglang")
    for name, text in {**program.sources, "string.h": _STRING_H, "main.c": _MAIN_C, "place.ld": _SCRIPT}.items():
        (folder / name).write_text(text)
    zig = [sys.executable, "-m", "ziglang"]
    target = ["-target", "aarch64-freestanding-none", f"-mcpu={cpu}", "-O2", "-fno-sanitize=all", "-fno-PIC"]
    sources = sorted(path.name for path in folder.glob("*.c"))
    objects = [f"{name}.o" for name in sources]
    for source, made in zip(sources, objects, strict=True):
        subprocess.run([*zig, "cc", *target, *_FLAGS, "-I.", "-c", source, "-o", made], cwd=folder, check=True)
    subprocess.run([*zig, "ld.lld", "-T", "place.ld", "-o", "image.elf", *objects], cwd=folder, check=True)
    machine = uc.Uc(uc.UC_ARCH_ARM64, uc.UC_MODE_ARM)
    machine.ctl_set_cpu_model(uc.arm64_const.UC_CPU_ARM64_MAX)
    for start in (_CODE, _DATA, _STACK):
        machine.mem_map(start, _ROOM)
    machine.mem_map(_RETURN, 4096)
    code = b""
    with (folder / "image.elf").open("rb") as file:
        image = elf.ELFFile(file)
        for segment in image.iter_segments("PT_LOAD"):
            machine.mem_write(segment["p_paddr"], segment.data())
        code = image.get_section_by_name(".text").data()
        symbols = {s.name: s["st_value"] for s in image.get_section_by_name(".symtab").iter_symbols()}
    for value, x in zip(program.inputs, inputs, strict=True):
        machine.mem_write(symbols["arena"] + program.plan.offsets[value.name], x[0].tobytes())
    machine.reg_write(uc.arm64_const.UC_ARM64_REG_CPACR_EL1, 3 << 20)  # vectors on
    machine.reg_write(uc.arm64_const.UC_ARM64_REG_SP, _STACK + _ROOM - 64)
    machine.reg_write(uc.arm64_const.UC_ARM64_REG_LR, _RETURN)
    machine.emu_start(symbols["entry"], _RETURN)
    outputs = [
        np.frombuffer(
            machine.mem_read(symbols["arena"] + program.plan.offsets[v.name], v.nbytes), v.dtype
        ).reshape(v.shape)
        for v in program.outputs
    ]  # fmt: skip
    return outputs, code


@pytest.mark.parametrize("cpu", ["cortex_a76", "cortex_a53"])
def test_outputs_on_arm_equal_the_reference(tmp_path: Path, cpu: str) -> None:
    graph = side_by_side({**PLAIN, **{f"layer {i}": graph for i, graph in enumerate(WEIGHTED)}})
    program = compile_graph(graph, HOST)
    rng = np.random.default_rng(4)
    inputs = [sample(value, 3, rng)[2:] for value in program.inputs]
    made, code = run_on_arm(program, inputs, tmp_path, cpu)
    for value, found, wanted in zip(program.outputs, made, program.run(*inputs), strict=True):
        np.testing.assert_array_equal(found, wanted, err_msg=value.name)
    words = np.frombuffer(code[: len(code) // 4 * 4], np.uint32)
    dots = ((words & 0xFFE0FC00) == 0x4E809400).sum()  # SDOT of whole vectors
    assert (dots > 50) == (cpu == "cortex_a76")
