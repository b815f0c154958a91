"""Windows and traces against sums over all pairs and triplets, written out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from lilliput.spiking.rules import OrderReward, OrderSTDP, PairSTDP, RewardSTDP, TripletSTDP


def train(steps: int, rows: int, size: int, share: float = 0.15, seed: int = 0) -> Tensor:
    drawn = torch.rand(steps, rows, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (drawn < share).double()


def pair(gap: int, steps: int = 140) -> tuple[Tensor, Tensor]:
    """One spike each, the output's `gap` steps after the input's."""
    pre, post = torch.zeros(2, steps, 1, 1, dtype=torch.float64)
    pre[70 - min(gap, 0) if gap < 0 else 70 - gap] = 1
    post[70] = 1
    return pre, post


def equation(gap: float, rule: PairSTDP) -> float:
    if gap >= 0:
        return rule.potentiation * math.exp(-gap / rule.tau_pre)
    return rule.depression * math.exp(gap / rule.tau_post)


def test_121_pairs_give_the_window() -> None:
    rule = PairSTDP(0.01, -0.012, tau_pre=15, tau_post=20, bounds="none")
    zero = torch.zeros(1, 1, dtype=torch.float64)
    for gap in range(-60, 61):
        pre, post = pair(gap)
        assert float(rule.run(zero, pre, post)[0]) == pytest.approx(equation(gap, rule), abs=1e-12)
    gaps = torch.arange(-60, 61, dtype=torch.float64)
    assert rule.window(gaps).tolist() == pytest.approx([equation(float(g), rule) for g in gaps], abs=1e-12)


def all_pairs(pre: list[int], post: list[int], rule: PairSTDP) -> float:
    return sum(equation(o - i, rule) for i, o in itertools.product(pre, post))


def nearest_pairs(pre: list[int], post: list[int], rule: PairSTDP) -> float:
    total = 0.0
    for o in post:
        total += sum(equation(o - i, rule) for i in [max((i for i in pre if i <= o), default=None)] if i is not None)
    for i in pre:
        total += sum(equation(o - i, rule) for o in [max((o for o in post if o < i), default=None)] if o is not None)
    return total


@pytest.mark.parametrize(("pairing", "written_out"), [("all", all_pairs), ("nearest", nearest_pairs)])
def test_traces_equal_the_sum_over_pairs(pairing: str, written_out: Callable[..., float]) -> None:
    rule = PairSTDP(0.01, -0.008, tau_pre=9, tau_post=14, pairing=pairing, bounds="none")  # type: ignore[arg-type]
    pre, post = train(80, 2, 3), train(80, 2, 4, seed=1)
    weight, _ = rule.run(torch.zeros(4, 3, dtype=torch.float64), pre, post)
    for o, i in itertools.product(range(4), range(3)):
        wanted = sum(
            written_out(pre[:, b, i].nonzero().flatten().tolist(), post[:, b, o].nonzero().flatten().tolist(), rule)
            for b in range(2)
        )
        assert float(weight[o, i]) == pytest.approx(wanted, abs=1e-12)


def test_two_calls_are_one() -> None:
    rule = PairSTDP(bounds="soft")
    pre, post, start = train(60, 1, 3), train(60, 1, 2, seed=1), torch.full((2, 3), 0.4, dtype=torch.float64)
    whole, _ = rule.run(start, pre, post)
    half, traces = rule.run(start, pre[:25], post[:25])
    assert torch.allclose(rule.run(half, pre[25:], post[25:], traces)[0], whole, atol=1e-15)


@pytest.mark.parametrize("bounds", ["hard", "soft"])
@pytest.mark.parametrize("sign", [1, -1])
def test_bounds_keep_weights_from_0_to_1(bounds: str, sign: int) -> None:
    strong, weak = (0.5, -0.001) if sign > 0 else (0.001, -0.5)
    rule = PairSTDP(strong, weak, bounds=bounds)  # type: ignore[arg-type]
    weight, _ = rule.run(torch.rand(4, 3, dtype=torch.float64), train(400, 1, 3, 0.3), train(400, 1, 4, 0.3, seed=1))
    assert 0 <= float(weight.min()) <= float(weight.max()) <= 1
    assert float((weight - max(sign, 0)).abs().max()) < 0.1


def test_soft_bounds_slow_down_towards_the_end() -> None:
    rule = PairSTDP(0.1, -0.1, bounds="soft")
    pre, post = pair(5)
    gained = [float(rule.run(torch.tensor([[w]], dtype=torch.float64), pre, post)[0]) - w for w in (0.0, 0.5, 0.9)]
    assert gained == pytest.approx([equation(5, rule) * (1 - w) for w in (0.0, 0.5, 0.9)])


def triplets(pre: list[int], post: list[int], r: TripletSTDP) -> float:
    def trace(spikes: list[int], now: int, tau: float, *, own: bool) -> float:
        return sum(math.exp(-(now - s) / tau) for s in spikes if s < now or (own and s == now))

    more = sum(
        trace(pre, o, r.tau_plus, own=True)
        * (r.pair_plus + r.triplet_plus * trace(post, o, r.tau_slow_post, own=False))
        for o in post
    )
    less = sum(
        trace(post, i, r.tau_minus, own=False)
        * (r.pair_minus + r.triplet_minus * trace(pre, i, r.tau_slow_pre, own=False))
        for i in pre
    )
    return more - less


def test_triplets_equal_the_sum_over_triplets() -> None:
    rule = TripletSTDP(pair_plus=1e-3)
    pre, post = train(150, 1, 2), train(150, 1, 3, seed=1)
    weight = rule.run(torch.zeros(3, 2, dtype=torch.float64), pre, post)
    for o, i in itertools.product(range(3), range(2)):
        spikes = pre[:, 0, i].nonzero().flatten().tolist(), post[:, 0, o].nonzero().flatten().tolist()
        assert float(weight[o, i]) == pytest.approx(triplets(*spikes, rule), abs=1e-12)


def test_potentiation_of_triplets_grows_with_frequency_as_pairs_do_not_explain() -> None:
    def change(period: int) -> float:
        pre, post = torch.zeros(2, 15 * period, 1, 1, dtype=torch.float64)
        pre[::period], post[10::period] = 1, 1
        return float(TripletSTDP().run(torch.zeros(1, 1, dtype=torch.float64), pre, post))

    slow, fast = change(500), change(20)  # 2 and 50 pairs a second, the output 10 ms after the input
    assert slow < 0.01 < 0.05 < fast


def test_the_simplified_rule_knows_order_only() -> None:
    rule = OrderSTDP(0.1, -0.05)
    weight = torch.tensor([0.2, 0.2, 0.5, 0.99])
    before = torch.tensor([True, False, True, True])
    assert rule.change(weight, before).tolist() == pytest.approx([0.016, -0.008, 0.025, 0.00099])
    grown = rule.faster().faster()
    assert (grown.potentiation, grown.depression) == pytest.approx((0.15, -0.1125))


def test_a_reward_decides_and_an_old_one_counts_less() -> None:
    rule = RewardSTDP(PairSTDP(0.1, -0.1, bounds="none"), tau=50)
    pre, post = pair(5)
    zero = torch.zeros(1, 1, dtype=torch.float64)
    eligible = equation(5, rule.pair)
    for at, sign in ((70, 1.0), (100, 1.0), (100, -1.0)):
        reward = torch.zeros(140, 1, dtype=torch.float64)
        reward[at] = sign
        wanted = sign * eligible * math.exp(-(at - 70) / 50)
        assert float(rule.run(zero, pre, post, reward)[0]) == pytest.approx(wanted, abs=1e-12)
    assert float(rule.run(zero, pre, post, torch.zeros(140, 1, dtype=torch.float64))[0]) == 0


def test_a_rewarded_input_wins_over_one_that_is_not() -> None:
    generator = torch.Generator().manual_seed(0)
    rule = RewardSTDP(PairSTDP(0.01, -0.01), tau=20)
    weight = torch.full((1, 2), 0.5)
    for _ in range(60):
        left = bool(torch.rand((), generator=generator) < 0.5)
        pre, post = torch.zeros(12, 1, 2), torch.zeros(12, 1, 1)
        pre[2, 0, 0 if left else 1], post[5], reward = 1, 1, torch.zeros(12, 1)
        reward[9] = 1.0 if left else -1.0
        weight, _ = rule.run(weight, pre, post, reward)
    assert float(weight[0, 0]) > 0.6
    assert float(weight[0, 1]) < 0.4


def test_a_wrong_answer_turns_the_simplified_rule_round() -> None:
    rule = OrderReward(OrderSTDP(0.1, -0.2), OrderSTDP(0.3, -0.4))
    weight, before = torch.full((2,), 0.5), torch.tensor([True, False])
    assert rule.change(weight, before, torch.tensor(True)).tolist() == pytest.approx([0.025, -0.05])
    assert rule.change(weight, before, torch.tensor(False)).tolist() == pytest.approx([-0.1, 0.075])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: PairSTDP(depression=0.1), "`depression` at most 0, got 0.01 and 0.1"),
        (lambda: PairSTDP(tau_pre=0), "`tau_pre` must be above 0 steps, got 0"),
        (lambda: PairSTDP(pairing="some"), "`pairing` must be all or nearest, got 'some'"),  # type: ignore[arg-type]
        (lambda: PairSTDP(bounds="very"), "`bounds` must be none, hard or soft"),  # type: ignore[arg-type]
        (lambda: TripletSTDP(pair_plus=-1), "`pair_plus` must be at least 0, got -1"),
        (lambda: OrderSTDP(1.5), r"`potentiation` must be in \(0, 1\]"),
        (lambda: RewardSTDP(PairSTDP(bounds="soft")), "`pair` must have hard bounds or none"),
        (lambda: RewardSTDP(rate=0), "`rate` must be above 0, got 0"),
        (
            lambda: PairSTDP().run(torch.zeros(2, 2), torch.zeros(5, 1, 3), torch.zeros(5, 1, 2)),
            r"weights \(O, I\) are needed, got \(5, 1, 3\), \(5, 1, 2\) and \(2, 2\)",
        ),
        (
            lambda: RewardSTDP().run(torch.zeros(1, 1), *torch.zeros(2, 5, 1, 1), torch.zeros(4, 1)),
            r"`reward` must be \(5, 1\), got \(4, 1\)",
        ),
    ],
)
def test_what_is_out_of_range_is_refused(call: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
