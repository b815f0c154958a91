"""A run that is under way."""

from __future__ import annotations

import math
import os
import resource
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

from lilliput.core.errors import Interrupted, MissingFile
from lilliput.core.files import sha256_of
from lilliput.core.store.records import Metric, State
from lilliput.core.store.rows import INSERT_ARTIFACT, INSERT_METRIC, metric_values

Do: TypeAlias = Callable[[Callable[[sqlite3.Connection], Any]], Any]


class RunHandle:
    """A run that is under way. As a context manager it ends it: *done*, *interrupted* (Ctrl-C, LP700) or *failed*."""

    def __init__(
        self, run_id: str, number: int, folder: Path, do: Do, release: Callable[[], None], before: float = 0.0
    ) -> None:
        self.id = run_id
        self._number, self._folder, self._do, self._release = number, folder, do, release
        self._began = time.monotonic() - before
        self._is_open = True

    def metric(
        self,
        name: str,
        value: float,
        *,
        split: str = "",
        step: int | None = None,
        n: int | None = None,
        low: float | None = None,
        high: float | None = None,
        unit: str = "",
    ) -> None:
        """Store a figure. The same name, split and step again replaces it, so that a resumed run can repeat steps.

        Raises:
            ValueError: NaN or infinity, or the run has ended.
        """
        metric = Metric(
            name=name, value=float(value), split=split, step=None if step is None else int(step),
            n=None if n is None else int(n), low=None if low is None else float(low),
            high=None if high is None else float(high), unit=unit,
        )  # fmt: skip
        for number in (metric.value, metric.low, metric.high):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"metric {name!r} is {number}; only finite figures are stored")
        self._check_open()
        self._do(lambda connection: connection.execute(INSERT_METRIC, metric_values(self._number, metric)))

    def artifact(self, path: Path) -> None:
        """Store a file's path, relative to the folder that the run began in, and its SHA-256; of a folder, each file's.

        Raises:
            MissingFile: LP221, it is not there.
        """
        self._check_open()
        path = self._folder / path
        files = sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]
        if not files:
            raise MissingFile(f"the folder {path} holds no file to store")
        rows = [(self._number, Path(os.path.relpath(item, self._folder)).as_posix(), sha256_of(item)) for item in files]
        self._do(lambda connection: connection.executemany(INSERT_ARTIFACT, rows))

    def finish(self) -> None:
        """End the run as *done*."""
        self._end("done", "")

    def fail(self, error: BaseException | str) -> None:
        """End the run as *failed*, with the reason."""
        self._end("failed", str(error) or type(error).__name__)

    def interrupt(self) -> None:
        """End the run as *interrupted*; `Store.resume` goes on with it."""
        self._end("interrupted", "")

    def __enter__(self) -> RunHandle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_open:
            return
        if error is None:
            self.finish()
        elif isinstance(error, (KeyboardInterrupt, Interrupted, GeneratorExit)):
            self.interrupt()
        else:
            self.fail(f"{type(error).__name__}: {error}")

    def _end(self, state: State, error: str) -> None:
        self._check_open()
        values = (state, error, time.monotonic() - self._began, _peak_memory_bytes(), self._number)
        self._do(
            lambda connection: connection.execute(
                "UPDATE runs SET state = ?, error = ?, seconds = ?, peak_memory_bytes = ? WHERE number = ?", values
            )
        )
        self._is_open = False
        self._release()

    def _check_open(self) -> None:
        if not self._is_open:
            raise ValueError(f"run {self.id} has ended")


def _peak_memory_bytes() -> int:
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return peak if sys.platform == "darwin" else peak * 1024
