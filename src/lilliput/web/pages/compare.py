"""Leaderboards with what each contender costs, and any two runs side by side."""

from __future__ import annotations

import dataclasses
from typing import Any

from fastapi import APIRouter, Request

from lilliput.web.app import Site, site_of
from lilliput.web.board import BOARDS, EXPORTED, PAGE, BoardQuery, Leaderboard, boards, label_of, leaderboard
from lilliput.web.formats import View, viewed
from lilliput.web.plots import COST_SHORT, COST_WORDS, cost_text, scatter
from lilliput.web.sides import FEW, PAIRS, Gap, Side, apart, differing_settings, gaps, read_side
from lilliput.web.standings import COSTS

router = APIRouter()
FRONT = 60
LIMITED = ("flash", "sram", "macs", "params", "latency", "energy")
_EXAMPLES = {"flash": "256KiB", "sram": "64KiB", "macs": "2M", "params": "50k", "latency": "20ms", "energy": "50uJ"}
_COLUMNS = (
    "label", "mean", "unit", "spread", "low", "high", "seeds", "on_front", *COSTS, "task", "split", "metric",
    "contender", "command", "paper", "model", "method", "scale", "run", "started", "commit_id", "commits",
)  # fmt: skip


@viewed(router, "/compare")
def show_boards(request: Request) -> View:
    """The list of leaderboards, or one of them: contenders, costs, and the front between metric and cost."""
    site = site_of(request)
    site.sync.runs()
    query = BoardQuery.of(dict(request.query_params))
    return _board(request, site, query) if query.task else _list(site, query)


def _list(site: Site, query: BoardQuery) -> View:
    rows, total = boards(site.database, query)
    for row in rows:
        row["address"] = BoardQuery(**{key: row[key] for key in ("task", "split", "metric")}).address()
    return View(
        template="boards.html", name="boards", document={"total": total, "boards": rows}, rows=rows,
        columns=("task", "split", "metric", "contenders", "newest", "address"),
        context={"query": query, "boards": rows, "total": total, "pages": -(-total // BOARDS)},
    )  # fmt: skip


def _board(request: Request, site: Site, query: BoardQuery) -> View:
    is_page = request.url.path == "/compare" and request.query_params.get("format", "html") == "html"
    found = leaderboard(site.database, query, size=PAGE if is_page else EXPORTED)
    document = {
        "task": query.task, "split": query.split, "metric": query.metric, "direction": query.direction,
        "limits": query.limits(), "total": found.total, "unknown": found.unknown, "cost": found.cost,
        "rows": found.rows,
    }  # fmt: skip
    return View(
        template="compare.html", name="leaderboard", document=document, rows=found.rows, columns=_COLUMNS,
        context={**document, **_shown(site, query, found)} if is_page else {},
    )  # fmt: skip


def _shown(site: Site, query: BoardQuery, found: Leaderboard) -> dict[str, Any]:
    higher = query.direction == "higher"
    plot = scatter(found.front, found.cloud, found.cost, query.metric, higher=higher) if found.front else None
    limits = query.limits()
    shown = [*found.rows, *found.front[:FRONT], *([found.best] if found.best else [])]
    return {
        "query": query, "board": found, "plot": plot, "words": COST_WORDS, "short": COST_SHORT, "cost_text": cost_text,
        "limited": [(name, COST_SHORT[name], _EXAMPLES[name]) for name in LIMITED],
        "told_limits": [(COST_WORDS[name], cost_text(name, most)) for name, most in limits.items()],
        "apart": apart(site.store.settings_of([row["run"] for row in shown])),
        "best": found.best,
        "names": {row["paper"]: site.papers[row["paper"]].title for row in found.rows if row["paper"] in site.papers},
    }  # fmt: skip


@viewed(router, "/compare/runs")
def show_pair(request: Request, a: str = "", b: str = "") -> View:
    """Two runs side by side: settings that differ, figures of both, and the difference over paired seeds."""
    site = site_of(request)
    site.sync.runs()
    told = {"given": {"a": a[:80], "b": b[:80]}, "pairs": PAIRS, "few": FEW}
    if not (a and b):
        near = _beside(site, read_side(site.store, a or b)) if a or b else []
        context = {**told, "near": near, "sides": None, "swap": ""}
        return View(template="pair.html", name="pair", document={"settings": [], "figures": []}, rows=[],
                    columns=_PAIR, context=context)  # fmt: skip
    first, second = read_side(site.store, a), read_side(site.store, b)
    settings, same = differing_settings(first, second)
    figures = [_gap_row(gap) for gap in gaps(site.database, site.store, first, second)]
    document = {
        "a": _side_row(first), "b": _side_row(second), "settings": settings, "same_settings": same, "figures": figures,
    }  # fmt: skip
    swap = f"/compare/runs?a={second.name}&b={first.name}"
    context = {**told, **document, "near": [], "sides": (("a", first), ("b", second)), "swap": swap}
    return View(template="pair.html", name="pair", document=document, rows=figures, columns=_PAIR, context=context)


_PAIR = ("metric", "method", "split", "unit", "a", "b", "direction", "difference", "low", "high", "pairs", "better",
         "why")  # fmt: skip


def _gap_row(gap: Gap) -> dict[str, Any]:
    values = {field.name: getattr(gap, field.name) for field in dataclasses.fields(gap) if field.name != "key"}
    return {**gap.key._asdict(), **values, "better": gap.better}


def _side_row(side: Side) -> dict[str, Any]:
    run = side.run
    told = {key: getattr(run, key) for key in ("id", "command", "paper", "task", "model", "scale", "seed", "started")}
    return {**told, "method": side.method, "name": side.name, "commit": run.commit, "command_line": run.command_line}


def _beside(site: Site, side: Side) -> list[dict[str, Any]]:
    """Contenders on the boards of a run, to choose the second one from."""
    rows = site.database.query(
        "SELECT s.*, max(s.number) FROM (SELECT DISTINCT task, split, metric FROM outcomes WHERE run = ? LIMIT 4) o "
        "JOIN standings s USING (task, split, metric) WHERE s.run <> ? GROUP BY s.run, s.method "
        "ORDER BY s.number DESC LIMIT 20",
        (side.run.id, side.run.id),
    )
    return [
        {
            "label": label_of(dict(row)), "task": row["task"], "started": row["started"],
            "name": f"{row['run']}:{row['method']}" if row["method"] else row["run"],
        }
        for row in rows
    ]  # fmt: skip
