"""Margins and figures of many labels against hand values and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lilliput.tasks.words import PADDING
from lilliput.train.multilabel import NumberedTexts, best_threshold, judge_many, label_figures, many_labels, margins


class Given(torch.nn.Module):
    """Gives the same logits whatever it is asked."""

    def __init__(self, logits: torch.Tensor) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.logits


def test_the_published_margin_and_loss_come_out() -> None:
    margin = margins([16, 81, 256], 3.0)
    assert margin.tolist() == pytest.approx([1.5, 1.0, 0.75])
    model, y = Given(torch.tensor([[1.0, -1.0, 0.5]])), torch.tensor([[1.0, 0.0, 1.0]])
    assert float(many_labels(margin)(model, y, y)) == pytest.approx(0.704426, abs=1e-6)
    plain = float(many_labels()(model, y, y))
    assert float(many_labels(margins([16, 81, 256], 0.0))(model, y, y)) == plain
    assert margins([0, 1], 2.0).tolist() == [2.0, 2.0]
    with pytest.raises(ValueError, match="`strength` must be at least 0, got -1"):
        margins([1], -1.0)


SCORES = np.array(
    [[2, -1, 0.5, -3], [1, 1, -1, -2], [-1, 2, -0.5, 0.2], [0.1, -2, 3, -1], [-2, 0.3, 1, -4]], np.float32
)
TRUTH = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [1, 0, 1, 0]], bool)


def test_figures_of_a_small_table_have_hand_values() -> None:
    found = label_figures(SCORES, TRUTH, threshold=0.0, at=(1, 2))
    told = SCORES >= 0
    assert found.f1_micro == pytest.approx(2 * 6 / (10 + 8))
    # Label 3 has no positive and one false alarm: its F1 is 0 and it stays in the mean.
    assert found.f1_macro == pytest.approx((2 * 2 / (3 + 3) + 2 * 2 / (3 + 2) + 2 * 2 / (3 + 3) + 0) / 4)
    precision, recall = (2 / 3 + 2 / 3 + 2 / 3 + 0) / 4, (2 / 3 + 1 + 2 / 3 + 0) / 4
    assert found.f1_macro_harmonic == pytest.approx(2 * precision * recall / (precision + recall))
    assert found.left_out == (3,)
    assert found.exact == pytest.approx(float((told == TRUTH).all(1).mean())) == pytest.approx(0.2)
    assert found.precision_at == {1: 1.0, 2: pytest.approx(0.6)}


def test_figures_are_scikit_learns() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((60, 9)).astype(np.float32)
    truth = rng.random((60, 9)) < 0.3
    found = label_figures(scores, truth, threshold=0.2)
    told = scores >= 0.2
    assert found.auc_micro == pytest.approx(metrics.roc_auc_score(truth, scores, average="micro"))
    assert found.auc_macro == pytest.approx(metrics.roc_auc_score(truth, scores, average="macro"))
    assert found.f1_micro == pytest.approx(metrics.f1_score(truth, told, average="micro"))
    assert found.f1_macro == pytest.approx(metrics.f1_score(truth, told, average="macro"))
    assert found.exact == pytest.approx(metrics.accuracy_score(truth, told))


def test_a_label_that_never_occurs_is_reported_and_breaks_nothing() -> None:
    truth = TRUTH.copy()
    truth[:, 0] = True
    assert label_figures(SCORES, truth, threshold=0.0).left_out == (0, 3)
    with pytest.raises(ValueError, match="must be finite and of the shape of `truth`"):
        label_figures(np.full((5, 4), math.nan, np.float32), TRUTH, threshold=0.0)


def test_the_threshold_with_the_best_f1_is_found() -> None:
    truth = np.zeros((100, 3), bool)
    truth[:20] = True
    scores = np.where(truth, 3.0, 1.0).astype(np.float32) + np.linspace(0, 0.5, 300).reshape(100, 3).astype(np.float32)
    at = best_threshold(scores, truth)
    assert 1.5 < at <= 3.0 + 0.5
    assert label_figures(scores, truth, threshold=at).f1_micro > 0.95


def test_a_batch_is_as_wide_as_its_longest_text() -> None:
    words = np.full((3, 10), PADDING, np.int64)
    words[0, :4], words[1, :7] = 5, 6
    source = NumberedTexts(words, np.eye(3, dtype=bool))
    x, y = source.batch(np.array([0, 1]), 0)
    assert (x.shape, y.dtype) == ((2, 7), torch.float32)
    assert source.batch(np.array([2]), 0)[0].shape == (1, 1)
    logits = torch.tensor([[2.0, 0, 0], [0, 2, 0], [0, 0, 2]])
    judged = judge_many(Given(logits), source)
    assert (judged.name, judged.value) == ("micro auc", 1.0)
    with pytest.raises(ValueError, match="3 texts and 2 rows"):
        NumberedTexts(words, np.eye(2, 3, dtype=bool))
