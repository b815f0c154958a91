"""What the leaderboards are read from: one row an outcome, and one row a contender.

board       (task, split, metric)
contender   runs that are the same but for their seed: command, paper, task, model, method, scale and settings
outcome     one figure of a contender on a board, with one seed, in one run
standing    a contender's place on a board: mean and spread over its seeds, the newest run of each, and its costs

Both tables follow from the result store and are indexed for the questions that the page asks; no settings are read
while a question is answered.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import sqlite3
import statistics
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from lilliput.papers._running import CLAIM

Direction: TypeAlias = Literal["higher", "lower"]

COSTS = {
    "flash": "flash_bytes", "sram": "sram_bytes", "macs": "macs", "params": "params", "energy": "energy_uj",
    "instructions": "instructions", "latency": "latency_ms",
}  # fmt: skip
"""Column → name of the figure in the store."""

NO_SEED = -1

SCHEMA = """
CREATE TABLE outcomes (
    task TEXT NOT NULL, split TEXT NOT NULL, metric TEXT NOT NULL,
    contender TEXT NOT NULL,
    seed INTEGER NOT NULL,
    number INTEGER NOT NULL,
    run TEXT NOT NULL,
    command TEXT NOT NULL, paper TEXT, model TEXT, method TEXT NOT NULL, scale TEXT,
    value REAL NOT NULL, n INTEGER, low REAL, high REAL, unit TEXT NOT NULL,
    started TEXT NOT NULL, commit_id TEXT,
    flash REAL, sram REAL, macs REAL, params REAL, energy REAL, instructions REAL, latency REAL,
    PRIMARY KEY (task, split, metric, contender, seed, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX outcomes_by_run ON outcomes (run);
CREATE INDEX outcomes_by_paper ON outcomes (paper, number DESC);
CREATE TABLE standings (
    task TEXT NOT NULL, split TEXT NOT NULL, metric TEXT NOT NULL,
    contender TEXT NOT NULL,
    number INTEGER NOT NULL,
    run TEXT NOT NULL,
    command TEXT NOT NULL, paper TEXT, model TEXT, method TEXT NOT NULL, scale TEXT,
    mean REAL NOT NULL, spread REAL, low REAL, high REAL, seeds INTEGER NOT NULL, commits INTEGER NOT NULL,
    unit TEXT NOT NULL, started TEXT NOT NULL, commit_id TEXT,
    flash REAL, sram REAL, macs REAL, params REAL, energy REAL, instructions REAL, latency REAL,
    PRIMARY KEY (task, split, metric, contender)
) STRICT, WITHOUT ROWID;
CREATE INDEX standings_by_mean ON standings (task, split, metric, mean DESC);
CREATE TABLE boards (
    task TEXT NOT NULL, split TEXT NOT NULL, metric TEXT NOT NULL,
    contenders INTEGER NOT NULL,
    newest TEXT NOT NULL,
    PRIMARY KEY (task, split, metric)
) STRICT, WITHOUT ROWID;
CREATE INDEX boards_by_size ON boards (contenders DESC, task, metric, split);
"""


class Place(NamedTuple):
    """Where a figure belongs: its own name, the method of a paper's comparison (or nothing), its seed."""

    metric: str
    method: str
    seed: int | None


def place_of(name: str, methods: Iterable[str]) -> Place | None:
    """What the name of a stored figure says; None for claims and for means over seeds, which follow from the others.

    A paper's run stores `accuracy/METHOD/seed-N`; all others store `accuracy`.
    """
    if name.startswith(CLAIM):
        return None
    found = re.fullmatch(r"(?P<metric>.+)/(?P<method>[^/]+)/seed-(?P<seed>\d{1,9})", name)
    if found and found["method"] in methods:
        return Place(found["metric"], found["method"], int(found["seed"]))
    base, _, last = name.rpartition("/")
    return None if base and last in methods else Place(name, "", None)


_LOWER = {
    "loss", "error", "mse", "mae", "rmse", "absrel", "nll", "perplexity", "wer", "cer", "eer", "fid", "forgetting",
    "latency", "seconds", "ms", "bytes", "energy", "uj", "regret", "distance", "divergence", "instructions", "cycles",
    "macs", "params", "parameters", "operations", "memory", "size",
}  # fmt: skip


def direction_of(metric: str) -> Direction:
    """Whether more of it is better, from the words of its name: errors, distances and costs are better when low."""
    words = set(re.split(r"[^a-z]+", metric.lower()))
    return "lower" if words & _LOWER else "higher"


def methods_of(settings: Mapping[str, Any]) -> list[str]:
    """The methods that a run compares, as its settings say; none for a run that is no comparison."""
    told = settings.get("methods")
    return [str(one) for one in told] if isinstance(told, list) else []


def task_of(run: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """The task of a run; for a paper's run that names none in its settings, the paper's own comparison."""
    inner = settings.get("settings")
    named = inner.get("task") if isinstance(inner, dict) else None
    return str(run["task"] or (named if isinstance(named, str) and named else f"paper {run['paper'] or 'none'}"))


def contender_of(run: Mapping[str, Any], settings: Mapping[str, Any], method: str) -> str:
    """The same for runs that differ by their seed alone."""
    told = [run["command"], run["paper"], run["task"], run["model"], run["scale"], method, without_seeds(settings)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def without_seeds(value: Any) -> Any:
    """Settings without the keys that only choose the draws, or how fast they are made."""
    if isinstance(value, dict):
        return {key: without_seeds(item) for key, item in value.items() if key not in ("seed", "seeds", "threads")}
    return [without_seeds(item) for item in value] if isinstance(value, list) else value


Board: TypeAlias = tuple[str, str, str, str]
"""Task, split, metric, contender."""


def enter_outcomes(
    connection: sqlite3.Connection, run: Mapping[str, Any], metrics: Iterable[Mapping[str, Any]]
) -> set[Board]:
    """Enter a finished run's figures; which standings they touch."""
    settings = json.loads(run["settings"])
    methods = methods_of(settings)
    placed = [(place, metric) for metric in metrics if (place := place_of(metric["name"], methods)) is not None]
    figures = {figure: column for column, figure in COSTS.items()}
    costs: dict[tuple[str, int | None], dict[str, float]] = {}
    for place, metric in placed:
        if place.metric in figures:
            costs.setdefault((place.method, place.seed), {})[figures[place.metric]] = metric["value"]
    contenders = {method: contender_of(run, settings, method) for method in {place.method for place, _ in placed}}
    task, touched = task_of(run, settings), set()
    for place, metric in placed:
        if place.metric in figures:
            continue
        seed = place.seed if place.seed is not None else run["seed"]
        cost = {**costs.get(("", None), {}), **costs.get((place.method, place.seed), {})}
        board = (task, metric["split"], place.metric, contenders[place.method])
        touched.add(board)
        connection.execute(
            f"INSERT OR REPLACE INTO outcomes VALUES ({', '.join(26 * '?')})",
            (
                *board, NO_SEED if seed is None else seed, run["number"], run["id"], run["command"], run["paper"],
                run["model"], place.method, run["scale"], metric["value"], metric["n"], metric["low"], metric["high"],
                metric["unit"], run["started"], run["commit_id"], *(cost.get(column) for column in COSTS),
            ),
        )  # fmt: skip
    return touched


def settle(connection: sqlite3.Connection, touched: Iterable[Board]) -> None:
    """Work out the standings anew that new outcomes touched, and the list of boards."""
    touched = sorted(touched)
    for board in touched:
        rows = connection.execute(
            "SELECT * FROM outcomes WHERE task = ? AND split = ? AND metric = ? AND contender = ? "
            "ORDER BY seed, number DESC",
            board,
        ).fetchall()
        connection.execute(f"INSERT OR REPLACE INTO standings VALUES ({', '.join(27 * '?')})", _standing(board, rows))
    for task, split, metric in sorted({board[:3] for board in touched}):
        connection.execute(
            "INSERT OR REPLACE INTO boards SELECT task, split, metric, count(*), max(started) FROM standings "
            "WHERE task = ? AND split = ? AND metric = ?",
            (task, split, metric),
        )


def _standing(board: Board, rows: list[sqlite3.Row]) -> tuple[Any, ...]:
    """One row of `standings` from a contender's outcomes: of each seed, the newest run's."""
    by_seed = list({row["seed"]: row for row in reversed(rows)}.values())
    values = [row["value"] for row in by_seed]
    newest = max(by_seed, key=lambda row: row["number"])
    many = len(by_seed) > 1
    costs = [_mean([row[column] for row in by_seed]) for column in COSTS]
    return (
        *board, newest["number"], newest["run"], newest["command"], newest["paper"], newest["model"],
        newest["method"], newest["scale"], math.fsum(values) / len(values),
        statistics.stdev(values) if many else None, None if many else newest["low"], None if many else newest["high"],
        len(by_seed), len({row["commit_id"] for row in by_seed}), newest["unit"], newest["started"],
        newest["commit_id"], *costs,
    )  # fmt: skip


def _mean(values: list[float | None]) -> float | None:
    """The mean of a cost over seeds; None where any of them did not measure it."""
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(values) else None
