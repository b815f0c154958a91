"""Writing and asking the result store."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from lilliput.core import provenance
from lilliput.core.errors import BadSetting, MissingFile, UnknownName, WrongChecksum
from lilliput.core.files import sha256_of
from lilliput.core.store.alive import AliveFile
from lilliput.core.store.database import connect, default_path, store_errors, transaction
from lilliput.core.store.handle import RunHandle
from lilliput.core.store.records import Artifact, ClaimRow, Metric, Run, State
from lilliput.core.store.rows import (
    INSERT_ARTIFACT,
    INSERT_METRIC,
    RUN_COLUMNS,
    claim_values,
    insert_run,
    metric_values,
    read_run,
)

T = TypeVar("T")


class Store:
    """A result store. Safe to use from several threads and processes; also a context manager.

    Args:
        path: the SQLite file, made when it is not there; `default_path()` by default.

    Raises:
        NotThisFormat: LP200, the file is damaged or is not a store; from each method too, where damage shows late.
        NewerFormat: LP201. BadOutput: LP104, it cannot be written. NoRoom: LP604. Busy: LP605.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = Path(path) if path is not None else default_path()
        self._guard = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._owner = 0
        self._alive = AliveFile(self.path.with_name(self.path.name + "-alive"))
        self._query("SELECT 1")

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Runs that are under way stay under way until their process ends."""
        with self._guard:
            if self._connection is not None and self._owner == os.getpid():
                self._connection.close()
            self._connection = None

    # --- writing ---------------------------------------------------------------------------------------------

    def start(
        self,
        command: str,
        *,
        paper: str | None = None,
        task: str | None = None,
        model: str | None = None,
        scale: str | None = None,
        settings: Mapping[str, Any] | None = None,
        seed: int | None = None,
    ) -> RunHandle:
        """Enter a run, with its provenance, as *running*. The handle is a context manager that ends it.

        Raises:
            ValueError: settings that JSON does not have.
        """
        origin = provenance.collect()
        run = Run(
            id=uuid.uuid4().hex[:12],
            command=command,
            paper=paper,
            task=task,
            model=model,
            scale=scale,
            settings=dict(settings or {}),
            seed=seed,
            commit=origin.commit,
            dirty=origin.dirty,
            versions=origin.versions,
            machine=dataclasses.asdict(origin.machine),
            command_line=origin.command_line,
            started=origin.date,
            seconds=None,
            peak_memory_bytes=None,
            state="running",
            error="",
        )

        def enter(connection: sqlite3.Connection) -> int:
            with transaction(connection):
                number = insert_run(connection, run, folder=os.getcwd())
                # Before anyone can see the row, so that nobody takes the run for a dead one.
                self._alive.hold(number)
                return number

        return self._handle(run.id, self._do(enter), Path.cwd())

    def resume(self, run_id: str) -> RunHandle:
        """Go on with an interrupted or failed run under its id; its figures stay, a figure given again replaces.

        Raises:
            UnknownName: LP100. BadSetting: LP101, the run is done, or is running elsewhere.
        """
        run = self.run(run_id)

        def reopen(connection: sqlite3.Connection) -> tuple[int, str]:
            with transaction(connection):
                found = connection.execute("SELECT number, state, folder FROM runs WHERE id = ?", (run.id,)).fetchone()
                number, state, folder = found
                if state == "done" or not self._alive.hold(number):
                    now = "done" if state == "done" else "running in another process"
                    raise BadSetting(f"run {run.id} is {now} and cannot be resumed", fix="start a new one")
                connection.execute("UPDATE runs SET state = 'running', error = '' WHERE number = ?", (number,))
                return number, folder or os.getcwd()

        number, folder = self._do(reopen)
        return self._handle(run.id, number, Path(folder), before=run.seconds or 0.0)

    def put_claims(self, paper: str, rows: Iterable[Mapping[str, Any] | ClaimRow]) -> None:
        """Make `rows` the claims of `paper`, in their order; what was there for it before goes.

        Raises:
            ValueError: a row without row, metric, claimed, direction or kind; or one name twice.
        """
        values = [claim_values(row) for row in rows]

        def put(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                connection.execute("DELETE FROM claims WHERE paper = ?", (paper,))
                connection.executemany(
                    "INSERT INTO claims (paper, row, metric, claimed, direction, kind, position) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [(paper, *row, position) for position, row in enumerate(values)],
                )

        try:
            self._do(put)
        except sqlite3.IntegrityError as error:
            raise ValueError(f"claims of {paper!r}: {error}") from error

    def add(self, run: Run, metrics: Iterable[Metric], artifacts: Iterable[Artifact]) -> bool:
        """Enter a finished run from elsewhere; whether it was new. One that says *running* becomes *interrupted*."""
        if run.state == "running":
            run = dataclasses.replace(run, state="interrupted")

        def enter(connection: sqlite3.Connection) -> bool:
            with transaction(connection):
                if connection.execute("SELECT 1 FROM runs WHERE id = ?", (run.id,)).fetchone():
                    return False
                number = insert_run(connection, run, folder=None)
                for metric in metrics:
                    connection.execute(INSERT_METRIC, metric_values(number, metric))
                for artifact in artifacts:
                    connection.execute(INSERT_ARTIFACT, (number, artifact.path, artifact.sha256))
                return True

        return self._do(enter)

    # --- asking ----------------------------------------------------------------------------------------------

    def runs(
        self,
        *,
        paper: str | None = None,
        state: State | None = None,
        command: str | None = None,
        task: str | None = None,
        model: str | None = None,
        limit: int | None = None,
    ) -> list[Run]:
        """Runs that match all that is given, newest first."""
        self._settle()
        wanted = {"paper": paper, "state": state, "command": command, "task": task, "model": model}
        given = {name: value for name, value in wanted.items() if value is not None}
        where = " AND ".join(f"{name} = ?" for name in given) or "1"
        query = f"SELECT {RUN_COLUMNS} FROM runs WHERE {where} ORDER BY number DESC LIMIT ?"
        rows = self._query(query, (*given.values(), -1 if limit is None else limit))
        return [self._read(row) for row in rows]

    def page(
        self,
        *,
        limit: int,
        offset: int = 0,
        paper: str | None = None,
        task: str | None = None,
        state: str | None = None,
    ) -> list[Run]:
        """Some of the runs that match, newest first."""
        self._settle()
        where, values = _matching(paper=paper, task=task, state=state)
        query = f"SELECT {RUN_COLUMNS} FROM runs WHERE {where} ORDER BY number DESC LIMIT ? OFFSET ?"
        return [self._read(row) for row in self._query(query, (*values, limit, offset))]

    def count(self, *, paper: str | None = None, task: str | None = None, state: str | None = None) -> int:
        """How many runs match."""
        where, values = _matching(paper=paper, task=task, state=state)
        return int(self._query(f"SELECT count(*) FROM runs WHERE {where}", tuple(values))[0][0])

    def run(self, run_id: str) -> Run:
        """One run, by its id or the beginning of it.

        Raises:
            UnknownName: LP100, no run, or more than one, begins so.
        """
        self._settle()
        found: list[Any] = []
        if re.fullmatch(r"[0-9a-f]{1,12}", run_id):
            found = self._query(f"SELECT {RUN_COLUMNS} FROM runs WHERE id GLOB ? ORDER BY id LIMIT 4", (run_id + "*",))
        if not found:
            raise UnknownName(f"no run is called {run_id!r}", fix="`lilliput results` prints the runs there are")
        if len(found) > 1:
            raise UnknownName(
                f"more than one run begins with {run_id!r}", fix=f"did you mean {', '.join(row[0] for row in found)}?"
            )
        return self._read(found[0])

    def settings_of(self, run_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Run → its settings, for those of the runs that there are."""
        ids = list(dict.fromkeys(run_ids))
        marks = ", ".join("?" for _ in ids)
        rows = self._query(f"SELECT id, settings FROM runs WHERE id IN ({marks})", tuple(ids))
        return {run: json.loads(text) for run, text in rows}

    def metrics(self, run_id: str) -> list[Metric]:
        """All figures of a run, by name, split and step."""
        rows = self._query(
            "SELECT name, value, split, step, n, low, high, unit FROM metrics JOIN runs ON number = run WHERE id = ? "
            "ORDER BY name, split, coalesce(step, -1)",
            (self.run(run_id).id,),
        )
        names = ("name", "value", "split", "step", "n", "low", "high", "unit")
        return [Metric(**dict(zip(names, row, strict=True))) for row in rows]

    def artifacts(self, run_id: str) -> list[Artifact]:
        """The files that a run wrote, by path."""
        rows = self._query(
            "SELECT path, sha256 FROM artifacts JOIN runs ON number = run WHERE id = ? ORDER BY path",
            (self.run(run_id).id,),
        )
        return [Artifact(path=path, sha256=sha256) for path, sha256 in rows]

    def artifact_states(self, run_id: str) -> dict[str, str]:
        """Path → `"whole"`, `"changed"` or `"gone"`, as the files are now; `"elsewhere"` for an imported run."""
        folder = self._query("SELECT folder FROM runs WHERE id = ?", (self.run(run_id).id,))[0][0]
        return {artifact.path: _artifact_state(folder, artifact) for artifact in self.artifacts(run_id)}

    def artifact_file(self, run_id: str, path: str) -> Path:
        """Where a file that a run wrote lies, whole and unchanged.

        Raises:
            UnknownName: LP100, no such run, or it wrote no such file.
            MissingFile: LP221, the file is gone, or the run is from another machine. WrongChecksum: LP210, it changed.
        """
        artifact = next((one for one in self.artifacts(run_id) if one.path == path), None)
        if artifact is None:
            raise UnknownName(f"run {run_id} wrote no file {path[:200]!r}")
        folder = self._query("SELECT folder FROM runs WHERE id = ?", (self.run(run_id).id,))[0][0]
        state = _artifact_state(folder, artifact)
        if state == "changed":
            raise WrongChecksum(f"{path} is not what run {run_id} wrote: it was changed since")
        if state != "whole":
            raise MissingFile(
                f"{path} of run {run_id} is not here", why="it was removed, or written on another machine"
            )
        return Path(folder) / path

    def claims(self, paper: str | None = None) -> list[ClaimRow]:
        """The claims of one paper in its order, or all by paper."""
        rows = self._query(
            "SELECT paper, row, metric, claimed, direction, kind FROM claims WHERE ? IS NULL OR paper = ? "
            "ORDER BY paper, position",
            (paper, paper),
        )
        names = ("paper", "row", "metric", "claimed", "direction", "kind")
        return [ClaimRow(**dict(zip(names, row, strict=True))) for row in rows]

    # --- within ----------------------------------------------------------------------------------------------

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._guard, store_errors(self.path):
            # A connection must not cross a fork: two processes on one handle damage the file.
            if self._connection is None or self._owner != os.getpid():
                self._connection, self._owner = connect(self.path), os.getpid()
            return work(self._connection)

    def _handle(self, run_id: str, number: int, folder: Path, before: float = 0.0) -> RunHandle:
        return RunHandle(run_id, number, folder, self._do, lambda: self._alive.release(number), before)

    def _query(self, sql: str, values: tuple[Any, ...] = ()) -> list[Any]:
        return self._do(lambda connection: connection.execute(sql, values).fetchall())

    def _read(self, row: tuple[Any, ...]) -> Run:
        with store_errors(self.path):
            return read_run(row)

    def _settle(self) -> None:
        """Enter as *interrupted* each run that says *running* and has no living process."""
        running = "SELECT number FROM runs WHERE state = 'running'"

        def settle(connection: sqlite3.Connection) -> None:
            if not connection.execute(running + " LIMIT 1").fetchone():
                return
            candidates = [number for (number,) in connection.execute(running)]
            if all(self._alive.is_alive(number) for number in candidates):
                return
            with transaction(connection):
                for (number,) in connection.execute(running).fetchall():
                    if not self._alive.is_alive(number):
                        connection.execute("UPDATE runs SET state = 'interrupted' WHERE number = ?", (number,))

        self._do(settle)


def _artifact_state(folder: str | None, artifact: Artifact) -> str:
    if folder is None:
        return "elsewhere"
    try:
        return "whole" if sha256_of(Path(folder) / artifact.path) == artifact.sha256 else "changed"
    except MissingFile:
        return "gone"


def _matching(**wanted: str | None) -> tuple[str, list[str]]:
    given = {name: value for name, value in wanted.items() if value is not None}
    return " AND ".join(f"{name} = ?" for name in given) or "1", list(given.values())
