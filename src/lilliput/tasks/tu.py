"""Graphs in the text format of TUDataset, read from a folder or an archive, and written.

    NAME_A.txt                 a line an edge: two numbers of nodes, from 1 on, over all graphs
    NAME_graph_indicator.txt   a line a node: the number of its graph, from 1 on, ascending
    NAME_graph_labels.txt      a line a graph: one whole number
    NAME_node_labels.txt       a line a node: whole numbers with commas between; may be missing
    NAME_node_attributes.txt   a line a node: real numbers with commas between; may be missing

Nodes without labels and attributes get their degree as label, and a note says so. Labels of edges are not read.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import (
    BadTask,
    BadValue,
    CutShort,
    ImpossibleSize,
    MissingFile,
    NotThisFormat,
    OutOfRange,
    UnknownName,
)
from lilliput.core.files import write_folder, write_text
from lilliput.core.files.reading import read_bytes
from lilliput.tasks.graphs import Edges, GraphSet, Ints, numbered, undirected

PUBLISHED = ("MCF-7", "MOLT-4", "PC-3", "SW-620", "NCI-H23", "OVCAR-8", "P388", "SF-295", "SN12C", "UACC257")
"""The bioassay sets that RQGNN was published on (arXiv:2310.02861), by their names in TUDataset; 1 is active."""

_LIMIT = 2 * 1024**3
_HOME = "https://chrsmrrs.github.io/datasets"
_Files = Callable[[str], bytes | None]


def read_tu(place: Path, name: str = "", *, anomaly: int | None = None, has_labels: bool = True) -> GraphSet:
    """One set of `place`: a folder with its files, a folder of such folders or archives, or an archive.

    Args:
        place: folder or .zip.
        name: of the set; may be left out where there is one only.
        anomaly: the label of the anomalies; by default 1 for the published sets, and the rarer one for others.
        has_labels: whether the graphs have labels. If not, none is looked for, and all count as normal.

    Raises:
        UnknownName: LP100, a name that can be none. MissingFile: LP221, no such set there. NotThisFormat: LP200, no
            archive.
        BadValue: LP207, a line that is no such numbers, graphs that are not one after the other, or an edge between two
            graphs. CutShort: LP202, files of different lengths. OutOfRange: LP203, a node or graph that is not there.
        BadTask: LP103, one label only, or more than two and no `anomaly`.
    """
    name, files = _found(place, name)
    indicator = _needed(files, name, "graph_indicator")
    labels = _needed(files, name, "graph_labels") if has_labels else np.zeros((indicator.max(initial=0), 1), np.int64)
    starts = _starts(f"{name}_graph_indicator.txt", indicator[:, 0], len(labels))
    edges = _edges(f"{name}_A.txt", _needed(files, name, "A"), indicator[:, 0])
    y, which = _anomalies(name, labels[:, 0], anomaly) if has_labels else (labels[:, 0] > 0, "no labels were read")
    columns, attributes, features, about = _features(files, name, len(indicator), edges.pairs)
    notes = [which, *about, *edges.repairs()]
    empty = int((np.diff(starts) == 0).sum())
    if empty:
        notes.append(f"{empty} graphs have no nodes")
    return GraphSet(name, starts, columns, attributes, edges.pairs, y, tuple(features), tuple(notes))


def write_tu(graphs: GraphSet, folder: Path) -> None:
    """Write a set with one label a node as the folder of TUDataset; both directions of each edge, anomalies are 1.

    Raises:
        ValueError: nodes with several labels, with none, or with attributes.
        BadOutput: LP104, the folder holds something else.
    """
    if graphs.columns.shape[1] != 1 or graphs.attributes.shape[1] or (graphs.columns < 0).any():
        raise ValueError("only graphs with one label a node can be written")
    both = np.concatenate([graphs.edges, graphs.edges[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))] + 1
    parts = {
        "A": "".join(f"{i}, {j}\n" for i, j in both),
        "graph_indicator": "".join(f"{g}\n" for g in graphs.graph + 1),
        "graph_labels": "".join(f"{int(one)}\n" for one in graphs.y),
        "node_labels": "".join(f"{label}\n" for label in graphs.columns[:, 0]),
    }
    with write_folder(folder) as made:
        for part, text in parts.items():
            write_text(made / f"{graphs.name}_{part}.txt", text)


def _found(place: Path, name: str) -> tuple[str, _Files]:
    """The name of the set, and its files."""
    if set(name) & set("/\\*?["):
        raise UnknownName(f"no set is called {name!r}", fix="its files are NAME_A.txt, NAME_graph_indicator.txt, ...")
    if place.suffix == ".zip":
        return _archive(place, name or place.stem)
    folders = [place, place / name, place / name / "raw", place / "raw"] if name else [place, place / "raw"]
    for folder in folders:
        found = sorted(folder.glob(f"{name or '*'}_A.txt"))
        if len(found) > 1:
            names = ", ".join(path.name.removesuffix("_A.txt") for path in found)
            raise MissingFile(f"{folder} holds several sets: {names}", fix="name one of them")
        if found:
            return _folder(found[0])
    if name and (place / f"{name}.zip").is_file():
        return _archive(place / f"{name}.zip", name)
    where = f"{name} of {_HOME}, unpacked into it" if name in PUBLISHED else "a folder with NAME_A.txt, or an archive"
    raise MissingFile(f"{place} has no {name or '*'}_A.txt", fix=f"name {where}")


def _folder(first: Path) -> tuple[str, _Files]:
    name = first.name.removesuffix("_A.txt")

    def read(part: str) -> bytes | None:
        path = first.parent / f"{name}_{part}.txt"
        return read_bytes(path, limit=_LIMIT) if path.exists() else None

    return name, read


def _archive(path: Path, name: str) -> tuple[str, _Files]:
    def read(part: str) -> bytes | None:
        try:
            with zipfile.ZipFile(io.BytesIO(read_bytes(path, limit=_LIMIT))) as archive:
                infos = [one for one in archive.infolist() if one.filename.split("/")[-1] == f"{name}_{part}.txt"]
                if not infos:
                    return None
                if infos[0].file_size > _LIMIT:
                    raise ImpossibleSize(f"{path}: {infos[0].filename} has {infos[0].file_size} B unpacked")
                return archive.read(infos[0])
        except zipfile.BadZipFile as error:
            raise NotThisFormat(f"{path} is not a whole archive", why=str(error)) from None
        except (zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError, struct.error) as error:
            raise CutShort(f"{path} is damaged", why=str(error)) from None

    if read("A") is None:
        raise MissingFile(f"{path} has no {name}_A.txt", fix="name the set that it holds")
    return name, read


def _needed(files: _Files, name: str, part: str) -> Ints:
    raw = files(part)
    if raw is None:
        raise MissingFile(f"{name}_{part}.txt is not there", why="every set of TUDataset has it")
    return _table(f"{name}_{part}.txt", raw, np.int64, 2 if part == "A" else 1)


def _table(name: str, raw: bytes, dtype: type, width: int = 0) -> NDArray[Any]:
    """Numbers with commas between, a line each; blank lines at the end do not count."""
    try:
        text = raw.decode("ascii").rstrip()
    except UnicodeDecodeError as error:
        raise BadValue(f"{name}: byte {error.start} is no digit") from None
    lines = text.split("\n") if text else []
    count = width or (lines[0].count(",") + 1 if lines else 1)
    try:
        values: NDArray[Any] = np.array(text.replace(",", " ").split(), dtype)
        wrong = len(values) != count * len(lines) or any(line.count(",") != count - 1 for line in lines)
        whole = not np.issubdtype(dtype, np.floating) or bool(np.isfinite(values).all())
    except (ValueError, OverflowError):
        wrong, whole = True, True
    if wrong or not whole:
        kind = "finite" if np.issubdtype(dtype, np.floating) else "whole"
        place = next(place for place, line in enumerate(lines, 1) if not _is_row(line, dtype, count))
        raise BadValue(f"{name}: line {place} is not {count} {kind} number{'s' if count > 1 else ''}")
    return values.reshape(len(lines), count)


def _is_row(line: str, dtype: type, count: int) -> bool:
    try:
        row: NDArray[Any] = np.array([word.strip() for word in line.split(",")], dtype)
    except (ValueError, OverflowError):
        return False
    return len(row) == count and bool(np.isfinite(row.astype(np.float64)).all())


def _starts(name: str, indicator: Ints, graphs: int) -> Ints:
    if len(indicator) and not (indicator.min() >= 1 and indicator.max() <= graphs):
        line = int(np.argmax((indicator < 1) | (indicator > graphs)))
        raise OutOfRange(f"{name}: line {line + 1} is graph {indicator[line]}; there are labels of {graphs}")
    back = np.flatnonzero(np.diff(indicator) < 0)
    if len(back):
        raise BadValue(
            f"{name}: line {back[0] + 2} goes back to graph {indicator[back[0] + 1]}",
            why="the nodes of a graph must stand together, in the order of the graphs",
        )
    return np.searchsorted(indicator, np.arange(1, graphs + 2)).astype(np.int64)


def _edges(name: str, lines: Ints, indicator: Ints) -> Edges:
    nodes = len(indicator)
    outside = (lines < 1) | (lines > nodes)
    if outside.any():
        line, end = np.argwhere(outside)[0]
        raise OutOfRange(f"{name}: line {line + 1} is of node {lines[line, end]}; there are {nodes}")
    ends = indicator[lines - 1]
    across = np.flatnonzero(ends[:, 0] != ends[:, 1])
    if len(across):
        first = across[0]
        raise BadValue(f"{name}: line {first + 1} joins a node of graph {ends[first, 0]} and one of {ends[first, 1]}")
    return undirected(lines - 1)


def _anomalies(name: str, labels: Ints, anomaly: int | None) -> tuple[NDArray[np.bool_], str]:
    found, counts = np.unique(labels, return_counts=True)
    said = ", ".join(f"{label} ({count})" for label, count in zip(found, counts, strict=True))
    if anomaly is None:
        if len(found) > 2:
            raise BadTask(f"{name} has the labels {said}", fix="name the one of the anomalies")
        anomaly = 1 if name in PUBLISHED else int(found[np.argmin(counts)])
    if len(found) < 2 or anomaly not in found:
        raise BadTask(f"{name} has no graphs of both kinds", why=f"its labels are {said}; {anomaly} is the anomaly")
    return labels == anomaly, f"anomalies are the graphs with the label {anomaly}, of {said}"


def _features(
    files: _Files, name: str, nodes: int, edges: Ints
) -> tuple[Ints, NDArray[np.float32], Sequence[str], list[str]]:
    """Columns, attributes, names of the features, and notes."""
    columns, words, notes = np.zeros((nodes, 0), np.int64), list[str](), list[str]()
    attributes = np.zeros((nodes, 0), np.float32)
    for part, dtype in (("node_labels", np.int64), ("node_attributes", np.float64)):
        raw = files(part)
        if raw is None:
            continue
        table = _table(f"{name}_{part}.txt", raw, dtype)
        if len(table) != nodes:
            raise CutShort(f"{name}_{part}.txt has {len(table)} lines, and there are {nodes} nodes")
        if dtype is np.int64:
            columns, words = numbered([*table.T])
        else:
            attributes = table.astype(np.float32)
    if not words and not attributes.shape[1]:
        columns, words = numbered([np.bincount(edges.ravel(), minlength=nodes)])
        words = [f"degree {word}" for word in words]
        notes.append("the nodes have no labels: their degree stands for one")
    words += [f"attribute {i}" for i in range(attributes.shape[1])]
    return columns, attributes, words, notes
