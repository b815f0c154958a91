"""Runs a plan: units on an engine, figures into the result store, files into one folder.

    PARTIAL = FOLDER + ".partial"   while it runs: plan.json, and METHOD/seed-N/ with unit.json once that unit is done
    FOLDER                          at the end: result.json, METHOD/seed-N/…, MANIFEST.json

A run that was stopped leaves PARTIAL; the same request goes on with the units that are missing, under the same run id.
In the store: `accuracy/METHOD` is the mean over seeds, `accuracy/METHOD/seed-N` one unit's, `claim/ID` our figure for a
claim of the paper.
"""

from __future__ import annotations

import contextlib
import math
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lilliput.core import provenance
from lilliput.core.errors import FileError, UnknownName
from lilliput.core.events import Emit, Event, silent
from lilliput.core.files import read_json, write_errors, write_folder, write_json
from lilliput.core.store import RunHandle, Store
from lilliput.papers._engine import Finished, Unit, run_units
from lilliput.papers._paper import Paper, claim_rows
from lilliput.papers._plan import Plan
from lilliput.papers._recipe import SCALES, Context, Result, Row, merge, unit_folder

CLAIM = "claim/"


@dataclass(frozen=True)
class Outcome:
    """A finished run: its id in the store, where its files are, what it gave."""

    run_id: str
    folder: Path
    result: Result


@dataclass(frozen=True)
class Here:
    """Our figure for a claim, with the run that it comes from."""

    value: float
    run_id: str
    scale: str
    seeds: int


def run_plan(plan: Plan, store: Store, *, emit: Emit = silent) -> Outcome:
    """Run what is missing of `plan`, and store all of it.

    Raises:
        LilliputError: as the recipe; the run is stored as *failed* then, and as *interrupted* after Ctrl-C.
        BadOutput: LP104, the folder cannot be written or is not ours. NoRoom: LP604.
        ValueError: the recipe measures a claim that it does not name, or gives a figure twice.
    """
    partial = plan.folder.with_name(plan.folder.name + ".partial")
    handle = _open_run(plan, store, partial)
    with handle:
        store.put_claims(plan.paper.name, claim_rows(plan.paper))
        parts = dict(_finished_before(plan, partial))
        emit(Event("started", plan.paper.name, step=len(parts), total=len(plan.units)))
        # Closed on the way out, so that no process works on after Ctrl-C.
        with contextlib.closing(_run_missing(plan, partial, tuple(parts), emit)) as finished:
            for index, result in finished:
                parts[index] = result
                emit(Event("step", plan.paper.name, step=len(parts), total=len(plan.units)))
        result = _whole(plan, [parts[index] for index in range(len(plan.units))], partial)
        _store_figures(handle, plan, result)
        _write_result(plan, partial, result)
        for path in (Path("result.json"), *result.artifacts):
            handle.artifact(plan.folder.resolve() / path)
        emit(Event("artifact", plan.paper.name, text=str(plan.folder)))
    shutil.rmtree(partial, ignore_errors=True)
    emit(Event("done", plan.paper.name, step=len(plan.units)))
    return Outcome(handle.id, plan.folder, result)


def measured_here(store: Store, paper: Paper) -> dict[str, Here]:
    """Claim → our newest figure for it, of the largest scale that there is one of."""
    found: dict[str, Here] = {}
    runs = store.runs(paper=paper.name, command="run", state="done")
    rank: dict[str | None, int] = {scale: -place for place, scale in enumerate(SCALES)}
    for run in sorted(runs, key=lambda run: rank.get(run.scale, 1)):
        for metric in store.metrics(run.id):
            if metric.name.startswith(CLAIM):
                seeds = len(run.settings.get("seeds", ()))
                found.setdefault(metric.name.removeprefix(CLAIM), Here(metric.value, run.id, run.scale or "", seeds))
    return found


# --- beginning and going on ------------------------------------------------------------------------------------


def _open_run(plan: Plan, store: Store, partial: Path) -> RunHandle:
    """The interrupted run of the same plan, else a new one in an empty folder."""
    before = _plan_before(partial)
    asked = _identity(plan)
    run_id = before.get("run")
    if before.get("plan") == asked and isinstance(run_id, str):
        try:
            if store.run(run_id).state != "done":
                return store.resume(run_id)
        except UnknownName:
            pass  # of another store: what is done stays done, under a new id
    else:
        with write_errors(partial):
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
    handle = store.start("run", paper=plan.paper.name, scale=plan.scale, settings=plan.describe(), seed=plan.seeds[0])
    write_json(partial / "plan.json", "paper-plan", {"plan": asked, "run": handle.id})
    return handle


def _plan_before(partial: Path) -> Mapping[str, Any]:
    if not (partial / "plan.json").exists():
        return {}
    try:
        return read_json(partial / "plan.json", "paper-plan")
    except FileError:
        return {}


def _identity(plan: Plan) -> dict[str, Any]:
    """What must be equal for figures of two calls to stand side by side: the request and the code."""
    return {**plan.describe(), "commit": provenance.collect().commit, "versions": provenance.versions()}


def _finished_before(plan: Plan, partial: Path) -> Iterator[tuple[int, Result]]:
    from pydantic import TypeAdapter, ValidationError

    reader = TypeAdapter(Result)
    for index, (method, seed) in enumerate(plan.units):
        path = partial / unit_folder(method, seed) / "unit.json"
        if path.exists():
            try:
                yield index, reader.validate_python(read_json(path, "paper-unit")["result"])
            except (FileError, KeyError, ValidationError):
                continue  # it is run again


# --- the units -------------------------------------------------------------------------------------------------


def _run_missing(plan: Plan, partial: Path, done: Sequence[int], emit: Emit) -> Finished:
    from pydantic import TypeAdapter

    writer = TypeAdapter(Result)
    missing = [index for index in range(len(plan.units)) if index not in done]
    units = [_unit(plan, partial, *plan.units[index], emit) for index in missing]
    with contextlib.closing(run_units(units, engine=plan.engine, jobs=plan.jobs)) as finished:
        for place, result in finished:
            path = units[place].context.folder / "unit.json"
            write_json(path, "paper-unit", {"result": writer.dump_python(result, mode="json")})
            yield missing[place], result


def _unit(plan: Plan, partial: Path, method: str, seed: int, emit: Emit) -> Unit:
    folder = (partial / unit_folder(method, seed)).resolve()
    with write_errors(folder):
        shutil.rmtree(folder, ignore_errors=True)  # what a stopped unit left
        folder.mkdir(parents=True)
    context = Context(
        paper=plan.paper.name, scale=plan.scale, method=method, seed=seed, settings=plan.settings, folder=folder,
        emit=emit,
    )  # fmt: skip
    return Unit(plan.recipe.run, context, plan.threads)


def _whole(plan: Plan, results: list[Result], folder: Path) -> Result:
    merged = merge([(method, seed, result) for (method, seed), result in zip(plan.units, results, strict=True)])
    with write_errors(folder):
        more = plan.recipe.conclude(merged, folder)
    measured = {**merged.measured, **plan.recipe.compare(merged), **more.measured}
    strange = sorted(set(measured) - set(plan.recipe.claims))
    if strange:
        raise ValueError(f"the recipe of {plan.paper.name} measures {', '.join(strange)} without naming it in `claims`")
    return Result((*merged.rows, *more.rows), (*merged.artifacts, *more.artifacts), measured)


# --- the end ---------------------------------------------------------------------------------------------------


def _store_figures(handle: RunHandle, plan: Plan, result: Result) -> None:
    for (name, method, split), rows in by_method(result.rows).items():
        for seed, row in rows.items():
            if seed is not None:
                handle.metric(
                    f"{name}/{method}/seed-{seed}", row.value, split=split, n=row.n, low=row.low, high=row.high,
                    unit=row.unit,
                )  # fmt: skip
        value, low, high, n = over_seeds(list(rows.values()))
        unit = next(iter(rows.values())).unit
        handle.metric(f"{name}/{method}", value, split=split, n=n, low=low, high=high, unit=unit)
    units = {claim.id: claim.unit for claim in plan.paper.claims}
    for claim, figure in result.measured.items():
        handle.metric(CLAIM + claim, figure, n=len(plan.seeds), unit=units[claim])


def by_method(rows: Iterable[Row]) -> dict[tuple[str, str, str], dict[int | None, Row]]:
    """(name, method, split) → seed → row, in the order they come; None is the seed of what all seeds together say.

    Raises:
        ValueError: a figure is given twice.
    """
    groups: dict[tuple[str, str, str], dict[int | None, Row]] = {}
    for row in rows:
        group = groups.setdefault((row.name, row.method, row.split), {})
        if row.seed in group or (group and None in (row.seed, *group)):
            raise ValueError(f"{row.name!r} of {row.method} on {row.split!r} is given twice for seed {row.seed}")
        group[row.seed] = row
    return groups


def over_seeds(rows: list[Row]) -> tuple[float, float | None, float | None, int | None]:
    """Mean, interval and count: of seeds by bootstrap where there are several, else the one row's own."""
    if len(rows) == 1:
        return rows[0].value, rows[0].low, rows[0].high, rows[0].n
    from lilliput.core.intervals import bootstrap_mean

    values = [row.value for row in rows]
    interval = bootstrap_mean(values)
    return math.fsum(values) / len(values), interval.low, interval.high, len(values)


def _write_result(plan: Plan, partial: Path, result: Result) -> None:
    from pydantic import TypeAdapter

    content = TypeAdapter(Result).dump_python(result, mode="json")
    with write_folder(plan.folder) as fresh:
        for path in _whole_files(partial):
            (fresh / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(partial / path, fresh / path)
        write_json(fresh / "result.json", "paper-result", {"plan": plan.describe(), "result": content})


def _whole_files(partial: Path) -> Iterable[Path]:
    files = (path for path in sorted(partial.rglob("*")) if path.is_file())
    return (path.relative_to(partial) for path in files if path.name not in ("plan.json", "unit.json"))
