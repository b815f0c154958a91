"""The page's own SQLite file, beside the result store: what was voted, queued and subscribed, and tables to search.

One connection a thread, WAL mode: readers never wait. The catalogue's tables can be made anew from the papers and the
result store at any time; votes, notes, jobs and subscribers exist only here.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lilliput.core.errors import NewerFormat, NotThisFormat
from lilliput.core.files import write_errors
from lilliput.core.store.database import store_errors, transaction
from lilliput.web import standings

VERSION = 2
APPLICATION_ID = 0x4C495057  # "LIPW"

_SCHEMA = """
CREATE TABLE papers (
    name TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    date TEXT NOT NULL,
    week TEXT NOT NULL,
    month TEXT NOT NULL,
    authors INTEGER NOT NULL,
    status TEXT NOT NULL,
    topics TEXT NOT NULL,
    content TEXT NOT NULL,
    votes INTEGER NOT NULL DEFAULT 0,
    runs INTEGER NOT NULL DEFAULT 0,
    heat REAL NOT NULL DEFAULT 0,
    best TEXT
) STRICT;
CREATE INDEX papers_by_date ON papers (date DESC, number DESC);
CREATE INDEX papers_by_week ON papers (week, date DESC);
CREATE INDEX papers_by_month ON papers (month, date DESC);
CREATE INDEX papers_by_heat ON papers (heat DESC, date DESC);
CREATE TABLE paper_topics (topic TEXT NOT NULL, paper TEXT NOT NULL, PRIMARY KEY (topic, paper)) STRICT, WITHOUT ROWID;
CREATE TABLE paper_kinds (kind TEXT NOT NULL, paper TEXT NOT NULL, PRIMARY KEY (kind, paper)) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE paper_words USING fts5 (name, title, summary, topics, tokenize = "porter unicode61");
CREATE VIRTUAL TABLE paper_grams USING fts5 (name, title, tokenize = "trigram");
CREATE TABLE scores (
    run TEXT NOT NULL,
    number INTEGER NOT NULL,
    command TEXT NOT NULL,
    paper TEXT, task TEXT, model TEXT, scale TEXT,
    metric TEXT NOT NULL,
    split TEXT NOT NULL,
    value REAL NOT NULL,
    n INTEGER, low REAL, high REAL,
    unit TEXT NOT NULL,
    seed INTEGER,
    commit_id TEXT,
    machine TEXT NOT NULL,
    command_line TEXT NOT NULL,
    started TEXT NOT NULL,
    PRIMARY KEY (number, metric, split)
) STRICT, WITHOUT ROWID;
CREATE INDEX scores_by_start ON scores (started);
CREATE INDEX scores_by_paper ON scores (paper, metric, number DESC);
CREATE TABLE unsettled (number INTEGER PRIMARY KEY) STRICT;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE votes (
    paper TEXT NOT NULL, voter TEXT NOT NULL, given TEXT NOT NULL, PRIMARY KEY (paper, voter)
) STRICT, WITHOUT ROWID;
CREATE TABLE notes (
    id INTEGER PRIMARY KEY, paper TEXT NOT NULL, text TEXT NOT NULL, written TEXT NOT NULL
) STRICT;
CREATE INDEX notes_by_paper ON notes (paper, id);
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    paper TEXT NOT NULL,
    scale TEXT NOT NULL,
    seeds INTEGER,
    overrides TEXT NOT NULL,
    asked TEXT NOT NULL,
    began TEXT, ended TEXT,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
    run TEXT,
    process INTEGER,
    error TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, asked);
CREATE INDEX jobs_by_paper ON jobs (paper, asked);
CREATE TABLE subscribers (
    address TEXT PRIMARY KEY, asked TEXT NOT NULL, confirmed TEXT, left_at TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE digests (
    week TEXT NOT NULL, address TEXT NOT NULL, sent TEXT NOT NULL, PRIMARY KEY (week, address)
) STRICT, WITHOUT ROWID;
"""


class PageDatabase:
    """The page's database. Safe to use from several threads and processes.

    Args:
        folder: holds `page.sqlite`, made when it is not there.

    Raises:
        NotThisFormat: LP200, damaged or something else. NewerFormat: LP201. BadOutput: LP104. Busy: LP605.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "page.sqlite"
        with write_errors(self.path):
            folder.mkdir(parents=True, exist_ok=True)
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self.connection()

    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            with store_errors(self.path), self._guard:
                found = _connect(self.path)
                self._all.append(found)
            self._local.connection = found
        return found

    def query(self, statement: str, values: tuple[Any, ...] | dict[str, Any] = ()) -> list[sqlite3.Row]:
        """All rows of a question."""
        with store_errors(self.path):
            return self.connection().execute(statement, values).fetchall()

    @contextlib.contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """All changes in here, or none."""
        connection = self.connection()
        with store_errors(self.path), transaction(connection):
            yield connection

    def fact(self, name: str) -> str:
        """A remembered text; empty where there is none."""
        rows = self.query("SELECT value FROM facts WHERE name = ?", (name,))
        return str(rows[0]["value"]) if rows else ""

    def secret(self) -> bytes:
        """The key that signs forms and links; made once, kept with the database."""
        with self.change() as connection:
            connection.execute("INSERT OR IGNORE INTO facts VALUES ('secret', ?)", (secrets.token_hex(32),))
        return bytes.fromhex(self.fact("secret"))

    def close(self) -> None:
        """Close all connections."""
        with self._guard:
            for connection in self._all:
                connection.close()
            self._all.clear()
        self._local = threading.local()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application not in (0, APPLICATION_ID) or (application == 0 and _tables(connection)):
        connection.close()
        raise NotThisFormat(f"{path} is an SQLite file, but not the page's", fix=f"move it away: mv {path} {path}.old")
    if version > VERSION:
        connection.close()
        raise NewerFormat(f"{path} is of version {version}; this program knows {VERSION}")
    if application == 0:
        connection.execute("PRAGMA journal_mode = WAL")
    if version < VERSION:
        with transaction(connection):
            if connection.execute("PRAGMA user_version").fetchone()[0] < VERSION:
                _make_tables(connection)
        with contextlib.suppress(OSError):
            os.chmod(path, 0o600)  # it holds the signing key and addresses
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables that are not there; those that follow from the result store are filled anew after a change."""
    if _tables(connection):
        for table in ("scores", "boards_of_scores"):
            connection.execute(f"DROP TABLE IF EXISTS {table}")
        connection.execute("DELETE FROM unsettled")
        connection.execute("DELETE FROM facts WHERE name = 'last run'")
    for statement in (_SCHEMA + standings.SCHEMA).split(";\n"):
        if statement.strip():
            connection.execute(re.sub(r"(TABLE|INDEX) ", r"\1 IF NOT EXISTS ", statement.strip(), count=1))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _tables(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
