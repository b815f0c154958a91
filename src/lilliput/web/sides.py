"""Two runs side by side: the settings that differ, the figures of both, and the difference over paired seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from lilliput.core.errors import BadSetting
from lilliput.core.intervals import paired_difference
from lilliput.core.store import Store
from lilliput.core.store.records import Run
from lilliput.web.database import PageDatabase
from lilliput.web.standings import NO_SEED, Direction, direction_of, methods_of, place_of, without_seeds

PAIRS = 3
"""Fewest differences that an interval is given for: of two, a bootstrap tells their two values and nothing more."""
FEW = 6
"""Fewest pairs that can tell two contenders apart: that all of 5 agree in sign happens by chance once in 16 times, that
all of 6 do once in 32. Below it the interval is shown, and nobody is called better."""
_PROVENANCE = ("commit", "dirty", "seed")


class Key(NamedTuple):
    """One figure of a run: what was measured, of which method of a comparison, on what."""

    metric: str
    method: str
    split: str


@dataclass(frozen=True)
class Side:
    """One of the two: a run, or one method of a run that compares several."""

    run: Run
    method: str = ""

    @property
    def name(self) -> str:
        """As it stands in an address."""
        return f"{self.run.id}:{self.method}" if self.method else self.run.id


@dataclass(frozen=True)
class Gap:
    """One figure of both sides.

    Args:
        key: what was measured.
        unit: of all figures.
        a, b: of each side, its mean over the seeds of the run; None where the side did not measure it.
        direction: whether more is better.
        difference, low, high: mean of a − b over pairs, with its 95 % interval; None where nothing can be paired.
        pairs: seeds that both have.
        why: in words, where the interval comes from, or why there is none.
    """

    key: Key
    unit: str
    a: float | None
    b: float | None
    direction: Direction
    difference: float | None
    low: float | None
    high: float | None
    pairs: int
    why: str

    @property
    def better(self) -> str:
        """`"a"` or `"b"` where the interval of enough pairs leaves 0 out, else nothing."""
        if self.low is None or self.high is None or self.pairs < FEW or self.low <= 0 <= self.high:
            return ""
        return "a" if (self.low > 0) == (self.direction == "higher") else "b"


def read_side(store: Store, text: str) -> Side:
    """A side from an address: `RUN`, or `RUN:METHOD` for one method of a paper's comparison.

    Raises:
        UnknownName: LP100, no such run. BadSetting: LP101, the run has no such method.
    """
    name, _, method = text.strip().partition(":")
    run = store.run(name)
    methods = methods_of(run.settings)
    if method and method not in methods:
        raise BadSetting(
            f"run {run.id} has no method {method[:40]!r}", fix=f"its methods: {', '.join(methods) or 'none'}"
        )
    return Side(run, method)


def differing_settings(a: Side, b: Side) -> tuple[list[dict[str, Any]], int]:
    """Each setting that differs, with both values, and how many are the same."""
    first, second = _told(a), _told(b)
    rows = [
        {"setting": key, "a": first.get(key, "–"), "b": second.get(key, "–")}
        for key in dict.fromkeys([*first, *second])
        if first.get(key) != second.get(key) or (key in first) != (key in second)
    ]
    return rows, len(set(first) | set(second)) - len(rows)


def apart(settings: Mapping[str, Mapping[str, Any]], most: int = 3) -> dict[str, str]:
    """Run → the settings that tell it from the others, in words; nothing for runs that no setting tells apart."""
    told = {run: dict(flat(without_seeds(one))) for run, one in settings.items()}
    names = dict.fromkeys(name for one in told.values() for name in one)
    varying = [name for name in names if len({str(one.get(name)) for one in told.values()}) > 1]
    words = {
        run: [f"{name.rpartition('.')[2]} {one[name]}"[:60] for name in varying if name in one]
        for run, one in told.items()
    }
    return {run: ", ".join(found[:most] + ["…"] * (len(found) > most)) for run, found in words.items() if found}


def gaps(database: PageDatabase, store: Store, a: Side, b: Side) -> list[Gap]:
    """The figures of both sides, those that both have first."""
    first, second = _figures(store, a), _figures(store, b)
    keys = sorted(dict.fromkeys([*first, *second]), key=lambda key: (key not in first or key not in second, key))
    seeds = _Seeds(database, a, b)
    return [_gap(key, first.get(key), second.get(key), seeds) for key in keys]


def _gap(key: Key, a: tuple[float, str] | None, b: tuple[float, str] | None, seeds: _Seeds) -> Gap:
    unit = (a or b or (0.0, ""))[1]
    values = (None if a is None else a[0], None if b is None else b[0])
    direction = direction_of(key.metric)
    if a is None or b is None:
        return Gap(key, unit, *values, direction, None, None, None, 0, "only one of the two measured it")
    first, second, why = seeds.of(key)
    shared = sorted(set(first) & set(second) - {NO_SEED})
    if why or len(shared) < PAIRS:
        why = why or f"{_counted(len(shared))} in common; an interval needs {PAIRS} pairs or more"
        return Gap(key, unit, *values, direction, None, None, None, len(shared), why)
    found = paired_difference([first[s] for s in shared], [second[s] for s in shared])
    few = f"; fewer than {FEW} pairs cannot tell at 5 %" if len(shared) < FEW else ""
    why = f"seeds {', '.join(map(str, shared[:12]))}{', …' if len(shared) > 12 else ''}{few}"
    return Gap(key, unit, *values, direction, found.value, found.low, found.high, len(shared), why)


def _counted(seeds: int) -> str:
    return "no seed" if seeds == 0 else f"{seeds} seed{'' if seeds == 1 else 's'}"


class _Seeds:
    """What each side's contender gave with each seed: in the run itself, else in its newest run of that seed."""

    def __init__(self, database: PageDatabase, a: Side, b: Side) -> None:
        self._database, self._sides = database, (a, b)
        self._boards = tuple(self._boards_of(side) for side in self._sides)

    def of(self, key: Key) -> tuple[dict[int, float], dict[int, float], str]:
        """Seed → value of both, or why they cannot be paired."""
        boards = [found.get(key) for found in self._boards]
        if boards[0] is None or boards[1] is None:
            return {}, {}, "a count, a cost or a claim: there is nothing to pair by seed"
        if boards[0] == boards[1]:
            return {}, {}, "the two differ by their seed alone: their difference is the spread of one contender"
        if boards[0][0] != boards[1][0]:
            return {}, {}, "they were measured on different tasks"
        a, b = (self._values(board, key, side) for board, side in zip(boards, self._sides, strict=True) if board)
        return a, b, ""

    def _boards_of(self, side: Side) -> dict[Key, tuple[str, str]]:
        rows = self._database.query(
            "SELECT DISTINCT task, split, metric, method, contender FROM outcomes WHERE run = ?", (side.run.id,)
        )
        return {
            Key(row["metric"], "" if side.method else row["method"], row["split"]): (row["task"], row["contender"])
            for row in rows
            if not side.method or row["method"] == side.method
        }

    def _values(self, board: tuple[str, str], key: Key, side: Side) -> dict[int, float]:
        rows = self._database.query(
            "SELECT seed, value FROM outcomes WHERE task = ? AND split = ? AND metric = ? AND contender = ? "
            "ORDER BY run = ?, number",
            (board[0], key.split, key.metric, board[1], side.run.id),
        )
        return {row["seed"]: row["value"] for row in rows}


def _figures(store: Store, side: Side) -> dict[Key, tuple[float, str]]:
    """Figure → value and unit; of several seeds their mean."""
    methods = methods_of(side.run.settings)
    found: dict[Key, list[float]] = {}
    units: dict[Key, str] = {}
    for metric in store.metrics(side.run.id):
        place = place_of(metric.name, methods)
        if metric.step is not None or (side.method and (place is None or place.method != side.method)):
            continue
        if place is None:
            if not metric.name.startswith("claim/"):
                continue  # a mean over the seeds that are there themselves
            key = Key(metric.name, "", metric.split)
        else:
            key = Key(place.metric, "" if side.method else place.method, metric.split)
        found.setdefault(key, []).append(metric.value)
        units[key] = metric.unit
    return {key: (math.fsum(values) / len(values), units[key]) for key, values in found.items()}


def _told(side: Side) -> dict[str, Any]:
    run = side.run
    plain = {"command": run.command, "paper": run.paper, "task": run.task, "model": run.model, "scale": run.scale}
    return {
        **{key: value for key, value in plain.items() if value is not None},
        **({"method": side.method} if side.method else {}),
        **dict(flat(run.settings)),
        **{key: getattr(run, key) for key in _PROVENANCE},
        **{f"version of {key}": value for key, value in run.versions.items()},
        **{f"machine: {key}": value for key, value in run.machine.items()},
    }


def flat(settings: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings as dotted names and values."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
