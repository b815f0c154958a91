"""What a detector of rare things is worth: how it ranks, and how it decides. Axes: N items.

Thresholds are chosen on other items than those that are judged by them, and given as numbers, so that nothing here can
look at the test to choose one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lilliput.train.metrics import auc

Scores = NDArray[np.floating[Any]]
Marks = NDArray[np.bool_]


class Ends(NamedTuple):
    """Of an interval of 95 %."""

    low: float
    high: float


@dataclass(frozen=True)
class AnomalyFigures:
    """Figures of one set of scores.

    Args:
        auc: area under the ROC curve, with the ends of a bootstrap's interval.
        average_precision: mean precision at the places of the anomalies.
        f1_macro: mean of the F1 of both kinds at the threshold that was given.
        f1_macro_half: the same at one half.
        recall: share of the anomalies that are found where `false_alarms` of the normal items are told too.
        normal, anomalous: how many items there are of each kind.
    """

    auc: float
    auc_ends: Ends
    average_precision: float
    f1_macro: float
    f1_macro_half: float
    recall: float
    normal: int
    anomalous: int


def anomaly_figures(
    scores: Scores, y: Marks, *, threshold: float, half: float = 0.5, false_alarms: float = 0.05
) -> AnomalyFigures:
    """All figures of one set of scores.

    Args:
        scores: higher is likelier an anomaly.
        y: whether an item is one.
        threshold: from other items, such as by `best_threshold`; at or above it an item is told.
        half: the threshold that needs no items to choose it.
        false_alarms: share of the normal items.

    Shapes:
        scores (N,), y (N,), with items of both kinds.

    Raises:
        ValueError: one kind only, other shapes, or a score that is not finite.
    """
    _check(scores, y)
    return AnomalyFigures(
        auc=auc(scores, y),
        auc_ends=_ends(scores, y),
        average_precision=average_precision(scores, y),
        f1_macro=macro_f1(scores >= threshold, y),
        f1_macro_half=macro_f1(scores >= half, y),
        recall=recall_at(scores, y, false_alarms),
        normal=int((~y).sum()),
        anomalous=int(y.sum()),
    )


def macro_f1(told: Marks, y: Marks) -> float:
    """Mean of the F1 of the anomalies and that of the normal items; 0 for a kind that is never right.

    Shapes:
        told (N,), y (N,).
    """
    both = [(told & y, told, y), (~told & ~y, ~told, ~y)]
    return float(np.mean([2 * right.sum() / max(int(said.sum() + real.sum()), 1) for right, said, real in both]))


def best_threshold(scores: Scores, y: Marks) -> float:
    """The threshold with the highest macro F1: the middle between two neighbouring scores.

    Shapes:
        scores (N,), y (N,), with items of both kinds.
    """
    _check(scores, y)
    values, right, wrong = _steps(scores, y)
    told, real, total = right + wrong, int(y.sum()), len(y)
    of_normal = 2 * (total - real - wrong) / (2 * total - real - told)
    f1 = (2 * right / (told + real) + of_normal) / 2
    best = int(np.argmax(f1))
    below = values[best + 1] if best + 1 < len(values) else values[best]
    middle = float(values[best] / 2 + below / 2)
    return middle if middle > below else float(values[best])  # no number may lie between two neighbours


def average_precision(scores: Scores, y: Marks) -> float:
    """Sum over the steps of recall of its growth times the precision there; equal scores are one step.

    Shapes:
        scores (N,), y (N,) -> in (0, 1].
    """
    _, right, wrong = _steps(scores, y)
    grown = np.diff(right, prepend=0) / right[-1]
    return float((grown * right / (right + wrong)).sum())


def recall_at(scores: Scores, y: Marks, false_alarms: float = 0.05) -> float:
    """Share of the anomalies above the lowest threshold at which at most that share of the normal items is told.

    Shapes:
        scores (N,), y (N,) -> in [0, 1].
    """
    _, right, wrong = _steps(scores, y)
    allowed = wrong <= false_alarms * wrong[-1]
    return float(right[allowed].max() / right[-1]) if allowed.any() else 0.0


def alarm_threshold(scores: Scores, y: Marks, false_alarms: float = 0.05) -> float:
    """The threshold that tells that share of the normal items, or as little less as their number allows."""
    normal = np.sort(scores[~y])[::-1]
    place = int(false_alarms * len(normal))
    return float(np.nextafter(normal[place], np.inf)) if place < len(normal) else float(normal[-1])


def _steps(scores: Scores, y: Marks) -> tuple[Scores, NDArray[np.int64], NDArray[np.int64]]:
    """Different scores from the highest down, and how many anomalies and normal items are at or above each."""
    values, place = np.unique(-scores, return_inverse=True)
    right, wrong = (np.bincount(place, weights=kind, minlength=len(values)).cumsum() for kind in (y, ~y))
    return -values, right.astype(np.int64), wrong.astype(np.int64)


def _ends(scores: Scores, y: Marks, draws: int = 200) -> Ends:
    """By a bootstrap within each kind."""
    rng, kinds = np.random.default_rng(0), (np.flatnonzero(~y), np.flatnonzero(y))
    found = []
    for _ in range(draws):
        rows = np.concatenate([rng.choice(kind, len(kind)) for kind in kinds])
        found.append(auc(scores[rows], y[rows]))
    low, high = np.quantile(found, [0.025, 0.975])
    return Ends(float(low), float(high))


def _check(scores: Scores, y: Marks) -> None:
    if scores.shape != y.shape or scores.ndim != 1 or not np.isfinite(scores).all():
        raise ValueError(f"`scores` {scores.shape} must be finite, and as many as `y`, {y.shape}")
    if y.all() or not y.any():
        raise ValueError("there must be normal items and anomalies, and there is one kind only")
