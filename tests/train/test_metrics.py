from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from lilliput.train.data import Tensors
from lilliput.train.metrics import Measure, accuracy, auc, confusion, evaluate, predict, reconstruction_errors


def test_accuracy_counts_right_answers_and_bounds_them() -> None:
    measure = accuracy(np.array([0, 1, 2, 2]), np.array([0, 1, 1, 2]))
    assert (measure.value, measure.n) == (0.75, 4)
    assert measure.low == pytest.approx(0.3006, abs=1e-4)  # Wilson's interval for 3 of 4
    assert measure.high == pytest.approx(0.9544, abs=1e-4)


def test_confusion_has_the_truth_in_rows() -> None:
    table = confusion(np.array([0, 2, 1]), np.array([0, 1, 1]), 3)
    assert table.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]


def test_auc_counts_pairs_in_order_and_half_of_ties() -> None:
    positive = np.array([True, True, False, False])
    assert auc(np.array([3.0, 4.0, 1.0, 2.0]), positive) == 1.0
    assert auc(np.array([1.0, 4.0, 2.0, 3.0]), positive) == 0.5
    assert auc(np.array([2.0, 3.0, 2.0, 1.0]), positive) == (0.5 + 1 + 1 + 1) / 4


def test_auc_of_one_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="there is one kind only"):
        auc(np.array([1.0, 2.0]), np.array([True, True]))


def test_better_means_higher_for_accuracy_and_lower_for_errors() -> None:
    high, low = Measure("accuracy", 0.9, 0, 1, 5), Measure("accuracy", 0.8, 0, 1, 5)
    assert high.beats(low)
    assert not low.beats(high)
    assert not high.beats(high)
    assert low.beats(None)
    assert Measure("mse", 0.1, 0, 1, 5, False).beats(Measure("mse", 0.2, 0, 1, 5, False))


def test_predictions_keep_their_order_whatever_the_batch() -> None:
    source = Tensors(torch.arange(10.0)[:, None], torch.zeros(10))
    assert predict(nn.Identity(), source, batch_size=3)[:, 0].tolist() == list(range(10))


def test_measuring_neither_trains_nor_leaves_evaluation_mode() -> None:
    model = nn.BatchNorm1d(2).train()
    evaluate(model, Tensors(torch.randn(8, 2), torch.zeros(8)))
    assert model.training
    assert model.num_batches_tracked == 0


def test_reconstruction_errors_are_one_an_item() -> None:
    source = Tensors(torch.tensor([[1.0, 1.0], [3.0, 1.0]]), torch.zeros(2))
    double = nn.Linear(2, 2, bias=False)
    double.weight.data = 2 * torch.eye(2)
    assert reconstruction_errors(double, source).tolist() == [1.0, 5.0]
    measure = evaluate(double, source, loss="mse")
    assert (measure.name, measure.value, measure.higher_is_better) == ("mse", 3.0, False)


def test_no_items_are_refused() -> None:
    with pytest.raises(ValueError, match="no items to measure on"):
        evaluate(nn.Identity(), Tensors(torch.zeros(0, 2), torch.zeros(0)))
