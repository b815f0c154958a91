"""Spikes, or the potentials of neurons that never fire, into numbers. Time comes first: (T, B, C) -> (B, C).

All but `membrane` see spikes only, so that no float of the network reaches a decision past its spikes.

Source: Deep Learning in Spiking Neural Networks (arXiv:1804.08150), section 2.
"""

from __future__ import annotations

import torch
from torch import Tensor


def count(spikes: Tensor) -> Tensor:
    """How often each fired: (T, ...) -> (...)."""
    return spikes.sum(0)


def share(spikes: Tensor) -> Tensor:
    """How often each fired, per step: (T, ...) -> (...)."""
    return spikes.mean(0)


def first_spike(spikes: Tensor) -> Tensor:
    """When each fired first, in steps from 0; T where it never did: (T, ...) -> (...), int64."""
    fired = spikes > 0
    return torch.where(fired.any(0), fired.to(torch.uint8).argmax(0), len(spikes))


def by_first_spike(spikes: Tensor) -> Tensor:
    """Scores by who fired first: the number of steps left, 0 for those that never fired. (T, ...) -> (...)."""
    return (len(spikes) - first_spike(spikes)).to(spikes.dtype)


def by_rank(spikes: Tensor, decay: float = 0.8) -> Tensor:
    """Scores by the order in which a row fired: decay to the power of the number that fired before, 0 for silence.

    Those that fire in one step share the rank.

    Args:
        spikes: of 0 and 1.
        decay: in (0, 1).

    Shapes:
        (T, ..., C) -> (..., C).

    Raises:
        ValueError: `decay` is outside.
    """
    if not 0 < decay < 1:
        raise ValueError(f"`decay` must be in (0, 1), got {decay}")
    time = first_spike(spikes)
    before = (time.unsqueeze(-2) < time.unsqueeze(-1)).sum(-1)
    return torch.where(time < len(spikes), torch.tensor(decay, device=time.device) ** before, 0.0).to(spikes.dtype)


def membrane(currents: Tensor, decay: float = 1.0) -> Tensor:
    r"""The potential that currents leave in a neuron which leaks and never fires: Σ decay^(T-1-t) · x_t.

    Args:
        currents: of a layer without neurons behind it.
        decay: per step, in (0, 1]; 1 sums up.

    Shapes:
        (T, ...) -> (...).

    Raises:
        ValueError: `decay` is outside.
    """
    if not 0 < decay <= 1:
        raise ValueError(f"`decay` must be in (0, 1], got {decay}")
    steps = len(currents)
    weight = torch.pow(decay, torch.arange(steps - 1, -1, -1, dtype=currents.dtype, device=currents.device))
    return torch.einsum("t,t...->...", weight, currents)


def from_phase(spikes: Tensor, period: int = 8) -> Tensor:
    """What `encoders.weighted_phase` coded, the mean over the periods: (T, ...) -> (...).

    Raises:
        ValueError: T is no multiple of `period`.
    """
    steps = len(spikes)
    if period < 1 or steps % period or not steps:
        raise ValueError(f"{steps} steps are no whole number of periods of {period}")
    worth = torch.pow(2.0, -1 - torch.arange(steps, device=spikes.device) % period).to(spikes.dtype)
    return torch.einsum("t,t...->...", worth, spikes) * (period / steps)


def from_delta(spikes: Tensor, threshold: float) -> Tensor:
    """The signal that `encoders.delta` followed, to within its threshold: (T, ..., 2) -> (T, ...)."""
    return threshold * (spikes[..., 0] - spikes[..., 1]).cumsum(0)
