"""What a paper's runs gave, ready to be drawn: each seed of each variant; and the files that they wrote."""

from __future__ import annotations

import math
import statistics
from typing import Any

from lilliput.core.store import Store
from lilliput.web.board import BoardQuery, label_of
from lilliput.web.database import PageDatabase
from lilliput.web.plots import strips

PLOTS = 6
VARIANTS = 8
RUNS = 10
_SCALES = {"full": 3, "small": 2, "smoke": 1}
_MODELS = (".safetensors", ".onnx", ".tflite", ".pt2", "config.json", "graph.json")


def result_plots(database: PageDatabase, paper: str) -> list[dict[str, Any]]:
    """A plot for each metric and split of a paper's runs at the largest scale there is: a line a variant, a dot a seed.

    Each has `title`, `plot`, `rows` (label, run, mean, spread, seeds, unit) and the address of its board.
    """
    found = database.query("SELECT * FROM outcomes WHERE paper = ? ORDER BY number DESC LIMIT 4000", (paper,))
    largest = max((_SCALES.get(row["scale"], 0) for row in found), default=0)
    groups: dict[tuple[str, str, str], dict[str, dict[str, Any]]] = {}
    for row in found:
        if _SCALES.get(row["scale"], 0) == largest:
            variants = groups.setdefault((row["metric"], row["split"], row["task"]), {})
            told = {"label": label_of(dict(row)), "run": row["run"], "unit": row["unit"], "seeds": {}}
            variants.setdefault(row["contender"], told)["seeds"].setdefault(max(row["seed"], 0), row["value"])
    plots = []
    for (metric, split, task), variants in groups.items():
        rows = [_finished(row) for row in list(variants.values())[:VARIANTS]]
        if sum(len(row["seeds"]) for row in rows) < 2:
            continue
        address = BoardQuery(task=task, split=split, metric=metric).address()
        title = f"{metric}, {split}" if split else metric
        plots.append({"title": title, "plot": strips(rows), "rows": rows, "board": address})
    return plots[:PLOTS]


def _finished(row: dict[str, Any]) -> dict[str, Any]:
    values = list(row["seeds"].values())
    spread = statistics.stdev(values) if len(values) > 1 else None
    return {**row, "mean": math.fsum(values) / len(values), "spread": spread}


def produced(store: Store, paper: str) -> list[dict[str, Any]]:
    """Networks and firmware that the newest runs of a paper wrote: run, kind, folder and files."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for run in store.runs(paper=paper, state="done", limit=RUNS):
        for artifact in store.artifacts(run.id):
            kind = kind_of(artifact.path)
            if kind:
                folder, _, name = artifact.path.rpartition("/")
                found.setdefault((run.id, kind, folder), []).append(name)
    return [
        {"run": run, "kind": kind, "folder": folder, "files": files} for (run, kind, folder), files in found.items()
    ]


def kind_of(path: str) -> str:
    """`"firmware"`, `"model"`, or nothing."""
    parts = path.split("/")
    if "firmware" in parts or path.endswith((".c", ".h", ".elf", ".hex", ".ino")):
        return "firmware"
    return "model" if path.endswith(_MODELS) else ""
