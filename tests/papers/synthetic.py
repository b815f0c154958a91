"""A small paper with a recipe whose figures follow from seed and settings, for tests of the engines and of running."""

from __future__ import annotations

import dataclasses
import os
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lilliput.core.errors import Diverged
from lilliput.core.events import Event
from lilliput.papers import Claim, Context, Kind, Paper, Recipe, Result, Row, Scale


@dataclass(frozen=True)
class Settings:
    draws: int = 1000
    bias: float = 0.0
    fail_at: str = ""
    """Method whose units fail: by an error of ours, of Python, by Ctrl-C, by the death of the process, or for ever."""
    how: str = "ours"


def run(context: Context) -> Result:
    settings: Settings = context.settings
    if context.method == settings.fail_at:
        _fail(settings.how)
    rng = random.Random(f"{context.method} {context.seed}")
    bias = settings.bias + (0.5 if context.method == "ours" else 0.0)
    context.emit(Event("step", context.method, step=1, total=1))
    mean = bias + sum(rng.random() for _ in range(settings.draws)) / settings.draws
    (context.folder / "draws.txt").write_text(f"{mean!r} {os.environ['OMP_NUM_THREADS']}\n", encoding="utf-8")
    rows = (Row("mean", mean, n=settings.draws, low=mean - 1, high=mean + 1, unit="u"), Row("pid", float(os.getpid())))
    measured = {"size": float(settings.draws)} if context.method == "ours" else {}
    return Result(rows, (Path("draws.txt"),), measured)


def compare(result: Result) -> Mapping[str, float]:
    means = {
        method: [row.value for row in result.rows if row.method == method and row.name == "mean"]
        for method in ("ours", "baseline")
    }
    return {"gain": sum(means["ours"]) / len(means["ours"]) - sum(means["baseline"]) / len(means["baseline"])}


def _fail(how: str) -> None:
    if how == "interrupt":
        raise KeyboardInterrupt
    if how == "sleep":
        threading.Event().wait()  # until the process is stopped
    if how == "die":
        os._exit(9)
    if how == "python":
        raise RuntimeError("a plain mistake")
    raise Diverged("the loss is not finite at step 3", fix="lower train.lr")


CLAIMS = (
    Claim("gain", "mean above the baseline's", 0.5, "u", "higher", "random draws", Kind.STAND_IN, "[paper] table 1"),
    Claim("size", "draws", 1000, "", "equal", "any", Kind.STRUCTURE, "[official code]"),
    Claim("far", "accuracy", 99.5, "%", "higher", "gated data", Kind.OUT_OF_REACH, "[unverified]", note="a note"),
)

RECIPE = Recipe(
    settings=Settings,
    scales={
        "smoke": Scale(seconds=1, memory_bytes=2**20, settings={"draws": 100}),
        "small": Scale(seconds=60, memory_bytes=2**30, settings={"draws": 2000}, seeds=3),
    },
    run=run,
    claims=("gain", "size"),
    methods=("ours", "baseline"),
    compare=compare,
)

PAPER = Paper(
    number=99,
    name="synthetic",
    title="Draws of {Random} Numbers",
    date=date(2025, 2, 28),
    authors=2,
    by="Doe and Roe",
    arxiv="2502.00001",
    doi="10.1/1",
    links=("https://example.org/code",),
    topics=("numbers",),
    summary="Draws numbers. For tests.",
    claims=CLAIMS,
    recipe=RECIPE,
)

WITHOUT_RECIPE = dataclasses.replace(PAPER, name="bare", recipe=None)
