"""Runs: asking for one, watching it, and all that were stored."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, RedirectResponse, Response, StreamingResponse

from lilliput.core.errors import BadSetting
from lilliput.papers._recipe import SCALES
from lilliput.web.app import Site, site_of
from lilliput.web.formats import View, viewed
from lilliput.web.forms import checked_form, form_fields, text_of
from lilliput.web.jobs import OVER, Jobs
from lilliput.web.jobs import Request as Wanted
from lilliput.web.sides import flat

router = APIRouter()
PAGE = 50


@contextlib.asynccontextmanager
async def life(site: Site) -> AsyncIterator[None]:
    """Run the queue beside the answers."""
    jobs = jobs_of_site(site)
    task = asyncio.create_task(jobs.work())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def jobs_of_site(site: Site) -> Jobs:
    """The queue of a site."""
    found: Jobs | None = getattr(site, "_jobs", None)
    if found is None:
        found = Jobs(site.settings, site.database, site.papers)
        site._jobs = found  # type: ignore[attr-defined]
    return found


@router.get("/papers/{name}/run")
def ask(request: Request, name: str, scale: str = "smoke", seeds: str = "", settings: str = "") -> Response:
    """What a run would be: its true settings, time and memory, before anything starts."""
    site = site_of(request)
    paper = site.paper(name)
    wanted = _wanted(name, scale, seeds, settings)
    plan = wanted.plan(site.papers, site.settings.folder)
    waiting = site.database.query("SELECT count(*) FROM jobs WHERE state IN ('waiting', 'running')")[0][0]
    described = plan.describe()
    return site.render(
        request, "ask.html", paper=paper, plan=plan, described=described, flat=list(flat(described["settings"])),
        scale=scale, seeds=seeds, settings=settings, scales=[s for s in SCALES if s in plan.recipe.scales],
        waiting=waiting,
    )  # fmt: skip


@router.post("/papers/{name}/run", openapi_extra=form_fields("scale", "seeds", "settings"))
async def start(request: Request, name: str) -> Response:
    """Queue a run."""
    form, site = await checked_form(request), site_of(request)
    wanted = _wanted(name, text_of(form, "scale"), text_of(form, "seeds"), text_of(form, "settings"))
    job = await asyncio.to_thread(jobs_of_site(site).submit, wanted)
    return RedirectResponse(f"/jobs/{job}", 303)


@router.get("/jobs/{job}")
def show_job(request: Request, job: str) -> Response:
    """A job and its progress so far."""
    site = site_of(request)
    jobs = jobs_of_site(site)
    row = jobs.get(job)
    events, size = jobs.events(job)
    context: dict[str, Any] = {"events": events[-200:], "size": size, "progress": progress(events)}
    return site.render(request, "job.html", job=row, over=row["state"] in OVER, **context)


@router.get("/jobs/{job}/events")
async def follow(request: Request, job: str, start: int = 0) -> Response:
    """The progress as it comes: server-sent events, the last one called `over`."""
    site = site_of(request)
    jobs = jobs_of_site(site)
    jobs.get(job)

    async def stream() -> AsyncIterator[str]:
        at = max(start, 0)
        quiet = 0
        while not await request.is_disconnected():
            state = await asyncio.to_thread(lambda: str(jobs.get(job)["state"]))
            events, at = await asyncio.to_thread(jobs.events, job, at)
            for event in events:
                yield f"id: {at}\ndata: {json.dumps(event)}\n\n"
            if state in OVER and not events:
                yield f"event: over\ndata: {json.dumps({'state': state})}\n\n"
                return
            quiet = 0 if events else quiet + 1
            if quiet % 60 == 59:
                yield ": still here\n\n"
            await asyncio.sleep(0.25)

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@router.post("/jobs/{job}/{what}", openapi_extra=form_fields())
async def change(request: Request, job: str, what: str) -> Response:
    """Cancel or resume a job."""
    await checked_form(request)
    jobs = jobs_of_site(site_of(request))
    if what not in ("cancel", "resume"):
        raise BadSetting(f"a job cannot be told to {what[:40]!r}", fix="cancel or resume")
    await asyncio.to_thread(jobs.cancel if what == "cancel" else jobs.resume, job)
    return RedirectResponse(f"/jobs/{job}", 303)


@viewed(router, "/runs")
def show_runs(request: Request, paper: str = "", task: str = "", state: str = "", page: int = 1) -> View:
    """All runs of this installation, newest first."""
    site = site_of(request)
    runs, total = _runs(site, paper, task, state, page)
    return View(
        template="runs.html", name="run-list", document={"total": total, "runs": runs}, rows=runs, columns=_LISTED,
        context={
            "runs": runs, "total": total, "pages": -(-total // PAGE), "page": page, "jobs": jobs_of_site(site).recent(),
            "chosen": {"paper": paper, "task": task, "state": state},
        },
    )  # fmt: skip


@viewed(router, "/runs/{run}")
def show_run(request: Request, run: str) -> View:
    """A run with its figures and files."""
    found = _run(site_of(request), run)
    return View(
        template="run.html", name="run", document=found, rows=found["metrics"],
        columns=("name", "split", "step", "value", "unit", "n", "low", "high"),
        context={**found, "flat": list(flat(found["run"]["settings"]))},
    )  # fmt: skip


@router.get("/runs/{run}/files/{path:path}")
def give_file(request: Request, run: str, path: str) -> Response:
    """A file that a run wrote, to keep; never shown in the page, whatever is in it."""
    file = site_of(request).store.artifact_file(run, path)
    return FileResponse(file, media_type="application/octet-stream", filename=file.name)


def progress(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Steps done and steps in all, of the outermost work that said so."""
    found: dict[str, Any] = {"step": 0, "total": 0}
    first = next((event["what"] for event in events if event.get("kind") == "started"), None)
    for event in events:
        if event.get("what") == first:
            found = {key: event.get(key, found[key]) for key in found}
    return found


_LISTED = (
    "id", "command", "paper", "task", "model", "scale", "seed", "state", "started", "seconds", "commit"
)  # fmt: skip


def _runs(site: Site, paper: str, task: str, state: str, page: int) -> tuple[list[dict[str, Any]], int]:
    if page < 1 or page > 100_000:
        raise BadSetting(f"page = {page}", why="pages are counted from 1")
    if state not in ("", "running", "done", "failed", "interrupted"):
        raise BadSetting(f"state = {state[:40]!r}", fix="running, done, failed or interrupted")
    runs = site.store.page(
        paper=paper or None, task=task or None, state=state or None, limit=PAGE, offset=(page - 1) * PAGE
    )
    total = site.store.count(paper=paper or None, task=task or None, state=state or None)
    return [{key: getattr(run, key) for key in _LISTED} for run in runs], total


def _run(site: Site, run_id: str) -> dict[str, Any]:
    import dataclasses

    run = site.store.run(run_id)
    return {
        "run": dataclasses.asdict(run),
        "metrics": [dataclasses.asdict(metric) for metric in site.store.metrics(run.id)],
        "artifacts": [
            {**dataclasses.asdict(a), "state": s}
            for a, s in zip(site.store.artifacts(run.id), site.store.artifact_states(run.id).values(), strict=True)
        ],
    }


def _wanted(name: str, scale: str, seeds: str, settings: str) -> Wanted:
    if seeds and not (seeds.isascii() and seeds.isdigit() and 0 < int(seeds[:6]) <= 1000):
        raise BadSetting(f"seeds = {seeds[:40]!r}", why="it must be a number from 1 to 1000, or empty")
    lines = tuple(line.strip() for line in settings.splitlines() if line.strip())
    return Wanted(name, scale, int(seeds) if seeds else None, lines[:50])
