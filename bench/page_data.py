"""Fill a folder with made-up papers and runs, as many as asked, and time the page's questions on them.

    python bench/page_data.py --papers 10000 --runs 100000 --folder /tmp/page

Papers become TOML files that the page reads like a user's; runs go into a result store of the ordinary kind. The
figures follow from the seed and mean nothing: they are for measuring the page, and never for `results/`.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import statistics
import sys
import time
from pathlib import Path

from lilliput.core.store import Store
from lilliput.core.store.database import connect, transaction
from lilliput.core.store.records import Metric, Run
from lilliput.core.store.rows import INSERT_METRIC, insert_run, metric_values

TASKS, MODELS, SEEDS = 40, 60, 4
_WORDS = ("small", "spiking", "vision", "speech", "memory", "search", "pruned", "stream", "quantised", "graph",
          "sparse", "wake", "sensor", "learner", "kernel", "device", "fleet", "patch", "token", "noise")  # fmt: skip


def write_papers(folder: Path, count: int, seed: int = 0) -> None:
    """`count` papers as TOML files: words, dates over ten years, two claims each."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        words = rng.sample(_WORDS, 4)
        day = f"{rng.randint(2016, 2025)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        claims = "".join(
            f'\n[[claims]]\nid = "{name}"\nmetric = "{name}"\nvalue = {rng.randint(50, 99)}\nunit = "%"\n'
            f'direction = "higher"\non = "{rng.choice(_WORDS)}"\nkind = "{kind}"\nsource = "[paper] table 1"\n'
            for name, kind in (("accuracy", rng.choice(("stand-in", "reproduced"))), ("size", "structure"))
        )
        (folder / f"made-up-{number}.toml").write_text(
            f'number = {1000 + number}\nname = "made-up-{number}"\ntitle = "{" ".join(words).capitalize()} {number}"\n'
            f"date = {day}\nauthors = {rng.randint(1, 12)}\ntopics = {words[:2]!r}\n"
            f'summary = "About {" and ".join(rng.sample(_WORDS, 6))}. Made up, to measure the page."\n{claims}',
            encoding="utf-8",
        )


def fill_store(path: Path, runs: int, papers: int, seed: int = 0) -> None:
    """`runs` finished runs: half builds of a model on a task, with costs; half paper runs with claims."""
    rng = random.Random(seed)
    Store(path).close()
    connection = connect(path)
    with transaction(connection):
        for index in range(runs):
            run, metrics = _build(rng, index) if index % 2 or not papers else _paper_run(rng, index, papers)
            number = insert_run(connection, run, folder=None)
            connection.executemany(INSERT_METRIC, [metric_values(number, metric) for metric in metrics])
    connection.close()


def _build(rng: random.Random, index: int) -> tuple[Run, list[Metric]]:
    width = rng.choice((8, 16, 24, 32, 48, 64, 96, 128))
    task, model, seed = f"task-{rng.randrange(TASKS)}", f"model_{rng.randrange(MODELS)}", rng.randrange(SEEDS)
    value = 1 - 0.5 / (1 + width / 16) - rng.random() * 0.1
    figures = [_metric("accuracy", value, "float"), _metric("accuracy", value - rng.random() * 0.01, "int8")]
    costs = {"flash_bytes": 2e4 + 900.0 * width, "sram_bytes": 4e3 + 300.0 * width, "macs": 4e3 * width**1.5,
             "instructions": 1e4 * width**1.5, "params": 200.0 * width}  # fmt: skip
    figures += [_metric(name, round(cost), "") for name, cost in costs.items()]
    return _run(index, "build", seed, {"width": width, "train": {"seed": seed}}, task=task, model=model), figures


def _paper_run(rng: random.Random, index: int, papers: int) -> tuple[Run, list[Metric]]:
    seeds = list(range(3))
    figures = [
        _metric(f"accuracy/{method}/seed-{seed}", rng.random(), "test") for method in ("ours", "base") for seed in seeds
    ]
    figures += [_metric("claim/accuracy", 100 * rng.random(), ""), _metric("claim/size", 100 * rng.random(), "")]
    settings = {"methods": ["ours", "base"], "seeds": seeds, "settings": {"width": rng.choice((8, 16))}}
    return _run(index, "run", 0, settings, paper=f"made-up-{rng.randrange(papers)}", scale="small"), figures


def _run(index: int, command: str, seed: int, settings: dict[str, object], **more: str) -> Run:
    day, minute = divmod(index, 1440)
    date = f"{2025 + day // 336}-{day // 28 % 12 + 1:02d}-{day % 28 + 1:02d}"
    fields = {"paper": None, "task": None, "model": None, "scale": None, **more}
    return Run(
        id=hashlib.sha256(str(index).encode()).hexdigest()[:12], command=command, settings=settings, seed=seed,
        commit=None, dirty=None, versions={}, machine={"cpu": "made up"}, command_line=f"lilliput {command}",
        started=f"{date}T{minute // 60:02d}:{minute % 60:02d}:00Z",
        seconds=1.0, peak_memory_bytes=None, state="done", error="", **fields,
    )  # fmt: skip


def _metric(name: str, value: float, split: str) -> Metric:
    return Metric(name=name, value=value, split=split, step=None, n=None, low=None, high=None, unit="")


def main() -> None:
    """Fill, start the page in this process, and print how long each question takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--times", type=int, default=30)
    asked = parser.parse_args()
    from starlette.testclient import TestClient

    from lilliput.web.app import create_app
    from lilliput.web.settings import ServeSettings

    store = asked.folder / "results.sqlite"
    if not store.exists():
        write_papers(asked.folder / "papers", asked.papers)
        fill_store(store, asked.runs, asked.papers)
    began = time.perf_counter()
    app = create_app(ServeSettings(folder=asked.folder / "page", store=store, papers=asked.folder / "papers"))
    print(f"{asked.papers} papers, {asked.runs} runs; the page was ready after {time.perf_counter() - began:.1f} s")
    with TestClient(app, base_url="http://127.0.0.1:8400") as client:
        for words, address in _questions(client):
            times = []
            for _ in range(asked.times):
                began = time.perf_counter()
                answer = client.get(address)
                times.append(1000 * (time.perf_counter() - began))
                if answer.status_code != 200:
                    sys.exit(f"{address}: {answer.status_code}")
            worst = statistics.quantiles(times, n=20)[-1]
            print(f"{words:32} median {statistics.median(times):6.1f} ms  95th {worst:6.1f} ms")


def _questions(client: object) -> list[tuple[str, str]]:
    board = "/compare?task=task-1&split=int8&metric=accuracy"
    runs = client.get("/runs.json?task=task-1").json()["runs"]  # type: ignore[attr-defined]
    return [
        ("feed", "/"), ("feed, a week", "/?period=week&at=2020-W20"), ("feed, trending", "/?sort=trending"),
        ("search", "/?q=spiking+fleet"), ("list of boards", "/compare"), ("boards, searched", "/compare?q=made-up-77"),
        ("a board", board), ("a board under a budget", f"{board}&flash=64KiB&sram=32KiB&cost=macs"),
        ("a board as CSV", board.replace("/compare", "/compare.csv")),
        ("two runs", f"/compare/runs?a={runs[0]['id']}&b={runs[1]['id']}"), ("runs", "/runs"),
        ("a paper", "/papers/made-up-77"),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
