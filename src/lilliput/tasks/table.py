"""A table of numbers and words with one column to predict, from a CSV file. Missing cells stay missing here."""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import math
import re
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import (
    BadName,
    BadTask,
    BadValue,
    CutShort,
    ImpossibleSize,
    NotThisFormat,
    OutOfRange,
)
from lilliput.core.files import read_bytes
from lilliput.tasks.task import Array

MAX_BYTES = 64 << 20  # unpacked
MAX_COLUMNS = 4096
MAX_WORDS = 64  # different words in one column; more is a name or a note, not a category
MISSING = ("", "?", "na", "n/a", "nan", "null", "none")  # in any case
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?")
_SEPARATORS = ",;\t"


@dataclass(frozen=True, eq=False)
class Column:
    """One column.

    Args:
        name: as in the header.
        kind: "number", or "category" for words and for numbers that are codes.
        values: (N,) float64 with NaN where missing, or text with "" where missing.
    """

    name: str
    kind: Literal["number", "category"]
    values: Array

    @property
    def missing(self) -> NDArray[np.bool_]:
        """(N,): whether the cell is missing."""
        return np.isnan(self.values) if self.kind == "number" else self.values == ""


@dataclass(frozen=True, eq=False)
class Table:
    """Rows with their classes.

    Args:
        name: of the file, or as bundled.
        columns: what to predict from.
        y: (N,) int64, numbers of `labels`.
        labels: names of the classes.
        group: (N,) text: the hospital or person a row is from; None where the table does not say.
        licence: SPDX expression, or "unknown" for a user's own data.
        source: where the data are from.
        target: name of the column that `y` was made of.
    """

    name: str
    columns: tuple[Column, ...]
    y: NDArray[np.int64]
    labels: tuple[str, ...]
    group: Array | None = None
    licence: str = "unknown"
    source: str = ""
    target: str = ""

    def __len__(self) -> int:
        return len(self.y)

    def rows(self, keep: Array) -> Table:
        """The rows at those places, or where `keep` is true."""
        columns = tuple(Column(c.name, c.kind, c.values[keep]) for c in self.columns)
        group = None if self.group is None else self.group[keep]
        return Table(self.name, columns, self.y[keep], self.labels, group, self.licence, self.source, self.target)

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            BadTask: LP103, there is none; near names are suggested.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise _no_column(self.name, name, [column.name for column in self.columns])


def read_table(
    path: Path,
    target: str,
    *,
    group: str = "",
    leave_out: Collection[str] = (),
    categories: Collection[str] = (),
    zero_is_missing: Collection[str] = (),
    has_target: bool = True,
) -> Table:
    """A CSV file with a header as a table.

    Fields are separated by commas, semicolons or tabs; a name that ends in .gz is unpacked. A column of which each cell
    is a number is one of numbers, any other one of categories. Empty cells, "?", "NA" and the like are missing.

    Args:
        path: the file.
        target: name of the column to predict.
        group: name of a column that says where a row is from; it is not predicted from.
        leave_out: names of columns that are not looked at, such as a patient's number.
        categories: names of columns of numbers that are codes.
        zero_is_missing: names of columns of numbers in which 0 says "not measured".
        has_target: False for rows to be predicted: `target` may then be missing, and every class is 0.

    Raises:
        MissingFile: LP221. NotThisFormat: LP200, no header, no rows, or not text in UTF-8.
        ImpossibleSize: LP204, above the limits. CutShort: LP202, a damaged .gz.
        OutOfRange: LP203, a row with more or fewer cells than the header.
        BadName: LP205, a column without a name, or two of one name.
        BadValue: LP207, a number that is not finite, or a row without a class.
        BadTask: LP103, no such column, one class only, a column without values or with too many words.
    """
    header, cells = _cells(path)
    if has_target and target not in header:
        raise _no_column(path.name, target, header)
    for name in (*([group] if group else []), *leave_out, *categories, *zero_is_missing):
        if name not in header:
            raise _no_column(path.name, name, header)
    skipped = {target, group, *leave_out}
    columns = tuple(
        _column(path, name, cells[:, i], name in categories, name in zero_is_missing, whole=has_target)
        for i, name in enumerate(header)
        if name not in skipped
    )
    if not columns:
        raise BadTask(f"{path.name} has nothing to predict {target!r} from", why="every other column is left out")
    nothing: tuple[NDArray[np.int64], tuple[str, ...]] = (np.zeros(len(cells), np.int64), ("",))
    y, labels = _classes(path, target, cells[:, header.index(target)]) if has_target else nothing
    groups = cells[:, header.index(group)] if group else None
    return Table(path.name.split(".")[0], columns, y, labels, groups, source=path.name, target=target)


def _cells(path: Path) -> tuple[list[str], Array]:
    """The header, and all cells as text without blanks around it, (N, columns)."""
    text = _text(path)
    first = text.split("\n", 1)[0]
    separator = max(_SEPARATORS, key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True) if row]
    except csv.Error as error:
        raise NotThisFormat(f"{path} is not a table: {error}") from None
    if len(rows) < 2:
        raise NotThisFormat(f"{path} has no rows", why="a header and at least one row are needed")
    header = [name.strip() for name in rows[0]]
    if len(header) > MAX_COLUMNS:
        raise ImpossibleSize(f"{path} has {len(header)} columns, the limit is {MAX_COLUMNS}")
    if "" in header or len(set(header)) < len(header):
        double = next((name for name in header if header.count(name) > 1), "")
        what = f"two columns called {double!r}" if double else f"no name for column {header.index('') + 1}"
        raise BadName(f"{path} has {what}", fix="name each column in the first line, each by another name")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise OutOfRange(f"{path}, row {number}: {len(row)} cells under {len(header)} column names")
    return header, np.array([[cell.strip() for cell in row] for row in rows[1:]], dtype=np.str_)


def _text(path: Path) -> str:
    content = read_bytes(path, limit=MAX_BYTES)
    if path.suffix == ".gz":
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
                content = file.read(MAX_BYTES + 1)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise CutShort(f"{path} cannot be unpacked: {error}") from None
        if len(content) > MAX_BYTES:
            raise ImpossibleSize(f"{path} unpacks to more than {MAX_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotThisFormat(f"{path} is not text in UTF-8: byte {error.start}", fix="save it as CSV in UTF-8") from None
    if "\0" in text:
        raise NotThisFormat(f"{path} is not text: it holds zero bytes", fix="save it as CSV in UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _column(path: Path, name: str, cells: Array, is_code: bool, zero_is_missing: bool, *, whole: bool) -> Column:
    """`whole`: a column without a value is refused, and so is one with too many words."""
    missing = np.isin(np.char.lower(cells), MISSING)
    if whole and missing.all():
        raise BadTask(f"{path.name}: column {name!r} has no value", fix=f"leave it out: --set 'leave_out=[\"{name}\"]'")
    known = cells[~missing]
    if not is_code and all(_NUMBER.fullmatch(cell) or _is_infinite(cell) for cell in known):
        values = np.full(len(cells), np.nan)
        values[~missing] = [float(cell) for cell in known]
        if np.isinf(values).any():
            row = int(np.flatnonzero(np.isinf(values))[0])
            raise BadValue(f"{path}, row {row + 2}: {name!r} is {str(cells[row])!r}; a number is finite")
        if zero_is_missing:
            values[values == 0] = np.nan
        return Column(name, "number", values)
    words = np.where(missing, "", np.array([_code(cell) if is_code else cell for cell in cells], dtype=np.str_))
    count = len(np.unique(words))
    if whole and count > MAX_WORDS:
        fix = f"leave it out: --set 'leave_out=[\"{name}\"]'"
        raise BadTask(f"{path.name}: column {name!r} has {count} different words, of which {str(known[0])!r}", fix=fix)
    return Column(name, "category", words)


def _is_infinite(cell: str) -> bool:
    return cell.lower().lstrip("+-") in ("inf", "infinity")


def _code(cell: str) -> str:
    """The same code however it is written: "3.0" is "3"."""
    if _NUMBER.fullmatch(cell) and math.isfinite(value := float(cell)) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return cell


def _classes(path: Path, target: str, cells: Array) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    missing = np.isin(np.char.lower(cells), MISSING)
    if missing.any():
        row = int(np.flatnonzero(missing)[0])
        raise BadValue(f"{path}, row {row + 2} has no {target!r}", why="a row without a class teaches nothing")
    names = np.array([_code(cell) for cell in cells], dtype=np.str_)
    labels = np.unique(names)
    if len(labels) < 2:
        raise BadTask(
            f"{path.name}: {target!r} is {str(labels[0])!r} in every row", why="there is nothing to tell apart"
        )
    if len(labels) > MAX_WORDS:
        raise BadTask(f"{path.name}: {target!r} has {len(labels)} different values", why="classes are predicted here")
    ordered = sorted(labels, key=_as_number_or_text)
    places = {label: place for place, label in enumerate(ordered)}
    return np.array([places[name] for name in names], np.int64), tuple(str(label) for label in ordered)


def _as_number_or_text(label: str) -> tuple[float, str]:
    return (float(label), "") if _NUMBER.fullmatch(label) else (math.inf, label)


def _no_column(where: str, name: str, known: Sequence[str]) -> BadTask:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    fix = f"did you mean {', '.join(near)}?" if near else f"its columns are {', '.join(known[:20])}"
    return BadTask(f"{where} has no column {name!r}", fix=fix)


def describe_table(table: Table) -> dict[str, Any]:
    """Plain values for a table or for JSON: columns with their kind and missing cells, rows of each class."""
    counts = np.bincount(table.y, minlength=len(table.labels))
    return {
        "name": table.name,
        "rows": len(table),
        "target": table.target,
        "classes": {label: int(n) for label, n in zip(table.labels, counts, strict=True)},
        "columns": [
            {"name": c.name, "kind": c.kind, "missing": int(c.missing.sum()), "values": len(np.unique(c.values))}
            for c in table.columns
        ],
        "groups": None if table.group is None else sorted({str(g) for g in table.group}),
        "licence": table.licence,
    }
