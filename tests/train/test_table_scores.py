"""Figures of predictions, by hand and against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest

from lilliput.train.table_scores import calibration_error, reliability, table_scores

RNG = np.random.default_rng(0)


def _drawn(classes: int) -> tuple[np.ndarray, np.ndarray]:
    y = RNG.integers(classes, size=200)
    p = RNG.dirichlet(np.ones(classes), size=200) + np.eye(classes)[y]
    return p / p.sum(1, keepdims=True), y


@pytest.mark.parametrize("classes", [2, 4])
def test_figures_are_those_of_scikit_learn(classes: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    p, y = _drawn(classes)
    p[:20] = np.roll(p[:20], 1, axis=1)
    told, found = p.argmax(1), table_scores(p, y)
    wanted = {
        "accuracy": metrics.accuracy_score(y, told),
        "f1": metrics.f1_score(y, told, average="macro"),
        "precision": metrics.precision_score(y, told, average="macro"),
        "recall": metrics.recall_score(y, told, average="macro"),
        "auc": metrics.roc_auc_score(y, p[:, 1]) if classes == 2 else metrics.roc_auc_score(y, p, multi_class="ovr"),
        "kappa": metrics.cohen_kappa_score(y, told),
        "mcc": metrics.matthews_corrcoef(y, told),
        "log loss": metrics.log_loss(y, p),
    }
    assert {name: found[name] for name in wanted} == pytest.approx(wanted)


def test_published_figures_follow_from_the_published_confusion() -> None:
    cells = np.array([[111, 12], [10, 143]])
    y, told = (np.repeat(axis.ravel(), cells.ravel()) for axis in np.indices((2, 2)))
    found = table_scores(np.eye(2)[told], y)
    assert found["accuracy"] == pytest.approx(0.9203, abs=5e-5)
    assert found["f1"] == pytest.approx(0.92, abs=1e-3)
    assert found["kappa"] == pytest.approx(0.8384, abs=5e-5)
    assert found["mcc"] == pytest.approx(0.8385, abs=5e-5)


def test_one_answer_for_all_is_worth_nothing() -> None:
    found = table_scores(np.tile([0.2, 0.8], (4, 1)), np.array([0, 1, 1, 1]))
    assert (found["auc"], found["kappa"], found["mcc"], found["accuracy"]) == (0.5, 0, 0, 0.75)


def test_reliability_by_hand() -> None:
    p, truth = np.array([0.05, 0.15, 0.95, 1.0]), np.array([False, True, True, True])
    found = reliability(p, truth, bins=5)
    assert found == [(pytest.approx(0.1), 0.5, 2), (pytest.approx(0.975), 1.0, 2)]
    assert calibration_error(p, truth, bins=5) == pytest.approx((2 * 0.4 + 2 * 0.025) / 4)


def test_a_classifier_that_means_what_it_says_has_no_calibration_error() -> None:
    p = RNG.random(50_000)
    assert calibration_error(p, RNG.random(50_000) < p) < 0.01
    assert calibration_error(p, RNG.random(50_000) < p**3) > 0.1


def test_shapes_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="must have as many rows"):
        table_scores(np.ones((3, 2)), np.array([0, 1]))
    with pytest.raises(ValueError, match="needs as many probabilities as rows"):
        reliability(np.ones(3), np.array([True]))
