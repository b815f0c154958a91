"""Predictions of many classifiers for the same rows, as files, and what follows from all of them together.

predictions.csv     fold, rows it learnt from, row, class, a probability for each class: of one classifier and repeat
coverage.csv        kind of sets, promised coverage, measured coverage
comparison.csv      one classifier a line: figures, and its paired test against one of them
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lilliput.core.paired import PairedT
from lilliput.train.conformal import ConformalClassifier
from lilliput.train.crossval import FoldResult, against_all, set_figures
from lilliput.train.table_scores import table_scores

Array = NDArray[Any]
PREDICTIONS, COVERAGE, COMPARISON = "predictions.csv", "coverage.csv", "comparison.csv"
Key = tuple[str, str]
"""Repeat and fold: two classifiers that have it in common were trained on the same rows."""


class Predicted(NamedTuple):
    """What a classifier said of the test rows of one fold: probabilities (N, K), classes (N,), rows it learnt from."""

    probabilities: NDArray[np.float64]
    y: NDArray[np.int64]
    learnt_from: int


def write_predictions(results: Sequence[FoldResult], labels: Sequence[str], path: Path) -> None:
    """All test rows of all folds, with the number that each row has in its table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("fold", "learnt from", "row", "class", *(f"p({label})" for label in labels)))
        for result in results:
            for row, y, p in zip(result.fold.test, result.y, result.probabilities, strict=True):
                writer.writerow((result.fold.name, len(result.fold.train), row, y, *map(repr, p.tolist())))


def read_predictions(path: Path, repeat: str) -> dict[Key, Predicted]:
    """What `write_predictions` wrote, by repeat and fold."""
    with path.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    found: dict[Key, list[list[str]]] = {}
    for fold, *cells in rows:
        found.setdefault((repeat, fold), []).append(cells)
    return {
        key: Predicted(
            np.array([[float(p) for p in ps] for _, _, _, *ps in cells]),
            np.array([int(y) for _, _, y, *_ in cells]),
            int(cells[0][0]),
        )
        for key, cells in found.items()
    }


@dataclass(frozen=True)
class Compared:
    """One classifier beside the one that all are held against.

    Args:
        means: figure → mean over folds of all repeats.
        spreads: figure → standard deviation over them.
        tests: figure → paired test of the other one against this; empty for the other one itself.
    """

    means: Mapping[str, float]
    spreads: Mapping[str, float]
    tests: Mapping[str, PairedT]


def compare_all(
    predicted: Mapping[str, Mapping[Key, Predicted]], against: str, *, tested: Sequence[str]
) -> dict[str, Compared]:
    """Classifier → its figures and tests, the best accuracy first.

    The tests are corrected for their number, figure by figure, and for the rows that folds share (`core/paired.py`).

    Args:
        predicted: classifier → repeat and fold → what it said.
        against: the classifier that stands first in each difference.
        tested: names of figures that are tested.

    Raises:
        ValueError: the classifiers were not tested on the same folds. UnknownName: LP100, `against` is none of them.
    """
    figures = {
        name: {key: table_scores(one.probabilities, one.y) for key, one in of.items()} for name, of in predicted.items()
    }
    overlap = float(np.mean([len(one.y) / one.learnt_from for of in predicted.values() for one in of.values()]))
    tests = {
        figure: against_all(
            {name: {key: one[figure] for key, one in of.items()} for name, of in figures.items()},
            against, overlap=overlap,
        )
        for figure in tested
    }  # fmt: skip
    compared = {}
    for name, of in figures.items():
        columns = {figure: np.array([one[figure] for one in of.values()]) for figure in next(iter(of.values()))}
        compared[name] = Compared(
            {figure: float(values.mean()) for figure, values in columns.items()},
            {figure: float(values.std(ddof=1)) if len(values) > 1 else 0.0 for figure, values in columns.items()},
            {figure: tests[figure][name] for figure in tested if name in tests[figure]},
        )
    return dict(sorted(compared.items(), key=lambda item: -item[1].means["accuracy"]))


def write_comparison(compared: Mapping[str, Compared], path: Path) -> None:
    """A table for people and for programs; the tests of the classifier that all are held against are left empty."""
    figures = [*next(iter(compared.values())).means]
    tested = [*next(one.tests for one in compared.values() if one.tests)]
    said = ("difference", "low", "high", "t", "p", "p_corrected", "d")
    heads = ("classifier", *figures, *(f"{name} deviation" for name in figures))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*heads, *(f"{name} {what}" for name in tested for what in said)))
        for name, one in compared.items():
            cells = [getattr(one.tests[figure], what) if one.tests else "" for figure in tested for what in said]
            writer.writerow((name, *one.means.values(), *one.spreads.values(), *cells))


SET_KINDS: Mapping[str, tuple[bool, str]] = {
    "held-out": (False, "held-out"),
    "held-out, class-wise": (True, "held-out"),
    "training rows": (False, "training"),
}
"""Kinds of prediction sets: whether there is a limit for each class, and what they are calibrated on. The last is the
mistake that published figures were made with; it is here to be seen beside the others."""


def write_coverage(
    results: Sequence[FoldResult], y: NDArray[np.int64], promised: Sequence[float], seed: int, path: Path
) -> None:
    """Promised and measured coverage of each kind of sets, the mean over folds."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("sets", "promised", "measured"))
        for kind, (mondrian, rows) in SET_KINDS.items():
            for share in promised:
                found = [
                    set_figures(one, y, 1 - share, mondrian=mondrian, calibrated_on=rows, seed=seed).coverage
                    for one in results
                ]
                writer.writerow((kind, share, float(np.mean(found))))


def read_coverage(paths: Sequence[Path]) -> dict[str, list[tuple[float, float]]]:
    """Kind of sets → (promised, measured), the mean over files."""
    found: dict[str, dict[float, list[float]]] = {}
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            _, *rows = csv.reader(file)
        for kind, promised, measured in rows:
            found.setdefault(kind, {}).setdefault(float(promised), []).append(float(measured))
    return {kind: [(share, float(np.mean(all_))) for share, all_ in of.items()] for kind, of in found.items()}


def held_out_sets(result: FoldResult, x: Array, *, mondrian: bool) -> ConformalClassifier:
    """Prediction sets of a fold's classifier, calibrated on the fold's test rows, which are `x` as it takes them."""
    sets = ConformalClassifier(result.classifier.probabilities, mondrian=mondrian)
    return sets.calibrate(x, result.y, rows=result.fold.test.tolist(), trained_rows=result.fold.train.tolist())
