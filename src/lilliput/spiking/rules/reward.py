r"""Plasticity that waits for a reward: three factors, the third of them one number for the whole network.

    e ← e · e^(-1 / τ_e) + STDP(t),    Δw = rate · reward(t) · e

Without reward a synapse remembers what it would have changed, and forgets it again. `OrderReward` is the form for
neurons that fire once a picture: the simplified rule where the answer was right, its opposite where it was wrong.

Axes: T time steps, B batch, I inputs, O outputs.

Source: Izhikevich, Solving the distal reward problem through linkage of STDP and dopamine signaling (Cereb. Cortex 17,
2007); Mozafari et al. (arXiv:1705.09132); the review (arXiv:1804.08150), section 3.1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from lilliput.spiking.rules.simplified import OrderSTDP
from lilliput.spiking.rules.stdp import PairSTDP, Traces, bounded, check_taus, check_trains, silent


class RewardState(NamedTuple):
    """Traces of the neurons, and what each synapse of each row would change: (B, O, I)."""

    traces: Traces
    eligibility: Tensor


@dataclass(frozen=True)
class RewardSTDP:
    """The pair rule behind a reward.

    Args:
        pair: what makes synapses eligible; its bounds hold for the weights.
        tau: τ_e, in steps, above 0.
        rate: above 0.

    Raises:
        ValueError: one of them is out of range, or soft bounds, for which changes must be known when they happen.
    """

    pair: PairSTDP = field(default_factory=PairSTDP)
    tau: float = 100.0
    rate: float = 1.0

    def __post_init__(self) -> None:
        check_taus(tau=self.tau)
        if not self.rate > 0:
            raise ValueError(f"`rate` must be above 0, got {self.rate}")
        if self.pair.bounds == "soft":
            raise ValueError(
                "`pair` must have hard bounds or none: what waits for a reward does not know the weight yet"
            )

    @torch.no_grad()
    def run(
        self, weight: Tensor, pre: Tensor, post: Tensor, reward: Tensor, state: RewardState | None = None
    ) -> tuple[Tensor, RewardState]:
        """All time steps.

        Shapes:
            weight (O, I), pre (T, B, I), post (T, B, O), reward (T, B) -> weight, state.

        Raises:
            ValueError: shapes that do not fit.
        """
        check_trains(weight, pre, post)
        if reward.shape != pre.shape[:2]:
            raise ValueError(f"`reward` must be {tuple(pre.shape[:2])}, got {tuple(reward.shape)}")
        if state is None:
            state = RewardState(silent(pre, post), pre.new_zeros(pre.shape[1], *weight.shape))
        pair, fade = self.pair, math.exp(-1 / self.tau)
        (seen, faded), waiting = state
        for now, fired, paid in zip(pre, post, reward, strict=True):
            seen = pair.spiked(seen * math.exp(-1 / pair.tau_pre), now)
            faded = faded * math.exp(-1 / pair.tau_post)
            waiting = waiting * fade
            waiting += pair.potentiation * fired.unsqueeze(2) * seen.unsqueeze(1)
            waiting += pair.depression * faded.unsqueeze(2) * now.unsqueeze(1)
            faded = pair.spiked(faded, fired)
            change = self.rate * (paid.reshape(-1, 1, 1) * waiting).sum(0)
            weight = bounded(weight, change, torch.zeros_like(change), pair.bounds)
        return weight, RewardState(Traces(seen, faded), waiting)


@dataclass(frozen=True)
class OrderReward:
    """The simplified rule with a judge.

    Args:
        right: where the answer was right.
        wrong: its opposite where it was wrong: what came before is taken from, the rest is added to.
    """

    right: OrderSTDP = field(default_factory=OrderSTDP)
    wrong: OrderSTDP = field(default_factory=lambda: OrderSTDP(0.0005, -0.004))

    @torch.no_grad()
    def change(self, weight: Tensor, came_before: Tensor, was_right: Tensor) -> Tensor:
        """What a spike changes: weight and came_before of one shape, was_right fitting it."""
        return torch.where(was_right, self.right.change(weight, came_before), self.wrong.change(weight, ~came_before))
