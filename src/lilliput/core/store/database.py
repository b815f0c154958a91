"""The SQLite file itself: where it lies, its tables, how it is opened, and its errors in our own words."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from lilliput.core.errors import BadOutput, Busy, NewerFormat, NoRoom, NotThisFormat
from lilliput.core.files import write_errors

APPLICATION_ID = 0x4C494C50  # "LILP": tells our file from any other SQLite file
VERSION = 1
BUSY_SECONDS = 30.0
_OTHER = "set LILLIPUT_HOME to a folder that can be written, or give --store"

_SCHEMA = """
CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    command TEXT NOT NULL,
    paper TEXT, task TEXT, model TEXT, scale TEXT,
    settings TEXT NOT NULL,
    seed INTEGER,
    commit_id TEXT, dirty INTEGER,
    versions TEXT NOT NULL,
    machine TEXT NOT NULL,
    command_line TEXT NOT NULL,
    folder TEXT,
    started TEXT NOT NULL,
    seconds REAL,
    peak_memory_bytes INTEGER,
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'interrupted')),
    error TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX runs_by_paper ON runs (paper, number);
CREATE INDEX runs_by_state ON runs (state, number);
CREATE TABLE metrics (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    name TEXT NOT NULL,
    split TEXT NOT NULL DEFAULT '',
    step INTEGER,
    value REAL NOT NULL,
    n INTEGER, low REAL, high REAL,
    unit TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX one_value_a_step ON metrics (run, name, split, coalesce(step, -1));
CREATE TABLE artifacts (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (run, path)
) STRICT;
CREATE TABLE claims (
    paper TEXT NOT NULL,
    row TEXT NOT NULL,
    metric TEXT NOT NULL,
    claimed REAL,
    direction TEXT NOT NULL,
    kind TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (paper, row)
) STRICT;
"""


def default_path() -> Path:
    """`$LILLIPUT_HOME/results.sqlite`, else `results.sqlite` in the platform's folder for data of programs."""
    home = os.environ.get("LILLIPUT_HOME")
    if home:
        return Path(home) / "results.sqlite"
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "lilliput" / "results.sqlite"


def connect(path: Path) -> sqlite3.Connection:
    """Open the store, and make it when it is not there. WAL mode: one writer and any number of readers at once.

    Raises:
        NotThisFormat: LP200, the file is damaged or is not a store. NewerFormat: LP201. BadOutput: LP104. Busy: LP605.
    """
    try:
        with write_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
    except BadOutput as error:
        raise BadOutput(f"there is no place for the result store: {error.what}", why=error.why, fix=_OTHER) from error
    with store_errors(path):
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; other writers wait from the start, so that what is read in here stays true."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, by their kind; a broken constraint is a programmer's error and passes."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.Error as error:
        kind = getattr(error, "sqlite_errorname", None) or "SQLITE_ERROR"
        if kind.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise Busy(f"{path} is held by another process for {BUSY_SECONDS:.0f} s now", fix="try again") from error
        if kind.startswith("SQLITE_FULL"):
            raise NoRoom(f"no room left to write {path}", fix=f"`df -h {path.parent}` shows the room") from error
        if kind.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_IOERR", "SQLITE_AUTH")):
            raise BadOutput(
                f"the result store {path} cannot be written: {error}",
                fix=_OTHER,
            ) from error
        raise _damaged(path, str(error)) from error
    except (UnicodeDecodeError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError) or type(error).__name__ == "JSONDecodeError":
            raise _damaged(path, str(error)) from error
        raise


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    # One read transaction: between two reads of their own another process could make the store that is half seen.
    connection.execute("BEGIN")
    try:
        is_new = _is_new(connection, path)
    finally:
        connection.execute("ROLLBACK")
    if is_new:
        _create(connection, path)
    # After a power failure the last commits may be gone, but the file is whole; after a killed process nothing is.
    connection.execute("PRAGMA synchronous = NORMAL")


def _is_new(connection: sqlite3.Connection, path: Path) -> bool:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application == APPLICATION_ID:
        if version > VERSION:
            raise NewerFormat(f"{path} is a result store of version {version}; this program knows {VERSION}")
        return False
    if application == 0 and version == 0 and not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        return True
    raise NotThisFormat(f"{path} is an SQLite file, but not a result store", fix="give another one with --store")


def _create(connection: sqlite3.Connection, path: Path) -> None:
    # SQLite does not wait for other processes here as it does elsewhere, so we do.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if not str(error.sqlite_errorname).startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
    with transaction(connection):
        if not _is_new(connection, path):
            return  # another process was first
        for statement in _SCHEMA.split(";\n"):
            if statement.strip():
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _damaged(path: Path, reason: str) -> NotThisFormat:
    return NotThisFormat(
        f"the result store {path} is damaged or is not one: {reason}",
        fix=f"move it away (`mv {path} {path}.damaged`), and an empty one is made",
    )
