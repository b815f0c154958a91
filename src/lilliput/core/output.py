"""What a command prints: tables for people, one object for programs (`--json`), or ids only (`-q`).

    output = Output(json=json, quiet=quiet)
    output.show({"runs": [...]}, ids=["4f…"], human=[Table(("run", "state"), rows), "2 runs"])

People get rich tables on a terminal and plain aligned columns elsewhere; no colour where `NO_COLOR` is set.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from lilliput.core.files import to_json
from lilliput.core.text import printable


@dataclass(frozen=True)
class Table:
    """Rows under column names. A cell that is None prints as `-`; numbers stand to the right.

    Args:
        columns: one name each.
        rows: cells of text or numbers, as many as there are columns.
        title: above the table; may be empty.
        marked: indices of rows to set off, such as the one where the memory peak is.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    title: str = ""
    marked: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {len(row)} cells under {len(self.columns)} columns: {row!r}")


class Output:
    """The one way out of a command.

    Args:
        json: print one JSON object.
        quiet: print ids only, one a line. `json` wins.
        stream: standard output by default.
    """

    def __init__(self, *, json: bool = False, quiet: bool = False, stream: TextIO | None = None) -> None:
        self.json, self.quiet = json, quiet and not json
        self._stream = stream

    @property
    def stream(self) -> TextIO:
        """Where it goes; looked up late, so that a test can stand in for it."""
        return self._stream or sys.stdout

    def show(self, data: Mapping[str, Any], *, ids: Iterable[str] = (), human: Iterable[Table | str] = ()) -> None:
        """Print a result in the form that was asked for.

        Args:
            data: everything, as plain values; the one object of `--json`.
            ids: what `-q` prints.
            human: tables and lines, in order.

        Raises:
            ValueError: NaN or infinity in `data`.
        """
        if self.json:
            self._write(to_json(dict(data)))
        elif self.quiet:
            self._write("".join(f"{printable(one)}\n" for one in ids))
        else:
            for part in human:
                self._table(part) if isinstance(part, Table) else self._write(printable(part) + "\n")

    def _write(self, text: str) -> None:
        # A terminal of another encoding shows what it can; a report must not fail for an arrow.
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        self.stream.write(text.encode(encoding, "replace").decode(encoding))
        self.stream.flush()

    def _table(self, table: Table) -> None:
        if self.stream.isatty():
            self._rich_table(table)
        else:
            self._write(plain_table(table))

    def _rich_table(self, table: Table) -> None:
        from rich import box
        from rich.console import Console
        from rich.table import Table as RichTable
        from rich.text import Text

        drawn = RichTable(
            title=Text(table.title) if table.title else None,
            box=box.SIMPLE_HEAD,
            title_justify="left",
            show_header=any(table.columns),
        )
        for index, name in enumerate(table.columns):
            is_number = _is_numeric(table, index)
            drawn.add_column(Text(name), justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
        for number, row in enumerate(table.rows):
            # Text, not str: a layer called "[red]" is a name and no markup.
            drawn.add_row(*(Text(_cell(cell)) for cell in row), style="bold" if number in table.marked else None)
        Console(file=self.stream, highlight=False).print(drawn)


def plain_table(table: Table) -> str:
    """The table as aligned columns, two spaces apart; a marked row has `*` after it."""
    cells = [[_cell(cell) for cell in row] for row in table.rows]
    widths = [max([len(name), *(len(row[i]) for row in cells)]) for i, name in enumerate(table.columns)]
    right = [_is_numeric(table, i) for i in range(len(table.columns))]
    lines = [table.title] if table.title else []
    for number, row in enumerate([list(table.columns), *cells]):
        if number == 0 and not any(table.columns):
            continue
        padded = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)]
        mark = "  *" if number - 1 in table.marked else ""
        lines.append(("  ".join(padded) + mark).rstrip())
    return "\n".join(lines) + "\n"


def _is_numeric(table: Table, index: int) -> bool:
    cells = [row[index] for row in table.rows if row[index] is not None]
    return bool(cells) and all(isinstance(cell, (int, float)) and not isinstance(cell, bool) for cell in cells)


def _cell(cell: object) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.4g}"
    if isinstance(cell, int):
        return f"{cell:,}".replace(",", " ")
    return printable(str(cell)).replace("\n", " ")
