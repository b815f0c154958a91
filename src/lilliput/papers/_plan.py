"""What a run of a paper will do, known and told before it starts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lilliput.core.errors import BadSetting, NotYetHere
from lilliput.papers._engine import ENGINES, EngineName
from lilliput.papers._paper import Paper
from lilliput.papers._recipe import SCALES, Recipe, Scale, ScaleName


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run of a paper, resolved.

    Args:
        paper: with a recipe.
        scale: that its recipe has.
        settings: an instance of the recipe's settings.
        seeds: one run of each method for each.
        engine: where units run.
        jobs: units at once.
        threads: of each unit.
        folder: the result is written to, whole or not at all.
    """

    paper: Paper
    scale: ScaleName
    settings: Any
    seeds: tuple[int, ...]
    engine: EngineName
    jobs: int
    threads: int
    folder: Path

    @property
    def recipe(self) -> Recipe:
        """Of the paper."""
        return recipe_of(self.paper)

    @property
    def units(self) -> list[tuple[str, int]]:
        """Method and seed of each unit, all seeds of a method together."""
        return [(method, seed) for method in self.recipe.methods for seed in self.seeds]

    @property
    def seconds(self) -> float:
        """Expected time in all."""
        rounds = -(-len(self.units) // self.jobs)
        return rounds * self.recipe.scales[self.scale].seconds

    @property
    def memory_bytes(self) -> int:
        """Expected memory of all units that run at once."""
        return min(self.jobs, len(self.units)) * self.recipe.scales[self.scale].memory_bytes

    def describe(self) -> dict[str, Any]:
        """All of it, as plain values, and the same for the same request."""
        from lilliput.core.settings import resolved

        return {
            "paper": self.paper.name,
            "scale": self.scale,
            "methods": list(self.recipe.methods),
            "seeds": list(self.seeds),
            "settings": resolved(self.settings),
            "threads": self.threads,
        }


def make_plan(
    paper: Paper,
    *,
    scale: str = "small",
    engine: str = "local",
    jobs: int | None = None,
    threads: int = 1,
    seed: int = 0,
    seeds: int | None = None,
    file: Path | None = None,
    overrides: Sequence[str] = (),
    folder: Path | None = None,
) -> Plan:
    """The plan of a request.

    Args:
        paper: to run.
        scale: `"smoke"`, `"small"` or `"full"`.
        engine: `"local"` or `"ray"`.
        jobs: units at once; by default as many as this process has cores for, and no more than there are units.
        threads: of each unit. The same number gives the same figures.
        seed: the first.
        seeds: how many; by default what the recipe needs at this scale.
        file: TOML with settings.
        overrides: texts `key=value`.
        folder: by default `runs/PAPER-SCALE`.

    Raises:
        NotYetHere: LP106, the paper has no recipe, or none at this scale.
        BadSetting: LP101, a scale, an engine or a setting that is none.
    """
    from lilliput.core.settings import load_settings

    recipe = recipe_of(paper)
    name = _one_of("scale", scale, SCALES)
    chosen = _scale_of(paper, recipe, name)
    count = chosen.seeds if seeds is None else seeds
    for what, number in (("seeds", count), ("threads", threads), ("jobs", 1 if jobs is None else jobs)):
        if number < 1:
            raise BadSetting(f"`{what}` must be at least 1, got {number}")
    units = len(recipe.methods) * count
    return Plan(
        paper=paper,
        scale=name,
        settings=load_settings(recipe.settings, file=file, overrides=overrides, base=chosen.settings),
        seeds=tuple(range(seed, seed + count)),
        engine=_one_of("engine", engine, ENGINES),
        jobs=min(units, max(1, _cores() // threads)) if jobs is None else jobs,
        threads=threads,
        folder=Path("runs") / f"{paper.name}-{name}" if folder is None else folder,
    )


def recipe_of(paper: Paper) -> Recipe:
    """The recipe of a paper.

    Raises:
        NotYetHere: LP106, there is none.
    """
    if paper.recipe is None:
        count = len(paper.claims)
        raise NotYetHere(
            f"{paper.name} does not run here yet",
            why=f"its {count} claims are in the catalogue, but no recipe runs its system",
            fix=f"`lilliput papers {paper.name}` shows what it claims; `lilliput papers` which ones run",
        )
    return paper.recipe


def _scale_of(paper: Paper, recipe: Recipe, name: ScaleName) -> Scale:
    scales: Mapping[ScaleName, Scale] = recipe.scales
    if name not in scales:
        raise NotYetHere(
            f"{paper.name} does not run at the scale {name!r} here", fix=f"run it with --scale {', '.join(scales)}"
        )
    return scales[name]


def _one_of(what: str, given: str, known: tuple[Any, ...]) -> Any:
    if given not in known:
        raise BadSetting(f"no {what} is called {given!r}", fix=f"the {what}s are {', '.join(known)}")
    return given


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
