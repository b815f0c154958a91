"""`lilliput run`: runs the system of a paper, and stores what it gives beside what the paper claims."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lilliput.cli.options import Config, DryRun, Json, Out, Papers, Quiet, Seed, Set, StorePath, use_threads

if TYPE_CHECKING:
    from lilliput.core.output import Table
    from lilliput.papers import Outcome, Plan


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="run", epilog="Example: lilliput run cct --scale smoke")(run)


def run(
    name: Annotated[str, typer.Argument(help="Of the paper; `lilliput papers` prints them.")],
    scale: Annotated[str, typer.Option("--scale", help="smoke (is it whole?), small (minutes) or full.")] = "small",
    engine: Annotated[str, typer.Option("--engine", help="local (processes here) or ray.")] = "local",
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Parts at once; else all cores.")] = None,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Of each part; figures may depend on it.")] = 1,
    seed: Seed = 0,
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, help="How many seeds, counted from --seed.")] = None,
    settings: Set = None,
    config: Config = None,
    out: Out = None,
    folder: Papers = None,
    store: StorePath = None,
    dry_run: DryRun = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run the system of a paper and compare it with what the paper claims."""
    use_threads(threads)
    from lilliput.core.events import watch
    from lilliput.core.output import Output
    from lilliput.core.store import Store
    from lilliput.papers import catalogue, make_plan, run_plan

    paper = catalogue(folder)[name]
    plan = make_plan(
        paper, scale=scale, engine=engine, jobs=jobs, threads=threads, seed=seed, seeds=seeds, file=config,
        overrides=settings or (), folder=out,
    )  # fmt: skip
    output = Output(json=json, quiet=quiet)
    if dry_run:
        output.show({"plan": _plan_data(plan)}, ids=[paper.name], human=_plan_lines(plan))
        return
    if not json and not quiet:
        Output(stream=sys.stderr).show({}, human=_plan_lines(plan))
    with Store(store) as opened, watch(sys.stderr, quiet=quiet) as emit:
        outcome = run_plan(plan, opened, emit=emit)
    data = {"run": outcome.run_id, "folder": str(outcome.folder), "plan": _plan_data(plan), **_figures(plan, outcome)}
    output.show(data, ids=[outcome.run_id], human=_human(plan, outcome))


def _plan_data(plan: Plan) -> dict[str, Any]:
    return {
        **plan.describe(),
        "engine": plan.engine,
        "jobs": plan.jobs,
        "folder": str(plan.folder),
        "seconds": plan.seconds,
        "memory_bytes": plan.memory_bytes,
    }


def _plan_lines(plan: Plan) -> list[Table | str]:
    from lilliput.core.output import Table
    from lilliput.core.units import format_bytes, format_ms

    described = plan.describe()
    rows = [
        ("paper", plan.paper.name),
        ("scale", plan.scale),
        ("methods", ", ".join(described["methods"])),
        ("seeds", ", ".join(str(seed) for seed in plan.seeds)),
        ("engine", f"{plan.engine}, {plan.jobs} at once, threads each: {plan.threads}"),
        ("time", f"≈ {format_ms(1000 * plan.seconds)}"),
        ("memory", f"≈ {format_bytes(plan.memory_bytes)}"),
        ("folder", str(plan.folder)),
        *((f"settings.{key}", value) for key, value in _flat(described["settings"])),
    ]
    return [Table(("", ""), [(key, str(value)) for key, value in rows])]


def _figures(plan: Plan, outcome: Outcome) -> dict[str, Any]:
    from lilliput.cli._catalogue import plain

    claims = [
        {"id": claim.id, "claimed": claim.value, "unit": claim.unit, "kind": str(claim.kind), "here": here}
        for claim in plan.paper.claims
        if (here := outcome.result.measured.get(claim.id)) is not None
    ]
    return {"metrics": plain(list(outcome.result.rows)), "claims": claims}


def _human(plan: Plan, outcome: Outcome) -> list[Table | str]:
    from lilliput.core.output import Table
    from lilliput.papers import by_method, over_seeds

    rows = [
        (name, split, method, _exact(value), low, high, next(iter(of_seeds.values())).unit or None)
        for (name, method, split), of_seeds in by_method(outcome.result.rows).items()
        for value, low, high, _ in [over_seeds([*of_seeds.values()])]
    ]
    claims = [
        (claim.id, f"{claim.value} {claim.unit}".strip(), _exact(outcome.result.measured[claim.id]), str(claim.kind))
        for claim in plan.paper.claims
        if claim.id in outcome.result.measured
    ]
    parts: list[Table | str] = [Table(("figure", "on", "method", "value", "low", "high", "unit"), rows)]
    if claims:
        parts.append(Table(("claim", "claimed", "here", "kind"), claims))
    return [
        *parts,
        f"run {outcome.run_id}, files in {outcome.folder}",
        f"`lilliput papers {plan.paper.name}` shows it beside the claims; `lilliput results show {outcome.run_id}` all",
    ]


def _exact(figure: float) -> float:
    """Counts as such, so that they are shown with all their digits."""
    return int(figure) if float(figure).is_integer() else figure


def _flat(settings: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in settings.items():
        pairs += _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(prefix + key, value)]
    return pairs
