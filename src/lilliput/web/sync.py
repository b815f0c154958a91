"""Keep the page's tables in step with the papers and with the result store.

Papers are entered when the catalogue has changed. Runs are read from the result store as they end: those with a number
above the last one seen, and those that were still under way then. What is entered can be thrown away at any time.
"""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lilliput.core.store.database import store_errors
from lilliput.core.units import grouped
from lilliput.papers import Paper
from lilliput.papers._running import CLAIM
from lilliput.web import standings
from lilliput.web.database import PageDatabase

HALF_LIFE_DAYS = 7.0
VOTE, RUN = 1.0, 3.0
"""A paper's heat is the sum of its votes and finished runs, times these, each halved every `HALF_LIFE_DAYS`."""

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_SCALE_RANK = "CASE scale WHEN 'full' THEN 3 WHEN 'small' THEN 2 WHEN 'smoke' THEN 1 ELSE 0 END"


def heat_of(moment: str) -> float:
    """What one event weighs, relative to all others at any time: 2 to the half-lives since a fixed day.

    Halving every event's weight as it ages keeps their order, so that only a sum is stored and nothing is aged.
    """
    days = (datetime.fromisoformat(moment.replace("Z", "+00:00")) - _EPOCH).total_seconds() / 86400
    return math.exp2(max(-900.0, min(900.0, days / HALF_LIFE_DAYS)))


class Sync:
    """Brings the page's tables up to date. Cheap to call before every question.

    Args:
        database: the page's.
        store: path of the result store; it may not be there yet.
    """

    def __init__(self, database: PageDatabase, store: Path) -> None:
        self._database, self._store = database, store
        self._guard = threading.Lock()
        self._source: sqlite3.Connection | None = None
        self._seen_version = -1
        self.version = 0
        """Grows whenever something that a view shows has changed."""

    def papers(self, papers: Iterable[Paper]) -> None:
        """Enter the catalogue, if it has changed since it was entered last."""
        rows = {paper.name: _paper_row(paper) for paper in papers}
        digest = hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()
        if digest == self._database.fact("papers"):
            return
        with self._database.change() as connection:
            gone = [name for (name,) in connection.execute("SELECT name FROM papers") if name not in rows]
            for table in ("paper_topics", "paper_kinds", "paper_words", "paper_grams"):
                connection.execute(f"DELETE FROM {table}")
            connection.executemany("DELETE FROM papers WHERE name = ?", [(name,) for name in gone])
            for row in rows.values():
                _enter_paper(connection, row)
            for name in rows:
                _count(connection, name)
            connection.execute("INSERT OR REPLACE INTO facts VALUES ('papers', ?)", (digest,))
        self.version += 1

    def runs(self) -> None:
        """Enter the runs that have ended since the last call."""
        with self._guard:
            source = self._open()
            if source is None:
                return
            with store_errors(self._store):
                version = source.execute("PRAGMA data_version").fetchone()[0]
                if version == self._seen_version:
                    return
                if self._enter_runs(source):
                    self.version += 1
                self._seen_version = version

    def changed(self) -> None:
        """Say that something of the page's own, such as a vote, has changed."""
        self.version += 1

    def close(self) -> None:
        """Close the result store."""
        with self._guard:
            if self._source is not None:
                self._source.close()
                self._source = None

    def _open(self) -> sqlite3.Connection | None:
        if self._source is None and self._store.exists():
            with store_errors(self._store):
                self._source = sqlite3.connect(
                    f"{self._store.resolve().as_uri()}?mode=ro", uri=True, timeout=30, check_same_thread=False
                )
                self._source.row_factory = sqlite3.Row
        return self._source

    def _enter_runs(self, source: sqlite3.Connection) -> bool:
        last = int(self._database.fact("last run") or 0)
        waiting = {int(row["number"]) for row in self._database.query("SELECT number FROM unsettled")}
        fresh = source.execute("SELECT * FROM runs WHERE number > ? ORDER BY number", (last,)).fetchall()
        marks = ",".join(str(number) for number in sorted(waiting))
        fresh += source.execute(f"SELECT * FROM runs WHERE number IN ({marks})").fetchall()
        ended = [row for row in fresh if row["state"] != "running"]
        running = [int(row["number"]) for row in fresh if row["state"] == "running"]
        newest = max([last, *(int(row["number"]) for row in fresh)])
        if not ended and newest == last:
            return False
        touched: set[str] = set()
        places: set[standings.Board] = set()
        with self._database.change() as connection:
            for row in ended:
                connection.execute("DELETE FROM unsettled WHERE number = ?", (row["number"],))
                if row["state"] == "done":
                    places |= _enter_run(connection, source, row)
                    touched |= {row["paper"]} - {None}
            connection.executemany("INSERT OR IGNORE INTO unsettled VALUES (?)", [(number,) for number in running])
            connection.execute("INSERT OR REPLACE INTO facts VALUES ('last run', ?)", (str(newest),))
            for paper in touched:
                _count(connection, paper)
            standings.settle(connection, places)
        return True


def _paper_row(paper: Paper) -> dict[str, Any]:
    described = paper.describe()
    return {
        **{key: described[key] for key in ("name", "number", "title", "date", "week", "authors", "status", "topics")},
        "summary": described["about"],
        "month": described["date"][:7],
        "kinds": sorted({claim["kind"] for claim in described["claims"]}),
        "content": {**described, "bibtex": paper.bibtex(), "by": paper.by},
    }


def _enter_paper(connection: sqlite3.Connection, row: Mapping[str, Any]) -> None:
    values = {**row, "topics": " ".join(row["topics"]), "content": json.dumps(row["content"], sort_keys=True)}
    names = ("name", "number", "title", "summary", "date", "week", "month", "authors", "status", "topics", "content")
    connection.execute(
        f"INSERT INTO papers ({', '.join(names)}) VALUES ({', '.join(':' + name for name in names)}) "
        f"ON CONFLICT (name) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in names[1:])}",
        values,
    )
    name = row["name"]
    connection.executemany("INSERT INTO paper_topics VALUES (?, ?)", [(topic, name) for topic in set(row["topics"])])
    connection.executemany("INSERT INTO paper_kinds VALUES (?, ?)", [(kind, name) for kind in row["kinds"]])
    connection.execute(
        "INSERT INTO paper_words (name, title, summary, topics) VALUES (:name, :title, :summary, :topics)", values
    )
    connection.execute("INSERT INTO paper_grams (name, title) VALUES (:name, :title)", values)


def _enter_run(connection: sqlite3.Connection, source: sqlite3.Connection, run: sqlite3.Row) -> set[standings.Board]:
    """Enter a finished run's figures; which standings they touch."""
    metrics = source.execute("SELECT * FROM metrics WHERE run = ? AND step IS NULL", (run["number"],)).fetchall()
    machine = json.loads(run["machine"])
    where = ", ".join(str(machine[key]) for key in ("cpu", "accelerator") if machine.get(key))
    for metric in metrics:
        connection.execute(
            f"INSERT OR REPLACE INTO scores VALUES ({', '.join(19 * '?')})",
            (
                run["id"], run["number"], run["command"], run["paper"], run["task"], run["model"], run["scale"],
                metric["name"], metric["split"], metric["value"], metric["n"], metric["low"], metric["high"],
                metric["unit"], run["seed"], run["commit_id"], where, run["command_line"], run["started"],
            ),
        )  # fmt: skip
    return standings.enter_outcomes(connection, dict(run), [dict(metric) for metric in metrics])


def count_paper(database: PageDatabase, paper: str) -> None:
    """Count a paper's votes and runs anew."""
    with database.change() as connection:
        _count(connection, paper)


def _count(connection: sqlite3.Connection, paper: str) -> None:
    votes = [row[0] for row in connection.execute("SELECT given FROM votes WHERE paper = ?", (paper,))]
    runs = [row[0] for row in connection.execute("SELECT DISTINCT run, started FROM scores WHERE paper = ?", (paper,))]
    moments = [row[0] for row in connection.execute(
        "SELECT started FROM scores WHERE paper = ? GROUP BY number", (paper,))]  # fmt: skip
    heat = math.fsum([*(VOTE * heat_of(m) for m in votes), *(RUN * heat_of(m) for m in moments)])
    connection.execute(
        "UPDATE papers SET votes = ?, runs = ?, heat = ?, best = ? WHERE name = ?",
        (len(votes), len(runs), heat, _best(connection, paper), paper),
    )


def _best(connection: sqlite3.Connection, paper: str) -> str | None:
    """The first claim in the paper's order that was measured here, at the largest scale, newest run first."""
    found = connection.execute("SELECT content FROM papers WHERE name = ?", (paper,)).fetchone()
    if found is None:
        return None
    for claim in json.loads(found[0])["claims"]:
        here = connection.execute(
            f"SELECT value, run, scale FROM scores WHERE paper = ? AND metric = ? "
            f"ORDER BY {_SCALE_RANK} DESC, number DESC LIMIT 1",
            (paper, CLAIM + claim["id"]),
        ).fetchone()
        if here is not None:
            found = {"here": here[0], "run": here[1], "scale": here[2], "verdict": verdict(claim, here[0])}
            return json.dumps({**claim, **found}, sort_keys=True)
    return None


def _rounding(claimed: float) -> float:
    """Half of the last digit that a figure is given with: 0.5 for 172, 0.05 for 2.9."""
    _, _, decimals = f"{claimed!r}".partition(".")
    places = len(decimals) if decimals.isdigit() and not float(claimed).is_integer() else 0
    return 0.5 * 10.0**-places + 1e-9


def verdict(claim: Mapping[str, Any], value: float | None) -> str:
    """Our figure against the claim: `met`, `not met`, or nothing where it cannot be said."""
    claimed = claim["claimed"]
    if value is None or isinstance(claimed, str):
        return ""
    is_met = {
        "higher": value >= claimed,
        "lower": value <= claimed,
        "equal": abs(value - claimed) <= _rounding(claimed),
    }[claim["direction"]]
    return "met" if is_met else "not met"


def figure(value: float | str | None, unit: str = "") -> str:
    """A figure as people read it, with its unit."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    text = grouped(int(value)) if float(value).is_integer() and abs(value) >= 1000 else f"{value:.4g}"
    if unit == "x":
        return f"{text}×"
    return f"{text} {unit}".rstrip() if unit else text
