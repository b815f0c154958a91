r"""Layers of spiking neurons. State is an argument and a result, and nothing is remembered between calls.

    spikes, state = LIF()(x)                 x (T, B, ...): all steps at once, from rest
    spikes, state = LIF()(x[:1], state)      or step by step; the same spikes

Axes: T time steps, B batch, C channels.

What differs between tools is said here once: a spike falls at or above the threshold, the reset takes effect in the
same step, and `decays_input` says whether the input is divided by tau as well (it is by default).

Source: Deep Learning in Spiking Neural Networks (arXiv:1804.08150), section 2.1.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lilliput.layers.multi_step import Fired, run_steps
from lilliput.layers.neuron_cells import RESETS, Adaptive, Cell, Izhikevich2003, Leaky, Reset, SpikeResponse, State
from lilliput.layers.surrogate import ARC_TANGENT, DAMPED_TRIANGLE, PER_MILLIVOLT, Counting, Surrogate


class Neuron(nn.Module):
    """A layer of neurons of one kind.

    Attributes:
        cell: what one step computes.

    Shapes:
        x (T, ...), state: parts of shape (...), or None for rest -> spikes (T, ...), state.
    """

    cell: Cell

    @abstractmethod
    def parameters_of_cell(self) -> Sequence[float | Tensor]:
        """In the cell's order."""

    def forward(self, x: Tensor, state: State | None = None) -> Fired:
        return run_steps(self.cell, x, state, self.parameters_of_cell())


class LIF(Neuron):
    r"""Leaky integrate and fire: :math:`H = V + (x - (V - rest)) / tau`, and a spike where H reaches the threshold.

    Args:
        tau: time constant in steps, at least 1; at 1 everything is forgotten at once.
        threshold: firing level, above `rest`.
        reset_to: "zero" goes to `rest` after a spike, "subtract" keeps what lies above the threshold.
        rest: level the potential leaks to.
        decays_input: the input is divided by tau too; if not it is added whole.
        detach_reset: gradients do not pass through the reset.
        surrogate: derivative of firing.

    Raises:
        ValueError: one of them is out of range.
    """

    def __init__(
        self,
        *,
        tau: float = 2.0,
        threshold: float = 1.0,
        reset_to: Reset = "zero",
        rest: float = 0.0,
        decays_input: bool = True,
        detach_reset: bool = True,
        surrogate: Surrogate = ARC_TANGENT,
    ) -> None:
        super().__init__()
        if not tau >= 1:
            raise ValueError(f"`tau` must be at least 1 step, got {tau}")
        _check_levels(threshold, rest, reset_to)
        self.tau, self.threshold, self.decays_input = tau, threshold, decays_input
        self.cell = Leaky(surrogate, reset_to, rest, detach_reset)

    def parameters_of_cell(self) -> Sequence[float | Tensor]:
        return 1 - 1 / self.tau, 1 / self.tau if self.decays_input else 1.0, self.threshold

    def extra_repr(self) -> str:
        return f"tau={self.tau}, threshold={self.threshold}, decays_input={self.decays_input}, {self.cell}"


class IF(Neuron):
    """Integrate and fire, without a leak: H = V + x. The arguments are those of `LIF`."""

    def __init__(
        self,
        *,
        threshold: float = 1.0,
        reset_to: Reset = "zero",
        rest: float = 0.0,
        detach_reset: bool = True,
        surrogate: Surrogate = ARC_TANGENT,
    ) -> None:
        super().__init__()
        _check_levels(threshold, rest, reset_to)
        self.threshold = threshold
        self.cell = Leaky(surrogate, reset_to, rest, detach_reset, leaks=False)

    def parameters_of_cell(self) -> Sequence[float | Tensor]:
        return 1.0, 1.0, self.threshold

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, {self.cell}"


class PLIF(Neuron):
    r"""A leaky neuron that learns its time constant: :math:`1 / tau = \sigma(w)`.

    Args:
        tau: at the start, above 1.
        channels: time constants of their own for the channels of x (T, B, C, ...); 0: one for all.
        threshold, reset_to, rest, decays_input, detach_reset, surrogate: as of `LIF`.

    Attributes:
        weight: w.

    Raises:
        ValueError: one of them is out of range.

    Source: Incorporating Learnable Membrane Time Constant (arXiv:2007.05785).
    """

    def __init__(
        self,
        *,
        tau: float = 2.0,
        channels: int = 0,
        threshold: float = 1.0,
        reset_to: Reset = "zero",
        rest: float = 0.0,
        decays_input: bool = True,
        detach_reset: bool = True,
        surrogate: Surrogate = ARC_TANGENT,
    ) -> None:
        super().__init__()
        if not tau > 1:
            raise ValueError(f"`tau` must be above 1 step, got {tau}")
        _check_levels(threshold, rest, reset_to)
        self.threshold, self.decays_input, self.channels = threshold, decays_input, channels
        self.weight = nn.Parameter(torch.full((channels,) if channels else (), -math.log(tau - 1)))
        self.cell = Leaky(surrogate, reset_to, rest, detach_reset)

    @property
    def tau(self) -> Tensor:
        """Time constants in steps, as they are now."""
        return 1 / torch.sigmoid(self.weight)

    def forward(self, x: Tensor, state: State | None = None) -> Fired:
        # One number a channel stands at the channels' axis, which is the second of a step's.
        share = torch.sigmoid(self.weight)
        share = share.reshape(-1, *[1] * (x.ndim - 3)) if self.channels else share
        gain = share if self.decays_input else 1.0
        return run_steps(self.cell, x, state, (1 - share, gain, self.threshold))

    def parameters_of_cell(self) -> Sequence[float | Tensor]:
        share = torch.sigmoid(self.weight)
        return 1 - share, share if self.decays_input else 1.0, self.threshold


class ALIF(Neuron):
    """A leaky neuron whose threshold rises by `strength` times how much it fired of late.

    Args:
        tau: of the potential, in steps, above 0: decay e^(-1/tau).
        tau_adaptation: of the adaptation, in steps, above 0.
        strength: of the adaptation, at least 0; 1.6 to 1.8 with the threshold at 1 in recurrent networks (LSNN).
        threshold: of a neuron that has not fired, above 0.
        reset_to: "subtract" takes the threshold as it stands, "zero" goes to 0.
        detach_reset, surrogate: as of `LIF`.

    Raises:
        ValueError: one of them is out of range.

    Source: Long short-term memory and learning-to-learn in networks of spiking neurons (arXiv:1803.09574).
    """

    def __init__(
        self,
        *,
        tau: float = 20.0,
        tau_adaptation: float = 200.0,
        strength: float = 1.7,
        threshold: float = 1.0,
        reset_to: Reset = "subtract",
        detach_reset: bool = True,
        surrogate: Surrogate = DAMPED_TRIANGLE,
    ) -> None:
        super().__init__()
        _check_levels(threshold, 0.0, reset_to)
        _check_positive(tau=tau, tau_adaptation=tau_adaptation)
        if not strength >= 0:
            raise ValueError(f"`strength` must be at least 0, got {strength}")
        self.tau, self.tau_adaptation, self.strength, self.threshold = tau, tau_adaptation, strength, threshold
        self.cell = Adaptive(surrogate, reset_to, detach_reset)

    def parameters_of_cell(self) -> Sequence[float | Tensor]:
        decay = math.exp(-1 / self.tau)
        return decay, 1 - decay, self.threshold, math.exp(-1 / self.tau_adaptation), self.strength


class SRM(Neuron):
    """The spike response model with an alpha function, see `SpikeResponse`.

    Args:
        tau: of the response, in steps, above 0: it peaks with height 1 that long after a spike came.
        tau_refractory: of the dip after a spike of its own, in steps, above 0.
        dip: its depth, in the unit of the threshold, at least 0.
        threshold: firing level, above 0.
        detach_reset: gradients do not pass through the dip.
        surrogate: derivative of firing.

    Raises:
        ValueError: one of them is out of range.
    """

    def __init__(
        self,
        *,
        tau: float = 7.0,
        tau_refractory: float = 7.0,
        dip: float = 2.0,
        threshold: float = 1.0,
        detach_reset: bool = True,
        surrogate: Surrogate = ARC_TANGENT,
    ) -> None:
        super().__init__()
        _check_levels(threshold, 0.0, "zero")
        _check_positive(tau=tau, tau_refractory=tau_refractory)
        if not dip >= 0:
            raise ValueError(f"`dip` must be at least 0, got {dip}")
        self.tau, self.tau_refractory, self.dip, self.threshold = tau, tau_refractory, dip, threshold
        self.cell = SpikeResponse(surrogate, detach_reset)

    def parameters_of_cell(self) -> Sequence[float | Tensor]:
        return math.exp(-1 / self.tau), math.e / self.tau, math.exp(-1 / self.tau_refractory), self.dip, self.threshold


@dataclass(frozen=True)
class Pattern:
    """Constants of Izhikevich's neuron: how fast recovery is, how it follows the potential, and where a reset leads."""

    a: float
    b: float
    c: float
    d: float


IZHIKEVICH = {
    "regular_spiking": Pattern(0.02, 0.2, -65.0, 8.0),
    "intrinsically_bursting": Pattern(0.02, 0.2, -55.0, 4.0),
    "chattering": Pattern(0.02, 0.2, -50.0, 2.0),
    "fast_spiking": Pattern(0.1, 0.2, -65.0, 2.0),
    "low_threshold_spiking": Pattern(0.02, 0.25, -65.0, 2.0),
    "resonator": Pattern(0.1, 0.26, -65.0, 2.0),
}
"""Published constants by pattern."""


class Izhikevich(Neuron):
    """Izhikevich's neuron, one millisecond a step; the input is a current in the units of its paper.

    Args:
        pattern: a name of `IZHIKEVICH`, or constants.
        surrogate: derivative of firing, per millivolt.
        detach_reset: gradients do not pass through the reset.

    Raises:
        ValueError: an unknown pattern.
    """

    def __init__(
        self,
        pattern: str | Pattern = "regular_spiking",
        *,
        detach_reset: bool = True,
        surrogate: Surrogate = PER_MILLIVOLT,
    ) -> None:
        super().__init__()
        if isinstance(pattern, str) and pattern not in IZHIKEVICH:
            raise ValueError(f"no pattern is called {pattern!r}; there are {', '.join(sorted(IZHIKEVICH))}")
        self.pattern = IZHIKEVICH[pattern] if isinstance(pattern, str) else pattern
        self.cell = Izhikevich2003(surrogate, detach_reset)

    def parameters_of_cell(self) -> Sequence[float | Tensor]:
        return self.pattern.a, self.pattern.b, self.pattern.c, self.pattern.d


class IntegerLIF(Neuron):
    """Trained with counts, run with spikes: H = decay · V + x gives round(H / threshold) from 0 to `levels`.

    `unroll` turns the counts into spikes of 0 and 1 over `levels` times as many steps.

    Args:
        levels: the largest count, at least 1.
        decay: of the potential that the spikes leave, in [0, 1].
        threshold: what one spike is worth, above 0.
        detach_reset: gradients do not pass through the reset.

    Raises:
        ValueError: one of them is out of range.

    Source: Scaling Spike-driven Transformer with Efficient Spike Firing Approximation Training (arXiv:2411.16061).
    """

    def __init__(
        self, *, levels: int = 4, decay: float = 0.25, threshold: float = 1.0, detach_reset: bool = False
    ) -> None:
        super().__init__()
        _check_levels(threshold, 0.0, "subtract")
        if not 0 <= decay <= 1:
            raise ValueError(f"`decay` must be in [0, 1], got {decay}")
        self.levels, self.decay, self.threshold = levels, decay, threshold
        self.cell = Leaky(Counting(levels), "subtract", 0.0, detach_reset)

    def parameters_of_cell(self) -> Sequence[float | Tensor]:
        return self.decay, 1.0, self.threshold

    def unroll(self, counts: Tensor) -> Tensor:
        """Counts (T, ...) -> spikes of 0 or 1, (T · levels, ...): n spikes first, then silence."""
        sub = torch.arange(self.levels, device=counts.device).reshape(-1, *[1] * (counts.ndim - 1))
        return (counts.unsqueeze(1) > sub).to(counts.dtype).flatten(0, 1)


class SpikingSequential(nn.Module):
    """Layers one after another on (T, B, ...): neurons see time, other layers see all steps as one batch.

    Shapes:
        x (T, B, ...), states of the neurons in order, or None -> y (T, B, ...), states.

    Raises:
        ValueError: as many states as neurons were expected.
    """

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor, states: Sequence[State | None] | None = None) -> tuple[Tensor, tuple[State, ...]]:
        count = sum(isinstance(layer, Neuron) for layer in self.layers)
        if states is not None and len(states) != count:
            raise ValueError(f"there are {count} layers of neurons, got {len(states)} states")
        given = iter(states if states is not None else [None] * count)
        after: list[State] = []
        for layer in self.layers:
            if isinstance(layer, Neuron):
                x, state = layer(x, next(given))
                after.append(state)
            else:
                x = over_steps(layer, x)
        return x, tuple(after)


def over_steps(layer: nn.Module, x: Tensor) -> Tensor:
    """A layer that knows no time, on all steps at once: (T, B, ...) -> (T, B, ...)."""
    return layer(x.flatten(0, 1)).unflatten(0, x.shape[:2])  # type: ignore[no-any-return]


def _check_levels(threshold: float, rest: float, reset_to: str) -> None:
    if reset_to not in RESETS:
        raise ValueError(f"`reset_to` must be one of {', '.join(RESETS)}, got {reset_to!r}")
    if not threshold > rest:
        raise ValueError(f"`threshold` must be above {rest:g}, where the potential rests, got {threshold}")


def _check_positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"`{name}` must be above 0, got {value}")
