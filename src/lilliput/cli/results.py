"""`lilliput results`: what was run here, and what came out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lilliput.cli.options import Json, Quiet, StorePath
from lilliput.core.errors import BadSetting

if TYPE_CHECKING:
    from lilliput.core.store import Run, Store

_STATES = ("running", "done", "failed", "interrupted")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    group = typer.Typer(invoke_without_command=True, epilog="Example: lilliput results --paper mcunet --csv")
    group.callback()(results)
    group.command(name="show", epilog="Example: lilliput results show 4f2a")(show)
    group.command(name="export", epilog="Example: lilliput results export runs.jsonl --paper mcunet")(export)
    group.command(name="import", epilog="Example: lilliput results import runs.jsonl")(import_runs)
    app.add_typer(group, name="results")


Paper = Annotated[str | None, typer.Option("--paper", help="Only runs of this paper.")]
State = Annotated[str | None, typer.Option("--state", help="Only runs that are done, failed, interrupted, running.")]


def results(
    context: typer.Context,
    paper: Paper = None,
    state: State = None,
    task: Annotated[str | None, typer.Option("--task", help="Only runs on this task.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="Only runs of this model.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")] = 1000,
    csv: Annotated[bool, typer.Option("--csv", help="Print one CSV row a metric.")] = False,
    store: StorePath = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the runs in the result store, newest first; `show ID` tells all of one."""
    if context.invoked_subcommand is not None:
        return
    from lilliput.core.store.exchange import export_csv

    with _open(store) as opened:
        runs = _runs(opened, paper=paper, state=state, task=task, model=model, limit=limit)
        if csv:
            sys.stdout.write(export_csv(opened, runs))
            return
        _print_runs(opened, runs, json=json, quiet=quiet)


def show(
    run_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a run, or the beginning of it.")],
    store: StorePath = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show one run: where it comes from, its settings, figures and files."""
    from lilliput.cli._catalogue import plain
    from lilliput.core.output import Output

    with _open(store) as opened:
        run = opened.run(run_id)
        data = {
            "run": plain(run),
            "metrics": plain(opened.metrics(run.id)),
            "artifacts": plain(opened.artifacts(run.id)),
        }
        files = opened.artifact_states(run.id)
    Output(json=json, quiet=quiet).show({**data, "artifact_states": files}, ids=[run.id], human=_human(data, files))


def export(
    path: Annotated[Path, typer.Argument(help="The JSON Lines file to write.")],
    paper: Paper = None,
    state: State = None,
    store: StorePath = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write runs with their figures to a file that `import` reads."""
    from lilliput.core.output import Output
    from lilliput.core.store.exchange import export_file

    with _open(store) as opened:
        runs = _runs(opened, paper=paper, state=state)
        export_file(opened, path, runs)
    data = {"path": str(path), "runs": len(runs)}
    Output(json=json, quiet=quiet).show(data, ids=[run.id for run in runs], human=[f"{len(runs)} runs in {path}"])


def import_runs(
    path: Annotated[Path, typer.Argument(help="A JSON Lines file of `export`.")],
    store: StorePath = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Enter the runs of a file; those that are here already stay as they are."""
    from lilliput.core.output import Output
    from lilliput.core.store.exchange import import_file

    with _open(store) as opened:
        added, known = import_file(opened, path)
    text = f"{added} runs entered, {known} were here already"
    Output(json=json, quiet=quiet).show({"added": added, "known": known}, human=[text])


def _open(path: Path | None) -> Store:
    from lilliput.core.store import Store

    return Store(path)


def _runs(store: Store, *, state: str | None, **wanted: Any) -> list[Run]:
    if state is not None and state not in _STATES:
        raise BadSetting(f"no run is in a state called {state!r}", fix=f"the states are {', '.join(_STATES)}")
    return store.runs(state=state, **wanted)  # type: ignore[arg-type]


def _print_runs(store: Store, runs: list[Run], *, json: bool, quiet: bool) -> None:
    from lilliput.cli._catalogue import plain
    from lilliput.core.output import Output, Table
    from lilliput.core.units import format_ms

    rows = [
        (
            run.id, run.started.replace("T", " ").rstrip("Z"), run.command, run.paper or run.task, run.model, run.state,
            None if run.seconds is None else format_ms(1000 * run.seconds),
        )
        for run in runs
    ]  # fmt: skip
    human: list[Table | str] = [
        Table(("id", "started (UTC)", "command", "paper or task", "model", "state", "took"), rows)
    ]
    if not runs:
        human = [f"no runs in {store.path}"]
    data = {"store": str(store.path), "runs": [plain(run) for run in runs]}
    Output(json=json, quiet=quiet).show(data, ids=[run.id for run in runs], human=human)


def _human(data: dict[str, Any], files: dict[str, str]) -> list[Any]:
    from lilliput.core.output import Table
    from lilliput.core.units import format_bytes

    run = dict(data["run"])
    peak = run["peak_memory_bytes"]
    run["peak_memory_bytes"] = None if peak is None else format_bytes(peak)
    settings, machine, versions = run.pop("settings"), run.pop("machine"), run.pop("versions")
    run["versions"] = ", ".join(f"{name} {version}" for name, version in versions.items())
    run["machine"] = f"{machine.get('cpu')}, {machine.get('cores')} cores, {machine.get('system')}"
    parts: list[Any] = [
        Table(("run", ""), [(key, str(value)) for key, value in run.items() if value not in (None, "")])
    ]
    if settings:
        parts += ["", Table(("setting", "value"), [(key, str(value)) for key, value in settings.items()])]
    last = _last_steps(data["metrics"])
    if last:
        rows = [(m["name"], m["split"], m["step"], m["value"], m["low"], m["high"], m["n"], m["unit"]) for m in last]
        parts += ["", Table(("metric", "split", "step", "value", "low", "high", "n", "unit"), rows)]
    if data["artifacts"]:
        parts += ["", Table(("file", "now"), list(files.items()))]
    return parts


def _last_steps(metrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The newest step of each figure; `--json` has them all."""
    return list({(metric["name"], metric["split"]): metric for metric in metrics}.values())
