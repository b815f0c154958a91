"""The feed, and one paper's page."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response

from lilliput.core.errors import UnknownName
from lilliput.core.provenance import now
from lilliput.papers import Paper
from lilliput.papers._running import CLAIM
from lilliput.web.app import Site, site_of
from lilliput.web.feed import FeedQuery, facets, feed, period_label
from lilliput.web.formats import View, viewed
from lilliput.web.forms import checked_form, form_fields, text_of
from lilliput.web.results import produced, result_plots
from lilliput.web.structure import layers_of, models_of, sources_of, system_picture
from lilliput.web.sync import HALF_LIFE_DAYS, RUN, VOTE, count_paper, verdict

router = APIRouter()
NOTE_LENGTH = 4000
NETWORKS = 4


@viewed(router, "/", stem="/papers")
def show_feed(request: Request) -> View:
    """The papers of a view as cards."""
    site = site_of(request)
    site.sync.runs()
    query = FeedQuery.of({key: value for key, value in request.query_params.items() if key != "format"})
    view = feed(site.database, query)
    return View(
        template="feed.html", name="papers",
        document={"total": view.total, "pages": view.pages, "papers": view.cards},
        rows=[_card_row(card) for card in view.cards], columns=_CARD_COLUMNS,
        context={
            "query": query, "view": view, "facets": facets(site.database), "voted": _voted(site, request),
            "heat": {"half_life": HALF_LIFE_DAYS, "vote": VOTE, "run": RUN},
            "label": period_label(query.period, view.at) if view.at else "",
        },
    )  # fmt: skip


_CARD_COLUMNS = (
    "name", "title", "date", "week", "authors", "status", "topics", "votes", "runs", "claim", "on", "claimed", "here",
    "unit", "kind", "verdict", "run", "summary",
)  # fmt: skip


def _card_row(card: dict[str, Any]) -> dict[str, Any]:
    """A card on one line, its best comparison in columns of their own."""
    best = card["best"] or {}
    return {**card, **{key: best.get(key) for key in ("on", "claimed", "here", "unit", "kind", "verdict", "run")},
            "claim": best.get("metric")}  # fmt: skip


@router.get("/papers/{name}.bib")
def paper_as_bibtex(request: Request, name: str) -> Response:
    """An entry for BibTeX."""
    return PlainTextResponse(site_of(request).paper(name).bibtex(), media_type="application/x-bibtex")


@viewed(router, "/papers/{name}")
def show_paper(request: Request, name: str) -> View:
    """What a paper claims, and what came out here."""
    site = site_of(request)
    site.sync.runs()
    paper = site.paper(name)
    row = dict(site.database.query("SELECT * FROM papers WHERE name = ?", (name,))[0])
    content = json.loads(row["content"])
    claims = claims_here(site, name)
    return View(
        template="paper.html", name="paper", document={**paper.describe(), "claims": claims},
        rows=[_claim_row(claim) for claim in claims], columns=_CLAIM_COLUMNS,
        context={
            "paper": paper, "claims": claims, "figures_from": _runs_of(claims), "row": row,
            "content": content, "runs": _runs(site, name),
            "notes": _notes(site, name), "voted": name in _voted(site, request), "scales": content["scales"],
            "plots": result_plots(site.database, name), "produced": produced(site.store, name), **_structure(paper),
        },
    )  # fmt: skip


def _runs_of(claims: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where the figures of the claims come from: each run once, in the order in which they need it."""
    found = {claim["here"]["run"]: claim["here"] for claim in reversed(claims) if claim["here"]}
    return list(reversed(found.values()))


def _structure(paper: Paper) -> dict[str, Any]:
    """Pictures and lists of what the system consists of."""
    sources = sources_of(paper)
    models = models_of(paper, sources)
    return {
        "sources": sources, "models": models, "system": system_picture(paper, sources),
        "networks": [(model, layers_of(model)) for model in models[:NETWORKS]],
    }  # fmt: skip


@router.get("/papers/{name}/code/{module}")
def show_code(request: Request, name: str, module: str) -> Response:
    """One of the files that hold a paper's system."""
    site = site_of(request)
    paper = site.paper(name)
    source = next((source for source in sources_of(paper) if source.module == module), None)
    if source is None:
        raise UnknownName(f"{module[:80]!r} is no file of {name}", fix=f"/papers/{name}#code lists them")
    text = source.file.read_text(encoding="utf-8")
    return site.render(request, "code.html", paper=paper, source=source, lines=text.splitlines())


_CLAIM_COLUMNS = (
    "id", "metric", "on", "claimed", "unit", "direction", "source", "verified", "here", "low", "high", "n", "verdict",
    "kind", "command_line", "commit_id", "seed", "machine", "started", "run", "scale", "note",
)  # fmt: skip


def _claim_row(claim: dict[str, Any]) -> dict[str, Any]:
    """A claim and our figure on one line."""
    here = claim["here"] or {}
    return {**here, **claim, "here": here.get("value")}


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
        found.append({**claim, "here": here, "verdict": verdict(claim, here["value"] if here else None)})
    return found


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
