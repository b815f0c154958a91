"""`lilliput graphs`: many small graphs, and the few that are not like the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lilliput.cli.options import Json, Quiet, Seed

if TYPE_CHECKING:
    from lilliput.core.output import Table
    from lilliput.train.anomalies import AnomalyFigures


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="Many small graphs, and the few that are not like the others.")
    group.command(name="rq", epilog="Example: lilliput graphs rq FOLDER --name Tox21_p53 --out pictures")(rq)
    group.command(name="train", epilog="Example: lilliput graphs train FOLDER --name Tox21_p53 --out detector")(train)
    group.command(name="score", epilog="Example: lilliput graphs score detector FOLDER --name new")(score)
    app.add_typer(group, name="graphs", epilog="Example: lilliput graphs rq FOLDER --name Tox21_p53")


Place = Annotated[Path, typer.Argument(help="A folder or archive of TUDataset's form, or an NPZ.")]
Name = Annotated[str, typer.Option("--name", help="Of the set, where there are several; of an NPZ's assay.")]
Anomaly = Annotated[
    int | None, typer.Option("--anomaly", help="Label of the anomalies; the rarer one, where there are two.")
]


def rq(
    place: Place,
    name: Name = "",
    anomaly: Anomaly = None,
    fewest: Annotated[int, typer.Option("--fewest", min=2, help="Graphs of each class that a feature needs.")] = 10,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for two drawings.")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Rayleigh quotients of node features, by class: does a spectrum tell anomalies here at all?"""
    from lilliput.core.files import write_folder, write_text
    from lilliput.core.output import Output, Table
    from lilliput.tasks.graphs import read_graphs
    from lilliput.train.metrics import auc
    from lilliput.train.spectrum import compare_quotients, energy_curves, energy_svg, quotients_svg

    graphs = read_graphs(place, name, anomaly=anomaly)
    found = compare_quotients(graphs, fewest=fewest)
    size = auc(graphs.sizes.astype(float), graphs.y)
    if out is not None:
        with write_folder(out) as made:
            write_text(made / "quotients.svg", quotients_svg(found, graphs.name))
            write_text(made / "energy.svg", energy_svg(energy_curves(graphs), graphs.name))
    rows = [
        (one.feature, one.graphs[0], one.graphs[1], f"{one.normal:.3f}", f"{one.anomalous:.3f}",
         f"{one.difference:+.3f} [{one.low:+.3f}, {one.high:+.3f}]", f"{one.auc:.3f}")
        for one in found
    ]  # fmt: skip
    heads = ("feature", "normal graphs", "anomalies", "their quotient", "anomalies'", "difference, 95 %", "AUC")
    marked = frozenset(place for place, one in enumerate(found) if one.is_clear)
    said = {
        "name": graphs.name, "graphs": len(graphs), "normal": graphs.counts[0], "anomalous": graphs.counts[1],
        "notes": list(graphs.notes), "size_auc": size,
        "features": [
            {"feature": one.feature, "normal_graphs": one.graphs[0], "anomalous_graphs": one.graphs[1],
             "normal": one.normal, "anomalous": one.anomalous, "difference": one.difference, "low": one.low,
             "high": one.high, "auc": one.auc}
            for one in found
        ],
    }  # fmt: skip
    title = f"{graphs.name}: {graphs.counts[0]} normal graphs, {graphs.counts[1]} anomalies; marked: 0 is left out"
    human: list[Table | str] = [
        Table(heads, rows, title, marked),
        f"AUC of the number of nodes alone: {size:.3f}",
        *graphs.notes,
    ]
    Output(json=json, quiet=quiet).show(said, ids=[one.feature for one in found if one.is_clear], human=human)


def train(
    place: Place,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the detector.")],
    name: Name = "",
    anomaly: Anomaly = None,
    model: Annotated[str, typer.Option("--model", help="rqgnn, rqgnn_numerator, graph_gin, graph_gcn, …")] = "rqgnn",
    epochs: Annotated[int, typer.Option("--epochs", min=1)] = 60,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a detector on 70 % of the graphs, choose its thresholds on 15 %, judge it on the rest."""
    import sys
    from dataclasses import asdict, replace

    from lilliput.core.events import watch
    from lilliput.core.output import Output
    from lilliput.tasks.graphs import read_graphs
    from lilliput.train.anomalies import anomaly_figures
    from lilliput.train.graph_detector import TRAINING, DetectorSettings, save_detector, train_detector

    graphs = read_graphs(place, name, anomaly=anomaly)
    parts = graphs.split(seed=seed)
    settings = DetectorSettings(model=model, train=replace(TRAINING, epochs=epochs, seed=seed))
    with watch(sys.stderr, quiet=quiet or json) as emit:
        detector = train_detector(parts["train"], parts["validation"], settings, emit=emit)
    save_detector(detector, out)
    test = parts["test"]
    figures = anomaly_figures(detector.scores(test), test.y, threshold=detector.threshold)
    said = {"name": graphs.name, "notes": list(graphs.notes), "out": str(out), **asdict(figures)}
    said["auc_ends"] = list(figures.auc_ends)
    human: list[Table | str] = [
        _figures_table(figures, f"{graphs.name}, {model}, test part"),
        *graphs.notes,
        f"the detector is in {out}",
    ]
    Output(json=json, quiet=quiet).show(said, ids=[str(out)], human=human)


def score(
    detector: Annotated[Path, typer.Argument(help="What `lilliput graphs train` wrote.")],
    place: Place,
    name: Name = "",
    most: Annotated[int, typer.Option("--most", min=1, help="How many graphs the table shows.")] = 20,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Score graphs whose labels, if there are any, are not looked at; the likeliest anomalies first."""
    import numpy as np

    from lilliput.core.output import Output, Table
    from lilliput.tasks.graphs import read_graphs
    from lilliput.train.graph_detector import load_detector

    found = load_detector(detector)
    graphs = read_graphs(place, name, has_labels=False)
    scores = found.scores(graphs)
    notes = [*graphs.notes, *graphs.with_features(found.features).notes[len(graphs.notes) :]]
    order = np.argsort(-scores, kind="stable")
    told = [
        {"graph": int(i) + 1, "score": float(scores[i]), "told": bool(scores[i] >= found.threshold),
         "alarm": bool(scores[i] >= found.alarm)}
        for i in order
    ]  # fmt: skip
    rows = [(one["graph"], f"{one['score']:.3f}", one["told"], one["alarm"]) for one in told[:most]]
    above = sum(bool(one["told"]) for one in told)
    title = f"{graphs.name}: {above} of {len(graphs)} graphs are at or above {found.threshold:.3f}"
    said = {"name": graphs.name, "threshold": found.threshold, "alarm": found.alarm, "notes": notes, "graphs": told}
    table = Table(("graph", "score", "told", "within 5 % false alarms"), rows, title)
    Output(json=json, quiet=quiet).show(said, ids=[str(one["graph"]) for one in told if one["told"]],
                                        human=[table, *notes])  # fmt: skip


def _figures_table(figures: AnomalyFigures, title: str) -> Table:
    from lilliput.core.output import Table

    rows = [
        ("AUC", f"{figures.auc:.3f} [{figures.auc_ends.low:.3f}, {figures.auc_ends.high:.3f}]"),
        ("average precision", f"{figures.average_precision:.3f}"),
        ("macro F1, threshold from validation", f"{figures.f1_macro:.3f}"),
        ("macro F1, threshold one half", f"{figures.f1_macro_half:.3f}"),
        ("recall at 5 % false alarms", f"{figures.recall:.3f}"),
        ("normal graphs", figures.normal),
        ("anomalies", figures.anomalous),
    ]
    return Table(("", ""), rows, title)
