r"""SpikeProp: gradients of spike times by back-propagation, for neurons that fire once.

    u_j(t) = Σ_i Σ_k w_ijk ε(t - t_i - d_k),    ε(s) = (s / τ) e^(1 - s / τ), s > 0,    t_j: u_j at the threshold
    E = ½ Σ_j (t_j - t_j*)²,    ∂E/∂w_ijk = δ_j ε(t_j - t_i - d_k)

    outputs    δ_j = (t_j* - t_j) / u'_j(t_j)
    others     δ_i = Σ_j δ_j Σ_k w_ijk ε'(t_j - t_i - d_k) / u'_i(t_i)

Times are exact: a crossing is looked for on a grid and then closed in on. Infinity stands for no spike.

Axes: B batch, I inputs, O outputs, K delays.

Source: Bohte et al., Error-backpropagation in temporally encoded networks of spiking neurons (Neurocomputing 48, 2002);
the review (arXiv:1804.08150), section 3.2.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

_CLOSING_IN = 6
"""Steps of Newton's method, within bounds that close too: from a step of the grid to the precision of the times."""


class SpikeProp:
    """A network of layers, all of float64.

    Args:
        sizes: neurons of each layer, inputs first.
        delays: K; they are 1, 2, … K ms.
        tau: of ε, in ms, above 0.
        threshold: above 0.
        horizon: ms after which nothing fires any more.
        resolution: ms between points of the grid; a crossing up and down between two is not seen.
        least_slope: of u at the threshold, per ms, in thresholds; smaller ones are taken as this, so that a neuron that
            barely fires makes no wild step.
        generator: where first weights come from.

    Attributes:
        weights: (O, I, K) by layer. They start so that a neuron fires some ms after its inputs.

    Raises:
        ValueError: one of them is out of range.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        delays: int = 16,
        tau: float = 7.0,
        threshold: float = 1.0,
        horizon: float = 50.0,
        resolution: float = 0.1,
        least_slope: float = 0.01,
        generator: torch.Generator | None = None,
    ) -> None:
        if len(sizes) < 2 or min(*sizes, delays) < 1:
            raise ValueError(f"`sizes` must be two or more, each at least 1, and `delays` too, got {sizes}, {delays}")
        for name, value in (
            ("tau", tau), ("threshold", threshold), ("horizon", horizon), ("resolution", resolution),
            ("least_slope", least_slope),
        ):  # fmt: skip
            if not value > 0:
                raise ValueError(f"`{name}` must be above 0, got {value}")
        self.tau, self.threshold, self.least_slope = tau, threshold, least_slope * threshold
        self.delays = torch.arange(1, delays + 1, dtype=torch.float64)
        self.grid = torch.arange(0, horizon + resolution, resolution, dtype=torch.float64)
        self.weights = [
            # A sixth inhibits, so that layers can tell "this but not that"; the sum still reaches the threshold.
            threshold / (inputs * delays) * (6 * torch.rand(o, inputs, delays, generator=generator).double() - 1.0)
            for inputs, o in itertools.pairwise(sizes)
        ]

    @torch.no_grad()
    def times(self, x: Tensor) -> list[Tensor]:
        """When each neuron of each layer fires, inputs first: (B, inputs) ms -> (B, size) by layer."""
        found = [x.double()]
        for weight in self.weights:
            found.append(self._fire(self._arrivals(found[-1]), weight.flatten(1)))
        return found

    @torch.no_grad()
    def gradients(self, x: Tensor, target: Tensor) -> tuple[float, list[Tensor]]:
        """E, summed over rows and outputs that fire, and its derivative by the weights of each layer.

        Shapes:
            x (B, inputs), target (B, outputs), both ms.
        """
        return self._back(self.times(x), target)

    def _back(self, times: list[Tensor], target: Tensor) -> tuple[float, list[Tensor]]:
        error = torch.where(times[-1].isfinite(), target.double() - times[-1], 0.0)
        slopes = [self._slope(times[n], times[n + 1], w) for n, w in enumerate(self.weights)]
        delta = error / slopes[-1]
        gradients: list[Tensor] = []
        for n in reversed(range(len(self.weights))):
            weight, since = self.weights[n], self._since(times[n], times[n + 1])
            gradients.insert(
                0,
                torch.einsum("bo,bois->ois", delta, self._response(since).reshape(*since.shape[:2], *weight.shape[1:])),
            )
            if n:
                rise = self._rise(since).reshape(*since.shape[:2], *weight.shape[1:])
                back = torch.einsum("bo,ois,bois->bi", delta, weight, rise)
                delta = torch.where(times[n].isfinite(), back / slopes[n - 1], 0.0)
        return float(0.5 * error.square().sum()), gradients

    @torch.no_grad()
    def learn(self, x: Tensor, target: Tensor, rate: float, *, wake: float = 0.05) -> float:
        """One step down; E before it. Neurons that never fire, or not where an output is missing, get stronger.

        Args:
            x: spike times of the inputs.
            target: wanted ones of the outputs.
            rate: above 0.
            wake: how much stronger, as a share of what all synapses together need to reach the threshold.

        Shapes:
            x (B, inputs), target (B, outputs), both ms.
        """
        times = self.times(x)
        error, gradients = self._back(times, target)
        unanswered = ~times[-1].isfinite().all(1, keepdim=True)
        for n, gradient in enumerate(gradients):
            fires = times[n + 1].isfinite()
            silent = (~fires & unanswered).any(0) | ~fires.any(0)
            size = self.threshold / self.weights[n][0].numel()
            self.weights[n] = self.weights[n] - rate * gradient + wake * size * silent.reshape(-1, 1, 1)
        return error

    def _arrivals(self, times: Tensor) -> Tensor:
        """(B, I) -> (B, I · K)."""
        return (times.unsqueeze(2) + self.delays).flatten(1)

    def _response(self, since: Tensor) -> Tensor:
        s = since.clamp_min(0) / self.tau
        return torch.where(since.isfinite(), s * torch.exp(1 - s.clamp_max(1e3)), 0.0)

    def _rise(self, since: Tensor) -> Tensor:
        s = since.clamp_min(0) / self.tau
        return torch.where((since > 0) & since.isfinite(), (1 - s) * torch.exp(1 - s.clamp_max(1e3)) / self.tau, 0.0)

    def _since(self, before: Tensor, fired: Tensor) -> Tensor:
        """Time from arrivals at a layer to its spikes: (B, I), (B, O) -> (B, O, I · K); -inf for none."""
        gap = fired.unsqueeze(2) - self._arrivals(before).unsqueeze(1)
        return torch.where(gap.isfinite(), gap, -math.inf)

    def _slope(self, before: Tensor, fired: Tensor, weight: Tensor) -> Tensor:
        rise = self._rise(self._since(before, fired))
        return torch.einsum("bos,os->bo", rise, weight.flatten(1)).clamp_min(self.least_slope)

    def _fire(self, arrivals: Tensor, weight: Tensor) -> Tensor:
        """First crossings: (B, S), (O, S) -> (B, O)."""
        since = self.grid.reshape(-1, 1, 1) - arrivals
        reached = self._response(torch.where(since.isfinite(), since, -math.inf)) @ weight.T >= self.threshold
        index = reached.to(torch.uint8).argmax(0)
        high = self.grid[index]
        low = self.grid[(index - 1).clamp_min(0)]
        time = (low + high) / 2
        for _ in range(_CLOSING_IN):
            gap = time.unsqueeze(2) - arrivals.unsqueeze(1)
            gap = torch.where(gap.isfinite(), gap, -math.inf)
            u = torch.einsum("bos,os->bo", self._response(gap), weight) - self.threshold
            low, high = torch.where(u < 0, time, low), torch.where(u < 0, high, time)
            time = time - u / torch.einsum("bos,os->bo", self._rise(gap), weight)
            time = torch.where((time >= low) & (time <= high), time, (low + high) / 2)
        return torch.where(reached.any(0), time, math.inf)
