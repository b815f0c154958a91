"""Runs for tests of what is compared: a build of each width with each seed, and a paper's comparison of two methods."""

from __future__ import annotations

from pathlib import Path

from lilliput.core.store import Store

BOARD = "task=digits&split=int8&metric=accuracy"


def build(store: Path, width: int, seed: int, accuracy: float, *, task: str = "digits", **costs: float) -> str:
    """A finished build; its id."""
    settings = {"model": {"width": width}, "train": {"seed": seed, "lr": 0.003}}
    with (
        Store(store) as opened,
        opened.start("build", task=task, model="ds_cnn", seed=seed, settings=settings) as run,
    ):
        run.metric("accuracy", accuracy, split="int8", n=100, low=accuracy - 0.05, high=accuracy + 0.05)
        for name, value in costs.items():
            run.metric(name, value)
    return run.id


def comparison(store: Path, values: dict[str, list[float]], scale: str = "small") -> str:
    """A finished run of the paper `synthetic`: method → value of each seed; its id."""
    seeds = list(range(len(next(iter(values.values())))))
    settings = {"methods": list(values), "seeds": seeds, "scale": scale}
    with (
        Store(store) as opened,
        opened.start("run", paper="synthetic", scale=scale, seed=0, settings=settings) as run,
    ):
        for method, figures in values.items():
            for seed, value in enumerate(figures):
                run.metric(f"mean/{method}/seed-{seed}", value, split="test", unit="u")
            run.metric(f"mean/{method}", sum(figures) / len(figures), split="test", unit="u")
            run.metric(f"flash_bytes/{method}/seed-0", 1000.0 * len(method), split="test")
        run.metric("claim/gain", 0.1, unit="u")
    return run.id
