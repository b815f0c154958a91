"""A leaderboard: the contenders of one task, split and metric, with what each costs; all of the view in the address."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, cast
from urllib.parse import urlencode

from lilliput.core.errors import BadSetting, UnknownName
from lilliput.core.units import parse_bytes, parse_count, parse_ms, parse_uj
from lilliput.web.database import PageDatabase
from lilliput.web.standings import COSTS, Direction, direction_of

PAGE = 50
BOARDS = 100
CLOUD = 200
"""Points of a plot beside those of the front."""
EXPORTED = 10_000

_PARSE: dict[str, Callable[[str], float]] = {
    "flash": parse_bytes, "sram": parse_bytes, "macs": parse_count, "params": parse_count, "energy": parse_uj,
    "instructions": parse_count, "latency": parse_ms,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class BoardQuery:
    """One view of the leaderboards.

    Args:
        q: words that a board's task or metric holds, where no board is chosen.
        task, split, metric: the board; no task for the list of boards.
        best: `"higher"` or `"lower"`; empty for what the metric's name says.
        cost: the axis of the plot; empty for the first that was measured.
        sort: `"metric"` or a cost, cheapest first.
        flash, sram, macs, params, energy, instructions, latency: the most it may cost, as people write it: `"256KiB"`.
        page: counted from 1.
    """

    q: str = ""
    task: str = ""
    split: str = ""
    metric: str = ""
    best: str = ""
    cost: str = ""
    sort: str = "metric"
    flash: str = ""
    sram: str = ""
    macs: str = ""
    params: str = ""
    energy: str = ""
    instructions: str = ""
    latency: str = ""
    page: int = 1

    @classmethod
    def of(cls, given: Mapping[str, str]) -> BoardQuery:
        """The view that an address asks for.

        Raises:
            BadSetting: LP101, a value that is none. BadUnit: LP102, a limit that is no size, count, time or energy.
        """
        known = {"best": ("", "higher", "lower"), "cost": ("", *COSTS), "sort": ("metric", *COSTS)}
        for name, values in known.items():
            if given.get(name, values[0]) not in values:
                raise BadSetting(f"{name} = {given[name][:40]!r}", fix=f"one of {', '.join(filter(None, values))}")
        page = given.get("page", "1")
        if not re.fullmatch(r"[1-9][0-9]{0,5}", page):
            raise BadSetting(f"page = {page[:40]!r}", why="pages are counted from 1")
        texts = {f.name: given[f.name].strip()[:300] for f in fields(cls) if f.name != "page" and given.get(f.name)}
        query = cls(**texts, page=int(page))
        query.limits()
        return query

    def limits(self) -> dict[str, float]:
        """Column → the most that it may be, of the costs that are limited.

        Raises:
            BadUnit: LP102.
        """
        return {name: float(parse(getattr(self, name))) for name, parse in _PARSE.items() if getattr(self, name)}

    @property
    def direction(self) -> Direction:
        """Whether more of the metric is better."""
        return cast(Direction, self.best) if self.best else direction_of(self.metric)

    def given(self, *left_out: str) -> dict[str, str]:
        """What this view says beside the defaults, for hidden fields of a form."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in left_out}
        plain = BoardQuery()
        return {name: str(value) for name, value in values.items() if value != getattr(plain, name)}

    def address(self, **changes: Any) -> str:
        """The address of this view, or of one beside it; a change of anything but the page goes to page 1."""
        told = replace(self, **{"page": 1, **changes}).given()
        return "/compare?" + urlencode(told) if told else "/compare"

    @property
    def where(self) -> tuple[str, dict[str, Any]]:
        """The condition in SQL, and its values: the board, and within each limit."""
        limits = self.limits()
        parts = ["task = :task", "split = :split", "metric = :metric", *(f"{name} <= :{name}" for name in limits)]
        return " AND ".join(parts), {"task": self.task, "split": self.split, "metric": self.metric, **limits}


def boards(database: PageDatabase, query: BoardQuery) -> tuple[list[dict[str, Any]], int]:
    """The boards that there are, those with most contenders first, and how many."""
    words = "".join(f" AND (task LIKE :w{i} ESCAPE '!' OR metric LIKE :w{i} ESCAPE '!')" for i in range(_words(query)))
    values: dict[str, Any] = {
        f"w{i}": "%" + re.sub(r"([%_!])", r"!\1", word) + "%" for i, word in enumerate(query.q.split()[:8])
    }
    total = int(database.query(f"SELECT count(*) FROM boards WHERE 1{words}", values)[0][0])
    rows = database.query(
        f"SELECT * FROM boards WHERE 1{words} ORDER BY contenders DESC, task, metric, split "
        f"LIMIT {BOARDS} OFFSET {(query.page - 1) * BOARDS}",
        values,
    )
    return [dict(row) for row in rows], total


def _words(query: BoardQuery) -> int:
    return len(query.q.split()[:8])


@dataclass(frozen=True)
class Leaderboard:
    """What a view of one board shows.

    Args:
        rows: a page of contenders, in order; `on_front` says that nothing in view is both better and cheaper.
        total: contenders within the limits; `unknown` more have no figure for a cost that is limited.
        costs: columns that at least one contender in view has.
        cost: the plot's; empty where nothing was measured.
        best: of all within the limits, whatever the order of the page.
        front: the contenders that nothing beats, the cheapest first.
        cloud: the best of the others; `undrawn` more are not in the plot.
        beside: the boards of the same task.
    """

    rows: list[dict[str, Any]]
    total: int
    unknown: int
    pages: int
    costs: list[str]
    cost: str
    best: dict[str, Any] | None
    front: list[dict[str, Any]]
    cloud: list[dict[str, Any]]
    undrawn: int
    beside: list[dict[str, Any]]


def leaderboard(database: PageDatabase, query: BoardQuery, *, size: int = PAGE) -> Leaderboard:
    """The contenders of a board.

    Raises:
        UnknownName: LP100, there is no such board.
    """
    beside = [dict(row) for row in database.query("SELECT * FROM boards WHERE task = ? LIMIT 200", (query.task,))]
    if not any((row["split"], row["metric"]) == (query.split, query.metric) for row in beside):
        raise UnknownName(
            f"no run measured {query.metric[:80]!r} on {query.task[:80]!r}, part {query.split[:80]!r}",
            fix="/compare lists what was measured",
        )
    where, values = query.where
    counts = ", ".join(f"count({cost})" for cost in COSTS)
    total, *known = database.query(f"SELECT count(*), {counts} FROM standings WHERE {where}", values)[0]
    costs = [cost for cost, number in zip(COSTS, known, strict=True) if number]
    cost = query.cost if query.cost in costs else next(iter(costs), "")
    better = "DESC" if query.direction == "higher" else "ASC"
    order = f"mean {better}" if query.sort == "metric" else f"{query.sort} IS NULL, {query.sort}, mean {better}"
    rows = database.query(
        f"SELECT * FROM standings WHERE {where} ORDER BY {order} LIMIT {size} OFFSET {(query.page - 1) * size}", values
    )
    front = _front(database, query, cost) if cost else []
    names = {row["contender"] for row in front}
    cloud = database.query(
        f"SELECT * FROM standings WHERE {where} AND {cost} IS NOT NULL ORDER BY mean {better} LIMIT {CLOUD}", values
    ) if cost else []  # fmt: skip
    others = [_row(row, names) for row in cloud if row["contender"] not in names]
    measured = dict(zip(COSTS, known, strict=True)).get(cost, 0)
    best = database.query(f"SELECT * FROM standings WHERE {where} ORDER BY mean {better} LIMIT 1", values)
    return Leaderboard(
        rows=[_row(row, names) for row in rows],
        total=int(total),
        unknown=_unknown(database, query),
        pages=-(-int(total) // size),
        costs=costs,
        cost=cost,
        best=_row(best[0], names) if best else None,
        front=front,
        cloud=others,
        undrawn=int(measured) - len(front) - len(others),
        beside=beside,
    )


def _front(database: PageDatabase, query: BoardQuery, cost: str) -> list[dict[str, Any]]:
    """The contenders within the limits for which no cheaper or equally cheap one is better or as good."""
    where, values = query.where
    best, order = ("max", "DESC") if query.direction == "higher" else ("min", "ASC")
    rows = database.query(
        f"SELECT * FROM (SELECT *, {best}(mean) OVER (ORDER BY {cost}, mean {order} "
        f"ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS so_far FROM standings "
        f"WHERE {where} AND {cost} IS NOT NULL) "
        f"WHERE so_far IS NULL OR mean {'>' if order == 'DESC' else '<'} so_far ORDER BY {cost}",
        values,
    )
    names = {row["contender"] for row in rows}
    return [_row(row, names) for row in rows]


def _unknown(database: PageDatabase, query: BoardQuery) -> int:
    """Contenders that may be within the limits or not: a cost that is limited was not measured."""
    limits = query.limits()
    if not limits:
        return 0
    where, values = BoardQuery(task=query.task, split=query.split, metric=query.metric).where
    missing = " OR ".join(f"{name} IS NULL" for name in limits)
    within = " AND ".join(f"({name} IS NULL OR {name} <= :{name})" for name in limits)
    found = database.query(
        f"SELECT count(*) FROM standings WHERE {where} AND ({missing}) AND {within}", {**values, **limits}
    )
    return int(found[0][0])


def _row(row: Any, front: set[str]) -> dict[str, Any]:
    found = {key: row[key] for key in row.keys() if key != "so_far"}  # noqa: SIM118 - a row of SQLite is no mapping
    return {**found, "label": label_of(found), "on_front": row["contender"] in front}


def label_of(row: Mapping[str, Any]) -> str:
    """How people name a contender: model, or method of a paper, then how it was run."""
    named = row["model"] or row["paper"] or row["command"]
    method = f": {row['method']}" if row["method"] else ""
    scale = f", {row['scale']}" if row["scale"] else ""
    return f"{named}{method}{scale}"
