"""Figures of detectors: by hand, against scikit-learn, and with thresholds from elsewhere only."""

from __future__ import annotations

import numpy as np
import pytest

from lilliput.train.anomalies import (
    alarm_threshold,
    anomaly_figures,
    average_precision,
    best_threshold,
    macro_f1,
    recall_at,
)

RNG = np.random.default_rng(0)
Y = RNG.random(400) < 0.1
SCORES = np.round(RNG.normal(size=400) + 1.5 * Y, 1)  # with ties


def test_by_hand() -> None:
    scores, y = np.array([0.9, 0.8, 0.8, 0.3, 0.1]), np.array([True, False, True, False, False])
    assert average_precision(scores, y) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert macro_f1(scores >= 0.5, y) == pytest.approx((2 * 2 / 5 + 2 * 2 / 5) / 2)
    assert recall_at(scores, y, 0.0) == 0.5
    assert recall_at(scores, y, 0.34) == 1
    assert best_threshold(scores, y) == pytest.approx(0.55)


def test_scikit_learn_says_the_same() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    assert average_precision(SCORES, Y) == pytest.approx(metrics.average_precision_score(Y, SCORES))
    for threshold in (-1.0, 0.5, 2.0, 9.0):
        told = threshold <= SCORES
        assert macro_f1(told, Y) == pytest.approx(metrics.f1_score(Y, told, average="macro"))
    wrong, right, _ = metrics.roc_curve(Y, SCORES, drop_intermediate=False)
    assert recall_at(SCORES, Y, 0.05) == pytest.approx(right[wrong <= 0.05].max())
    figures = anomaly_figures(SCORES, Y, threshold=0.0)
    assert figures.auc == pytest.approx(metrics.roc_auc_score(Y, SCORES))


def test_no_threshold_is_better_than_the_best() -> None:
    best = macro_f1(best_threshold(SCORES, Y) <= SCORES, Y)
    assert best == max(macro_f1(t <= SCORES, Y) for t in np.linspace(-5, 5, 2001))
    assert best > macro_f1(SCORES >= 0, Y) + 0.05


def test_a_threshold_lies_between_scores_even_where_no_number_does() -> None:
    low = 0.3
    high = float(np.nextafter(low, 1))
    scores, y = np.array([high, low]), np.array([True, False])
    assert ((scores >= best_threshold(scores, y)) == y).all()
    most = np.finfo(np.float64).max
    assert np.isfinite(best_threshold(np.array([most, most / 2]), y))


def test_everything_told_can_be_the_best() -> None:
    scores, y = np.linspace(0.9, 0.4, 6), np.array([True, False, True, True, True, True])
    assert best_threshold(scores, y) == 0.4


def test_labels_of_the_test_part_do_not_move_the_threshold() -> None:
    """What decides is given, so that figures of shuffled labels are of the same decisions."""
    threshold = best_threshold(SCORES[:200], Y[:200])
    real = anomaly_figures(SCORES[200:], Y[200:], threshold=threshold)
    shuffled = anomaly_figures(SCORES[200:], RNG.permutation(Y[200:]), threshold=threshold)
    told = SCORES[200:] >= threshold
    assert real.f1_macro == macro_f1(told, Y[200:])
    assert shuffled.f1_macro < real.f1_macro - 0.1


def test_counts_are_those_of_the_items() -> None:
    figures = anomaly_figures(SCORES, Y, threshold=1.0)
    assert (figures.normal, figures.anomalous) == (int((~Y).sum()), int(Y.sum()))
    assert figures.auc_ends.low < figures.auc < figures.auc_ends.high
    assert anomaly_figures(SCORES, Y, threshold=1.0) == figures, "its bootstrap is the same each time"
    assert figures.f1_macro_half == macro_f1(SCORES >= 0.5, Y)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5])
def test_a_threshold_for_alarms_keeps_to_their_share(share: float) -> None:
    told = alarm_threshold(SCORES, Y, share) <= SCORES
    assert (told & ~Y).sum() <= share * (~Y).sum()
    assert (told & Y).sum() / Y.sum() == pytest.approx(recall_at(SCORES, Y, share))


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="there is one kind only"):
        anomaly_figures(SCORES, np.zeros(400, bool), threshold=0)
    with pytest.raises(ValueError, match="must be finite, and as many as"):
        best_threshold(SCORES[:3], Y)
    with pytest.raises(ValueError, match="must be finite"):
        best_threshold(np.array([0.0, np.nan]), np.array([True, False]))
