"""Networks as classifiers of rows: losses, links, draws, and which epoch is taken."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from lilliput.train.data import Tensors
from lilliput.train.tabular import (
    Drawn,
    NetworkClassifier,
    NetworkSettings,
    log_loss,
    log_loss_of,
    network_probabilities,
    row_loss,
    square_to_sign,
)


class First(nn.Module):
    """Gives the first features as its outputs."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.outputs = outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, : self.outputs]


def test_one_logit_and_two_mean_the_same() -> None:
    x, y = torch.tensor([[0.3, 0.0], [-2.0, 0.0]]), torch.tensor([1, 0])
    torch.testing.assert_close(row_loss(First(1), x, y), row_loss(First(2), x, 1 - y))
    one, two = network_probabilities(First(1), x.numpy()), network_probabilities(First(2), x.numpy())
    np.testing.assert_allclose(one, two[:, ::-1], rtol=1e-6)
    np.testing.assert_allclose(one[:, 1], 1 / (1 + np.exp([-0.3, 2.0])), rtol=1e-6)


def test_an_expectation_is_brought_to_a_probability_and_held_against_its_sign() -> None:
    x = torch.tensor([[0.5], [-1.0], [1.4]])
    np.testing.assert_allclose(network_probabilities(First(1), x.numpy(), "expectation")[:, 1], [0.75, 0, 1])
    loss = square_to_sign(First(1), x[:2], torch.tensor([1, 0]))
    assert float(loss) == pytest.approx((0.5**2 + 0) / 2)


def test_log_loss_is_finite_even_where_it_is_sure_and_wrong() -> None:
    p = np.array([[0.0, 1.0], [0.5, 0.5]])
    assert log_loss(p, np.array([0, 1])) == pytest.approx((-math.log(1e-7) + math.log(2)) / 2)
    held = Tensors(torch.tensor([[0.0]]), torch.tensor([1]))
    measure = log_loss_of(First(1), held)
    assert measure.value == pytest.approx(math.log(2))
    assert not measure.higher_is_better


def test_rows_are_drawn_anew_in_each_epoch_and_the_same_for_the_same_seed() -> None:
    source = Tensors(torch.arange(10.0)[:, None], torch.arange(10))
    drawn, again = Drawn(source, 25, seed=1), Drawn(source, 25, seed=1)
    assert len(drawn) == 25
    items = np.arange(25)
    first, second = drawn.batch(items, 0)[1], drawn.batch(items, 1)[1]
    assert not torch.equal(first, second)
    assert torch.equal(first, again.batch(items, 0)[1])
    assert len(set(first.tolist())) < 25


def test_the_epoch_is_taken_by_rows_that_were_held_back() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((80, 5))
    y = (x[:, 0] > 0.5).astype(np.int64)
    settings = NetworkSettings("kan_micro")
    settings = replace(settings, train=replace(settings.train, epochs=3, batch_size=16))
    made = NetworkClassifier(settings).fit(x, y)
    assert made.training is not None
    assert made.training.best.n == 12  # 15 % of 80
    assert made.training.best.value == min(epoch.value for epoch in made.training.history)
    assert made.probabilities(x).shape == (80, 2)
    with pytest.raises(ValueError, match="`fit` comes first"):
        NetworkClassifier(settings).probabilities(x)
