"""What the store holds, as it is handed out and as it is exported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

State: TypeAlias = Literal["running", "done", "failed", "interrupted"]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution of a command, with where it comes from.

    Args:
        id: 12 hexadecimal digits, the same in every store it is copied to.
        command: the verb: `"build"`, `"run"`.
        paper: name of the paper that it runs, if any.
        settings: resolved, defaults included.
        commit: of the checkout, None when there was none; `dirty` with it.
        started: UTC, ISO 8601.
        seconds: from start to end; None while running or when it was killed.
        peak_memory_bytes: largest resident size of the process, or of its largest child.
        error: why it failed.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    id: str
    command: str
    paper: str | None
    task: str | None
    model: str | None
    scale: str | None
    settings: dict[str, Any]
    seed: int | None
    commit: str | None
    dirty: bool | None
    versions: dict[str, str]
    machine: dict[str, Any]
    command_line: str
    started: str
    seconds: float | None
    peak_memory_bytes: int | None
    state: State
    error: str


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One figure: name, value, and how sure it is (`n` items, interval `low` to `high`, None where not known)."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    name: str
    value: float
    split: str
    step: int | None
    n: int | None
    low: float | None
    high: float | None
    unit: str


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A file that a run wrote: its path, relative to the folder that the run was started in, and its SHA-256."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    path: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ClaimRow:
    """One row of what a paper claims.

    Args:
        row: its name within the paper.
        claimed: the figure; None where the claim is a relation only.
        direction: how to compare, such as `"higher"`, `"lower"`, `"equal"`.
        kind: of evidence here: `"reproduced"`, `"stand-in"`, `"structure"`, `"out of reach"`.
    """

    paper: str
    row: str
    metric: str
    claimed: float | None
    direction: str
    kind: str
