"""From the cells of a table to numbers for a network, by what the training rows say and by nothing else.

An encoder is fitted on training rows and then applied to any: so nothing of a test row, not even its range, can reach
what is trained. What the training rows do not tell is defined:

    missing number       the median of the training rows
    missing category     the most frequent one of the training rows
    unseen category      the most frequent one; by "one-hot" none of them
    constant column      0
    out of range         as far outside [0, 1] as it is: nothing is clipped
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadTask, BadValue
from lilliput.tasks.table import Column, Table

Encoding = Literal["label", "one-hot"]
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)


@dataclass(frozen=True)
class ColumnEncoding:
    """What training rows say of one column.

    Args:
        name: of the column.
        words: of a category, in the order of the alphabet; empty for a number.
        low, high: of the encoded training values; scaled to 0 and 1.
        usual: in the place of a missing value: a number, or the place of a word.
    """

    name: str
    words: tuple[str, ...]
    low: float
    high: float
    usual: float


@dataclass(frozen=True)
class TableEncoder:
    """Made by `fit`. Apply it with `transform`.

    Args:
        columns: in the order of the table.
        encoding: "label": one value a category, its place in the alphabet; "one-hot": one value a word, where a column
            has more than two.
        scaled: whether training values were brought to [0, 1].
    """

    columns: tuple[ColumnEncoding, ...]
    encoding: Encoding = "label"
    scaled: bool = True

    @classmethod
    def fit(cls, table: Table, *, encoding: Encoding = "label", scaled: bool = True) -> TableEncoder:
        """The encoder of these training rows.

        Raises:
            BadTask: LP103, there are no rows. ValueError: an encoding that is none.
        """
        if encoding not in ENCODINGS:
            raise ValueError(f"`encoding` is one of {', '.join(ENCODINGS)}, got {encoding!r}")
        if not len(table):
            raise BadTask(f"{table.name} has no rows to learn from")
        return cls(tuple(_fitted(column) for column in table.columns), encoding, scaled)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One a feature: the column's, or "column=word"."""
        return tuple(name for column in self.columns for name in self._names(column))

    @property
    def spans(self) -> dict[str, slice]:
        """Column → its features."""
        found, start = {}, 0
        for column in self.columns:
            stop = start + len(self._names(column))
            found[column.name], start = slice(start, stop), stop
        return found

    def transform(self, table: Table) -> NDArray[np.float64]:
        """(N, features), finite whatever the cells are.

        Raises:
            BadTask: LP103, a column that was there in training is not here.
            BadValue: LP207, a word in a column of numbers.
        """
        parts = []
        for column in self.columns:
            values = self._values(column, table.column(column.name))
            if self._is_spread(column):
                parts.append((values[:, None] == np.arange(len(column.words))).astype(np.float64))
                continue
            values = np.where(values < 0, column.usual, values) if column.words else values
            if self.scaled:
                width = column.high - column.low
                values = (values - column.low) / width if width > 0 else np.zeros(len(values))
            parts.append(values[:, None])
        return np.concatenate(parts, axis=1)

    def unseen(self, table: Table) -> dict[str, list[str]]:
        """Column → words that no training row has; columns without such words are left out."""
        found = {}
        for column in self.columns:
            if column.words:
                words = set(_words(table.column(column.name)).tolist()) - {"", *column.words}
                found[column.name] = sorted(words)
        return {name: words for name, words in found.items() if words}

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` gives the same encoder back."""
        rows = [
            {"name": c.name, "words": list(c.words), "low": c.low, "high": c.high, "usual": c.usual}
            for c in self.columns
        ]
        return {"encoding": self.encoding, "scaled": self.scaled, "columns": rows}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> TableEncoder:
        """The encoder that `to_json` wrote.

        Raises:
            BadValue: LP207, a field is missing or of another kind.
        """
        try:
            columns = tuple(
                ColumnEncoding(
                    str(c["name"]), tuple(str(w) for w in c["words"]), *(float(c[k]) for k in ("low", "high", "usual"))
                )
                for c in plain["columns"]
            )
            if plain["encoding"] not in ENCODINGS or not columns:
                raise ValueError("encoding")
            return cls(columns, plain["encoding"], bool(plain["scaled"]))
        except (KeyError, TypeError, ValueError) as error:
            raise BadValue(f"the encoding of a table cannot be read: {error}") from None

    def _names(self, column: ColumnEncoding) -> tuple[str, ...]:
        if self._is_spread(column):
            return tuple(f"{column.name}={word}" for word in column.words)
        return (column.name,)

    def _is_spread(self, column: ColumnEncoding) -> bool:
        return self.encoding == "one-hot" and len(column.words) > 2

    def _values(self, column: ColumnEncoding, cells: Column) -> NDArray[np.float64]:
        """Numbers, or places of words: the usual one where missing, -1 where unseen."""
        if not column.words:
            if cells.kind == "category":
                if not cells.missing.all():
                    word = str(cells.values[~cells.missing][0])
                    raise BadValue(f"column {column.name!r} has {word!r}, and numbers were learnt from")
                return np.full(len(cells.values), column.usual)
            return np.where(cells.missing, column.usual, cells.values)
        words = _words(cells)
        places = np.searchsorted(column.words, words)
        places = np.minimum(places, len(column.words) - 1)
        found = np.where(np.asarray(column.words)[places] == words, places, -1).astype(np.float64)
        return np.where(words == "", column.usual, found)


def _fitted(column: Column) -> ColumnEncoding:
    known = column.values[~column.missing]
    if column.kind == "number":
        if not len(known):  # of a fold, perhaps: nothing is known of it, so it says nothing
            return ColumnEncoding(column.name, (), 0.0, 0.0, 0.0)
        return ColumnEncoding(column.name, (), float(known.min()), float(known.max()), float(np.median(known)))
    words, counts = np.unique(known, return_counts=True)
    if not len(words):
        return ColumnEncoding(column.name, ("",), 0.0, 0.0, 0.0)
    names = tuple(str(word) for word in words)
    return ColumnEncoding(column.name, names, 0.0, float(len(words) - 1), float(np.argmax(counts)))


def _words(column: Column) -> NDArray[np.str_]:
    """Of numbers too: a file of new rows may happen to hold nothing but codes."""
    if column.kind == "category":
        return column.values
    words = [str(int(v)) if v == int(v) else repr(v) for v in np.where(column.missing, 0, column.values).tolist()]
    return np.where(column.missing, "", np.array(words, dtype=np.str_))
