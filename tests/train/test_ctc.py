"""Strings that a recogniser may have heard, held to all paths counted one by one."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lilliput.train.ctc import END, StringItems, ctc_objective, judge_strings, n_best


def by_all_paths(shares: np.ndarray) -> dict[tuple[int, ...], float]:
    steps, symbols = shares.shape
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(symbols), repeat=steps):
        kept = tuple(symbol for symbol, _ in itertools.groupby(path) if symbol != symbols - 1)
        found[kept] = found.get(kept, 0.0) + math.prod(float(shares[t, symbol]) for t, symbol in enumerate(path))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_likeliest_strings_have_the_probability_of_all_their_paths(seed: int) -> None:
    shares = np.random.default_rng(seed).dirichlet(np.ones(4), 6)
    wanted = sorted(by_all_paths(shares).items(), key=lambda one: -one[1])[:5]
    found = n_best(shares, 5, beam=4000, least=0.0)
    assert [text for text, _ in found] == [text for text, _ in wanted]
    assert [score for _, score in found] == pytest.approx([math.log(p) for _, p in wanted])


def test_a_symbol_twice_needs_nothing_between() -> None:
    twice = np.array([[0.9, 0.1], [0.1, 0.9], [0.9, 0.1]])
    assert n_best(twice, 1)[0][0] == (0, 0)
    assert n_best(np.array([[0.9, 0.1]] * 3), 1)[0][0] == (0,)


def test_hundreds_of_steps_do_not_vanish() -> None:
    shares = np.random.default_rng(0).dirichlet(np.ones(11), 2000)
    (_, score), *_ = n_best(shares, 3)
    assert math.isfinite(score)
    assert score < -100


def test_a_beam_below_the_count_is_refused() -> None:
    with pytest.raises(ValueError, match="`beam` must be at least `count`"):
        n_best(np.ones((2, 3)) / 3, 5, beam=2)


class Fixed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(6, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.logits.expand(len(x), -1, -1)


def test_the_objective_makes_a_string_likely_and_the_judge_sees_it() -> None:
    model, items = Fixed(), StringItems(torch.zeros(3, 1, 2, 2), np.array([[1, 1, 0], [1, 1, 0], [1, 2, END]]))
    assert judge_strings(model, items).value == 0
    optimiser = torch.optim.Adam(model.parameters(), lr=0.1)
    for _ in range(200):
        optimiser.zero_grad()
        x, y = items.batch(np.array([0, 1]), 0)
        loss = ctc_objective(model, x, y)
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.1
    assert judge_strings(model, items).value == pytest.approx(2 / 3)
    shares = model.logits.softmax(1).detach().double().numpy()
    assert n_best(shares, 1)[0][0] == (1, 1, 0)
