r"""Neurons that fire by chance, the likelier the higher their potential.

    sigmoid       P = σ((H - threshold) / width)
    exponential   P = 1 - exp(-rate · e^((H - threshold) / width)),    an escape rate: `rate` spikes a step at threshold

Spikes are 0 or 1; what is passed back is the derivative of their probability. Chance comes from a generator that is
given, or from torch's own.

Axes: T time steps, then any.

Source: Deep Learning in Spiking Neural Networks (arXiv:1804.08150): stochastic neurons of spiking Boltzmann machines,
and of the likelihood rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from lilliput.layers.multi_step import Fired
from lilliput.layers.neuron_cells import Leaky, Reset, State
from lilliput.layers.spiking import Neuron

Escape = Literal["sigmoid", "exponential"]


class Stochastic(Neuron):
    """Leaky neurons that fire by chance.

    Args:
        tau: time constant in steps, at least 1; `math.inf` does not leak, and then the input is not divided.
        threshold: where the probability is one half, or the rate is `rate`.
        width: of the step of the probability, above 0, in the unit of the potential; the narrower, the less chance.
        escape: "sigmoid" or "exponential", see the file's head.
        rate: spikes a step at threshold, above 0, of "exponential".
        reset_to: as of `LIF`.

    Shapes:
        x (T, ...), state: potential (...), or None -> spikes (T, ...), state.

    Raises:
        ValueError: one of them is out of range.
    """

    def __init__(
        self,
        *,
        tau: float = 2.0,
        threshold: float = 1.0,
        width: float = 0.2,
        escape: Escape = "sigmoid",
        rate: float = 1.0,
        reset_to: Reset = "zero",
    ) -> None:
        super().__init__()
        if not tau >= 1:
            raise ValueError(f"`tau` must be at least 1 step, got {tau}")
        for name, value in {"threshold": threshold, "width": width, "rate": rate}.items():
            if not value > 0:
                raise ValueError(f"`{name}` must be above 0, got {value}")
        if escape not in ("sigmoid", "exponential") or reset_to not in ("zero", "subtract"):
            raise ValueError(
                f"`escape` is sigmoid or exponential, `reset_to` zero or subtract: {escape!r}, {reset_to!r}"
            )
        self.tau, self.threshold, self.width, self.escape, self.rate = tau, threshold, width, escape, rate
        self.cell = Leaky(reset_to=reset_to, leaks=tau != float("inf"))

    def parameters_of_cell(self) -> Sequence[float | Tensor]:
        return 1 - 1 / self.tau, 1 / self.tau if self.cell.leaks else 1.0, self.threshold  # type: ignore[attr-defined]

    def chance(self, potential: Tensor) -> Tensor:
        """Probability of a spike at potentials."""
        above = (potential - self.threshold) / self.width
        # Past e^30 a rate is certain, and its derivative is 0 anyway.
        return (
            torch.sigmoid(above) if self.escape == "sigmoid" else -torch.expm1(-self.rate * above.clamp(max=30).exp())
        )

    def forward(self, x: Tensor, state: State | None = None, generator: torch.Generator | None = None) -> Fired:
        if x.ndim < 1 or not len(x):
            raise ValueError(f"`x` must have at least one time step as its first axis, got shape {tuple(x.shape)}")
        p = [torch.as_tensor(value, dtype=x.dtype, device=x.device) for value in self.parameters_of_cell()]
        state = self.cell.initial(x[0].detach()) if state is None else state
        found = []
        for now in x:
            pre = self.cell.advance(now, state, p)
            chance = self.chance(pre[0])
            drawn = torch.rand(chance.shape, generator=generator, device=x.device, dtype=x.dtype)
            # 0 or 1 forwards, the probability backwards.
            hard = (drawn < chance).to(x.dtype)
            found.append(hard + (chance - chance.detach()))
            state = self.cell.reset(pre, hard, p)
        return Fired(torch.stack(found), state)

    def extra_repr(self) -> str:
        return f"tau={self.tau}, threshold={self.threshold}, width={self.width}, escape={self.escape!r}"
