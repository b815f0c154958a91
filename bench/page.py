"""Time the page under many readers at once, on made-up papers and runs, at full size and at a tenth of it.

    python bench/page.py --folder /tmp/page

Fills `FOLDER/full` (10 000 papers, 100 000 runs) and `FOLDER/tenth`, serves each from a process of its own, and lets
50 clients open the feed, the search and the comparisons in a mixed order. `server` is the time from a request's arrival
in the application to the start of its answer, waiting for other requests included; `client` is what the reader waits.
`--pause` is the mean time that a reader looks at a page; with 0 the clients only measure how fast the queue moves.
The plan of each question to the database is compared between the two sizes.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from page_data import fill_store, write_papers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lilliput.web.app import create_app, open_site
from lilliput.web.database import PageDatabase
from lilliput.web.settings import ServeSettings

_BOARD = "/compare?task=task-1&split=int8&metric=accuracy"
_HEADER = "server-timing"


@dataclass
class Times:
    """Milliseconds of one kind of page, by the server's clock and by the client's."""

    server: list[float] = field(default_factory=list)
    client: list[float] = field(default_factory=list)


class Timed:
    """Tells with each answer how long the application took until it began."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        began = time.perf_counter()

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                spent = f"app;dur={1000 * (time.perf_counter() - began):.3f}".encode()
                message = {**message, "headers": [*message["headers"], (_HEADER.encode(), spent)]}
            await send(message)

        await self._app(scope, receive, told)


def settings_of(folder: Path, port: int = 8400) -> ServeSettings:
    """The page in one of the filled folders."""
    return ServeSettings(
        folder=folder / "page", store=folder / "results.sqlite", papers=folder / "papers", port=port
    )  # fmt: skip


def fill(folder: Path, papers: int, runs: int) -> None:
    """Fill a folder, unless it is; enter everything into the page's tables."""
    if not (folder / "results.sqlite").exists():
        write_papers(folder / "papers", papers)
        fill_store(folder / "results.sqlite", runs, papers)
    began = time.perf_counter()
    open_site(settings_of(folder)).close()
    spent = time.perf_counter() - began
    print(f"{folder.name}: {papers} papers, {runs} runs; tables ready after {spent:.1f} s", flush=True)


def serve(folder: Path, port: int) -> None:
    """Serve until terminated."""
    app = Timed(create_app(settings_of(folder, port)))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", timeout_keep_alive=600)


def questions(folder: Path) -> list[tuple[str, str]]:
    """Kinds of page, and an address of each."""
    connection = sqlite3.connect(folder / "results.sqlite")
    first, second = (row[0] for row in connection.execute("SELECT id FROM runs WHERE task = 'task-1' LIMIT 2"))
    connection.close()
    return [
        ("feed", "/"), ("feed, page 40", "/?page=40"), ("feed, a week", "/?period=week&at=2020-W20"),
        ("feed, trending", "/?sort=trending"), ("feed, a topic", "/?topic=spiking"), ("search", "/?q=spiking+fleet"),
        ("search, by date", "/?q=spiking&sort=date"), ("search, misspelled", "/?q=quantisd"),
        ("list of boards", "/compare"), ("a board", _BOARD),
        ("a board under a budget", f"{_BOARD}&flash=64KiB&sram=32KiB&cost=macs"),
        ("two runs", f"/compare/runs?a={first}&b={second}"), ("runs", "/runs"), ("a paper", "/papers/made-up-77"),
    ]  # fmt: skip


async def load(base: str, asked: list[tuple[str, str]], *, clients: int, each: int, pause: float) -> dict[str, Times]:
    """Let `clients` readers open `each` pages; times by kind."""
    times = {name: Times() for name, _ in asked}

    async def read(seed: int) -> None:
        rng = random.Random(seed)
        async with httpx2.AsyncClient(base_url=base, timeout=60, trust_env=False) as client:
            await asyncio.sleep(rng.random() * pause)
            for index in range(each):
                name, address = asked[(seed + index * 5) % len(asked)]
                began = time.perf_counter()
                answer = await client.get(address)
                times[name].client.append(1000 * (time.perf_counter() - began))
                times[name].server.append(float(answer.headers[_HEADER].partition("dur=")[2]))
                if answer.status_code != 200:
                    raise SystemExit(f"{address}: {answer.status_code}")
                await asyncio.sleep(rng.expovariate(1 / pause) if pause else 0)

    await asyncio.gather(*(read(seed) for seed in range(clients)))
    return times


def measure(folder: Path, clients: int, each: int, pause: float) -> dict[str, Times]:
    """Serve a folder and put the load on it."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    server = subprocess.Popen([sys.executable, __file__, "--folder", str(folder), "--serve", str(port)])
    base, asked = f"http://127.0.0.1:{port}", questions(folder)
    try:
        _wait(base)
        with httpx2.Client(base_url=base, timeout=60, trust_env=False) as client:
            for _, address in asked:
                client.get(address)  # what is read once and kept is no part of the figure
        return asyncio.run(load(base, asked, clients=clients, each=each, pause=pause))
    finally:
        server.terminate()
        server.wait(20)


def _wait(base: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            httpx2.get(base, trust_env=False)
            return
        except httpx2.TransportError:
            time.sleep(0.2)
    raise SystemExit("the page did not start")


def plans(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """Kind of page → each statement it asks the page's database, and how SQLite goes about it."""
    from starlette.testclient import TestClient

    asked: list[tuple[str, Any]] = []
    original = PageDatabase.query

    def noted(self: PageDatabase, statement: str, values: Any = ()) -> list[sqlite3.Row]:
        asked.append((statement, values))
        return original(self, statement, values)

    found: dict[str, list[tuple[str, str]]] = {}
    app = create_app(settings_of(folder))
    database = app.state.site.database
    PageDatabase.query = noted  # type: ignore[method-assign]
    try:
        with TestClient(app, base_url="http://127.0.0.1:8400") as client:
            for name, address in questions(folder):
                asked.clear()
                client.get(address)
                statements = {" ".join(statement.split()): values for statement, values in asked}
                found[name] = [
                    (statement, "; ".join(row["detail"] for row in original(database, f"EXPLAIN QUERY PLAN {statement}",
                                                                            values)))
                    for statement, values in statements.items() if "FROM jobs" not in statement
                ]  # fmt: skip
    finally:
        PageDatabase.query = original  # type: ignore[method-assign]
    return found


def _quantile(values: Iterable[float], share: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def _table(full: dict[str, Times], tenth: dict[str, Times]) -> None:
    print("| page | n | server p50 | p95 | p99 | client p95 | at 1/10: p50 | p95 | p99 |")
    print("| --- | --: | --: | --: | --: | --: | --: | --: | --: |")
    everything = [(name, full[name], tenth[name]) for name in full]
    for name, large, small in [*everything, ("all", _joined(full), _joined(tenth))]:
        figures = [*(_quantile(large.server, share) for share in (50, 95, 99)), _quantile(large.client, 95),
                   *(_quantile(small.server, share) for share in (50, 95, 99))]  # fmt: skip
        print(f"| {name} | {len(large.server)} | " + " | ".join(f"{figure:.1f}" for figure in figures) + " |")


def _joined(times: dict[str, Times]) -> Times:
    return Times([t for one in times.values() for t in one.server], [t for one in times.values() for t in one.client])


def main() -> None:
    """Fill, measure at both sizes, print the table and the plans."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--papers", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--each", type=int, default=28, help="pages that each client opens")
    parser.add_argument("--pause", type=float, default=5.0, help="mean seconds that a reader looks at a page")
    parser.add_argument("--plans", action="store_true", help="print every plan, not only those that differ")
    parser.add_argument("--serve", type=int, default=0, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.folder, asked.serve)
        return
    full, tenth = asked.folder / "full", asked.folder / "tenth"
    fill(tenth, asked.papers // 10, asked.runs // 10)
    fill(full, asked.papers, asked.runs)
    small = measure(tenth, asked.clients, asked.each, asked.pause)
    large = measure(full, asked.clients, asked.each, asked.pause)
    _table(large, small)
    before, after = plans(tenth), plans(full)
    changed = 0
    for name, statements in after.items():
        for statement, plan in statements:
            earlier = dict(before[name]).get(statement, "not asked")
            changed += earlier != plan
            if asked.plans or earlier != plan:
                told = "" if earlier == plan else f"\n    at 1/10: {earlier}"
                print(f"\n{name}: {statement}\n    {plan}{told}")
    print(f"\n{sum(map(len, after.values()))} questions, {changed} with another plan at 1/10 size")


if __name__ == "__main__":
    main()
