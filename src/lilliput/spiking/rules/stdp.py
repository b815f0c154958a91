r"""Spike-timing-dependent plasticity by pairs and by triplets of spikes, as traces that a synapse can keep.

    pair       Δw = A e^(-|Δt| / τ)   where the input fired before or with the output,   A > 0
               Δw = B e^(-|Δt| / τ)   where it fired after it,                           B < 0

Nothing is read but the spikes and traces of the two neurons that a synapse joins, and its own weight.

Axes: T time steps, B batch, I inputs, O outputs. Weights are (O, I), as those of a linear layer. Changes of the rows of
a batch add up, as if they came one after another with the weight of the start.

Source: Deep Learning in Spiking Neural Networks (arXiv:1804.08150), section 3.1, equation 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

Pairing = Literal["all", "nearest"]
Bounds = Literal["none", "hard", "soft"]


class Traces(NamedTuple):
    """What is left of earlier spikes: of inputs (B, I) and of outputs (B, O)."""

    pre: Tensor
    post: Tensor


@dataclass(frozen=True)
class PairSTDP:
    """The pair rule.

    Args:
        potentiation: A, above 0.
        depression: B, at most 0.
        tau_pre: of A's branch, in steps, above 0.
        tau_post: of B's branch.
        pairing: "all" spikes of one neuron with all of the other; "nearest": each with the last one of the other.
        bounds: "hard" cuts weights off at 0 and 1; "soft" multiplies what is added by 1 - w and what is taken by w;
            "none" leaves them.

    Raises:
        ValueError: one of them is out of range.
    """

    potentiation: float = 0.01
    depression: float = -0.0105
    tau_pre: float = 15.0
    tau_post: float = 15.0
    pairing: Pairing = "all"
    bounds: Bounds = "hard"

    def __post_init__(self) -> None:
        if not self.potentiation > 0 or not self.depression <= 0:
            raise ValueError(
                f"`potentiation` must be above 0 and `depression` at most 0, got {self.potentiation} and "
                f"{self.depression}"
            )
        check_taus(tau_pre=self.tau_pre, tau_post=self.tau_post)
        if self.pairing not in ("all", "nearest"):
            raise ValueError(f"`pairing` must be all or nearest, got {self.pairing!r}")
        if self.bounds not in ("none", "hard", "soft"):
            raise ValueError(f"`bounds` must be none, hard or soft, got {self.bounds!r}")

    def window(self, gap: Tensor) -> Tensor:
        """What one pair changes, by time of the output's spike less time of the input's: any shape."""
        before = self.potentiation * torch.exp(-gap / self.tau_pre)
        return torch.where(gap >= 0, before, self.depression * torch.exp(gap / self.tau_post))

    @torch.no_grad()
    def step(self, weight: Tensor, pre: Tensor, post: Tensor, traces: Traces) -> tuple[Tensor, Traces]:
        """One time step.

        Shapes:
            weight (O, I), pre (B, I), post (B, O), traces -> weight, traces.
        """
        seen = self.spiked(traces.pre * math.exp(-1 / self.tau_pre), pre)
        # Outputs' traces without this step's spikes: those that come together count for A alone.
        faded = traces.post * math.exp(-1 / self.tau_post)
        more = self.potentiation * (post.T @ seen)
        less = self.depression * (faded.T @ pre)
        return bounded(weight, more, less, self.bounds), Traces(seen, self.spiked(faded, post))

    @torch.no_grad()
    def run(self, weight: Tensor, pre: Tensor, post: Tensor, traces: Traces | None = None) -> tuple[Tensor, Traces]:
        """All time steps, from silence or from the traces of the steps before.

        Shapes:
            weight (O, I), pre (T, B, I), post (T, B, O) -> weight, traces.

        Raises:
            ValueError: shapes that do not fit.
        """
        check_trains(weight, pre, post)
        traces = traces or silent(pre, post)
        for seen, fired in zip(pre, post, strict=True):
            weight, traces = self.step(weight, seen, fired, traces)
        return weight, traces

    def spiked(self, trace: Tensor, spikes: Tensor) -> Tensor:
        """A trace with the spikes of this step."""
        return trace + spikes if self.pairing == "all" else torch.where(spikes > 0, spikes, trace)


class TripletTraces(NamedTuple):
    """Fast and slow traces of inputs (B, I) and of outputs (B, O)."""

    pre: Tensor
    pre_slow: Tensor
    post: Tensor
    post_slow: Tensor


@dataclass(frozen=True)
class TripletSTDP:
    r"""The triplet rule, with the constants of visual cortex: pairs explain no experiment at several frequencies.

        an output's spike    Δw = r₁ (A₂⁺ + A₃⁺ o₂)        an input's spike    Δw = -o₁ (A₂⁻ + A₃⁻ r₂)

    r₁ and r₂ are traces of the input, o₁ and o₂ of the output. A slow trace is read before the spike that reads it.

    Args:
        pair_plus, triplet_plus, pair_minus, triplet_minus: A₂⁺, A₃⁺, A₂⁻ and A₃⁻, at least 0.
        tau_plus, tau_slow_pre, tau_minus, tau_slow_post: of r₁, r₂, o₁ and o₂, in steps, above 0.
        bounds: as of `PairSTDP`.

    Raises:
        ValueError: one of them is out of range.

    Source: Pfister and Gerstner, Triplets of spikes in a model of spike timing-dependent plasticity (J. Neurosci. 26,
    2006), all to all.
    """

    pair_plus: float = 5e-10
    triplet_plus: float = 6.2e-3
    pair_minus: float = 7e-3
    triplet_minus: float = 2.3e-4
    tau_plus: float = 16.8
    tau_slow_pre: float = 101.0
    tau_minus: float = 33.7
    tau_slow_post: float = 125.0
    bounds: Bounds = "none"

    def __post_init__(self) -> None:
        for name in ("pair_plus", "triplet_plus", "pair_minus", "triplet_minus"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"`{name}` must be at least 0, got {getattr(self, name)}")
        check_taus(**{n: getattr(self, n) for n in ("tau_plus", "tau_slow_pre", "tau_minus", "tau_slow_post")})

    @torch.no_grad()
    def run(self, weight: Tensor, pre: Tensor, post: Tensor) -> Tensor:
        """All time steps from silence: weight (O, I), pre (T, B, I), post (T, B, O) -> weight."""
        check_trains(weight, pre, post)
        fades = [math.exp(-1 / t) for t in (self.tau_plus, self.tau_slow_pre, self.tau_minus, self.tau_slow_post)]
        traces = TripletTraces(*(torch.zeros_like(x[0]) for x in (pre, pre, post, post)))
        for seen, fired in zip(pre, post, strict=True):
            old = TripletTraces(*(trace * fade for trace, fade in zip(traces, fades, strict=True)))
            more = (fired * (self.pair_plus + self.triplet_plus * old.post_slow)).T @ (old.pre + seen)
            less = -(old.post.T @ (seen * (self.pair_minus + self.triplet_minus * old.pre_slow)))
            weight = bounded(weight, more, less, self.bounds)
            traces = TripletTraces(*(t + s for t, s in zip(old, (seen, seen, fired, fired), strict=True)))
        return weight


def silent(pre: Tensor, post: Tensor) -> Traces:
    """Traces of neurons that have not fired: pre (T, B, I), post (T, B, O)."""
    return Traces(torch.zeros_like(pre[0]), torch.zeros_like(post[0]))


def bounded(weight: Tensor, more: Tensor, less: Tensor, bounds: Bounds) -> Tensor:
    """Weights with what is added (at least 0) and what is taken (at most 0), within bounds."""
    if bounds == "none":
        return weight + more + less
    if bounds == "soft":
        more, less = more * (1 - weight), less * weight
    return (weight + more + less).clamp(0, 1)


def check_taus(**taus: float) -> None:
    """Each above 0.

    Raises:
        ValueError: one is not.
    """
    for name, tau in taus.items():
        if not tau > 0:
            raise ValueError(f"`{name}` must be above 0 steps, got {tau}")


def check_trains(weight: Tensor, pre: Tensor, post: Tensor) -> None:
    """Weights (O, I) for trains (T, B, I) and (T, B, O).

    Raises:
        ValueError: they do not fit.
    """
    fits = pre.ndim == post.ndim == 3 and pre.shape[:2] == post.shape[:2]
    if not fits or weight.shape != (post.shape[2], pre.shape[2]):
        raise ValueError(
            f"trains (T, B, I) and (T, B, O) and weights (O, I) are needed, got {tuple(pre.shape)}, "
            f"{tuple(post.shape)} and {tuple(weight.shape)}"
        )
