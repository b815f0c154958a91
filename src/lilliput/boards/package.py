"""The firmware folder: a compiled network as a library for the build systems of the field.

    firmware/
      src/                    lilliput_model.c/.h and the kernels; one flat folder, since Arduino compiles `src/` only
      CMakeLists.txt          library target, a check on this machine; registers as an ESP-IDF component
      idf_component.yml       ESP-IDF
      library.json            PlatformIO
      library.properties      Arduino
      zephyr/                 module.yml, CMakeLists.txt, Kconfig (off by default)
      examples/check.c        the check as a program;  examples/Check/  the same as a sketch, with the stored vectors
      README.md

The same network and vectors give the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from string import Template

import numpy as np

from lilliput.boards.firmware import template
from lilliput.boards.ports import Port, Ports, ports_of
from lilliput.compiler.graph import Array
from lilliput.compiler.program import Program

TEMPLATE_VERSION = 1
"""Raised when the layout of the folder changes."""

VECTOR_BYTES = 16 * 1024
"""At most this much of stored inputs and outputs: they lie in the board's flash beside the network."""

_FLOAT_BOUND = 1e-4
"""A stored check passes float32 outputs within this share of the largest."""

_C_TYPE = {"int8": "int8_t", "uint8": "uint8_t", "int16": "int16_t", "int32": "int32_t", "float32": "float"}


def package_files(
    program: Program,
    inputs: Sequence[Array],
    *,
    title: str = "",
    version: str = "1.0.0",
    author: str = "Lilliput",
    url: str = "",
) -> dict[str, str]:
    """Relative path → text of each file of the firmware folder.

    Args:
        program: the compiled network.
        inputs: raw integers for the check, (N, …) for each input; as many rows as fit `VECTOR_BYTES` are stored.
        title: for people; the graph's name by default.
        version: of the library, three numbers.
        author: for the Arduino manifest.
        url: for the Arduino manifest.

    Raises:
        ValueError: `version` is not three numbers, or an input has another dtype or shape than the network takes.
    """
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ValueError(f"`version` must be three numbers such as 1.0.0, got {version!r}")
    ports, title = ports_of(program), _plain(title or program.graph.name)
    ports.rows(inputs)  # refuses wrong shapes by name
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40] or "network"
    files = sorted(file for file in program.sources if file.endswith(".c"))
    words: dict[str, object] = {
        "title": title,
        "name": f"lilliput-{slug}",
        "version": version,
        "author": _plain(author),
        "url": re.sub(r"\s", "", url),
        "arena_bytes": ports.arena_bytes,
        "template_version": TEMPLATE_VERSION,
        "cmake_sources": "".join(f"    src/{file}\n" for file in files),
        "zephyr_sources": "".join(f"    ../src/{file}\n" for file in files),
        "usage": _usage(ports),
        "c_format": "%.9g" if _number_type(ports) == "float" else "%ld",
        "c_cast": "double" if _number_type(ports) == "float" else "long",
        "digits": ", 6" if _number_type(ports) == "float" else "",
    }
    description = f"{title}: a neural network compiled to C by Lilliput"
    made = {f"src/{file}": text for file, text in program.sources.items()}
    for path, file in _TEMPLATES.items():
        made[path] = Template(template(f"package/{file}")).substitute(words)
    made["examples/check.c"] = Template(template("package/check.c")).substitute(words)
    made["examples/Check/lilliput_check.h"] = _vectors(program, ports, inputs, title)
    made["library.json"] = _json(_platformio(words, description))
    made["idf_component.yml"] = (
        _yaml_lines(version=version, description=description, license="Apache-2.0")
        + "dependencies:\n  idf:\n    version: '>=5.0'\n"
    )
    made["zephyr/module.yml"] = "name: lilliput_model\nbuild:\n  cmake: zephyr\n  kconfig: zephyr/Kconfig\n"
    return dict(sorted(made.items()))


_TEMPLATES = {
    "CMakeLists.txt": "CMakeLists.txt",
    "README.md": "README.md",
    "examples/Check/Check.ino": "Check.ino",
    "library.properties": "library.properties",
    "zephyr/CMakeLists.txt": "zephyr_CMakeLists.txt",
    "zephyr/Kconfig": "zephyr_Kconfig",
}


def _platformio(words: Mapping[str, object], description: str) -> dict[str, object]:
    return {
        "name": words["name"],
        "version": words["version"],
        "description": description,
        "license": "Apache-2.0",
        "headers": "lilliput_model.h",
        "frameworks": "*",
        "platforms": "*",
        "build": {"srcDir": "src", "includeDir": "src"},
        "export": {"include": ["src", "examples", "library.json", "library.properties", "README.md"]},
        "examples": [{"name": "Check", "base": "examples/Check", "files": ["Check.ino", "lilliput_check.h"]}],
    }


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"


def _yaml_lines(**values: str) -> str:
    """Double-quoted JSON strings are YAML strings."""
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items())


def _plain(text: str) -> str:
    """One line of printable ASCII that ends no comment or string in C, CMake, Kconfig or a properties file."""
    return re.sub(r"\s+", " ", re.sub(r"[^A-Za-z0-9 .,:()_+/@-]|\*/|//", " ", text)).strip() or "network"


def _usage(ports: Ports) -> str:
    lines = [
        "/* define lilliput_model_read_input: lilliput_model.h says what it does */"
        if port.offset is None
        else f"/* write the input to {port.accessor}(arena) */"
        for port in ports.inputs
    ]
    lines.append("lilliput_model_run(arena);")
    return "\n".join([*lines, *(f"/* read the output from {port.accessor}(arena) */" for port in ports.outputs)])


def _vectors(program: Program, ports: Ports, inputs: Sequence[Array], title: str) -> str:
    row_bytes = sum(port.nbytes for port in (*ports.inputs, *ports.outputs))
    count = max(1, min(len(ports.rows(inputs)), VECTOR_BYTES // row_bytes))
    stored = [x[: count * port.shape[0]] for x, port in zip(inputs, ports.inputs, strict=True)]
    arrays, copies, compares = [], [], []
    for index, (port, values) in enumerate(zip(ports.inputs, stored, strict=True)):
        arrays.append(_array(f"lilliput_check_input_{index}", port, values))
        stored_row = f"lilliput_check_input_{index}[row]"
        copies.append(
            f"    lilliput_image = {stored_row};"
            if port.offset is None
            else f"    memcpy({port.accessor}(arena), {stored_row}, {port.nbytes}u);"
        )
    number = _number_type(ports)
    for index, (port, values) in enumerate(zip(ports.outputs, program.run(*stored), strict=True)):
        arrays.append(_array(f"lilliput_check_output_{index}", port, values))
        compares.append(_compare(index, port, values, number))
    window = [_CHECK_WINDOW] if ports.streamed else []
    return Template(template("package/lilliput_check.h")).substitute(
        title=title, rows=count, arrays="\n\n".join([*arrays, *window]), copies="\n".join(copies),
        compares="\n".join(compares), number=number, zero="0.0f" if number == "float" else "0",
    )  # fmt: skip


_CHECK_WINDOW = """/* The stored row that the network reads its windows from. Include this header in one file only. */
static const void *lilliput_image;

void lilliput_model_read_input(int32_t top, int32_t left, int32_t rows, int32_t columns, void *to)
{
    lilliput_model_copy_window(lilliput_image, top, left, rows, columns, to);
}"""


def _number_type(ports: Ports) -> str:
    """C type of the values that a failed check shows."""
    return "float" if any(port.dtype == "float32" for port in ports.outputs) else "int32_t"


def _array(name: str, port: Port, values: Array) -> str:
    elements = int(np.prod(port.shape))
    lines = [f"static const {_C_TYPE[port.dtype]} {name}[LILLIPUT_CHECK_ROWS][{elements}] = {{"]
    for row in np.asarray(values).reshape(-1, elements):
        line = "    {"
        for value in row.tolist():
            text = _literal(value, port.dtype)
            if len(line) + len(text) > 116:
                lines.append(line.rstrip())
                line = "     "
            line += f"{text}, "
        lines.append(line.rstrip(", ") + "},")
    return "\n".join([*lines, "};"])


def _literal(value: float, dtype: str) -> str:
    if dtype == "float32":
        text = repr(float(np.float32(value)))
        return f"{text}f" if any(mark in text for mark in ".en") else f"{text}.0f"
    return "(-2147483647 - 1)" if value == -(2**31) else str(value)


def _compare(index: int, port: Port, values: Array, number: str) -> str:
    expected, bound = f"lilliput_check_output_{index}[row][i]", _FLOAT_BOUND * float(np.abs(values).max(initial=0))
    test = f"memcmp(&got, &{expected}, sizeof got) != 0"
    if port.dtype == "float32":  # the reference adds in another order than the kernels do
        near = _literal(bound, "float32")
        test = f"!(got - {expected} <= {near} && {expected} - got <= {near})"
    return "\n".join(
        [
            f"    for (uint32_t i = 0; found.is_equal && i < {int(np.prod(port.shape))}u; i++) {{",
            f"        const {_C_TYPE[port.dtype]} got = {port.accessor}(arena)[i];",
            f"        if ({test}) {{",
            "            found.is_equal = 0;",
            f"            found.output = {index}u;",
            "            found.index = i;",
            f"            found.expected = ({number}){expected};",
            f"            found.got = ({number})got;",
            "        }",
            "    }",
        ]
    )
