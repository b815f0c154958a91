"""Prediction sets: ranks by hand, the promise over many draws, and what breaks it."""

from __future__ import annotations

import numpy as np
import pytest

from lilliput.core.errors import BadTask
from lilliput.train.conformal import (
    ConformalClassifier,
    conformal_limits,
    conformal_p_values,
    conformal_scores,
    coverage,
)
from tests.train.small_tables import Certain


def _drawn(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """x tells the class of a third of the rows badly; the first class is rare."""
    y = (rng.random(rows) < 0.7).astype(np.int64)
    return np.where(rng.random(rows) < 0.8, 2 * y - 1, 1 - 2 * y)[:, None] + 0.3 * rng.normal(size=(rows, 1)), y


def _soft(x: np.ndarray, slope: float = 1.5) -> np.ndarray:
    second = 1 / (1 + np.exp(-slope * x[:, 0]))
    return np.stack([1 - second, second], 1)


def test_the_limit_is_the_score_of_the_promised_rank() -> None:
    p = np.array([[0.1 * k, 1 - 0.1 * k] for k in range(1, 10)])  # scores 0.1 … 0.9 of the second class
    scores = conformal_scores(p, np.ones(9, np.int64))
    np.testing.assert_allclose(conformal_limits(scores, 0.1), 0.9)  # rank 9 of 9
    np.testing.assert_allclose(conformal_limits(scores, 0.3), 0.7)  # rank 7, though 10·0.7 is not whole in binary
    assert np.isinf(conformal_limits(scores, 0.05)).all()  # rank 10 of 9: no row can be left out
    np.testing.assert_allclose(conformal_p_values(np.array([[0.45, 0.55]]), scores), [[0.5, 0.6]])


def test_the_promise_is_kept_over_fifty_draws() -> None:
    rng = np.random.default_rng(0)
    alone, least = [], []
    for _ in range(50):
        x, y = _drawn(rng, 400)
        for mondrian in (False, True):
            sets = ConformalClassifier(_soft, mondrian=mondrian)
            sets.calibrate(x[:200], y[:200], rows=range(200), trained_rows=())
            found = sets.predict_sets(x[200:], 0.1)
            if mondrian:
                least.append([coverage(found[y[200:] == k], y[200:][y[200:] == k]) for k in (0, 1)])
            else:
                alone.append(coverage(found, y[200:]))
    assert 0.88 <= np.mean(alone) <= 0.93
    assert np.mean(least, axis=0).min() >= 0.87


def test_a_limit_for_all_leaves_the_rare_class_out_and_a_limit_each_does_not() -> None:
    x, y = _drawn(np.random.default_rng(1), 4000)
    covered = {}
    for mondrian in (False, True):
        sets = ConformalClassifier(lambda rows: _soft(rows + 1), mondrian=mondrian)  # leans to the second class
        sets.calibrate(x[:2000], y[:2000], rows=range(2000), trained_rows=())
        rare = y[2000:] == 0
        covered[mondrian] = coverage(sets.predict_sets(x[2000:], 0.1)[rare], y[2000:][rare])
    assert covered[False] < 0.8 < 0.87 < covered[True]


def test_sets_of_an_overconfident_classifier_grow() -> None:
    rng = np.random.default_rng(2)
    _, y = _drawn(rng, 2000)
    sizes = {}
    for name, flipped in (("honest", 0.0), ("overconfident", 0.25)):
        wrong = np.where(rng.random(len(y)) < flipped, -1, 1)[:, None] * (2 * y - 1)[:, None]
        sets = ConformalClassifier(Certain(0.999).probabilities)
        sets.calibrate(wrong[:1000], y[:1000], rows=range(1000), trained_rows=())
        sizes[name] = sets.predict_sets(wrong[1000:], 0.1).sum(1).mean()
    assert sizes["honest"] == 1
    assert sizes["overconfident"] == 2


def test_p_values_of_true_classes_are_even() -> None:
    x, y = _drawn(np.random.default_rng(3), 4000)
    sets = ConformalClassifier(_soft).calibrate(x[:2000], y[:2000], rows=range(2000), trained_rows=())
    p = sets.p_values(x[2000:])[np.arange(2000), y[2000:]]
    np.testing.assert_allclose([np.mean(p <= a) for a in (0.1, 0.3, 0.5)], [0.1, 0.3, 0.5], atol=0.03)


def test_rows_that_were_trained_on_are_refused() -> None:
    x, y = np.zeros((3, 1)), np.array([0, 1, 1])
    with pytest.raises(BadTask, match="2 calibration rows were trained on, such as row 5"):
        ConformalClassifier(_soft).calibrate(x, y, rows=[4, 5, 6], trained_rows=[5, 6, 7])
    with pytest.raises(ValueError, match="need as many different numbers, got 2"):
        ConformalClassifier(_soft).calibrate(x, y, rows=[4, 5], trained_rows=[])


def test_limits_need_rows_of_each_class() -> None:
    with pytest.raises(BadTask, match="no calibration row is of class 0"):
        conformal_scores(np.full((2, 2), 0.5), np.array([1, 1]), mondrian=True)
    with pytest.raises(BadTask, match="there are no calibration rows"):
        conformal_scores(np.full((0, 2), 0.5), np.array([], np.int64))
    with pytest.raises(ValueError, match="`alpha` must be in"):
        conformal_limits((np.array([0.5]),), 1.0)
    with pytest.raises(ValueError, match="probabilities must be"):
        conformal_scores(np.array([[np.nan, 0.5]]), np.array([1]))
    with pytest.raises(ValueError, match="`calibrate` comes first"):
        ConformalClassifier(_soft).predict_sets(np.zeros((1, 1)))
