"""Texts with any number of labels each, and where a file says so, the sentences that speak for a label.

    GoEmotions            TSV: label numbers with commas between, tab, text; labels.txt beside it. A part is bundled
    Hallmarks of Cancer   text/ID.txt and labels/ID.txt, a sentence a line; or one JSON object a line
    ours                  JSON lines: text, labels (names), optional id, split, and evidence: a list of label names for
                          each line of the text

Axes: N documents, K labels.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadTask, BadValue, CutShort, MissingFile, NotThisFormat
from lilliput.core.files.reading import read_bytes
from lilliput.tasks.splitting import split_items

_LIMIT = 8 * 1024**3
_GZIP = b"\x1f\x8b"
_SPLITS = {"train": 0, "validation": 1, "dev": 1, "valid": 1, "test": 2}


@dataclass(frozen=True, eq=False)
class Documents:
    """Texts and their labels.

    Args:
        ids: N different names.
        texts: N texts.
        y: (N, K) of 0 and 1.
        labels: names of the K labels.
        part: (N,) 0 train, 1 validation, 2 test.
        evidence: for each document and each line of it, (lines, K) of whether it speaks for a label; none where nothing
            is known.

    Raises:
        BadTask: LP103, no documents, a name that is there twice, or parts that are missing.
    """

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    y: NDArray[np.bool_]
    labels: tuple[str, ...]
    part: NDArray[np.int64]
    evidence: tuple[NDArray[np.bool_], ...] | None = None

    def __post_init__(self) -> None:
        if not self.texts:
            raise BadTask("there are no documents")
        seen: set[str] = set()
        for name in self.ids:
            if name in seen:
                raise BadTask(f"document {name!r} is there twice", why="one of them could be in training and in test")
            seen.add(name)

    def __len__(self) -> int:
        return len(self.texts)

    def of_part(self, part: int) -> Documents:
        """Those of one part."""
        return self.at(np.flatnonzero(self.part == part))

    def at(self, rows: NDArray[np.intp]) -> Documents:
        """Some of them."""
        evidence = None if self.evidence is None else tuple(self.evidence[i] for i in rows)
        return replace(
            self,
            ids=tuple(self.ids[i] for i in rows),
            texts=tuple(self.texts[i] for i in rows),
            y=self.y[rows],
            part=self.part[rows],
            evidence=evidence,
        )

    def most_frequent(self, count: int) -> Documents:
        """With the labels that most documents have, the most frequent first; documents without any are left out."""
        order = np.argsort(-self.y.sum(0), kind="stable")[:count]
        kept = replace(
            self,
            y=self.y[:, order],
            labels=tuple(self.labels[i] for i in order),
            evidence=None if self.evidence is None else tuple(lines[:, order] for lines in self.evidence),
        )
        return kept.at(np.flatnonzero(kept.y.any(1)))


def read_documents(place: Path) -> Documents:
    """A folder or file in one of the forms of this page.

    Raises:
        MissingFile: LP221. NotThisFormat: LP200, another kind of file. FileError: LP2xx, a file is damaged.
    """
    if (place / "text").is_dir() and (place / "labels").is_dir():
        return read_hallmarks(place)
    if place.is_dir():
        raise MissingFile(f"{place} has no folders text and labels", fix="or name a .jsonl or .tsv file")
    name = place.name.removesuffix(".gz")
    if name.endswith(".jsonl"):
        return read_json_lines(place)
    if name.endswith(".tsv"):
        return read_emotions(place)
    raise NotThisFormat(f"{place} is no .jsonl, no .tsv and no folder of documents")


def bundled_documents() -> Documents:
    """The bundled part of GoEmotions."""
    with as_file(files("lilliput.tasks").joinpath("data/emotions/dev.tsv.gz")) as path:
        return read_emotions(path)


def read_emotions(path: Path) -> Documents:
    """A part of GoEmotions; `labels.txt` or `goemotions_labels.txt` lies beside it.

    Raises:
        MissingFile: LP221, no labels. BadValue: LP207, a line of another form, or a label that has no name.
    """
    names = next(
        (path.parent / n for n in ("labels.txt", "goemotions_labels.txt") if (path.parent / n).is_file()), None
    )
    if names is None:
        raise MissingFile(f"{path.parent} has no labels.txt", why="label numbers are lines of it")
    labels = tuple(_text(names).split())
    texts, rows = [], []
    for place, line in enumerate(_text(path).split("\n"), 1):
        if not line:
            continue
        numbers, tab, text = line.partition("\t")
        marked = [int(number) for number in numbers.split(",") if number.isdigit()]
        if not tab or not marked or len(marked) != len(numbers.split(",")) or max(marked) >= len(labels):
            raise BadValue(f"{path}: line {place} is not label numbers below {len(labels)}, a tab and a text")
        texts.append(text)
        rows.append(marked)
    y = _marks(rows, len(labels))
    ids = [f"{path.name} {i}" for i in range(len(texts))]
    return Documents(tuple(ids), tuple(texts), y, labels, _parts(ids, y))


def read_hallmarks(folder: Path) -> Documents:
    """The published folders; labels of the highest level, a line of the text for each field of the labels.

    Raises:
        MissingFile: LP221, a text without labels. CutShort: LP202, other counts of sentences and of fields.
    """
    found = []
    for path in sorted((folder / "text").glob("*.txt")):
        labels = folder / "labels" / path.name
        if not labels.is_file():
            raise MissingFile(f"{labels} is not there", why=f"{path.name} has a text")
        found.append((path.stem, _text(path), _text(labels), str(path)))
    return _hallmarks(found)


def _hallmarks(found: Sequence[tuple[str, str, str, str]]) -> Documents:
    rows: list[list[set[str]]] = []
    for _, text, marked, where in found:
        fields, lines = marked.strip("\n").split("<"), _lines(text)
        # Fields are sentences; the published files have one before the first in some cases.
        fields = fields[1:] if len(fields) == len(lines) + 1 and not fields[0].strip() else fields
        if len(fields) != len(lines):
            raise CutShort(f"{where}: {len(lines)} sentences and {len(fields)} fields of labels")
        rows.append([_of_field(field) for field in fields])
    labels = tuple(sorted({name for lines in rows for names in lines for name in names}))
    evidence = tuple(np.array([[name in names for name in labels] for names in lines], bool) for lines in rows)
    y = np.array([lines.any(0) for lines in evidence], bool).reshape(len(rows), len(labels))
    ids = [name for name, *_ in found]
    texts = tuple("\n".join(_lines(text)) for _, text, *_ in found)
    return Documents(tuple(ids), texts, y, labels, _parts(ids, y), evidence)


def _of_field(field: str) -> set[str]:
    names = (part.split("--")[0].strip() for part in field.split("AND"))
    return {name for name in names if name and name != "NULL"}


def read_json_lines(path: Path) -> Documents:
    """JSON objects, one a line: `text` and `labels`, a list of names or the published form of Hallmarks of Cancer.

    Raises:
        BadValue: LP207, a line that is no such object; it is named.
    """
    items = []
    for place, line in enumerate(_text(path).split("\n"), 1):
        if line.strip():
            items.append(_object(path, place, line))
    if items and all(isinstance(item["labels"], str) for item in items):
        return _hallmarks(
            [(str(item.get("id", i)), item["text"], item["labels"], f"{path} {i}") for i, item in enumerate(items, 1)]
        )
    names = sorted({str(name) for item in items for name in item["labels"]})
    number = {name: i for i, name in enumerate(names)}
    y = _marks([[number[str(name)] for name in item["labels"]] for item in items], len(names))
    ids = [str(item.get("id", i)) for i, item in enumerate(items, 1)]
    part = _parts(ids, y)
    if all("split" in item for item in items):
        part = np.array([_part(path, item["split"]) for item in items], np.int64)
    evidence = None
    if all("evidence" in item for item in items):
        evidence = tuple(
            _marks([[number[n] for n in names] for names in item["evidence"]], len(number)) for item in items
        )
    return Documents(tuple(ids), tuple(str(item["text"]) for item in items), y, tuple(names), part, evidence)


def _object(path: Path, place: int, line: str) -> dict[str, Any]:
    try:
        item = json.loads(line)
    except ValueError as error:
        raise BadValue(f"{path}: line {place} is no JSON: {error}") from None
    if not isinstance(item, dict) or not isinstance(item.get("text"), str):
        raise BadValue(f"{path}: line {place} has no text")
    if not isinstance(item.get("labels"), list | str):
        raise BadValue(f"{path}: line {place} has no labels", fix="a list of names, [] where there are none")
    known = {str(name) for name in item["labels"]} if isinstance(item["labels"], list) else set()
    evidence = item.get("evidence", [])
    shaped = isinstance(evidence, list) and all(isinstance(names, list) for names in evidence)
    if "evidence" in item and (not shaped or len(evidence) != len(_lines(item["text"]))):
        raise BadValue(f"{path}: line {place}: `evidence` must be a list of labels for each line of the text")
    if any(name not in known for names in evidence for name in names):
        raise BadValue(f"{path}: line {place} has evidence for a label that it has not")
    return item


def _part(path: Path, name: object) -> int:
    if name not in _SPLITS:
        raise BadValue(f"{path}: split {name!r}", fix=f"one of {', '.join(_SPLITS)}")
    return _SPLITS[str(name)]


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def _marks(rows: Iterable[Sequence[int]], labels: int) -> NDArray[np.bool_]:
    rows = list(rows)
    y = np.zeros((len(rows), labels), bool)
    for row, marked in zip(y, rows, strict=True):
        row[list(marked)] = True
    return y


def _parts(ids: Sequence[str], y: NDArray[np.bool_]) -> NDArray[np.int64]:
    """By the hash of the names: 65, 15 and 20 % of the documents, whatever their labels."""
    return split_items(ids, np.zeros(len(y), np.int64))


def _text(path: Path) -> str:
    raw = read_bytes(path, limit=_LIMIT)
    try:
        return (gzip.decompress(raw) if raw[:2] == _GZIP else raw).decode("utf-8")
    except (OSError, EOFError) as error:
        raise CutShort(f"{path} is damaged: {error}") from None
    except UnicodeDecodeError as error:
        raise BadValue(f"{path} is not utf-8 text: byte {error.start}") from None
