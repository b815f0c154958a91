"""The feed, and one paper's page."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from lilliput.core.provenance import now
from lilliput.papers._running import CLAIM
from lilliput.web.app import Site, site_of
from lilliput.web.feed import FeedQuery, facets, feed, period_label
from lilliput.web.forms import checked_form, form_fields, text_of
from lilliput.web.sync import HALF_LIFE_DAYS, RUN, VOTE, count_paper

router = APIRouter()
NOTE_LENGTH = 4000


@router.get("/", include_in_schema=True)
def show_feed(request: Request) -> Response:
    """The papers of a view as cards."""
    site = site_of(request)
    site.sync.runs()
    query = FeedQuery.of(dict(request.query_params))
    view = feed(site.database, query)
    voted = _voted(site, request)
    heat = {"half_life": HALF_LIFE_DAYS, "vote": VOTE, "run": RUN}
    return site.render(
        request, "feed.html", query=query, view=view, facets=facets(site.database), voted=voted, heat=heat,
        label=period_label(query.period, view.at) if view.at else "",
    )  # fmt: skip


@router.get("/papers.json")
def feed_as_json(request: Request) -> Response:
    """The same view for programs."""
    site = site_of(request)
    site.sync.runs()
    query = FeedQuery.of(dict(request.query_params))
    view = feed(site.database, query)
    return JSONResponse(
        {"format": "lilliput/papers", "version": 1, "total": view.total, "pages": view.pages, "papers": view.cards}
    )


@router.get("/papers/{name}.json")
def paper_as_json(request: Request, name: str) -> Response:
    """A paper with its claims and our figures, for programs."""
    site = site_of(request)
    site.sync.runs()
    described = site.paper(name).describe()
    return JSONResponse({"format": "lilliput/paper", "version": 1, **described, "claims": claims_here(site, name)})


@router.get("/papers/{name}.bib")
def paper_as_bibtex(request: Request, name: str) -> Response:
    """An entry for BibTeX."""
    return PlainTextResponse(site_of(request).paper(name).bibtex(), media_type="application/x-bibtex")


@router.get("/papers/{name}")
def show_paper(request: Request, name: str) -> Response:
    """What a paper claims, and what came out here."""
    site = site_of(request)
    site.sync.runs()
    paper = site.paper(name)
    row = dict(site.database.query("SELECT * FROM papers WHERE name = ?", (name,))[0])
    content = json.loads(row["content"])
    return site.render(
        request, "paper.html", paper=paper, row=row, content=content, claims=claims_here(site, name),
        runs=_runs(site, name), notes=_notes(site, name), voted=name in _voted(site, request),
        scales=content["scales"],
    )  # fmt: skip


@router.post("/papers/{name}/vote", openapi_extra=form_fields("vote", "back"))
async def vote(request: Request, name: str) -> Response:
    """Give a vote, or take it back."""
    form, site = await checked_form(request), site_of(request)
    site.paper(name)
    visitor = site.guard.visitor(request)
    with site.database.change() as connection:
        if text_of(form, "vote") == "take back":
            connection.execute("DELETE FROM votes WHERE paper = ? AND voter = ?", (name, visitor))
        else:
            connection.execute("INSERT OR IGNORE INTO votes VALUES (?, ?, ?)", (name, visitor, now()))
    count_paper(site.database, name)
    site.sync.changed()
    return RedirectResponse(_back(text_of(form, "back"), f"/papers/{name}"), 303)


@router.post("/papers/{name}/notes", openapi_extra=form_fields("text", "remove"))
async def write_note(request: Request, name: str) -> Response:
    """Keep a note on a paper, or remove one."""
    form, site = await checked_form(request), site_of(request)
    site.paper(name)
    text, gone = text_of(form, "text", NOTE_LENGTH), text_of(form, "remove")
    with site.database.change() as connection:
        if gone.isdigit() and len(gone) < 19:
            connection.execute("DELETE FROM notes WHERE id = ? AND paper = ?", (int(gone), name))
        elif text:
            connection.execute("INSERT INTO notes (paper, text, written) VALUES (?, ?, ?)", (name, text, now()))
    return RedirectResponse(f"/papers/{name}#notes", 303)


def claims_here(site: Site, name: str) -> list[dict[str, Any]]:
    """The claims in the paper's order, each with our newest figure of the largest scale, and where it comes from."""
    found: list[dict[str, Any]] = []
    for claim in site.paper(name).describe()["claims"]:
        rows = site.database.query(
            "SELECT value, low, high, n, run, scale, seed, commit_id, machine, command_line, started FROM scores "
            "WHERE paper = ? AND metric = ? "
            "ORDER BY CASE scale WHEN 'full' THEN 3 WHEN 'small' THEN 2 WHEN 'smoke' THEN 1 ELSE 0 END DESC, "
            "number DESC LIMIT 1",
            (name, CLAIM + claim["id"]),
        )
        here = dict(rows[0]) if rows else None
        found.append({**claim, "here": here, "verdict": _verdict(claim, here)})
    return found


def _verdict(claim: dict[str, Any], here: dict[str, Any] | None) -> str:
    """`met`, `not met`, or nothing where it cannot be said."""
    claimed = claim["claimed"]
    if here is None or isinstance(claimed, str):
        return ""
    value = here["value"]
    is_met = {
        "higher": value >= claimed,
        "lower": value <= claimed,
        "equal": abs(value - claimed) <= 5e-4 * max(1.0, abs(claimed)),
    }[claim["direction"]]
    return "met" if is_met else "not met"


def _runs(site: Site, name: str) -> list[dict[str, Any]]:
    return [
        {
            "id": run.id, "scale": run.scale, "state": run.state, "started": run.started, "seconds": run.seconds,
            "seeds": len(run.settings.get("seeds", ())), "commit": run.commit,
        }
        for run in site.store.runs(paper=name, limit=50)
    ]  # fmt: skip


def _notes(site: Site, name: str) -> list[dict[str, Any]]:
    rows = site.database.query("SELECT id, text, written FROM notes WHERE paper = ? ORDER BY id", (name,))
    return [dict(row) for row in rows]


def _voted(site: Site, request: Request) -> set[str]:
    rows = site.database.query("SELECT paper FROM votes WHERE voter = ?", (site.guard.visitor(request),))
    return {str(row["paper"]) for row in rows}


def _back(address: str, otherwise: str) -> str:
    """An address on this server only."""
    is_ours = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if is_ours else otherwise
