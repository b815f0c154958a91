"""The firmware folder: every manifest is read back, every build that can be run here is run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml

from lilliput.boards.package import VECTOR_BYTES, package_files
from lilliput.boards.toolchain import build_folder, run_tool, zig_command
from lilliput.compiler.op import Target
from lilliput.compiler.program import Program, compile_graph
from lilliput.core.errors import ToolFailed
from tests.boards.networks import mlp, rows

PLAIN = ("-O1", "-fno-sanitize=all")
"""Without the sanitizers that zig switches on by itself: their run-time library would be built first."""

STUB = """
#include <stdint.h>
#include <stdio.h>
struct Console {
    operator bool() const { return true; }
    void begin(unsigned long) {}
    void print(const char *text) { fputs(text, stdout); }
    void print(long value) { printf("%ld", value); }
    void print(unsigned long value) { printf("%lu", value); }
    void println(const char *text) { puts(text); }
    void println(long value) { printf("%ld\\n", value); }
    void println(unsigned long value) { printf("%lu\\n", value); }
};
static Console Serial;
static unsigned long micros() { return 0; }
"""


@pytest.fixture(scope="module")
def program() -> Program:
    return compile_graph(mlp(), Target())  # portable kernels: what is packed here is built by many tools


@pytest.fixture(scope="module")
def files(program: Program) -> dict[str, str]:
    return package_files(program, [rows(5)], title="Spoken digits")


@pytest.fixture
def folder(files: dict[str, str], tmp_path: Path) -> Path:
    return write(files, tmp_path / "firmware")


def write(files: dict[str, str], folder: Path) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def c_files(program: Program) -> list[str]:
    return sorted(name for name in program.sources if name.endswith(".c"))


def test_all_sources_lie_flat_in_src(program: Program, folder: Path) -> None:
    assert {path.name: path.read_text() for path in (folder / "src").iterdir()} == dict(program.sources)


def test_the_same_network_gives_the_same_bytes(program: Program, files: dict[str, str], folder: Path) -> None:
    assert package_files(program, [rows(5)], title="Spoken digits") == files
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == set(files)


def test_platformio_finds_sources_headers_and_example(folder: Path) -> None:
    manifest = json.loads((folder / "library.json").read_text())
    assert manifest["name"] == "lilliput-spoken-digits"
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    assert (folder / manifest["build"]["srcDir"] / manifest["headers"]).is_file()
    assert (folder / manifest["build"]["includeDir"]).is_dir()
    assert all((folder / path).exists() for path in manifest["export"]["include"])
    for example in manifest["examples"]:
        assert all((folder / example["base"] / name).is_file() for name in example["files"])


def test_arduino_properties_are_complete(folder: Path) -> None:
    lines = (folder / "library.properties").read_text().splitlines()
    properties = dict(line.split("=", 1) for line in lines)
    needed = {"name", "version", "author", "maintainer", "sentence", "paragraph", "category", "architectures"}
    assert all(properties[key] for key in needed)
    assert len(lines) == len(properties)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}", properties["name"])
    assert (folder / "src" / properties["includes"]).is_file()
    assert (folder / "examples/Check/Check.ino").is_file()


def test_esp_idf_manifest_and_component_name_all_sources(program: Program, folder: Path) -> None:
    manifest = yaml.safe_load((folder / "idf_component.yml").read_text())
    assert manifest["version"] == "1.0.0"
    assert manifest["license"] == "Apache-2.0"
    assert manifest["description"].startswith("Spoken digits: ")
    cmake = (folder / "CMakeLists.txt").read_text()
    assert "idf_component_register(SRCS ${LILLIPUT_MODEL_SOURCES} INCLUDE_DIRS src)" in cmake
    assert re.findall(r"^ +(src/\S+\.c)$", cmake, re.MULTILINE) == [f"src/{name}" for name in c_files(program)]


def test_zephyr_module_names_all_sources_and_is_off(program: Program, folder: Path) -> None:
    module = yaml.safe_load((folder / "zephyr/module.yml").read_text())
    assert (folder / module["build"]["cmake"] / "CMakeLists.txt").is_file()
    assert "default n" in (folder / module["build"]["kconfig"]).read_text()
    cmake = (folder / "zephyr/CMakeLists.txt").read_text()
    named = re.findall(r"^ +(\.\./src/\S+\.c)$", cmake, re.MULTILINE)
    assert named == [f"../src/{name}" for name in c_files(program)]
    assert all((folder / "zephyr" / name).is_file() for name in named)
    assert "if(CONFIG_LILLIPUT_MODEL)" in cmake


def stand_in(folder: Path, name: str, text: str) -> str:
    """Run a part of a build system's language that we do not have as a CMake script, and give its messages."""
    script = folder.parent / "stand_in.cmake"
    script.write_text(text)
    cmake = shutil.which("cmake")
    if cmake is None:
        pytest.skip("cmake is not installed")
    done = subprocess.run([cmake, "-P", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_esp_idf_reads_the_component_without_the_rest(folder: Path) -> None:
    said = stand_in(
        folder,
        "esp",
        'set(ESP_PLATFORM 1)\nfunction(idf_component_register)\n  message("component ${ARGN}")\nendfunction()\n'
        f'include("{folder.as_posix()}/CMakeLists.txt")\n',
    )
    assert "component SRCS;src/lilliput_model.c;src/lp_dots_s8.c;src/lp_fully_connected_s8.c;INCLUDE_DIRS;src" in said


def test_zephyr_builds_it_only_when_switched_on(folder: Path) -> None:
    functions = "".join(
        f'function({name})\n  message("{name} ${{ARGN}}")\nendfunction()\n'
        for name in ("zephyr_library_named", "zephyr_library_sources", "zephyr_include_directories")
    )
    include = f'include("{folder.as_posix()}/zephyr/CMakeLists.txt")\n'
    assert stand_in(folder, "off", functions + include) == ""
    said = stand_in(folder, "on", "set(CONFIG_LILLIPUT_MODEL y)\n" + functions + include)
    assert "zephyr_library_sources ../src/lilliput_model.c;../src/lp_dots_s8.c;../src/lp_fully_connected_s8.c" in said


def test_cmake_builds_the_library_and_the_check_passes(folder: Path, tmp_path: Path) -> None:
    cmake, ctest = shutil.which("cmake"), shutil.which("ctest")
    if cmake is None or ctest is None or shutil.which("cc") is None:
        pytest.skip("cmake or a C compiler is not installed")
    build = tmp_path / "build"
    flags = "-DCMAKE_C_FLAGS=-Wall -Wextra -Wpedantic -Wconversion -Werror"
    subprocess.run([cmake, "-S", folder, "-B", build, flags], check=True, capture_output=True)
    subprocess.run([cmake, "--build", build], check=True, capture_output=True)
    done = subprocess.run(
        [ctest, "--test-dir", build, "--output-on-failure"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert subprocess.run([build / "check"], capture_output=True, text=True, check=True).stdout == "OK: 5 rows\n"


def run_sketch(folder: Path) -> str:
    """Compile the sketch as C++ and the library as C, as the Arduino build does, and run it here."""
    with build_folder() as work:
        shutil.copytree(folder, work / "library")
        sketch = (work / "library/examples/Check/Check.ino").read_text()
        (work / "Arduino.h").write_text(STUB)
        main = "\nint main() { setup(); loop(); return 0; }\n"
        (work / "sketch.cpp").write_text(f'#include "Arduino.h"\n{sketch}{main}')
        objects = []
        for source in sorted((work / "library/src").glob("*.c")):
            objects.append(f"{source.stem}.o")
            command = [
                *zig_command(),
                "cc",
                "-std=gnu11",
                *PLAIN,
                "-Ilibrary/src",
                "-c",
                str(source),
                "-o",
                objects[-1],
            ]
            run_tool(command, work, "compiling the library")
        flags = ["-std=gnu++11", "-Wall", "-Wextra", "-Werror", "-I.", "-Ilibrary/src", "-Ilibrary/examples/Check"]
        command = [
            *zig_command(),
            "c++",
            *flags,
            "-fno-exceptions",
            "-fno-rtti",
            *PLAIN,
            "-c",
            "sketch.cpp",
            "-o",
            "sketch.o",
        ]
        run_tool(command, work, "compiling the sketch")
        run_tool([*zig_command(), "cc", *PLAIN, "sketch.o", *objects, "-o", "sketch"], work, "linking the sketch")
        return subprocess.run([work / "sketch"], capture_output=True, text=True, check=True).stdout


def test_the_sketch_prints_ok(folder: Path) -> None:
    assert run_sketch(folder).splitlines()[-1] == "OK"


def test_the_sketch_prints_the_first_wrong_value(program: Program, folder: Path) -> None:
    header = folder / "examples/Check/lilliput_check.h"
    first = program.run(rows(5))[0][0]
    text = header.read_text()
    row = ", ".join(str(v) for v in first.tolist())
    assert row in text
    wrong = first.copy()
    wrong[3] ^= 1
    header.write_text(text.replace(row, ", ".join(str(v) for v in wrong.tolist()), 1))
    assert run_sketch(folder) == f"row 0, output 0, value 3: expected {wrong[3]}, got {first[3]}\n"


def test_stored_vectors_are_limited_in_size(program: Program) -> None:
    text = package_files(program, [rows(1000)])["examples/Check/lilliput_check.h"]
    count = int(re.findall(r"LILLIPUT_CHECK_ROWS (\d+)u", text)[0])
    assert count == VECTOR_BYTES // (64 + 12)


@pytest.mark.parametrize("title", ['a */ "b" \\', "x\n#include <y>", "Ünïcode // ${EVIL} $(x)", "***"])
def test_a_title_cannot_break_out_of_the_files(program: Program, title: str, tmp_path: Path) -> None:
    made = package_files(program, [rows(1)], title=title)
    json.loads(made["library.json"])
    assert yaml.safe_load(made["idf_component.yml"])["version"] == "1.0.0"
    assert run_sketch(write(made, tmp_path / "f")).endswith("OK\n")
    assert "EVIL}" not in made["CMakeLists.txt"]
    assert "\n#include <y>" not in made["examples/Check/Check.ino"]


def test_a_version_that_is_none_is_refused(program: Program) -> None:
    with pytest.raises(ValueError, match=r"three numbers such as 1\.0\.0, got 'new'"):
        package_files(program, [rows(1)], version="new")


def test_vectors_of_another_shape_are_refused(program: Program) -> None:
    with pytest.raises(ValueError, match="lilliput_model_input takes int8"):
        package_files(program, [rows(2)[:, 1:]])


def test_float_and_extreme_values_are_printed_exactly() -> None:
    from lilliput.boards.package import _literal

    assert _literal(-(2**31), "int32") == "(-2147483647 - 1)"
    assert np.float32(float(_literal(0.1, "float32").rstrip("f"))) == np.float32(0.1)
    assert _literal(1e10, "float32") == "10000000000.0f"


def test_a_sketch_that_does_not_compile_would_be_noticed(folder: Path) -> None:
    (folder / "examples/Check/Check.ino").write_text("void setup() { nothing(); }\nvoid loop() {}\n")
    with pytest.raises(ToolFailed, match="nothing"):
        run_sketch(folder)
