"""Abnormal graphs among many small ones, told by how their node signals spread over the graph's spectrum."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lilliput.core.units import PERCENT
from lilliput.papers import Claim, Context, Kind, Paper, Recipe, Result, Row, Scale, register_paper

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lilliput.tasks.graphs import GraphSet
    from lilliput.train.graph_detector import Detector


@dataclass(frozen=True)
class Settings:
    """What is learnt from which graphs, and how it is tested.

    Args:
        data: a folder with sets of TUDataset, an archive, or an NPZ; empty for the bundled molecules of Tox21.
        sets: names of sets, or of assays.
        shares: of training, validation and test, drawn anew by each seed within each class.
        copies: whether graphs stay that differ from another in the numbers of their nodes alone.
        degrees: whether the number of a node's neighbours is a label beside its own; published is without.
        fewest: training graphs that a label needs to become a feature.
        epochs, batch_size, lr, grad_clip: of the networks' training by Adam, the rate along a cosine.
        dropout, hidden: of the networks.
        beta, gamma: of the class-balanced focal loss.
        judge: what the best epoch is chosen by on validation: "auc" or "f1".
        trees: of forests.
        line_steps: of logistic regressions, at most.
        false_alarms: share of normal graphs at which recall is told.
    """

    data: str = ""
    sets: tuple[str, ...] = ("NR-AhR", "SR-p53")
    shares: tuple[float, float, float] = (0.7, 0.15, 0.15)
    copies: bool = False
    degrees: bool = False
    fewest: int = 10
    epochs: int = 60
    batch_size: int = 128
    lr: float = 1e-3
    grad_clip: float = 1.0
    dropout: float = 0.1
    hidden: int = 64
    beta: float = 0.999
    gamma: float = 1.5
    judge: Literal["auc", "f1"] = "auc"
    trees: int = 300
    line_steps: int = 2000
    false_alarms: float = 0.05


OURS = "rqgnn"
NETWORKS: dict[str, tuple[str, dict[str, object]]] = {
    OURS: ("rqgnn", {}),
    "numerator": ("rqgnn", {"rq": "numerator"}),
    "frozen": ("rqgnn", {"filters": "frozen"}),
    "as-published": ("rqgnn", {"rq": "numerator", "filters": "frozen"}),
    "no-quotient-branch": ("rqgnn", {"explicit": False}),
    "mean-pooling": ("rqgnn", {"pooling": "mean"}),
    "no-quotients": ("rqgnn", {"explicit": False, "pooling": "mean"}),
    "gin": ("graph_gin", {}),
    "gcn": ("graph_gcn", {}),
    "chebnet": ("graph_chebnet", {}),
}
RIVAL_NETWORKS = ("gin", "gcn", "chebnet")
"""Of what a simple classifier is told of a graph: "line" is a logistic regression, "forest" a random forest."""
SIMPLE: dict[str, tuple[str, tuple[str, ...]]] = {
    "size": ("line", ("size",)),
    "label-counts": ("line", ("counts",)),
    "quotients": ("line", ("quotients",)),
    "numerators": ("line", ("numerators",)),
    "forest-counts": ("forest", ("size", "counts")),
    "forest-quotients": ("forest", ("quotients",)),
    "forest": ("forest", ("size", "counts", "quotients", "numerators")),
}


@dataclass(frozen=True)
class _Published:
    """What the published counts and the published loss are of."""

    features: tuple[int, ...] = (27, 46, 64)
    with_bank: tuple[int, ...] = (27, 46)
    logits: tuple[tuple[float, float], ...] = ((2.0, -1.0), (0.5, 0.3), (-1.0, 1.5))
    labels: tuple[int, ...] = (0, 1, 1)
    counts: tuple[int, int] = (900, 100)
    gamma: float = 1.5


def run(context: Context) -> Result:
    """One detector, one parting of each set: figures of its test graphs; of the paper's own also what it looks at."""
    settings: Settings = context.settings
    rows, artifacts, measured = list[Row](), list[Path](), dict[str, float]()
    for name in settings.sets:
        graphs = _graphs(settings, name)
        parts = graphs.split(settings.shares, seed=context.seed)
        if context.method in SIMPLE:
            known, scores = _simple(context, parts)
        else:
            detector = _trained(context, name, parts)
            known, scores = (detector.scores(parts[part]) for part in ("validation", "test"))
            rows += _of_network(detector, name)
            if context.method == OURS:
                told, drawn = _spectra(context, name, parts)
                rows, artifacts = rows + told, artifacts + drawn
                measured.setdefault("invariance", 0.0)
                measured["invariance"] = max(measured["invariance"], _change(detector, parts["test"]))
        rows += _figures(settings, name, known, scores, parts)
    if context.method == OURS:
        measured |= _structure()
    return Result(tuple(rows), tuple(artifacts), measured)


def _graphs(settings: Settings, name: str) -> GraphSet:
    from lilliput.tasks.graphs import read_graphs
    from lilliput.tasks.molecules import bundled_graphs

    graphs = read_graphs(Path(settings.data), name) if settings.data else bundled_graphs(name)
    graphs = graphs if settings.copies else graphs.without_copies()
    return graphs.with_degrees() if settings.degrees else graphs


def _trained(context: Context, name: str, parts: Mapping[str, GraphSet]) -> Detector:
    from lilliput.train.graph_detector import DetectorSettings, save_detector, train_detector
    from lilliput.train.settings import TrainSettings

    settings: Settings = context.settings
    model, changes = NETWORKS[context.method]
    wanted = DetectorSettings(
        model=model,
        changes={"hidden": settings.hidden, "dropout": settings.dropout, **changes},
        train=TrainSettings(
            epochs=settings.epochs, batch_size=settings.batch_size, optimiser="adam", lr=settings.lr,
            weight_decay=0.0, grad_clip=settings.grad_clip, warmup_epochs=0.0, seed=context.seed,
        ),
        beta=settings.beta, gamma=settings.gamma, judge=settings.judge, fewest=settings.fewest,
    )  # fmt: skip
    folder = context.folder / f"checkpoints-{name}"
    detector = train_detector(parts["train"], parts["validation"], wanted, emit=context.emit, folder=folder)
    if context.method == OURS:
        save_detector(detector, context.folder / f"detector-{name}")
    return detector


def _of_network(detector: Detector, name: str) -> Iterator[Row]:
    from lilliput.models.cost import count_params

    yield Row("parameters", float(count_params(detector.model).trainable), split=name)
    if detector.training is not None:
        yield Row("best epoch", float(detector.training.best_epoch), split=name)
        yield Row("validation AUC", detector.training.best.value, split=name)


def _figures(
    settings: Settings, name: str, known: NDArray[np.float64], scores: NDArray[np.float64],
    parts: Mapping[str, GraphSet],
) -> Iterator[Row]:  # fmt: skip
    """Figures of the test graphs; the threshold is from validation."""
    from lilliput.train.anomalies import anomaly_figures, best_threshold

    test = parts["test"]
    threshold = best_threshold(known, parts["validation"].y)
    found = anomaly_figures(scores, test.y, threshold=threshold, false_alarms=settings.false_alarms)
    n = len(test)
    yield Row("AUC", found.auc, split=name, n=n, low=found.auc_ends.low, high=found.auc_ends.high)
    yield Row("average precision", found.average_precision, split=name, n=n)
    yield Row("macro F1", found.f1_macro, split=name, n=n)
    yield Row("macro F1 at one half", found.f1_macro_half, split=name, n=n)
    yield Row(f"recall at {PERCENT * settings.false_alarms:g} % false alarms", found.recall, split=name, n=n)
    for part, graphs in parts.items():
        yield Row(f"anomalies in {part}", float(graphs.counts[1]), split=name, n=len(graphs))


def _simple(context: Context, parts: Mapping[str, GraphSet]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A classifier without a network, of what `SIMPLE` names: its scores of validation and test."""
    from lilliput.core.errors import MissingExtra

    try:
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ImportError:
        raise MissingExtra("simple detectors need scikit-learn", fix="pip install 'lilliput[data]'") from None
    settings: Settings = context.settings
    kind, names = SIMPLE[context.method]
    made: Any = (
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=settings.line_steps))
        if kind == "line"
        else RandomForestClassifier(settings.trees, random_state=context.seed)
    )
    made.fit(_told(parts["train"], names), parts["train"].y)
    known, scores = (made.predict_proba(_told(parts[part], names))[:, 1] for part in ("validation", "test"))
    return known, scores


def _told(graphs: GraphSet, names: tuple[str, ...]) -> NDArray[np.float64]:
    """Columns that say something of a whole graph, (G, columns)."""
    import numpy as np

    from lilliput.train.spectrum import feature_sums, quotients

    columns: dict[str, Callable[[], NDArray[np.float64]]] = {
        "size": lambda: graphs.sizes[:, None].astype(np.float64),
        "counts": lambda: feature_sums(graphs),
        "quotients": lambda: quotients(graphs),
        "numerators": lambda: quotients(graphs, normalised=False),
    }
    return np.concatenate([columns[name]() for name in names], 1)


def _spectra(context: Context, name: str, parts: Mapping[str, GraphSet]) -> tuple[list[Row], list[Path]]:
    """How the classes differ in their quotients and in their energy, among the training graphs."""
    from lilliput.train.spectrum import compare_quotients, energy_curves, energy_svg, quotients_svg

    found = compare_quotients(parts["train"])
    pictures = {
        Path(f"quotients-{name}.svg"): quotients_svg(found, name),
        Path(f"energy-{name}.svg"): energy_svg(energy_curves(parts["train"]), name),
    }
    for path, picture in pictures.items():
        (context.folder / path).write_text(picture, encoding="utf-8")
    rows = [
        Row("quotient of anomalies less normal ones", one.difference, split=f"{name}, {one.feature}", low=one.low,
            high=one.high, n=sum(one.graphs))
        for one in found
    ]  # fmt: skip
    return rows, [*pictures, *(Path(f"detector-{name}") / file for file in ("config.json", "model.safetensors",
                                                                           "detector.json"))]  # fmt: skip


def _change(detector: Detector, graphs: GraphSet) -> float:
    """The largest change of a score when nodes are numbered otherwise, without the rounding of 32-bit sums."""
    import copy

    import numpy as np

    from lilliput.train.graphs import score_graphs

    model = copy.deepcopy(detector.model).double()
    first, second = (score_graphs(model, g.with_features(detector.features)) for g in (graphs, graphs.renumbered()))
    return float(np.abs(first - second).max())


def _structure() -> dict[str, float]:
    """Parameters of the published networks, and the published loss."""
    import torch

    from lilliput.models import create_model
    from lilliput.models.cost import count_params
    from lilliput.models.shapes import shapes_only
    from lilliput.train.focal import balanced_focal, class_weights

    found, case = {}, _Published()
    for features in case.features:
        with shapes_only():
            model = create_model("rqgnn", features=features)
        parts = {name: float(count_params(module).trainable) for name, module in model.named_children()}
        found[f"params-{features}"] = sum(parts.values()) - parts["bank"]
        if features in case.with_bank:
            found[f"filters-{features}"] = parts["bank"]
    logits, y = torch.tensor(case.logits, dtype=torch.float64), torch.tensor(case.labels)
    found["loss"] = float(balanced_focal(logits, y, class_weights(case.counts), case.gamma))
    return found


# --- all detectors together ------------------------------------------------------------------------------------


def compare(result: Result) -> dict[str, float]:
    """Points above the best rival, the mean over sets; a rival is any detector without the paper's parts."""
    from statistics import mean

    found: dict[tuple[str, str, str], list[float]] = {}
    for row in result.rows:
        found.setdefault((row.name, row.split, row.method), []).append(row.value)
    sets = [split for name, split, method in found if (name, method) == ("AUC", OURS)]
    rivals = (*RIVAL_NETWORKS, *SIMPLE)

    def above(figure: str) -> float:
        gaps = []
        for name in sets:
            theirs = [mean(found[figure, name, rival]) for rival in rivals if (figure, name, rival) in found]
            gaps.append(mean(found[figure, name, OURS]) - max(theirs))
        return PERCENT * mean(gaps)

    return {"auc.gain": above("AUC"), "f1.gain": above("macro F1")}


def conclude(result: Result, folder: Path) -> Result:
    """How much the network is above each other detector, on the same partings, with intervals; drawn for each set."""
    from lilliput.core.paired import paired_t
    from lilliput.train.table_figures import differences_svg

    scores: dict[tuple[str, str], dict[Any, float]] = {}
    shares: dict[str, float] = {}
    for row in result.rows:
        if row.name == "AUC":
            scores.setdefault((row.split, row.method), {})[row.seed] = row.value
        elif row.name in ("anomalies in test", "anomalies in train") and row.n:
            shares[row.split + row.name] = row.n
    rows, artifacts = list[Row](), list[Path]()
    for name in dict.fromkeys(split for split, _ in scores):
        others = [method for split, method in scores if split == name and method != OURS]
        if len(scores[name, OURS]) < 2:
            continue
        overlap = shares[f"{name}anomalies in test"] / shares[f"{name}anomalies in train"]
        drawn = {}
        for other in others:
            test = paired_t(scores[name, OURS], scores[name, other], comparisons=len(others), overlap=overlap)
            drawn[other] = (test.difference, test.low, test.high)
            rows.append(Row(f"AUC of {OURS} above it", test.difference, split=name, low=test.low, high=test.high,
                            method=other))  # fmt: skip
        path = Path(f"auc-{name}.svg")
        title = f"How much more AUC {OURS} has than each of these on {name}, with intervals corrected for all"
        (folder / path).write_text(differences_svg(drawn, title), encoding="utf-8")
        artifacts.append(path)
    return Result(tuple(rows), tuple(artifacts))


METHODS = (*NETWORKS, *SIMPLE)

_TEN = "average over ten bioassay sets of 27 to 41 thousand molecules, against the best rival"

register_paper(
    Paper(
        number=5,
        name="rqgnn",
        title="Rayleigh Quotient Graph Neural Networks for Graph-level Anomaly Detection",
        date=date(2023, 10, 4),
        authors=3,
        by="Dong and Zhang and Wang",
        arxiv="2310.02861",
        links=("https://github.com/xydong127/RQGNN",),
        topics=("graphs", "anomalies"),
        summary="Finds the few abnormal graphs among many small ones, learning from labels. The Rayleigh quotient "
        "of each node feature says how its energy lies in the graph's spectrum; it is one input of the classifier "
        "and also weights the pooling of a bank of learned spectral filters. No eigenvalues are computed. For "
        "screening molecules, fraud, intrusion and fleets of devices.",
        claims=(
            Claim("f1.gain", "macro F1 above the best rival", 6.74, "points", "higher", _TEN, Kind.STAND_IN,
                  "[abstract]", note="here: two rare-class assays of Tox21"),
            Claim("auc.gain", "area under the ROC curve above the best rival", 1.44, "points", "higher", _TEN,
                  Kind.STAND_IN, "[abstract]", note="here: two rare-class assays of Tox21"),
            Claim("params-27", "trained parameters", 25_066, "", "equal", "27 node labels, hidden 64, filters frozen",
                  Kind.STRUCTURE, "[official code] whose filters are not registered and so not trained"),
            Claim("params-46", "trained parameters", 35_174, "", "equal", "46 node labels, hidden 64, filters frozen",
                  Kind.STRUCTURE, "[official code]"),
            Claim("params-64", "trained parameters", 46_082, "", "equal", "64 node labels, hidden 64, filters frozen",
                  Kind.STRUCTURE, "[official code]"),
            Claim("filters-27", "parameters of the filter bank", 17_604, "", "equal", "27 node labels, 4 filters of 6",
                  Kind.STRUCTURE, "[official code]"),
            Claim("filters-46", "parameters of the filter bank", 50_968, "", "equal", "46 node labels, 4 filters of 6",
                  Kind.STRUCTURE, "[official code]"),
            Claim("loss", "class-balanced focal loss", 0.4018720388, "", "equal",
                  "logits (2,-1), (0.5,0.3), (-1,1.5), labels 0,1,1, classes of 900 and 100, gamma 1.5",
                  Kind.STRUCTURE, "[official code]"),
            Claim("invariance", "largest change of a score when nodes are numbered otherwise", 0, "", "equal",
                  "evaluation mode", Kind.STRUCTURE, "[official code]"),
        ),
        recipe=Recipe(
            settings=Settings,
            scales={
                "smoke": Scale(seconds=15, memory_bytes=2**30, settings={"epochs": 1, "trees": 20}),
                "small": Scale(seconds=60, memory_bytes=2**30, seeds=5),
                "full": Scale(
                    seconds=3600, memory_bytes=2**32, seeds=5,
                    settings={"epochs": 100, "batch_size": 512, "sets": (
                        "MCF-7", "MOLT-4", "PC-3", "SW-620", "NCI-H23", "OVCAR-8", "P388", "SF-295", "SN12C", "UACC257",
                    )},
                ),
            },
            run=run,
            claims=("f1.gain", "auc.gain", "params-27", "params-46", "params-64", "filters-27", "filters-46", "loss",
                    "invariance"),
            methods=METHODS,
            compare=compare,
            conclude=conclude,
        ),
    )
)  # fmt: skip
