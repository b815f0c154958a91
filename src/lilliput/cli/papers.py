"""`lilliput papers`: the papers, what each one claims, and what of it was measured here."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lilliput.cli.options import Json, Papers, Quiet, StorePath
from lilliput.core.errors import BadSetting, UnknownName

if TYPE_CHECKING:
    from lilliput.core.output import Table
    from lilliput.core.registry import Registry
    from lilliput.papers import Here, Paper


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="papers", epilog="Example: lilliput papers cct")(papers)


def papers(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Show this paper; all by default.")] = None,
    week: Annotated[str | None, typer.Option("--week", metavar="2025-W09", help="Only papers of that week.")] = None,
    topic: Annotated[str | None, typer.Option("--topic", help="Only papers on that topic.")] = None,
    bibtex: Annotated[bool, typer.Option("--bibtex", help="Print entries for BibTeX.")] = False,
    folder: Papers = None,
    store: StorePath = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the papers, or show what one claims and what was measured here."""
    from lilliput.core.output import Output
    from lilliput.papers import catalogue

    every = catalogue(folder)
    output = Output(json=json, quiet=quiet)
    if name is not None:
        _show(output, every[name], store, bibtex=bibtex)
        return
    chosen = sorted((every[one] for one in every), key=lambda paper: (paper.number, paper.name))
    chosen = _of_week(chosen, week) if week is not None else chosen
    chosen = _on_topic(every, chosen, topic) if topic is not None else chosen
    human: list[Table | str] = [paper.bibtex() for paper in chosen] if bibtex else _listed(chosen)
    items = [_with_bibtex(paper, bibtex) for paper in chosen]
    output.show({"papers": items}, ids=[paper.name for paper in chosen], human=human)


def _show(output: Any, paper: Paper, store: Path | None, *, bibtex: bool) -> None:
    here = _measured(paper, store)
    data = _with_bibtex(paper, bibtex)
    for claim in data["claims"]:
        found = here.get(claim["id"])
        claim["here"] = (
            {"value": found.value, "run": found.run_id, "scale": found.scale, "seeds": found.seeds} if found else None
        )
    human = [paper.bibtex()] if bibtex else _shown(paper, here)
    output.show({"paper": data}, ids=[paper.name], human=human)


def _measured(paper: Paper, path: Path | None) -> dict[str, Here]:
    from lilliput.core.store import Store, default_path
    from lilliput.papers import measured_here

    path = path if path is not None else default_path()
    if not path.exists():
        return {}  # looking at a paper must not make a store
    with Store(path) as store:
        return measured_here(store, paper)


def _of_week(chosen: list[Paper], week: str) -> list[Paper]:
    if not re.fullmatch(r"\d{4}-W(0[1-9]|[1-4]\d|5[0-3])", week):
        raise BadSetting(f"{week!r} is not a week", fix="write year and ISO week: --week 2025-W09")
    return [paper for paper in chosen if paper.week == week]


def _on_topic(every: Registry[Paper], chosen: list[Paper], topic: str) -> list[Paper]:
    known = sorted({one for name in every for one in every[name].topics})
    if topic not in known:
        near = difflib.get_close_matches(topic, known, n=3)
        fix = f"did you mean {', '.join(near)}?" if near else f"the topics are {', '.join(known)}"
        raise UnknownName(f"no topic is called {topic!r}", fix=fix)
    return [paper for paper in chosen if topic in paper.topics]


def _with_bibtex(paper: Paper, bibtex: bool) -> dict[str, Any]:
    return {**paper.describe(), "bibtex": paper.bibtex()} if bibtex else paper.describe()


def _listed(chosen: list[Paper]) -> list[Table | str]:
    from lilliput.core.output import Table

    if not chosen:
        return ["no papers match"]
    rows = [
        (paper.number, paper.name, paper.date.isoformat(), paper.title, paper.authors, paper.status, len(paper.claims))
        for paper in chosen
    ]
    running = sum(paper.recipe is not None for paper in chosen)
    return [
        Table(("nr", "name", "date", "title", "authors", "status", "claims"), rows),
        f"{len(chosen)} papers, {running} with a recipe here; `lilliput papers NAME` shows one",
    ]


def _shown(paper: Paper, here: dict[str, Here]) -> list[Table | str]:
    from lilliput.core.output import Table

    rows = [
        (claim.id, claim.metric, claim.on, _claimed(claim), _here(here.get(claim.id)), str(claim.kind), claim.source)
        for claim in paper.claims
    ]
    lines: list[Table | str] = [
        paper.title,
        f"{paper.date.isoformat()}, {paper.authors} author{'s' * (paper.authors != 1)}, {', '.join(paper.topics)}",
        "",
        paper.summary,
        "",
        *paper.pages,
        "",
        f"status: {paper.status}",
        Table(("claim", "metric", "on", "claimed", "here", "kind", "source"), rows),
    ]
    notes = [f"{claim.id}: {claim.note}" for claim in paper.claims if claim.note]
    lines += ["notes", *notes] if notes else []
    if any(not claim.is_verified for claim in paper.claims):
        lines.append("? = from memory of the paper, not found in a source that could be read")
    runs = sorted({f"run {found.run_id} ({found.scale}, seeds: {found.seeds})" for found in here.values()})
    return [*lines, *(f"here: {run}" for run in runs)]


def _claimed(claim: Any) -> str:
    value = claim.value
    if isinstance(value, str):
        text = value
    else:
        text = f"{value:,}".replace(",", " ") if isinstance(value, int) else f"{value:.10g}"
    doubt = "" if claim.is_verified else " ?"
    return f"{text} {claim.unit}".strip() + doubt


def _here(found: Here | None) -> str | None:
    return None if found is None else f"{found.value:.6g}"
