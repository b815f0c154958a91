"""Where a figure comes from: commit, versions, machine, command, date."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import lilliput

_VERSIONS = ("numpy", "torch")
_GIT_SECONDS = 20


@dataclass(frozen=True)
class Machine:
    """What the run ran on. A figure is `None` where the system does not tell it.

    Args:
        cpu: name of the processor.
        cores: that this process may use.
        memory_bytes: of the machine.
        system: operating system, release and architecture.
    """

    cpu: str
    cores: int
    memory_bytes: int | None
    system: str


@dataclass(frozen=True)
class Provenance:
    """All that is stored beside a result.

    Args:
        commit: of the checkout that the package was imported from; `None` when it is no checkout.
        dirty: whether tracked files differ from `commit`; `None` with it.
        versions: of python, lilliput and the packages that decide figures; a package that is not installed is left out.
        machine: what it ran on.
        command_line: as it could be typed again.
        date: UTC, ISO 8601 with seconds.
    """

    commit: str | None
    dirty: bool | None
    versions: dict[str, str]
    machine: Machine
    command_line: str
    date: str


def collect(argv: Sequence[str] | None = None) -> Provenance:
    """The provenance of work that starts now.

    Args:
        argv: program and arguments; those of this process by default. The program is stored by name, without its path.
    """
    commit, dirty = _checkout(Path(__file__).resolve().parents[3])
    return Provenance(
        commit=commit,
        dirty=dirty,
        versions=versions(),
        machine=machine(),
        command_line=_command_line(sys.argv if argv is None else argv),
        date=now(),
    )


def now() -> str:
    """UTC now, `2025-03-01T10:15:23Z`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def versions() -> dict[str, str]:
    """Of python, lilliput, numpy and torch, without importing them."""
    found = {"python": platform.python_version(), "lilliput": lilliput.__version__}
    for name in _VERSIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


@functools.cache
def machine() -> Machine:
    """This machine."""
    # A container or `taskset` may leave fewer cores than there are.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # Not the whole kernel string: it names the host's own build, and a result is made to be passed on.
    system = " ".join(part for part in (platform.system(), platform.machine(), *platform.libc_ver()) if part)
    return Machine(cpu=_cpu_name(), cores=cores, memory_bytes=_memory_bytes(), system=system)


@functools.cache
def _checkout(root: Path) -> tuple[str | None, bool | None]:
    # Only our own checkout: a package installed below somebody else's repository must not take that one's commit.
    if not (root / ".git").exists() or not (root / "src" / "lilliput").is_dir():
        return None, None
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    status = _git(root, "status", "--porcelain", "--untracked-files=no")
    if not commit or status is None:
        return None, None
    return commit, bool(status)


def _git(root: Path, *arguments: str) -> str | None:
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    # Set by git itself while it runs a hook; they would point at another repository.
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        environment.pop(name, None)
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True, text=True, timeout=_GIT_SECONDS, env=environment, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _command_line(argv: Sequence[str]) -> str:
    program = Path(argv[0]).name if argv and argv[0] else "python"
    # `python -m lilliput.cli` is the same command, and this name says nothing.
    program = "lilliput" if program == "__main__.py" else program
    return shlex.join([program, *argv[1:]])


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for key in ("model name", "Model", "Hardware"):
        for line in lines:
            name, _, value = line.partition(":")
            if name.strip() == key and value.strip():
                return value.strip()
    return platform.processor() or platform.machine() or "unknown"


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None
