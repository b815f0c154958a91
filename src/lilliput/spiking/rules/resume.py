r"""ReSuMe: a neuron learns to fire at given times, by STDP with the wanted train and anti-STDP with its own.

    Δw_i = rate · Σ_t [S_d(t) - S_o(t)] · (a + Σ_s A e^(-s / τ) S_i(t - s))

Where the two trains are equal nothing changes any more. The wanted train is read while learning only.

Axes: T time steps, B batch, I inputs, O outputs.

Source: Ponulak and Kasiński, Supervised learning in spiking neural networks with ReSuMe (Neural Computation 22, 2010);
the review (arXiv:1804.08150), section 3.2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lilliput.spiking.rules.stdp import check_taus


@dataclass(frozen=True)
class ReSuMe:
    """The rule.

    Args:
        rate: of learning, above 0.
        constant: a, at least 0: moves all weights, so that the number of spikes is right early on.
        amplitude: A, above 0.
        tau: in steps, above 0.

    Raises:
        ValueError: one of them is out of range.
    """

    rate: float = 0.01
    constant: float = 0.05
    amplitude: float = 1.0
    tau: float = 10.0

    def __post_init__(self) -> None:
        check_taus(tau=self.tau)
        if not self.rate > 0 or not self.constant >= 0 or not self.amplitude > 0:
            raise ValueError(
                f"`rate` and `amplitude` must be above 0 and `constant` at least 0, got {self.rate}, "
                f"{self.amplitude} and {self.constant}"
            )

    @torch.no_grad()
    def change(self, pre: Tensor, post: Tensor, wanted: Tensor) -> Tensor:
        """What all steps change: pre (T, B, I), post and wanted (T, B, O) -> (O, I).

        Raises:
            ValueError: shapes that do not fit.
        """
        if post.shape != wanted.shape or pre.shape[:2] != post.shape[:2]:
            raise ValueError(
                f"`pre` (T, B, I), `post` and `wanted` (T, B, O) are needed, got {tuple(pre.shape)}, "
                f"{tuple(post.shape)} and {tuple(wanted.shape)}"
            )
        fade = math.exp(-1 / self.tau)
        trace, total = torch.zeros_like(pre[0]), pre.new_zeros(post.shape[2], pre.shape[2])
        for seen, fired, aim in zip(pre, post, wanted, strict=True):
            trace = fade * trace + seen
            total += (aim - fired).T @ (self.constant + self.amplitude * trace)
        return self.rate * total
