"""Progress: one event type, one way to send it, and readers for a terminal, a log and a file.

Library code takes `emit: Emit = silent`, calls `emit(Event("step", "train", step=3, total=30))`, and never prints.

    kind      fields that carry it
    started   step, total        the work named `what` begins, at `step` when it was resumed
    step      step, total, value one more step is done
    metric    name, value, unit  a figure of that work
    note      text               something worth a line
    warning   text               something the user should act on
    artifact  text               a file or folder that was written
    done      step, value        the work is finished
    failed    text               the work gave up
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO, TypeAlias

from lilliput.core.files import write_errors
from lilliput.core.text import printable
from lilliput.core.units import format_ms

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

Kind: TypeAlias = Literal["started", "step", "metric", "note", "warning", "artifact", "done", "failed"]


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    Args:
        kind: what sort of thing.
        what: the work it belongs to: `"train"`, `"compile"`.
        name: of the metric.
        step: steps done so far.
        total: steps in all, where that is known.
        value: of the metric, or the deciding figure of a step.
        unit: of `value`; empty for shares and counts.
        text: one sentence, or the path of an artefact.
        time: seconds since 1970.
    """

    kind: Kind
    what: str
    name: str = ""
    step: int | None = None
    total: int | None = None
    value: float | None = None
    unit: str = ""
    text: str = ""
    time: float = field(default_factory=time.time)


Emit: TypeAlias = Callable[[Event], None]


def silent(event: Event) -> None:
    """The reader that ignores everything."""


def tee(*emits: Emit) -> Emit:
    """One emitter that hands each event to all of `emits`, in that order."""

    def emit(event: Event) -> None:
        for one in emits:
            one(event)

    return emit


class _Work:
    """What the readers remember of one piece of work."""

    def __init__(self, event: Event) -> None:
        self.began_at, self.began_step = event.time, event.step or 0
        self.step, self.total = event.step or 0, event.total
        self.metric = ""
        self.said_at = event.time
        self.now = event.time

    def take(self, event: Event) -> None:
        self.now = event.time
        self.step = self.step if event.step is None else event.step
        self.total = self.total if event.total is None else event.total
        if event.kind == "metric" and event.value is not None:
            self.metric = f"{event.name} {_figure(event.value, event.unit)}"

    def progress(self) -> str:
        """`12/30 (40 %), 2.1/s, 9 s left, accuracy 0.91`; what is not known is left out."""
        share = f" ({100 * self.step // self.total} %)" if self.total else ""
        parts = [f"{self.step}/{self.total}{share}" if self.total else f"step {self.step}"]
        seconds, steps = self.now - self.began_at, self.step - self.began_step
        if seconds > 0 and steps > 0:
            parts.append(_rate(steps / seconds))
            if self.total:
                parts.append(f"{format_ms(1000 * max(self.total - self.step, 0) * seconds / steps)} left")
        return ", ".join([*parts, self.metric] if self.metric else parts)

    def spent(self) -> str:
        return format_ms(1000 * max(self.now - self.began_at, 0))


class PlainLines:
    """Reader for a log: plain lines, at most one of progress each `every` seconds and work; all else at once.

    Args:
        stream: where to; flushed after each line.
        every: seconds between two lines of progress of the same work.
    """

    def __init__(self, stream: TextIO, every: float = 10.0) -> None:
        self._stream, self._every = stream, every
        self._works: dict[str, _Work] = {}

    def __call__(self, event: Event) -> None:
        if event.kind == "started" or event.what not in self._works:
            self._works[event.what] = _Work(event)
        work = self._works[event.what]
        work.take(event)
        if event.kind in ("step", "metric"):
            if event.time - work.said_at < self._every:
                return
            work.said_at = event.time
        self._say(f"{event.what}: {_line(event, work)}")
        if event.kind in ("done", "failed"):
            del self._works[event.what]

    def _say(self, line: str) -> None:
        self._stream.write(printable(line) + "\n")
        self._stream.flush()


class TerminalBars:
    """Reader for a terminal: one rich bar a piece of work, with rate, time left and the deciding metric.

    Use as a context manager, so that the terminal is left as it was found.
    """

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[metric]}", markup=False),
            console=console,
            transient=False,
        )
        self._works: dict[str, tuple[_Work, TaskID]] = {}

    def __enter__(self) -> TerminalBars:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        if event.kind in ("note", "warning", "artifact"):
            self._print(f"{event.what}: {_line(event, None)}", "yellow" if event.kind == "warning" else "")
            return
        if event.kind == "started" or event.what not in self._works:
            bar = self._progress.add_task(printable(event.what), total=event.total, rate="", metric="")
            self._works[event.what] = (_Work(event), bar)
        work, bar = self._works[event.what]
        work.take(event)
        seconds, steps = work.now - work.began_at, work.step - work.began_step
        rate = _rate(steps / seconds) if seconds > 0 and steps > 0 else ""
        self._progress.update(bar, completed=work.step, total=work.total, rate=rate, metric=printable(work.metric))
        if event.kind in ("done", "failed"):
            del self._works[event.what]
            self._progress.stop_task(bar)
            self._print(f"{event.what}: {_line(event, work)}", "red" if event.kind == "failed" else "")

    def _print(self, line: str, style: str) -> None:
        from rich.text import Text

        self._progress.console.print(Text(printable(line), style=style))


class JsonLines:
    """Reader for a file: one JSON object a line, fields that are empty left out, flushed at once.

    Raises:
        BadOutput: LP104, the file cannot be written. NoRoom: LP604, the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with write_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8", newline="\n")

    def __enter__(self) -> JsonLines:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __call__(self, event: Event) -> None:
        filled = {key: value for key, value in dataclasses.asdict(event).items() if value not in (None, "")}
        with write_errors(self._path):
            self._file.write(json.dumps(filled, sort_keys=True, ensure_ascii=False) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file; what was emitted is in it already."""
        self._file.close()


@contextmanager
def watch(stream: TextIO, *, quiet: bool = False) -> Iterator[Emit]:
    """The reader that suits `stream`: nothing when quiet, bars on a terminal, plain lines elsewhere."""
    if quiet:
        yield silent
    elif stream.isatty() and os.environ.get("TERM") != "dumb":
        from rich.console import Console

        with TerminalBars(Console(file=stream)) as bars:
            yield bars
    else:
        yield PlainLines(stream)


def _line(event: Event, work: _Work | None) -> str:
    if event.kind == "started":
        at = f", going on from {event.step}" if event.step else ""
        return f"started ({event.total} steps{at})" if event.total else "started"
    if event.kind in ("step", "metric") and work is not None:
        return work.progress()
    if event.kind == "done" and work is not None:
        return ", ".join(part for part in (f"done in {work.spent()}", work.metric, event.text) if part)
    if event.kind == "artifact":
        return f"wrote {event.text}"
    return f"{event.kind}: {event.text}" if event.kind in ("warning", "failed") else event.text


def _figure(value: float, unit: str) -> str:
    return f"{value:.4g} {unit}".rstrip()


def _rate(steps_per_second: float) -> str:
    return f"{steps_per_second:.3g}/s" if steps_per_second >= 1 else f"{format_ms(1000 / steps_per_second)} a step"
