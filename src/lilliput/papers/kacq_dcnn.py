"""Heart disease from a small table: splines on edges, a simulated quantum channel, explanations and prediction sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from lilliput.core.units import PERCENT
from lilliput.papers import Claim, Context, Kind, Paper, Recipe, Result, Row, Scale, register_paper

if TYPE_CHECKING:
    from lilliput.tasks.table import Table
    from lilliput.train.crossval import Fold, FoldResult
    from lilliput.train.table_comparison import Compared, Key, Predicted


@dataclass(frozen=True)
class Settings:
    """What is predicted from what, and how it is tested.

    Args:
        data: a CSV file with a header, or the name of a bundled table: "heart", "heart-uci4".
        target: name of the file's column to predict.
        leave_out: names of columns that are not looked at, such as a patient's number.
        categories: names of columns of numbers that are codes.
        zero_is_missing: names of columns in which 0 says "not measured".
        group: name of a column that says where a row is from. Each group is then tested by what the others teach.
        ask: a CSV file with rows to be answered.
        folds: parts of the rows; each seed parts them anew.
        tested: how many of the parts are tested on, the others only learnt from; 0: all.
        network: in the place of the network and of what is left of it; "kacq_dcnn" is of the published size.
        epochs, batch_size, lr, patience: of the networks' training by Adam; patience in epochs without a better one.
        promise: coverage of prediction sets.
        promised: coverages of the drawing.
        explained: rows of the first test part whose answer is explained.
        background: training rows that stand in for columns that do not tell their value.
        explain: how: "exact", or by the libraries "shap" and "lime".
        curves: points of each drawn spline.
    """

    data: str = "heart"
    target: str = "HeartDisease"
    leave_out: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    zero_is_missing: tuple[str, ...] = ()
    group: str = ""
    ask: str = ""
    folds: int = 3
    tested: int = 1
    network: str = "kacq_micro"
    epochs: int = 30
    batch_size: int = 64
    lr: float = 6e-3
    patience: int = 8
    promise: float = 0.9
    promised: tuple[float, ...] = (0.8, 0.85, 0.9, 0.95)
    explained: int = 10
    background: int = 20
    explain: str = "exact"
    curves: int = 101


ABLATIONS = (
    "kacq-2", "kacq-3", "kacq-4", "bilstm-kan", "q-dense-kan", "no-circuit", "angle", "no-kan", "no-quantum-kan",
    "no-classical-kan", "lstm", "one-bilstm", "no-bilstm", "no-dropout",
)  # fmt: skip
HYBRIDS = ("q-dense-kan-4", "q-conv-kan-2", "q-conv-kan-3", "q-conv-kan-4")
CIRCUITS = (
    "ttn-1", "ttn-2", "ttn-3", "ttn-4", "mps-1", "mps-2", "mps-3", "mps-4", "mera-1", "mera-2", "mera-3", "mera-4",
)  # fmt: skip
CLASSICAL = (
    "gradient-boosting", "hist-gradient-boosting", "random-forest", "extra-trees", "adaboost", "bagging",
    "decision-tree", "logistic", "logistic-one-hot", "knn", "lda", "qda", "gaussian-nb", "bernoulli-nb", "mlp", "dummy",
)  # fmt: skip
BOOSTERS = ("catboost", "lightgbm", "xgboost")
"""Left out where their library is not installed."""
OURS = "kacq"
IN_FULL = (OURS, "no-circuit", "gradient-boosting", "logistic")
"""Whose prediction sets and reliability are shown."""
TESTED = ("accuracy", "auc")


def run(context: Context) -> Result:
    """One classifier, one parting of the rows: figures of its test rows, and the reasons of the paper's own network."""
    from lilliput.core.errors import BadSetting, BadTask, MissingExtra
    from lilliput.train.crossval import cross_validate
    from lilliput.train.table_comparison import COVERAGE, PREDICTIONS, write_coverage, write_predictions

    settings: Settings = context.settings
    table = _table(settings)
    folds = _folds(context, table)
    training = {"epochs": settings.epochs, "batch_size": settings.batch_size, "lr": settings.lr,
                "early_stop_patience": settings.patience}  # fmt: skip
    try:
        results = cross_validate(
            table, context.method, folds, seed=context.seed, changes={"model": settings.network},
            train=training, emit=context.emit,
        )  # fmt: skip
    except MissingExtra:
        if context.method in BOOSTERS:
            return Result((Row("left out", 1.0, split="not installed"),))
        raise
    except (BadSetting, BadTask):
        if context.method in IN_FULL:
            raise
        return Result((Row("left out", 1.0, split="cannot take this table"),))
    write_predictions(results, table.labels, context.folder / PREDICTIONS)
    rows, artifacts = list(_figures(results)), [Path(PREDICTIONS)]
    if context.method in IN_FULL:
        rows += _sets(context, table, results)
        write_coverage(results, table.y, settings.promised, context.seed, context.folder / COVERAGE)
        artifacts.append(Path(COVERAGE))
    if context.method != OURS:
        return Result(tuple(rows), tuple(artifacts))
    told, drawn = _reasons(context, table, results[0])
    measured = _structure() if settings.data == Settings.data else {}
    return Result((*rows, *told), (*artifacts, *drawn), measured)


def _table(settings: Settings) -> Table:
    from lilliput.tasks.heart import TABLES
    from lilliput.tasks.table import read_table

    if settings.data in TABLES:
        return TABLES[settings.data]()
    return read_table(
        Path(settings.data), settings.target, group=settings.group, leave_out=settings.leave_out,
        categories=settings.categories, zero_is_missing=settings.zero_is_missing,
    )  # fmt: skip


def _folds(context: Context, table: Table) -> Sequence[Fold]:
    from lilliput.train.crossval import group_folds, stratified_folds

    settings: Settings = context.settings
    if settings.group:
        if table.group is None:
            from lilliput.core.errors import BadSetting

            raise BadSetting(f"{settings.data} has no groups", fix="heart-uci4 has; or name a column of your file")
        return group_folds(table.group)
    folds = stratified_folds(table.y, settings.folds, context.seed)
    return folds[: settings.tested or None]


def _figures(results: Sequence[FoldResult]) -> Iterator[Row]:
    """The mean over tested folds of each figure; the parameters of a network."""
    from statistics import mean

    from lilliput.models.cost import count_params
    from lilliput.train.table_scores import calibration_error, table_scores
    from lilliput.train.tabular import NetworkClassifier

    scores, n = [table_scores(one.probabilities, one.y) for one in results], sum(len(one.y) for one in results)
    for figure in ("accuracy", "auc", "f1", "mcc", "log loss"):
        yield Row(figure, mean(one[figure] for one in scores), n=n)
    if results[0].probabilities.shape[1] == 2:
        found = [calibration_error(one.probabilities[:, 1], one.y == 1) for one in results]
        yield Row("calibration error", mean(found), n=n)
    if isinstance(results[0].classifier, NetworkClassifier):
        model = results[0].classifier.model
        assert model is not None
        yield Row("parameters", float(count_params(model).trainable), split="network")


def _sets(context: Context, table: Table, results: Sequence[FoldResult]) -> Iterator[Row]:
    """Coverage and size of prediction sets, calibrated as they must be, and as they must not."""
    from statistics import mean

    from lilliput.train.crossval import set_figures
    from lilliput.train.table_comparison import SET_KINDS

    alpha = 1 - context.settings.promise
    for kind, (mondrian, rows) in SET_KINDS.items():
        found = [
            set_figures(one, table.y, alpha, mondrian=mondrian, calibrated_on=rows, seed=context.seed)
            for one in results
        ]
        yield Row("coverage", mean(one.coverage for one in found), split=kind)
        yield Row("coverage of the least covered class", mean(min(one.by_class) for one in found), split=kind)
        yield Row("classes in a set", mean(one.size for one in found), split=kind)


def _reasons(context: Context, table: Table, result: FoldResult) -> tuple[list[Row], list[Path]]:
    """How much each column counts, drawn; the network; and answers for the rows that were asked about."""
    from lilliput.core.files import write_json
    from lilliput.models.package import save_model
    from lilliput.tasks.table import read_table
    from lilliput.train.explain import mean_weights
    from lilliput.train.table_answers import explain_rows, write_answers
    from lilliput.train.table_figures import summary_svg
    from lilliput.train.tabular import NetworkClassifier

    settings, folder = context.settings, context.folder
    known = result.encoder.transform(table.rows(result.fold.train))
    x = result.encoder.transform(table.rows(result.fold.test))[: settings.explained]
    options = {"method": settings.explain, "background": settings.background, "seed": context.seed}
    explained = explain_rows(result, known, x, **options)
    rows = [Row("weight", weight, split=name, n=len(x)) for name, weight in mean_weights(explained).items()]
    (folder / "reasons.svg").write_text(summary_svg(explained, x), encoding="utf-8")
    assert isinstance(result.classifier, NetworkClassifier)
    assert result.classifier.model is not None
    save_model(result.classifier.model, folder / "network")
    write_json(folder / "encoding.json", "table-encoding", result.encoder.to_json())
    artifacts = [Path("reasons.svg"), Path("encoding.json"), *_curves(context, result.classifier.model)]
    artifacts += [path.relative_to(folder) for path in sorted((folder / "network").iterdir())]
    if settings.ask:
        asked = read_table(
            Path(settings.ask), table.target, leave_out=settings.leave_out, categories=settings.categories,
            zero_is_missing=settings.zero_is_missing, has_target=False,
        )  # fmt: skip
        why = explain_rows(result, known, result.encoder.transform(asked), **options)
        alpha = 1 - settings.promise
        write_answers(result, table, asked, folder / "answers.csv", alpha=alpha, explanations=why)
        artifacts.append(Path("answers.csv"))
    return rows, artifacts


def _curves(context: Context, model: object) -> Iterator[Path]:
    """The splines of the layer that each circuit's outputs go through: few enough to be looked at."""
    import torch

    from lilliput.layers.kan import KANLinear
    from lilliput.models.kacq import DualChannelNet
    from lilliput.train.table_figures import curves_svg

    if not isinstance(model, DualChannelNet) or model.quantum is None:
        return
    layer, config = model.quantum.after[0], model.config
    if not isinstance(layer, KANLinear):
        return
    x = torch.linspace(-1, 1, context.settings.curves)
    names = [f"circuit {c + 1}, Z{wire}" for c in range(config.circuits) for wire in range(config.wires)]
    picture = curves_svg(layer.curves(x).numpy(), x.numpy(), names)
    (context.folder / "splines.svg").write_text(picture, encoding="utf-8")
    yield Path("splines.svg")


def _structure() -> dict[str, float]:
    """Parameters of the published network."""
    from lilliput.models import create_model
    from lilliput.models.cost import count_params
    from lilliput.models.shapes import shapes_only

    with shapes_only():
        model = create_model("kacq_dcnn")
    parts = {name: float(count_params(module).trainable) for name, module in model.named_children()}
    return {
        "params": float(count_params(model).trainable), "quantum-channel.params": parts["quantum"],
        "classical-channel.params": parts["classical"],
    }  # fmt: skip


# --- all classifiers together ----------------------------------------------------------------------------------


def conclude(result: Result, folder: Path) -> Result:
    """Paired tests of the network against each other classifier on the same rows, tables and drawings of all."""
    from lilliput.papers._recipe import unit_folder
    from lilliput.train.table_comparison import COMPARISON, PREDICTIONS, compare_all, read_predictions, write_comparison

    seeds: dict[str, list[int]] = {}
    for row in result.rows:
        if row.name == "accuracy" and row.seed is not None:
            seeds.setdefault(row.method, []).append(row.seed)
    predicted: dict[str, dict[Key, Predicted]] = {method: {} for method in seeds}
    for method, of in seeds.items():
        for seed in of:
            predicted[method] |= read_predictions(folder / unit_folder(method, seed) / PREDICTIONS, str(seed))
    rows: list[Row] = []
    artifacts = [Path(name) for name in _drawings(predicted, seeds, folder)]
    measured = _claims(result)
    if len(predicted[OURS]) > 1:
        compared = compare_all(predicted, OURS, tested=TESTED)
        write_comparison(compared, folder / COMPARISON)
        rows += _tests(compared)
        artifacts += [Path(COMPARISON), *_differences(compared, folder)]
        if "catboost" in compared:
            measured["catboost.d"] = compared["catboost"].tests["accuracy"].d
    return Result(tuple(rows), tuple(artifacts), measured)


def _tests(compared: Mapping[str, Compared]) -> Iterator[Row]:
    """The intervals and p are corrected for the number of classifiers; t, d and the rest stand in the table's file."""
    for name, one in compared.items():
        for figure, test in one.tests.items():
            yield Row(f"{OURS} above it", test.difference, split=figure, low=test.low, high=test.high, method=name)
            yield Row("corrected p", test.p_corrected, split=figure, method=name)


def _differences(compared: Mapping[str, Compared], folder: Path) -> Iterator[Path]:
    from lilliput.train.table_figures import differences_svg

    for figure in TESTED:
        for names, which in ((ABLATIONS, "ablations"), (METHODS, "all")):
            found = {
                name: (test.difference, test.low, test.high)
                for name, one in compared.items()
                if name in names and (test := one.tests.get(figure)) is not None
            }
            path = Path(f"{figure}-{which}.svg")
            title = f"How much {OURS} has more {figure} than each of these, with intervals corrected for all"
            (folder / path).write_text(differences_svg(found, title), encoding="utf-8")
            yield path


def _drawings(
    predicted: Mapping[str, Mapping[Key, Predicted]], seeds: Mapping[str, Sequence[int]], folder: Path
) -> Iterator[str]:
    """Reliability of some classifiers, and the coverage of each kind of the network's sets."""
    import numpy as np

    from lilliput.papers._recipe import unit_folder
    from lilliput.train.table_comparison import COVERAGE, read_coverage
    from lilliput.train.table_figures import coverage_svg, reliability_svg
    from lilliput.train.table_scores import reliability

    lines = {}
    for name in IN_FULL:
        of = [*predicted[name].values()]
        p, y = np.concatenate([one.probabilities for one in of]), np.concatenate([one.y for one in of])
        lines[name] = [(said, share) for said, share, _ in reliability(p[:, 1], y == 1)]
    found = read_coverage([folder / unit_folder(OURS, seed) / COVERAGE for seed in seeds[OURS]])
    pictures = {"reliability.svg": reliability_svg(lines),
                "coverage.svg": coverage_svg(found)}  # fmt: skip
    for name, picture in pictures.items():
        (folder / name).write_text(picture, encoding="utf-8")
        yield name


def _claims(result: Result) -> dict[str, float]:
    """Means over seeds, in the units of the claims. None of a user's own table, of which nothing is claimed."""
    from statistics import mean

    if "params" not in result.measured:
        return {}
    wanted = {
        "accuracy": (OURS, "accuracy", "test", PERCENT), "f1": (OURS, "f1", "test", PERCENT),
        "auc": (OURS, "auc", "test", PERCENT), "mcc": (OURS, "mcc", "test", 1),
        "bilstm-kan.accuracy": ("bilstm-kan", "accuracy", "test", 1),
        "q-dense-kan.accuracy": ("q-dense-kan", "accuracy", "test", 1),
        "gradient-boosting.accuracy": ("gradient-boosting", "accuracy", "test", 1),
        "coverage": (OURS, "coverage", "training rows", 1),
    }  # fmt: skip
    return {
        claim: unit
        * mean(row.value for row in result.rows if (row.method, row.name, row.split) == (method, name, split))
        for claim, (method, name, split, unit) in wanted.items()
    }


METHODS = (OURS, *CLASSICAL, *BOOSTERS, *ABLATIONS, *HYBRIDS, *CIRCUITS)


_TEST = "Heart Failure Prediction, 918 rows, 276 of them the test part, 4 qubits and 1 layer"
_SELECTED = "there the best epoch was chosen on the test part; here a smaller network, several partings of the rows"

register_paper(
    Paper(
        number=6,
        name="kacq-dcnn",
        title="KACQ-DCNN: Uncertainty-Aware Interpretable Kolmogorov-Arnold Classical-Quantum Dual-Channel Neural "
        "Network for Heart Disease Detection",
        date=date(2024, 10, 9),
        authors=5,
        by="Jahin and Masud and Mridha and Aung and Dey",
        arxiv="2410.07446",
        topics=("tables", "kan", "quantum", "uncertainty", "medicine"),
        summary="Classifies rows of a small table with two channels side by side: a recurrent one, and one around "
        "three simulated four-qubit circuits, both built from layers that learn a spline on each edge. Explanations "
        "of single answers and sets with a promised coverage come with it. For engineers with little tabular data "
        "who want such layers, circuits and honest uncertainty under one roof.",
        claims=(
            Claim("accuracy", "accuracy", 92.03, "%", "higher", _TEST, Kind.STAND_IN, "[paper]", note=_SELECTED),
            Claim("f1", "F1, macro", 92.00, "%", "higher", _TEST, Kind.STAND_IN, "[paper]", note=_SELECTED),
            Claim("auc", "area under the ROC curve", 94.77, "%", "higher", _TEST, Kind.STAND_IN, "[paper]",
                  note=_SELECTED),
            Claim("mcc", "Matthews correlation", 0.8385, "", "higher", _TEST, Kind.STAND_IN, "[paper]",
                  note=_SELECTED),
            Claim("bilstm-kan.accuracy", "accuracy", 0.8804, "", "higher",
                  "the classical channel alone, the same rows", Kind.STAND_IN, "[notebook]", note=_SELECTED),
            Claim("q-dense-kan.accuracy", "accuracy", 0.88, "", "higher", "the quantum channel alone, the same rows",
                  Kind.STAND_IN, "[notebook]", note=_SELECTED),
            Claim("gradient-boosting.accuracy", "accuracy", 0.9130, "", "higher",
                  "gradient boosting with defaults, 80/20 split, seed 101", Kind.STAND_IN,
                  "[code] benchmark file", note="another split than the network's"),
            Claim("catboost.d", "Cohen's d of the accuracy against CatBoost", 4.98, "", "higher",
                  "ten paired scores, 9 degrees of freedom", Kind.STAND_IN, "[paper]",
                  note="the published pairs come from training sets of different size"),
            Claim("coverage", "empirical coverage of prediction sets", "about 0.80 at a nominal 0.9", "", "equal",
                  "split-conformal, figures of the paper", Kind.STAND_IN, "[paper] read off its figures",
                  note="under-covers; sets calibrated on held-out rows must reach the nominal share"),
            Claim("params", "parameters", 2_844_277, "", "equal", "11 features", Kind.STRUCTURE,
                  "[derived] by the layer formulas, shapes checked against a published weight file"),
            Claim("quantum-channel.params", "parameters", 1_629_652, "", "equal", "11 features", Kind.STRUCTURE,
                  "[derived] by the layer formulas"),
            Claim("classical-channel.params", "parameters", 1_214_560, "", "equal", "11 features", Kind.STRUCTURE,
                  "[derived] by the layer formulas"),
        ),
        recipe=Recipe(
            settings=Settings,
            scales={
                "smoke": Scale(
                    seconds=2, memory_bytes=2**29,
                    settings={"epochs": 1, "explained": 1, "background": 4, "promised": (0.9,)},
                ),
                "small": Scale(seconds=2, memory_bytes=2**29, seeds=10),
                "full": Scale(seconds=30, memory_bytes=2**29, seeds=10, settings={"folds": 10, "tested": 0}),
            },
            run=run,
            claims=("accuracy", "f1", "auc", "mcc", "bilstm-kan.accuracy", "q-dense-kan.accuracy",
                    "gradient-boosting.accuracy", "catboost.d", "coverage", "params", "quantum-channel.params",
                    "classical-channel.params"),
            methods=METHODS,
            conclude=conclude,
        ),
    )
)  # fmt: skip
