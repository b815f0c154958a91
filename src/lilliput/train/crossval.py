"""Cross-validation of a classifier on a table: each row is predicted once, by a classifier that never saw it.

In each fold everything is fitted on the training rows alone: the encoding, the network, the epoch that is taken.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadTask, UnknownName
from lilliput.core.events import Emit, silent
from lilliput.core.paired import PairedT, paired_t
from lilliput.tasks.digits import stratified
from lilliput.tasks.table import Table
from lilliput.tasks.table_encoding import TableEncoder
from lilliput.train.classifiers import Classifier, make_classifier, named
from lilliput.train.conformal import conformal_limits, conformal_scores

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Fold:
    """One division of the rows.

    Args:
        name: says which rows: folds of one name have the same test rows.
        train: row numbers, sorted.
        test: the others.
    """

    name: str
    train: NDArray[np.intp]
    test: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class FoldResult:
    """What a classifier said in one fold.

    Args:
        fold: the rows.
        probabilities: (test rows, K).
        y: (test rows,).
        known: (training rows, K): of the rows that it was trained on.
        classifier: as trained.
        encoder: as fitted.
    """

    fold: Fold
    probabilities: NDArray[np.float64]
    y: NDArray[np.int64]
    known: NDArray[np.float64]
    classifier: Classifier
    encoder: TableEncoder


def stratified_folds(y: NDArray[np.integer[Any]], folds: int, seed: int) -> list[Fold]:
    """`folds` parts of all rows with the same share of each class, each of them tested on once.

    Raises:
        BadTask: LP103, a class has fewer rows than there are folds. ValueError: fewer than two folds.
    """
    if folds < 2:
        raise ValueError(f"`folds` must be at least 2, got {folds}")
    fewest = int(np.bincount(y).min())
    if fewest < folds:
        raise BadTask(f"a class has {fewest} rows, too few for {folds} folds", fix="fewer folds, or more rows")
    parts = stratified(np.asarray(y), (1.0,) * folds, seed)
    return list(_folds(parts, len(y)))


def group_folds(group: Array) -> list[Fold]:
    """One fold a group: tested on its rows, trained on those of all others.

    Raises:
        BadTask: LP103, fewer than two groups.
    """
    names = np.unique(group)
    if len(names) < 2:
        raise BadTask("all rows are of one group", why="it could be tested on, but nothing learnt from")
    return list(_folds([np.flatnonzero(group == name) for name in names], len(group)))


def _folds(parts: Sequence[NDArray[np.intp]], rows: int) -> Iterator[Fold]:
    for number, test in enumerate(parts):
        train = np.setdiff1d(np.arange(rows), test)
        yield Fold(f"{number}:{zlib.crc32(test.astype(np.int64).tobytes()):08x}", train, test)


def cross_validate(
    table: Table,
    name: str,
    folds: Sequence[Fold],
    *,
    seed: int = 0,
    changes: Mapping[str, Any] | None = None,
    train: Mapping[str, Any] | None = None,
    emit: Emit = silent,
) -> list[FoldResult]:
    """Train and test a classifier in each fold.

    Args:
        table: the rows.
        name: of the classifier.
        folds: of `stratified_folds` or `group_folds`.
        seed: of the classifier's chance.
        changes: as in `make_classifier`.
        train: likewise.
        emit: takes the events of networks' trainings.

    Raises:
        UnknownName: LP100, no such classifier. MissingExtra: LP601, its library is not installed.
    """
    what, results = named(name), []
    for fold in folds:
        known = table.rows(fold.train)
        encoder = TableEncoder.fit(known, encoding=what.encoding, scaled=what.scaled)
        x, held = encoder.transform(known), encoder.transform(table.rows(fold.test))
        classifier = make_classifier(what, seed=seed, changes=changes, train=train, emit=emit)
        classifier.fit(x, known.y, classes=len(table.labels))
        probabilities = classifier.probabilities(held)
        results.append(
            FoldResult(fold, probabilities, table.y[fold.test], classifier.probabilities(x), classifier, encoder)
        )
    return results


@dataclass(frozen=True)
class SetFigures:
    """What prediction sets of one kind come to.

    Args:
        coverage: share of rows whose set holds their class.
        by_class: the same for the rows of each class.
        size: mean number of classes in a set.
    """

    coverage: float
    by_class: tuple[float, ...]
    size: float


def set_figures(
    result: FoldResult, table_y: NDArray[np.int64], alpha: float, *, mondrian: bool, calibrated_on: str, seed: int = 0
) -> SetFigures:
    """Prediction sets of a fold's test rows.

    Args:
        result: of `cross_validate`.
        table_y: classes of all rows of the table.
        alpha: share that may be missed.
        mondrian: one limit a class.
        calibrated_on: "held-out": on one half of the test rows for the other, both ways, as it must be; "training":
            on the rows that the classifier was trained on, as the published figures were made.
        seed: of the halves.
    """
    p, y = result.probabilities, result.y
    sets = np.zeros(p.shape, bool)
    if calibrated_on == "training":
        scores = conformal_scores(result.known, table_y[result.fold.train], mondrian=mondrian)
        sets = 1 - p <= conformal_limits(scores, alpha)
    else:
        halves = stratified(y, (1.0, 1.0), seed)
        for learn, judge in (halves, halves[::-1]):
            limits = conformal_limits(conformal_scores(p[learn], y[learn], mondrian=mondrian), alpha)
            sets[judge] = 1 - p[judge] <= limits
    held = sets[np.arange(len(y)), y]
    by_class = tuple(float(held[y == label].mean()) for label in np.unique(y))
    return SetFigures(float(held.mean()), by_class, float(sets.sum(1).mean()))


def against_all(
    scores: Mapping[str, Mapping[Any, float]], against: str, *, overlap: float, level: float = 0.05
) -> dict[str, PairedT]:
    """Paired tests of one method against each other one, corrected for their number.

    Args:
        scores: method → fold → score.
        against: the method that stands first in each difference.
        overlap: test rows by training rows (`core/paired.py`).
        level: of all tests together.

    Raises:
        UnknownName: LP100, there is no such method here. ValueError: other folds.
    """
    if against not in scores:
        raise UnknownName.of("method", against, sorted(scores))
    others = [name for name in scores if name != against]
    return {
        name: paired_t(scores[against], scores[name], comparisons=len(others), overlap=overlap, level=level)
        for name in others
    }
