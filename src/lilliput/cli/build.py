"""`lilliput build`: from a task and a board to a proven network in a folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lilliput.cli.options import Config, DryRun, Json, Out, Quiet, Seed, Set, Threads, use_threads

if TYPE_CHECKING:
    from lilliput.build import BuildPlan
    from lilliput.core.output import Table


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="build", epilog="Example: lilliput build spoken-digits --board nucleo-f446re")(build)


def build(
    task: Annotated[str, typer.Argument(help="A task by name, or a folder or NPZ of your own.")],
    board: Annotated[str, typer.Option("--board", metavar="NAME", help="The microcontroller; `lilliput list boards`.")],
    model: Annotated[str, typer.Option("--model", help="A network by name; by default the task's own.")] = "",
    data: Annotated[Path | None, typer.Option("--data", help="Folder with the full data of a task.")] = None,
    settings: Set = None,
    config: Config = None,
    seed: Seed = 0,
    threads: Threads = 1,
    out: Out = None,
    dry_run: DryRun = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train, quantise, compile, prove and package a network that fits a board."""
    use_threads(threads)
    from lilliput import build as main_job
    from lilliput.boards import get_board
    from lilliput.boards.report import report_parts
    from lilliput.core.events import JsonLines, tee, watch
    from lilliput.core.output import Output
    from lilliput.core.store import Store
    from lilliput.tasks import get_task

    output = Output(json=json, quiet=quiet)
    chosen, where = get_board(board), get_task(task, data)
    asked = main_job.build_settings(where, file=config, overrides=settings or (), seed=seed, model=model)
    if not (json or quiet):
        sys.stderr.write(f"build: planning {where.name} for {chosen.name}\n")
    plan = main_job.plan_build(where, chosen, asked)
    folder = out or main_job.default_folder(plan)
    if dry_run or not (json or quiet):
        _show_plan(output, plan, folder, dry_run)
    if dry_run:
        return
    with Store() as store, store.start(
        "lilliput build", task=where.name, model=plan.settings.model, settings=_plain(plan), seed=seed
    ) as run, watch(sys.stderr, quiet=quiet or json) as progress:  # fmt: skip
        log = JsonLines(folder.with_name(f".{folder.name}.log.jsonl"))
        with log:
            result = main_job.build(plan, folder, emit=tee(progress, log))
        for row in result.report["accuracy"]:
            run.metric("accuracy", row["value"], split=row["what"], n=row["n"], low=row["low"], high=row["high"])
        for name in ("flash_bytes", "sram_bytes", "instructions", "macs"):
            if result.report[name] is not None:
                run.metric(name, result.report[name])
    parts: list[Table | str] = [*report_parts(result.report), f"folder: {folder}", f"next: lilliput check {folder}"]
    output.show({**result.report, "folder": str(folder)}, ids=[str(folder)], human=parts)


def _show_plan(output: Any, plan: BuildPlan, folder: Path, dry_run: bool) -> None:
    from lilliput.core.output import Table
    from lilliput.core.units import exact_bytes, format_ms, grouped

    facts, limits = plan.describe(), plan.describe()["limits"]
    items = ", ".join(f"{number} {name}" for name, number in facts["items"].items())
    rows: list[tuple[object, ...]] = [
        ("task", f"{facts['task']}: {facts['classes']} classes, {items}"),
        ("network", f"{facts['model']}: {grouped(facts['params'])} parameters, {grouped(facts['macs'])} MACs"),
        ("board", f"{plan.board.title} ({plan.board.core.name}, {plan.board.clock_hz / 1e6:g} MHz)"),
        ("SRAM", f"= {exact_bytes(facts['sram_bytes'] or 0)} of {exact_bytes(limits['sram_bytes'])}"),
        ("flash", f"≈ {exact_bytes(facts['flash_bytes'] or 0)} of {exact_bytes(limits['flash_bytes'])}"),
        ("training", f"{facts['epochs']} epochs, ≈ {format_ms(1000 * facts['train_seconds_estimate'])} here"),
        ("folder", str(folder)),
    ]  # fmt: skip
    output.show({**facts, "folder": str(folder)}, ids=[str(folder)], human=[Table(("plan", ""), rows)])
    if dry_run and not output.json and not output.quiet:
        output.show({}, human=["dry run: nothing was done; leave --dry-run out to start"])


def _plain(plan: BuildPlan) -> dict[str, Any]:
    from lilliput.core.settings import resolved

    return {**resolved(plan.settings), "board": plan.board.name}
