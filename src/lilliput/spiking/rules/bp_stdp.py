r"""BP-STDP: back-propagation in a form that only adds up spikes, for integrate-and-fire neurons.

In each window of the stimulus:

    outputs    Δw_oh = rate · ξ_o · Σ s_h,    ξ_o = 1: should have fired and did not; -1: fired and should not; else 0
    others     Δw_hi = rate · (Σ_o ξ_o w_oh) · Σ s_i   where h fired in the window, 0 where it did not

Sums go over the window. That a neuron fired stands for the derivative of its rate, which is 1 above 0.

Axes: T time steps, B batch, I inputs, O outputs, W windows.

Source: Tavanaei and Maida, BP-STDP: approximating backpropagation using spike timing dependent plasticity
(arXiv:1711.04214); the review (arXiv:1804.08150), section 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class BPSTDP:
    """The rule.

    Args:
        window: steps that are looked at together, at least 1; it divides the number of steps.

    Raises:
        ValueError: out of range.
    """

    window: int = 5

    def __post_init__(self) -> None:
        if self.window < 1:
            raise ValueError(f"`window` must be at least 1 step, got {self.window}")

    @torch.no_grad()
    def changes(self, weights: Sequence[Tensor], trains: Sequence[Tensor], wanted: Tensor) -> list[Tensor]:
        """What each layer's weights change by at rate 1, the sum over windows and rows.

        Args:
            weights: (O, I) by layer.
            trains: spikes (T, B, size) of the input and of each layer.
            wanted: (B, outputs), 1 for outputs that should fire in each window, 0 for those that should not.

        Raises:
            ValueError: shapes that do not fit.
        """
        steps = len(trains[0])
        if len(trains) != len(weights) + 1 or steps % self.window:
            raise ValueError(
                f"{len(weights)} layers need as many trains and one of inputs, and {steps} steps whole windows of "
                f"{self.window}; got {len(trains)} trains"
            )
        counts = [train.reshape(-1, self.window, *train.shape[1:]).sum(1) for train in trains]  # (W, B, size)
        fired = counts[-1] > 0
        xi = (wanted * ~fired - (1 - wanted) * fired).to(counts[-1].dtype)
        found: list[Tensor] = []
        for layer in reversed(range(len(weights))):
            found.insert(0, xi.flatten(0, 1).T @ counts[layer].flatten(0, 1))
            if layer:
                xi = (xi @ weights[layer]) * (counts[layer] > 0)
        return found
