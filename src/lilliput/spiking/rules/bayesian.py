r"""Winner-take-all neurons that learn the causes of what they see: expectation maximisation by spike timing.

At a spike of output k, each of its synapses changes by its own input alone:

    Δw_ki = rate · (e^(-w_ki) - 1)   where input i fired within the window,   -rate   where it did not
    Δb_k  = rate · (e^(-b_k) z_k - 1)   at every output spike of the circuit, z_k = 1 for the one that fired

It comes to rest where e^w = P(input i fired | output k fired) and e^b = P(output k).

Axes: B batch, I inputs, O outputs.

Source: Nessler et al., Bayesian computation emerges in generic cortical microcircuits through spike-timing-dependent
plasticity (PLoS Comput. Biol. 9, 2013); the review (arXiv:1804.08150), section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class BayesianSTDP:
    """The rule.

    Args:
        rate: of learning, above 0 and at most 1.
        lowest: of weights and biases, below 0: no input is thought impossible.

    Raises:
        ValueError: one of them is out of range.
    """

    rate: float = 0.01
    lowest: float = -6.0

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1 or not self.lowest < 0:
            raise ValueError(f"`rate` must be in (0, 1] and `lowest` below 0, got {self.rate} and {self.lowest}")

    @torch.no_grad()
    def step(self, weight: Tensor, bias: Tensor, recent: Tensor, post: Tensor) -> tuple[Tensor, Tensor]:
        """After spikes of outputs.

        Args:
            weight: (O, I), at most 0.
            bias: (O,), at most 0.
            recent: (B, I), 1 for inputs that fired within the window before.
            post: (B, O), 1 for the output that fired; rows without one change nothing.

        Shapes:
            -> weight (O, I), bias (O,).
        """
        fired = post.sum(0)
        together = post.T @ recent
        weight = weight + self.rate * (torch.exp(-weight) * together - fired.unsqueeze(1))
        bias = bias + self.rate * (torch.exp(-bias) * fired - fired.sum())
        return weight.clamp(self.lowest, 0), bias.clamp(self.lowest, 0)


@torch.no_grad()
def draw_winner(weight: Tensor, bias: Tensor, recent: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """One output a row, with chance softmax(W x + b): inhibition lets one fire at a time. (B, I) -> (B, O)."""
    chance = torch.softmax(recent @ weight.T + bias, 1)
    winner = torch.multinomial(chance, 1, generator=generator)
    return torch.zeros_like(chance).scatter_(1, winner, 1.0)
