r"""The tempotron: a neuron that learns to fire, or not to fire, for a pattern of spike times.

    V(t) = Σ_i w_i Σ_f K(t - t_i^f),    K(t) = V₀ (e^(-t / τ_m) - e^(-t / τ_s)),    its peak 1

After the first spike inputs are shunted. Where it should have fired and did not, or the other way round,

    Δw_i = ± λ Σ_{t_i < t_max} K(t_max - t_i),    t_max: where V is highest

Several outputs are as many neurons, each for a class of its own.

Axes: T time steps, B batch, I inputs, O outputs.

Source: Gütig and Sompolinsky, The tempotron (Nature Neuroscience 9, 2006); the review (arXiv:1804.08150), section 3.2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lilliput.spiking.rules.stdp import check_taus


@dataclass(frozen=True)
class Tempotron:
    """The neuron and its rule.

    Args:
        tau_membrane: τ_m in steps, above `tau_synapse`.
        tau_synapse: τ_s in steps, above 0.
        threshold: above 0.

    Raises:
        ValueError: one of them is out of range.
    """

    tau_membrane: float = 15.0
    tau_synapse: float = 3.75
    threshold: float = 1.0

    def __post_init__(self) -> None:
        check_taus(tau_synapse=self.tau_synapse)
        if not self.tau_membrane > self.tau_synapse or not self.threshold > 0:
            raise ValueError(
                f"`tau_membrane` must be above `tau_synapse` and `threshold` above 0, got {self.tau_membrane}, "
                f"{self.tau_synapse} and {self.threshold}"
            )

    def kernel(self, since: Tensor) -> Tensor:
        """K by time since the spike, in steps; 0 before it."""
        m, s = self.tau_membrane, self.tau_synapse
        peak = m * s / (m - s) * math.log(m / s)
        height = 1 / (math.exp(-peak / m) - math.exp(-peak / s))
        after = since.clamp_min(0)
        return height * (torch.exp(-after / m) - torch.exp(-after / s))

    @torch.no_grad()
    def potential(self, weight: Tensor, spikes: Tensor) -> Tensor:
        """V without a spike of its own: weight (O, I), spikes (T, B, I) -> (T, B, O)."""
        return torch.einsum("ts,sbo->tbo", self._kernels(len(spikes), spikes), spikes @ weight.T)

    @torch.no_grad()
    def shunted(self, weight: Tensor, spikes: Tensor) -> Tensor:
        """V of neurons whose inputs count no more once they fired: (T, B, O)."""
        current = spikes @ weight.T
        kernels = self._kernels(len(spikes), spikes)
        reached = torch.einsum("ts,sbo->tbo", kernels, current) >= self.threshold
        # Of the step of the spike itself inputs still count.
        passed = torch.cat([torch.zeros_like(reached[:1]), reached[:-1]]).cummax(0).values
        return torch.einsum("ts,sbo->tbo", kernels, torch.where(passed, 0.0, current))

    @torch.no_grad()
    def fires(self, weight: Tensor, spikes: Tensor) -> Tensor:
        """Whether each neuron fires: weight (O, I), spikes (T, B, I) -> (B, O), bool."""
        return self.potential(weight, spikes).max(0).values >= self.threshold

    @torch.no_grad()
    def change(self, weight: Tensor, spikes: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
        """Sum of what rows with errors ask for, over λ, and which were wrong.

        Shapes:
            weight (O, I), spikes (T, B, I), wanted (B, O) bool -> (O, I), (B, O) bool.
        """
        potential = self.shunted(weight, spikes)
        highest, at = potential.max(0)
        fired = highest >= self.threshold
        sign = wanted.to(spikes.dtype) - fired.to(spikes.dtype)
        steps = torch.arange(len(spikes), device=spikes.device).reshape(-1, 1, 1)
        reach = self.kernel((at - steps).to(spikes.dtype)) * sign  # (T, B, O): what a spike at t did for V(t_max)
        return reach.flatten(0, 1).T @ spikes.flatten(0, 1), fired != wanted

    def _kernels(self, steps: int, like: Tensor) -> Tensor:
        t = torch.arange(steps, dtype=like.dtype, device=like.device)
        return self.kernel(t.unsqueeze(1) - t)
