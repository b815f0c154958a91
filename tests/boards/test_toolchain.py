"""The compilers: their errors, their flags, and that equal sources give equal bytes."""

from __future__ import annotations

import importlib.metadata
import io
import shutil
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from lilliput.boards import boards, toolchain
from lilliput.boards.cores import cores
from lilliput.boards.elf import read_elf
from lilliput.boards.emulate import Machine
from lilliput.boards.firmware import build_image
from lilliput.boards.toolchain import find_toolchain
from lilliput.core.errors import MissingExtra, MissingTool, ToolFailed
from tests.boards.networks import program_for

M4 = boards["nucleo-f446re"]


def compile_one(text: str, board_name: str = "nucleo-f446re", *flags: str) -> bytes:
    board = boards[board_name]
    tools = find_toolchain(board.core)
    return tools.compile({"a.c": text}, [*tools.cpu_flags(board.core, board.features), "-O2", *flags])["a.c"]


def undefined_symbols(data: bytes) -> set[str]:
    table = ELFFile(io.BytesIO(data)).get_section_by_name(".symtab")
    return {s.name for s in table.iter_symbols() if s["st_shndx"] == "SHN_UNDEF" and s.name}


def test_a_compile_error_carries_the_compilers_words() -> None:
    with pytest.raises(ToolFailed, match=r"(?s)LP603: compiling a\.c failed.*a\.c:1:.*undeclared"):
        compile_one("int f(void) { return nothing; }")


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(toolchain, "version", gone)
    with pytest.raises(MissingExtra, match=r'LP601.*\n.*pip install "lilliput\[mcu\]"'):
        find_toolchain(M4.core)


def test_a_missing_gcc_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(MissingTool, match=r"(?s)arm-none-eabi-gcc.*apt-get install gcc-arm-none-eabi"):
        find_toolchain(M4.core, "gcc")


def test_floats_use_the_unit_where_the_chip_has_one() -> None:
    multiply = "float f(float a, float b) { return a * b; }"
    assert undefined_symbols(compile_one(multiply)) == set()
    assert undefined_symbols(compile_one(multiply, "rp2040-pico")) == {"__aeabi_fmul"}


def test_single_precision_chips_get_no_double_instructions() -> None:
    multiply = "double f(double a, double b) { return a * b; }"
    assert undefined_symbols(compile_one(multiply, "nucleo-f746zg")) == {"__aeabi_dmul"}
    assert undefined_symbols(compile_one(multiply, "nucleo-h743zi")) == set()


def code_of(data: bytes) -> bytes:
    return b"".join(s.data() for s in ELFFile(io.BytesIO(data)).iter_sections() if s.name.startswith(".text"))


def test_products_and_sums_of_floats_are_not_fused() -> None:
    text = "float f(float a, float b, float c) { return a * b + c; }"
    plain, off, on = (
        code_of(compile_one(pragma + text, "nucleo-f746zg"))
        for pragma in ("", "#pragma STDC FP_CONTRACT OFF\n", "#pragma STDC FP_CONTRACT ON\n")
    )
    assert plain == off != on


@pytest.mark.parametrize("macro", ["__ARM_FEATURE_DSP", "__ARM_FP"])
def test_features_reach_the_compiler(macro: str) -> None:
    demand = f"#ifndef {macro}\n#error missing\n#endif\nint x;"
    for name in boards:
        board = boards[name]
        if board.core.isa == "thumb":
            if ("dsp" if macro.endswith("DSP") else "fpu") in board.features:
                compile_one(demand, name)
            else:
                with pytest.raises(ToolFailed, match="missing"):
                    compile_one(demand, name)


def test_vectors_reach_the_compiler() -> None:
    compile_one("#if !(__ARM_FEATURE_MVE & 1)\n#error missing\n#endif\nint x;", "mps3-an547")
    vectors = "#ifndef __riscv_vector\n#error missing\n#endif\nint x;"
    compile_one(vectors, "qemu-rv32v")
    with pytest.raises(ToolFailed, match="missing"):
        compile_one(vectors, "esp32-c3")


def test_a_cached_object_is_the_one_that_was_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "int f(int x) { return x * 3; }"
    monkeypatch.setenv("LILLIPUT_HOME", str(tmp_path / "one"))
    first = compile_one(text)
    monkeypatch.setattr(toolchain, "run_tool", lambda *a, **k: pytest.fail("compiled again"))
    assert compile_one(text) == first


def test_a_changed_header_compiles_again() -> None:
    tools = find_toolchain(M4.core)
    flags = tools.cpu_flags(M4.core, M4.features)
    source = '#include "n.h"\nint f(void) { return N; }'
    made = [tools.compile({"a.c": source, "n.h": f"#define N {n}\n"}, flags)["a.c"] for n in (1, 2, 1)]
    assert made[0] == made[2] != made[1]


def test_two_homes_give_the_same_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = []
    for folder in ("one", "another/below"):
        monkeypatch.setenv("LILLIPUT_HOME", str(tmp_path / folder))
        images.append(build_image(program_for(M4), M4).elf)
    assert images[0] == images[1]


def test_o2_retires_no_more_instructions_than_os_and_no_more_bytes_than_o3() -> None:
    program, measured = program_for(M4), {}
    for level in ("-Os", "-O2", "-O3"):
        image = build_image(program, M4, optimise=level)
        arena = image.symbols["lilliput_arena"].address
        measured[level] = (Machine(image).call("lilliput_model_run", [arena]), image.code_bytes)
    assert measured[toolchain.OPTIMISE][0] <= measured["-Os"][0]
    assert measured[toolchain.OPTIMISE][1] <= measured["-O3"][1]


@pytest.mark.parametrize("name", ["nucleo-f446re", "rp2040-pico", "esp32-c3"])
def test_gcc_links_the_same_program(name: str) -> None:
    board = boards[name]
    if not any(shutil.which(f"{prefix}gcc") for prefix in board.core.gcc):
        pytest.skip(f"no gcc for {board.core.name} is installed")
    image = build_image(program_for(board), board, toolchain="gcc")
    assert "gcc" in image.toolchain
    assert read_elf(image.elf).symbols["lilliput_model_run"].nbytes > 0


def test_every_core_has_flags_for_both_compilers() -> None:
    for core in cores.values():
        assert any(flag.startswith("-mcpu=") for flag in core.zig_flags(frozenset()))
        assert core.compiler_flags(frozenset())
