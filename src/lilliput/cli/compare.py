"""`lilliput compare`: two compiled networks, or two runs, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lilliput.cli.options import Json, Quiet, StorePath

if TYPE_CHECKING:
    from lilliput.core.store import Metric, Store

Thing = Annotated[str, typer.Argument(help="A folder that `compile` or `build` wrote, or the id of a run.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="compare", epilog="Example: lilliput compare build/plain build/tuned")(compare)


def compare(a: Thing, b: Thing, store: StorePath = None, json: Json = False, quiet: Quiet = False) -> None:
    """Compare two compiled networks by memory, instructions and layer, or two runs by their figures."""
    from lilliput.core.errors import BadSetting
    from lilliput.core.output import Output

    folders = [Path(name).is_dir() for name in (a, b)]
    if any(folders) and not all(folders):
        raise BadSetting(
            f"{a} and {b}: one is a folder and the other is not", fix="name two folders, or the ids of two runs"
        )
    data, human = _folders(Path(a), Path(b)) if all(folders) else _runs(a, b, store)
    Output(json=json, quiet=quiet).show(data, ids=[a, b], human=human)


def _folders(a: Path, b: Path) -> tuple[dict[str, Any], list[Any]]:
    from lilliput.boards.compare import compare_reports, comparison_parts
    from lilliput.boards.compiled import read_report

    compared = compare_reports(read_report(a), read_report(b))
    return compared, comparison_parts(compared)


def _runs(a: str, b: str, store: Path | None) -> tuple[dict[str, Any], list[Any]]:
    from lilliput.core.output import Table
    from lilliput.core.store import Store

    with Store(store) as opened:
        ids = [opened.run(name).id for name in (a, b)]
        figures = [_figures(opened, one) for one in ids]
        titles = [opened.run(one).command_line for one in ids]
    rows, items = [], []
    for key in [*figures[0], *(key for key in figures[1] if key not in figures[0])]:
        first, second = figures[0].get(key), figures[1].get(key)
        change = second.value - first.value if first and second else None
        rows.append((key[0], key[1], _text(first), _text(second), change))
        values = [None if one is None else one.value for one in (first, second)]
        items.append({"metric": key[0], "split": key[1], "a": values[0], "b": values[1], "difference": change})
    columns = ("figure", "split", "A", "B", "B - A")
    human = [f"A: {ids[0]}  {titles[0]}", f"B: {ids[1]}  {titles[1]}", Table(columns, rows, "Figures, with intervals")]
    return {"a": ids[0], "b": ids[1], "figures": items}, human


def _figures(store: Store, run: str) -> dict[tuple[str, str], Metric]:
    """The last value of each figure."""
    return {(metric.name, metric.split): metric for metric in store.metrics(run)}


def _text(metric: Metric | None) -> str | None:
    if metric is None:
        return None
    interval = "" if metric.low is None or metric.high is None else f" ({metric.low:g} to {metric.high:g})"
    return f"{metric.value:g}{metric.unit and ' ' + metric.unit}{interval}"
