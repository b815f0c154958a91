r"""Event-driven random back-propagation (eRBP): errors arrive at hidden neurons over fixed random weights.

    E ← E + s_o - target,    e = ±1 spike of an error neuron where |E| reaches its threshold, which is then taken off
    outputs    Δw = -rate · e_o · [low < V_o < high] · s_h
    hidden     Δw = -rate · (Σ_o g_ho e_o) · [low < V_h < high] · s_i

All of it happens at spikes: of errors (±1) and of inputs. The boxcar on the potential stands for the derivative. No
weight is known outside of its own synapse (no weight transport), and nothing waits for the stimulus to end.

Axes: B batch, I inputs, O outputs, H hidden.

Source: Neftci et al., Event-driven random back-propagation: enabling neuromorphic deep learning machines
(arXiv:1612.05596); the review (arXiv:1804.08150), section 3.2. Kinds of feedback: Lillicrap et al. (arXiv:1411.0247).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Feedback = Literal["symmetric", "random", "uniform"]


@dataclass(frozen=True)
class RandomBackprop:
    """The rule.

    Args:
        low: of the boxcar, in the unit of potentials.
        high: of the boxcar, above `low`.
        error_threshold: of error neurons, in spikes, above 0.

    Raises:
        ValueError: one of them is out of range.
    """

    low: float = -1.0
    high: float = 1.0
    error_threshold: float = 1.0

    def __post_init__(self) -> None:
        if not self.low < self.high or not self.error_threshold > 0:
            raise ValueError(
                f"`low` must be below `high` and `error_threshold` above 0, got {self.low}, {self.high} and "
                f"{self.error_threshold}"
            )

    @torch.no_grad()
    def error_spikes(self, held: Tensor, fired: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """What error neurons send, -1, 0 or 1, and what they hold after: all (B, O); target: wanted spikes a step."""
        held = held + fired - target
        sent = (held >= self.error_threshold).to(held.dtype) - (held <= -self.error_threshold).to(held.dtype)
        return sent, held - self.error_threshold * sent

    @torch.no_grad()
    def change(self, modulation: Tensor, potential: Tensor, pre: Tensor) -> Tensor:
        """What one step changes at rate 1, the sum over rows.

        Args:
            modulation: (B, O): error spikes, or for hidden layers error spikes through their feedback weights.
            potential: (B, O), before the reset.
            pre: (B, I), spikes.

        Shapes:
            -> (O, I).
        """
        inside = (potential > self.low) & (potential < self.high)
        return -(modulation * inside).T @ pre


def feedback_weights(kind: Feedback, weight: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Weights over which errors come back: of the forward weight's shape (O, H), and of its size.

    Args:
        kind: "symmetric" is the weight itself as it is now; "random" is normal; "uniform" has one size, random signs.
        weight: (O, H).
        generator: where chance comes from.

    Raises:
        ValueError: an unknown kind.
    """
    size = weight.square().mean().sqrt()
    if kind == "symmetric":
        return weight.clone()
    if kind == "random":
        return size * torch.randn(weight.shape, generator=generator)
    if kind == "uniform":
        return size * torch.where(torch.rand(weight.shape, generator=generator) < 0.5, -1.0, 1.0)
    raise ValueError(f"`kind` must be symmetric, random or uniform, got {kind!r}")
