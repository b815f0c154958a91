"""Runs that are asked for on the page: a queue with limits, each run in a process of its own.

A job is a row of the page's database and a folder: `job.json` says what to run, `events.jsonl` grows with its progress,
`run/` is what `lilliput run` would have written. Whatever becomes of the server, a job is never lost and never shown as
done when it is not: a job whose process is gone is *interrupted*, and resumed it goes on with what is missing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lilliput.core.errors import BadSetting, Busy, UnknownName
from lilliput.core.files import write_json
from lilliput.core.provenance import now
from lilliput.core.registry import Registry
from lilliput.papers import Paper, Plan, make_plan
from lilliput.web.database import PageDatabase
from lilliput.web.settings import ServeSettings

OVER = ("done", "failed", "cancelled", "interrupted")
_POLL_SECONDS = 0.25
_GRACE_SECONDS = 15.0


@dataclass(frozen=True)
class Request:
    """What a job is to run.

    Args:
        paper: name.
        scale: `smoke`, `small` or `full`.
        seeds: how many; None for what the recipe needs.
        overrides: texts `key=value`.
    """

    paper: str
    scale: str
    seeds: int | None = None
    overrides: tuple[str, ...] = ()

    def plan(self, papers: Registry[Paper], folder: Path) -> Plan:
        """The plan, with its true settings, time and memory.

        Raises:
            NotYetHere: LP106. BadSetting: LP101. UnknownName: LP100.
        """
        if self.paper not in papers:
            raise UnknownName(f"no paper is called {self.paper[:80]!r}")
        return make_plan(
            papers[self.paper], scale=self.scale, seeds=self.seeds, overrides=self.overrides, folder=folder / "run"
        )


class Jobs:
    """The queue of one server.

    Args:
        settings: limits and folders.
        database: the page's.
        papers: the catalogue.
    """

    def __init__(self, settings: ServeSettings, database: PageDatabase, papers: Registry[Paper]) -> None:
        self._settings, self._database, self._papers = settings, database, papers
        self._running: dict[str, asyncio.Task[None]] = {}
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._wake = asyncio.Event()

    def folder(self, job: str) -> Path:
        """A job's own folder. `job` is an id from the database."""
        return self._settings.folder / "jobs" / job

    # --- asking, from any thread -----------------------------------------------------------------------------

    def submit(self, request: Request) -> str:
        """Queue a run, and give the job's id.

        Raises:
            Busy: LP605, the queue is full. NotYetHere: LP106. BadSetting: LP101. UnknownName: LP100.
        """
        job = secrets.token_hex(6)
        plan = request.plan(self._papers, self.folder(job))
        if plan.memory_bytes > self._settings.job_memory_bytes:
            raise BadSetting(
                f"{request.paper} at scale {request.scale} needs ≈ {plan.memory_bytes >> 20} MiB",
                why=f"a run from the page may take {self._settings.job_memory_bytes >> 20} MiB",
                fix="run it from the command line: `lilliput run`",
            )
        with self._database.change() as connection:
            waiting = connection.execute("SELECT count(*) FROM jobs WHERE state = 'waiting'").fetchone()[0]
            if waiting >= self._settings.queue:
                raise Busy(f"{waiting} runs are waiting already", fix="wait for some of them, or cancel one")
            connection.execute(
                "INSERT INTO jobs (id, paper, scale, seeds, overrides, asked, state) "
                "VALUES (?, ?, ?, ?, ?, ?, 'waiting')",
                (job, request.paper, request.scale, request.seeds, json.dumps(request.overrides), now()),
            )
        return job

    def get(self, job: str) -> dict[str, Any]:
        """A job's row.

        Raises:
            UnknownName: LP100, there is none.
        """
        rows = self._database.query("SELECT * FROM jobs WHERE id = ?", (job,))
        if not rows:
            raise UnknownName(f"no job is called {job[:40]!r}", fix="/runs lists them")
        return dict(rows[0])

    def recent(self, limit: int = 20) -> list[dict[str, Any]]:
        """Jobs under way first, then the newest."""
        rows = self._database.query(
            "SELECT * FROM jobs ORDER BY state NOT IN ('running', 'waiting'), asked DESC LIMIT ?", (limit,)
        )
        return [dict(row) for row in rows]

    def cancel(self, job: str) -> None:
        """Stop a job, or take it out of the queue. What its run has finished stays, and can be resumed."""
        self.get(job)
        with self._database.change() as connection:
            connection.execute(
                "UPDATE jobs SET state = 'cancelled', ended = ? WHERE id = ? AND state IN ('waiting', 'running')",
                (now(), job),
            )

    def resume(self, job: str) -> None:
        """Queue a job again that was interrupted, cancelled or failed; it goes on where it stopped."""
        self.get(job)
        with self._database.change() as connection:
            connection.execute(
                "UPDATE jobs SET state = 'waiting', asked = ?, ended = NULL, error = '' "
                "WHERE id = ? AND state IN ('interrupted', 'cancelled', 'failed')",
                (now(), job),
            )

    def events(self, job: str, start: int = 0) -> tuple[list[dict[str, Any]], int]:
        """The progress from a byte of `events.jsonl` on, and the byte to go on from; whole lines only."""
        path = self.folder(job) / "events.jsonl"
        try:
            with path.open("rb") as file:
                file.seek(start)
                data = file.read(1 << 20)
        except OSError:
            return [], start
        whole = data.rfind(b"\n") + 1
        found = []
        for line in data[:whole].splitlines():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
        return found, start + whole

    # --- running, in the server's event loop -----------------------------------------------------------------

    async def work(self) -> None:
        """Start what waits, as long as there is room; stop what was cancelled. Runs until it is cancelled itself."""
        self._settle()
        try:
            while True:
                await self._start_some()
                self._stop_cancelled()
                await asyncio.sleep(_POLL_SECONDS)
        finally:
            running = list(self._running.values())
            await asyncio.gather(*(self._end(process) for process in self._processes.values()))
            await asyncio.gather(*running, return_exceptions=True)

    def _settle(self) -> None:
        """Jobs that a server before this one left running are done where the run was stored, else interrupted."""
        with self._database.change() as connection:
            connection.execute(
                "UPDATE jobs SET state = CASE WHEN run IS NULL THEN 'interrupted' ELSE 'done' END, ended = ?, "
                "error = 'the server ended' WHERE state = 'running'",
                (now(),),
            )

    async def _start_some(self) -> None:
        room = self._settings.jobs - len(self._running)
        if room <= 0:
            return
        rows = self._database.query("SELECT id FROM jobs WHERE state = 'waiting' ORDER BY asked LIMIT ?", (room,))
        for row in rows:
            job = str(row["id"])
            with self._database.change() as connection:
                taken = connection.execute(
                    "UPDATE jobs SET state = 'running', began = ? WHERE id = ? AND state = 'waiting'", (now(), job)
                )
                if not taken.rowcount:
                    continue
            self._running[job] = asyncio.create_task(self._run(job))

    async def _run(self, job: str) -> None:
        state, error = "failed", ""
        try:
            process = await self._launch(job)
            self._processes[job] = process
            try:
                _, told = await asyncio.wait_for(process.communicate(), self._settings.job_seconds)
                error = told.decode(errors="replace")[-2000:]
                state = {0: "done", 6: "interrupted"}.get(process.returncode or 0, "failed")
            except TimeoutError:
                state, error = "interrupted", f"stopped after {self._settings.job_seconds} s, the limit of this page"
                await self._end(process)
        except OSError as problem:
            error = f"the run could not be started: {problem}"
        except asyncio.CancelledError:
            state, error = "interrupted", "the server ended"
        finally:
            self._processes.pop(job, None)
            self._running.pop(job, None)
            with self._database.change() as connection:
                connection.execute(
                    "UPDATE jobs SET state = ?, ended = ?, error = ? WHERE id = ? AND state = 'running'",
                    (state, now(), error, job),
                )
                connection.execute("UPDATE jobs SET process = NULL WHERE id = ?", (job,))

    async def _launch(self, job: str) -> asyncio.subprocess.Process:
        row, folder = self.get(job), self.folder(job)
        folder.mkdir(parents=True, exist_ok=True)
        papers = self._settings.papers
        wanted = {
            "paper": row["paper"], "scale": row["scale"], "seeds": row["seeds"],
            "overrides": json.loads(row["overrides"]), "store": str(self._settings.store.resolve()),
            "papers": None if papers is None else str(papers.resolve()),
            "memory_bytes": self._settings.job_memory_bytes, "job": job,
            "database": str(self._settings.folder.resolve()),
        }  # fmt: skip
        write_json(folder / "job.json", "job", wanted)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "lilliput.web.child", str(folder), str(os.getpid()),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        with self._database.change() as connection:
            connection.execute("UPDATE jobs SET process = ? WHERE id = ?", (process.pid, job))
        return process

    def _stop_cancelled(self) -> None:
        for job in list(self._processes):
            if self.get(job)["state"] == "cancelled":
                self._signal(job, signal.SIGINT)
                asyncio.get_running_loop().create_task(self._kill_later(self._processes.pop(job)))

    def _signal(self, job: str, number: signal.Signals) -> None:
        process = self._processes.get(job)
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGINT)
        await self._kill_later(process)

    async def _kill_later(self, process: asyncio.subprocess.Process) -> None:
        deadline = time.monotonic() + _GRACE_SECONDS
        while process.returncode is None and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
