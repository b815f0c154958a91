"""How a paper's system is run: the settings at each scale, and a function that runs one method with one seed.

settings    a frozen dataclass; a scale changes some of its fields
method      one side of a comparison: "mip", "baseline"; a system on its own has one
unit        one method with one seed; the engines run units in any order, on any machine
Result      rows of figures, the files that were written, and what was measured for each claim
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from lilliput.core.events import Emit, silent

ScaleName: TypeAlias = Literal["smoke", "small", "full"]
SCALES: tuple[ScaleName, ...] = get_args(ScaleName)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What a recipe does at one scale.

    Args:
        seconds: expected for one unit on one thread, told before it starts.
        memory_bytes: expected largest resident size of one unit, in bytes.
        settings: fields of the recipe's settings that differ from their defaults, nested as in TOML.
        seeds: how many a comparison needs at this scale.
    """

    seconds: float
    memory_bytes: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    seeds: int = 1

    def __post_init__(self) -> None:
        if self.seconds <= 0 or self.memory_bytes <= 0 or self.seeds < 1:
            raise ValueError(f"a scale needs time, memory and at least one seed, got {self}")


@dataclass(frozen=True, kw_only=True)
class Context:
    """What one unit is given.

    Args:
        paper: its name.
        scale: `"smoke"`, `"small"` or `"full"`.
        method: the side of the comparison to run.
        seed: every random draw must follow from it, so that each engine gives the same figures.
        settings: an instance of the recipe's settings.
        folder: of this unit alone; it is there and may be written to.
        emit: takes the events of the unit.
    """

    paper: str
    scale: ScaleName
    method: str
    seed: int
    settings: Any
    folder: Path
    emit: Emit = silent


@dataclass(frozen=True)
class Row:
    """One figure of one method with one seed.

    Args:
        name: `"accuracy"`.
        value: finite.
        split: `"test"`, or another condition: `"noise 0.2"`.
        n: items that it was measured on.
        low, high: interval, where there is one.
        unit: empty for shares and counts.
        method, seed: filled in from the unit when left out.
    """

    name: str
    value: float
    split: str = "test"
    n: int | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    method: str = ""
    seed: int | None = None

    def __post_init__(self) -> None:
        for number in (self.value, self.low, self.high):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"{self.name!r} on {self.split!r} is {number}; a figure is finite")


@dataclass(frozen=True)
class Result:
    """What a unit, or all units together, gave.

    Args:
        rows: the figures. Those of all seeds together have none.
        artifacts: files written, relative to the folder of the unit (of the run, once merged).
        measured: claim → our figure for it, in the claim's unit.
    """

    rows: tuple[Row, ...]
    artifacts: tuple[Path, ...] = ()
    measured: Mapping[str, float] = field(default_factory=dict)


def no_comparison(result: Result) -> Mapping[str, float]:
    """The comparison of a recipe whose units measure each claim themselves."""
    return {}


def nothing_more(result: Result, folder: Path) -> Result:
    """The conclusion of a recipe whose units say all."""
    return Result(())


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Runs a paper's system.

    Args:
        settings: a frozen dataclass with defaults.
        scales: what each scale changes and costs.
        run: runs one unit. A function at the top of a module, so that another process can find it.
        claims: ids of the claims that it measures.
        methods: sides of the comparison, the paper's own first.
        compare: all rows → claim → figure, for claims that compare methods.
        conclude: all rows, and the folder with the artifacts of all units → what only all of it together says: rows
            without a seed, files written into that folder, claims.
        trainings: name → settings of a published training, by the fields of `TrainSettings`, for other networks too.

    Raises:
        ValueError: no method, a method twice or with a name that is no plain word, or a scale that is none.
    """

    settings: type
    scales: Mapping[ScaleName, Scale]
    run: Callable[[Context], Result]
    claims: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("paper",)
    compare: Callable[[Result], Mapping[str, float]] = no_comparison
    conclude: Callable[[Result, Path], Result] = nothing_more
    trainings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.methods or len(set(self.methods)) != len(self.methods) or not all(map(is_plain_name, self.methods)):
            raise ValueError(f"a recipe needs methods with different lower-case names, got {self.methods}")
        unknown = sorted(set(self.scales) - set(SCALES))
        if unknown or not self.scales:
            raise ValueError(f"the scales are {', '.join(SCALES)}, got {', '.join(self.scales) or 'none'}")
        if not dataclasses.is_dataclass(self.settings):
            raise ValueError(f"`settings` is a dataclass, got {self.settings!r}")

    def describe(self) -> dict[str, Any]:
        """The scales, as plain values."""
        return {
            name: {"seconds": scale.seconds, "memory_bytes": scale.memory_bytes, "seeds": scale.seeds}
            for name, scale in self.scales.items()
        }


def merge(parts: Sequence[tuple[str, int, Result]]) -> Result:
    """The results of units (method, seed, result), in that order, as one.

    A claim that several seeds measured gets their mean; artefacts are placed below `method/seed-N`.
    """
    rows: list[Row] = []
    artifacts: list[Path] = []
    measured: dict[str, list[float]] = {}
    for method, seed, result in parts:
        rows += [dataclasses.replace(row, method=row.method or method, seed=seed) for row in result.rows]
        artifacts += [unit_folder(method, seed) / path for path in result.artifacts]
        for claim, value in result.measured.items():
            measured.setdefault(claim, []).append(value)
    means = {claim: math.fsum(values) / len(values) for claim, values in measured.items()}
    return Result(tuple(rows), tuple(artifacts), means)


def is_plain_name(name: str) -> bool:
    """Whether `name` is lower-case words joined by `-`, fit for a folder."""
    return re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) is not None


def unit_folder(method: str, seed: int) -> Path:
    """Where a unit writes, below the folder of the run."""
    return Path(method) / f"seed-{seed}"
