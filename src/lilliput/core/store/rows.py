"""Rows of the tables: from and to the records."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from lilliput.core.store.records import ClaimRow, Metric, Run

RUN_COLUMNS = (
    "id, command, paper, task, model, scale, settings, seed, commit_id, dirty, versions, machine, command_line, "
    "started, seconds, peak_memory_bytes, state, error"
)
_INSERT_RUN = f"INSERT INTO runs ({RUN_COLUMNS}, folder) VALUES ({', '.join('?' * 19)})"
INSERT_METRIC = """
INSERT INTO metrics (run, name, split, step, value, n, low, high, unit) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, name, split, coalesce(step, -1))
DO UPDATE SET value = excluded.value, n = excluded.n, low = excluded.low, high = excluded.high, unit = excluded.unit
"""
INSERT_ARTIFACT = """
INSERT INTO artifacts (run, path, sha256) VALUES (?, ?, ?)
ON CONFLICT (run, path) DO UPDATE SET sha256 = excluded.sha256
"""


def insert_run(connection: sqlite3.Connection, run: Run, *, folder: str | None) -> int:
    """Enter a run; its number."""
    values = [
        run.id, run.command, run.paper, run.task, run.model, run.scale, _json(run.settings), run.seed, run.commit,
        run.dirty, _json(run.versions), _json(run.machine), run.command_line, run.started, run.seconds,
        run.peak_memory_bytes, run.state, run.error, folder,
    ]  # fmt: skip
    number = connection.execute(_INSERT_RUN, values).lastrowid
    if number is None:
        raise ValueError("the run was not entered")
    return number


def read_run(row: tuple[Any, ...]) -> Run:
    """The record of a row of `RUN_COLUMNS`."""
    names = RUN_COLUMNS.replace("commit_id", "commit").split(", ")
    values = dict(zip(names, row, strict=True))
    for name in ("settings", "versions", "machine"):
        values[name] = json.loads(values[name])
    values["dirty"] = None if values["dirty"] is None else bool(values["dirty"])
    return Run(**values)


def metric_values(number: int, metric: Metric) -> tuple[Any, ...]:
    """The values of `INSERT_METRIC`."""
    return (
        number, metric.name, metric.split, metric.step, metric.value, metric.n, metric.low, metric.high, metric.unit
    )  # fmt: skip


def claim_values(row: Mapping[str, Any] | ClaimRow) -> tuple[Any, ...]:
    """Row, metric, claimed, direction and kind of a claim.

    Raises:
        ValueError: one of them is missing.
    """
    given = dataclasses.asdict(row) if isinstance(row, ClaimRow) else row
    missing = [name for name in ("row", "metric", "claimed", "direction", "kind") if name not in given]
    if missing:
        raise ValueError(f"a claim needs {', '.join(missing)}, got {dict(given)}")
    claimed = None if given["claimed"] is None else float(given["claimed"])
    return (str(given["row"]), str(given["metric"]), claimed, str(given["direction"]), str(given["kind"]))


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
