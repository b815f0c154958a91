"""Runs out of a store and into another: JSON Lines to keep and to carry, CSV to read elsewhere.

JSON Lines: a header line `{"format": "lilliput/runs", "version": 1}`, then one run a line with its metrics and
artefacts, oldest first. Nothing of the store itself goes out, so the same runs give the same bytes.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

from pydantic import TypeAdapter, ValidationError

from lilliput.core.errors import CutShort, OutOfRange
from lilliput.core.files import parse_json, read_bytes, write_text
from lilliput.core.files.documents import checked_header
from lilliput.core.store.records import Artifact, Metric, Run
from lilliput.core.store.results import Store

KIND = "runs"
_LARGEST = 2**63

CSV_COLUMNS = (
    "run", "paper", "command", "task", "model", "scale", "seed", "commit", "dirty", "started", "seconds",
    "peak_memory_bytes", "state", "metric", "split", "step", "value", "low", "high", "n", "unit",
)  # fmt: skip


class Imported(NamedTuple):
    """How many runs were new, and how many were there already."""

    added: int
    known: int


@dataclass(frozen=True)
class _Record:
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    run: Run
    metrics: list[Metric]
    artifacts: list[Artifact]


def export_lines(store: Store, runs: Iterable[Run] | None = None) -> str:
    """The runs (all by default) as JSON Lines, oldest first."""
    chosen = store.runs() if runs is None else list(runs)
    lines = [_line({"format": f"lilliput/{KIND}", "version": 1})]
    for run in sorted(chosen, key=lambda run: (run.started, run.id)):
        record = _Record(run, store.metrics(run.id), store.artifacts(run.id))
        lines.append(_line(dataclasses.asdict(record)))
    return "".join(lines)


def export_file(store: Store, path: Path, runs: Iterable[Run] | None = None) -> None:
    """Write `export_lines` to a file, whole or not at all.

    Raises:
        BadOutput: LP104. NoRoom: LP604.
    """
    write_text(path, export_lines(store, runs))


def import_file(store: Store, path: Path) -> Imported:
    """Enter the runs of a file; one that is there already (by id) is left as it is. All lines are checked first.

    Raises:
        FileError: LP2xx, the file is damaged or not of this format; nothing was entered then.
    """
    lines = read_bytes(path).split(b"\n")
    if lines[-1]:
        raise CutShort(f"{path} ends in the middle of line {len(lines)}")
    checked_header(parse_json(lines[0], name=f"{path}, line 1"), KIND, name=str(path))
    records = [_record(line, f"{path}, line {number}") for number, line in enumerate(lines[1:-1], start=2)]
    added = sum(store.add(record.run, record.metrics, record.artifacts) for record in records)
    return Imported(added, len(records) - added)


def export_csv(store: Store, runs: Iterable[Run] | None = None) -> str:
    """One row a metric (a run without any has one row), newest run first, with the columns `CSV_COLUMNS`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for run in store.runs() if runs is None else runs:
        about = [
            run.id, run.paper, run.command, run.task, run.model, run.scale, run.seed, run.commit, run.dirty,
            run.started, run.seconds, run.peak_memory_bytes, run.state,
        ]  # fmt: skip
        metrics = store.metrics(run.id)
        for m in metrics:
            writer.writerow([*about, m.name, m.split, m.step, m.value, m.low, m.high, m.n, m.unit])
        if not metrics:
            writer.writerow([*about, *[None] * 8])
    return text.getvalue()


def _record(line: bytes, name: str) -> _Record:
    value = parse_json(line, name=name)
    _check_whole_numbers(value, name)
    try:
        record = TypeAdapter(_Record).validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise OutOfRange(f"{name}: {place or 'the line'}: {first['msg']}") from None
    if not re.fullmatch(r"[0-9a-f]{12}", record.run.id):
        raise OutOfRange(f"{name}: run.id is {record.run.id[:40]!r}, not 12 hexadecimal digits")
    return record


def _check_whole_numbers(value: object, name: str) -> None:
    """SQLite holds 64 bits."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, int) and not -_LARGEST <= item < _LARGEST:
            raise OutOfRange(f"{name}: {item} does not fit in 64 bits")


def _line(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
