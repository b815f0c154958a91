"""A compiled network as a folder, and back.

report.json, report.md, memory.svg     what was measured
model/graph.json                       the integer graph, without constants
model/model.int8.safetensors           its constants; model.float32.safetensors of a network in float32
check/vectors.safetensors              raw inputs and the outputs that any build of the C must give for them
firmware/                              the C, and manifests for the build systems of the field
MANIFEST.json                          size and SHA-256 of each file
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lilliput.boards import Board, get_board
from lilliput.boards.package import package_files
from lilliput.boards.report import report_markdown
from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.memory_svg import memory_svg
from lilliput.compiler.program import Program, compile_graph
from lilliput.compiler.serialise import graph_from_plain, graph_to_plain
from lilliput.core.errors import BadName, MissingFile, NotThisFormat
from lilliput.core.files import read_bytes, read_json, write_json, write_text
from lilliput.core.files.tensors import read_tensors, write_tensors

GRAPH = "model/graph.json"
CONSTANTS, CONSTANTS_FLOAT = "model/model.int8.safetensors", "model/model.float32.safetensors"
VECTORS, REPORT = "check/vectors.safetensors", "report.json"
VECTOR_ROWS = 8
"""Items stored for the user's own check: enough to meet each class of a small task, few enough for flash."""


@dataclass(frozen=True, eq=False)
class Compiled:
    """What a compiled folder holds.

    Args:
        program: the graph compiled anew for the board, with the C files as they lie in the folder.
        printed: the C files as this version prints them.
        board: what it was compiled for.
        report: the stored report.
        inputs, outputs: the check vectors.
    """

    program: Program
    printed: Mapping[str, str]
    board: Board
    report: Mapping[str, Any]
    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]


def write_compiled(folder: Path, program: Program, report: Mapping[str, Any], inputs: Sequence[Array]) -> None:
    """Write all of it into an empty folder that the caller moves into place.

    Args:
        folder: where to; its own manifest is the caller's to add (`core.files.write_folder`).
        program: the compiled network.
        report: what `make_report` gave.
        inputs: raw integer items for the check vectors; at most `VECTOR_ROWS` are kept.
    """
    stored = [VECTOR_ROWS * value.leading for value in program.inputs]
    rows = [np.ascontiguousarray(x[:count]) for x, count in zip(inputs, stored, strict=True)]
    outputs = program.run(*rows)
    for part in ("model", "check"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    plain, constants = graph_to_plain(program.graph)
    write_json(folder / GRAPH, "graph", plain)
    is_float = report.get("arithmetic") == "float32"
    write_tensors(folder / (CONSTANTS_FLOAT if is_float else CONSTANTS), constants)
    vectors = {f"input_{i}": x for i, x in enumerate(rows)} | {f"output_{i}": y for i, y in enumerate(outputs)}
    write_tensors(folder / VECTORS, vectors)
    write_json(folder / REPORT, "report", dict(report))
    write_text(folder / "report.md", report_markdown(report))
    title = f"{program.graph.name} on {report['board']['name']}"
    write_text(folder / "memory.svg", memory_svg(program.plan, program.steps, title))
    for name, text in package_files(program, rows).items():
        path = folder / "firmware" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)


def read_compiled(folder: Path) -> Compiled:
    """Read a folder that `lilliput compile` or `lilliput build` wrote.

    Raises:
        MissingFile: LP221, a file is not there.
        FileError: LP2xx, a file is damaged or does not belong to the others.
    """
    report = read_json(folder / REPORT, "report")
    board = get_board(_board_name(report, folder / REPORT))
    inputs, outputs = read_vectors(folder)
    program = compile_graph(read_graph(folder), board.target)
    sources = read_sources(folder)
    return Compiled(replace(program, sources=sources), program.sources, board, report, inputs, outputs)


def read_graph(folder: Path) -> Graph:
    """The integer graph of a compiled folder.

    Raises:
        MissingFile: LP221, a file is not there. FileError: LP2xx, a file is damaged.
    """
    is_float = read_json(folder / REPORT, "report").get("arithmetic") == "float32"
    return graph_from_plain(
        {key: value for key, value in read_json(folder / GRAPH, "graph").items() if key not in ("format", "version")},
        read_tensors(folder / (CONSTANTS_FLOAT if is_float else CONSTANTS)),
        str(folder / GRAPH),
    )


def read_sources(folder: Path) -> dict[str, str]:
    """The C files of a compiled folder by name.

    Raises:
        MissingFile: LP221, there are none. NotThisFormat: LP200, one is not UTF-8 text.
    """
    place = folder / "firmware" / "src"
    paths = sorted(path for path in place.glob("*") if path.suffix in (".c", ".h"))
    if not paths:
        raise MissingFile(f"{place} holds no C files", fix="name a folder that `lilliput compile` or `build` wrote")
    try:
        return {path.name: read_bytes(path, limit=64 << 20).decode("utf-8") for path in paths}
    except UnicodeDecodeError as error:
        raise NotThisFormat(f"{place} holds a file that is not text: {error.reason}") from None


def read_vectors(folder: Path) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """The check vectors: raw inputs and expected outputs, (N, …) each, in order.

    Raises:
        FileError: LP2xx, the file is missing or damaged.
    """
    path = folder / VECTORS
    vectors = read_tensors(path)
    count = {kind: sum(name.startswith(kind) for name in vectors) for kind in ("input_", "output_")}
    wanted = {f"{kind}{i}" for kind, n in count.items() for i in range(n)}
    if set(vectors) != wanted or not all(count.values()):
        raise BadName(f"{path} must hold input_0, … and output_0, …, it holds {', '.join(sorted(vectors)[:8])}")
    found = [tuple(vectors[f"{kind}{i}"] for i in range(n)) for kind, n in count.items()]
    return found[0], found[1]


def read_report(folder: Path) -> dict[str, Any]:
    """The stored report of a compiled folder.

    Raises:
        FileError: LP2xx, the report is missing or damaged.
        BadName: LP205, it lacks what every report has.
    """
    path = folder / REPORT
    report: dict[str, Any] = read_json(path, "report")
    _board_name(report, path)
    missing = [key for key in ("model", "layers", "macs", "instructions") if key not in report]
    if missing:
        raise BadName(f"{path} lacks {', '.join(missing)}")
    return report


def read_board_name(folder: Path) -> str:
    """The board that a folder was compiled for.

    Raises:
        FileError: LP2xx, the report is missing or damaged.
    """
    return _board_name(read_json(folder / REPORT, "report"), folder / REPORT)


def _board_name(report: Mapping[str, Any], path: Path) -> str:
    board = report.get("board")
    name = board.get("name") if isinstance(board, Mapping) else None
    if not isinstance(name, str):
        raise BadName(f"{path} names no board")
    return name
