"""Fusing classifiers late."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lilliput.train.fusion import disagreement, fuse_mean, fusion_weights, mean_recall
from lilliput.train.losses import cross_entropy, with_l1


def test_a_member_that_knows_nothing_is_left_out() -> None:
    torch.manual_seed(0)
    y = torch.arange(200) % 4
    good = 2.0 * torch.nn.functional.one_hot(y, 4) + torch.randn(200, 4)
    other = 2.0 * torch.nn.functional.one_hot(y, 4) + torch.randn(200, 4)
    wrong = 6.0 * torch.randn(200, 4)
    weights = fusion_weights({"good": good, "other": other, "wrong": wrong}, y)
    assert weights == {"good": 1.0, "other": 1.0, "wrong": 0.0}


def test_means_and_disagreement_have_hand_values() -> None:
    first, second = torch.tensor([[0.9, 0.1], [0.2, 0.8]]).log(), torch.tensor([[0.5, 0.5], [0.7, 0.3]]).log()
    torch.testing.assert_close(fuse_mean({"a": first, "b": second}).exp(), torch.tensor([[0.7, 0.3], [0.45, 0.55]]))
    assert disagreement(first, second) == 0.5
    assert mean_recall(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 2])) == 0.5


def test_the_sum_of_absolute_weights_is_added_for_convolutions_only() -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv1d(2, 3, 2), torch.nn.Flatten(), torch.nn.Linear(3, 4)).double()
    x, y = torch.randn(5, 2, 2).double(), torch.tensor([0, 1, 2, 3, 0])
    plain = lambda model, x, y: cross_entropy(model(x), y)  # noqa: E731
    extra = with_l1(plain, 0.25)(model, x, y) - plain(model, x, y)
    assert float(extra.detach()) == pytest.approx(0.25 * float(model[0].weight.detach().abs().sum()), rel=1e-9)
