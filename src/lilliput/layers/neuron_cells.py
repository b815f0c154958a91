r"""One time step of spiking neurons, and its derivative written out by hand.

A step has three parts: the state moves on (`advance`), what has reached the threshold fires (`fire`), and what fired is
reset. What is kept for the way back is only the state before it was reset; spikes follow from it.

Axes: any; all is element by element. `pre` is the state that moved on and was not reset yet.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from lilliput.layers.surrogate import ARC_TANGENT, DAMPED_TRIANGLE, PER_MILLIVOLT, Firing

State = tuple[Tensor, ...]
Reset = Literal["zero", "subtract"]
RESETS = ("zero", "subtract")


class Cell(ABC):
    """What one step computes. Parameters are tensors that fit the state's shape; gradients flow to them.

    Attributes:
        parameters: their names, in order.
        states: the names of the state's parts, in order; the first is what the threshold is held against.
        reads_input: when derivatives need the input again; it is kept only then.
        macs, adds: operations that one update of one neuron takes.
    """

    parameters: ClassVar[tuple[str, ...]]
    states: ClassVar[tuple[str, ...]]
    reads_input: ClassVar[Literal["never", "for parameters", "always"]] = "never"
    macs: int
    adds: int

    def initial(self, like: Tensor) -> State:
        """The state of a neuron that nothing has reached yet, of the shape and type of `like`."""
        return tuple(torch.zeros_like(like) for _ in self.states)

    @abstractmethod
    def advance(self, x: Tensor, state: State, p: Sequence[Tensor]) -> State:
        """The state before reset."""

    @abstractmethod
    def fire(self, pre: State, p: Sequence[Tensor]) -> Tensor:
        """Spikes."""

    @abstractmethod
    def reset(self, pre: State, spikes: Tensor, p: Sequence[Tensor]) -> State:
        """The state after the step."""

    @abstractmethod
    def adjoint(
        self,
        x: Tensor | None,
        before: State,
        pre: State,
        spikes: Tensor,
        grad_spikes: Tensor,
        grad_state: State,
        p: Sequence[Tensor],
        wants: bool,
    ) -> tuple[Tensor, State, tuple[Tensor, ...]]:
        """Derivatives by the input, by the state before the step, and by the parameters, all of the state's shape.

        Args:
            x: the step's input, where `reads_input`.
            before: the state before the step; empty where neither `wants` nor `reads_input` asks for it.
            pre: what the step made of it, before the reset.
            spikes: what fired.
            grad_spikes: derivative of the loss by the spikes.
            grad_state: derivatives of the loss by the state after the step.
            p: the parameters.
            wants: whether derivatives by the parameters are asked for; the third result is empty where not.
        """


@dataclass(frozen=True)
class Leaky(Cell):
    r"""Integrate and fire, with or without a leak.

        H = rest + decay · (V - rest) + gain · x,    s = [H ≥ threshold]
        V = (1 - s) · H + s · rest   (reset "zero"),    V = H - threshold · s   (reset "subtract")

    Args:
        firing: what fires and with which derivative.
        reset_to: "zero" goes back to `rest`, "subtract" keeps what lies above the threshold.
        rest: level that the potential leaks to, in the unit of the threshold.
        detach_reset: gradients do not pass through the reset.
        leaks: whether `decay` differs from 1; what one update costs follows from it.
    """

    firing: Firing = ARC_TANGENT
    reset_to: Reset = "zero"
    rest: float = 0.0
    detach_reset: bool = True
    leaks: bool = True

    parameters = ("decay", "gain", "threshold")
    states = ("potential",)
    reads_input = "for parameters"

    @property
    def macs(self) -> int:  # type: ignore[override]
        return int(self.leaks)

    @property
    def adds(self) -> int:  # type: ignore[override]
        return 1 - int(self.leaks) + int(self.reset_to == "subtract")

    def initial(self, like: Tensor) -> State:
        return (torch.full_like(like, self.rest),)

    def advance(self, x: Tensor, state: State, p: Sequence[Tensor]) -> State:
        decay, gain, _ = p
        if self.rest:
            return ((decay * (state[0] - self.rest) + self.rest) + gain * x,)
        return (decay * state[0] + gain * x,)

    def fire(self, pre: State, p: Sequence[Tensor]) -> Tensor:
        return self.firing.spikes(pre[0], p[2])

    def reset(self, pre: State, spikes: Tensor, p: Sequence[Tensor]) -> State:
        if self.reset_to == "subtract":
            return (pre[0] - p[2] * spikes,)
        kept = (1 - spikes) * pre[0]
        return (kept + self.rest * spikes if self.rest else kept,)

    def adjoint(
        self,
        x: Tensor | None,
        before: State,
        pre: State,
        spikes: Tensor,
        grad_spikes: Tensor,
        grad_state: State,
        p: Sequence[Tensor],
        wants: bool,
    ) -> tuple[Tensor, State, tuple[Tensor, ...]]:
        decay, gain, threshold = p
        (left,) = grad_state
        rise = self.firing.derivative(pre[0], threshold)
        through = _through_reset(self, pre[0], spikes, rise, threshold)
        by_h = torch.addcmul(grad_spikes * rise, left, through)
        made = gain * by_h, (decay * by_h,)
        if not wants:
            return *made, ()
        assert x is not None
        by_threshold = _by_threshold(self, pre[0], spikes, rise, threshold)
        return *made, (by_h * (before[0] - self.rest), by_h * x, left * by_threshold - grad_spikes * rise)


def _through_reset(cell: Leaky | Adaptive, h: Tensor, spikes: Tensor, rise: Tensor, threshold: Tensor) -> Tensor:
    """Derivative of the potential after the reset by the one before."""
    if cell.reset_to == "subtract":
        return torch.ones_like(h) if cell.detach_reset else 1 - threshold * rise
    return 1 - spikes if cell.detach_reset else 1 - spikes + (cell.rest - h) * rise


def _by_threshold(cell: Leaky | Adaptive, h: Tensor, spikes: Tensor, rise: Tensor, threshold: Tensor) -> Tensor:
    """Derivative of the potential after the reset by the threshold."""
    if cell.reset_to == "subtract":
        return -spikes if cell.detach_reset else threshold * rise - spikes
    return torch.zeros_like(h) if cell.detach_reset else (h - cell.rest) * rise


@dataclass(frozen=True)
class Adaptive(Cell):
    r"""A leaky neuron that tires: its threshold rises as it fires.

        H = decay · V + gain · x,    B = threshold + strength · a,    s = [H ≥ B]
        V = (1 - s) · H  or  H - B · s,    a ← fade · a + (1 - fade) · s

    Source: Long short-term memory and learning-to-learn in networks of spiking neurons (arXiv:1803.09574).
    """

    firing: Firing = DAMPED_TRIANGLE
    reset_to: Reset = "subtract"
    detach_reset: bool = True
    rest: ClassVar[float] = 0.0

    parameters = ("decay", "gain", "threshold", "fade", "strength")
    states = ("potential", "adaptation")
    reads_input = "for parameters"
    macs = 3
    adds = 1

    def advance(self, x: Tensor, state: State, p: Sequence[Tensor]) -> State:
        return p[0] * state[0] + p[1] * x, state[1]

    def fire(self, pre: State, p: Sequence[Tensor]) -> Tensor:
        return self.firing.spikes(pre[0], p[2] + p[4] * pre[1])

    def reset(self, pre: State, spikes: Tensor, p: Sequence[Tensor]) -> State:
        h, a = pre
        left = h - (p[2] + p[4] * a) * spikes if self.reset_to == "subtract" else (1 - spikes) * h
        return left, p[3] * a + (1 - p[3]) * spikes

    def adjoint(
        self,
        x: Tensor | None,
        before: State,
        pre: State,
        spikes: Tensor,
        grad_spikes: Tensor,
        grad_state: State,
        p: Sequence[Tensor],
        wants: bool,
    ) -> tuple[Tensor, State, tuple[Tensor, ...]]:
        decay, gain, threshold, fade, strength = p
        h, a = pre
        level = threshold + strength * a
        rise = self.firing.derivative(h, level)
        left, tired = grad_state
        # The spike also feeds the adaptation; that is no reset, so that it is never left out.
        by_spike = grad_spikes + tired * (1 - fade)
        by_h = by_spike * rise + left * _through_reset(self, h, spikes, rise, level)
        of_level = left * _by_threshold(self, h, spikes, rise, level) - by_spike * rise
        made = gain * by_h, (decay * by_h, fade * tired + strength * of_level)
        if not wants:
            return *made, ()
        assert x is not None
        return *made, (by_h * before[0], by_h * x, of_level, tired * (a - spikes), of_level * a)


@dataclass(frozen=True)
class SpikeResponse(Cell):
    r"""The spike response model, SRM0, with the kernel of an alpha function, run step by step.

        u(t) = Σ_n ε(n) x(t - n) + Σ_f η(t - t_f),    ε(n) = (n / τ) e^(1 - n / τ),    η(n) = -fall · e^(-n / τ_r)

    x is the weighted sum of the spikes that arrive. `carry` is e^(-1/τ) and `recover` e^(-1/τ_r). A spike never resets
    the potential; the refractory kernel η follows it.

    Source: arXiv:1804.08150, section 2.1; SpikeProp's kernel.
    """

    firing: Firing = ARC_TANGENT
    detach_reset: bool = True

    parameters = ("carry", "height", "recover", "fall", "threshold")
    states = ("response", "arrived", "refractory")
    macs = 4
    adds = 2

    def advance(self, x: Tensor, state: State, p: Sequence[Tensor]) -> State:
        response, arrived, refractory = state
        return p[0] * (response + arrived), p[0] * arrived + x, p[2] * refractory

    def fire(self, pre: State, p: Sequence[Tensor]) -> Tensor:
        return self.firing.spikes(p[1] * pre[0] + pre[2], p[4])

    def reset(self, pre: State, spikes: Tensor, p: Sequence[Tensor]) -> State:
        return pre[0], pre[1], pre[2] - p[3] * spikes

    def adjoint(
        self,
        x: Tensor | None,
        before: State,
        pre: State,
        spikes: Tensor,
        grad_spikes: Tensor,
        grad_state: State,
        p: Sequence[Tensor],
        wants: bool,
    ) -> tuple[Tensor, State, tuple[Tensor, ...]]:
        carry, height, recover, fall, threshold = p
        by_response, by_arrived, by_refractory = grad_state
        rise = self.firing.derivative(height * pre[0] + pre[2], threshold)
        by_spike = grad_spikes if self.detach_reset else grad_spikes - fall * by_refractory
        by_u = by_spike * rise
        of_response = by_response + height * by_u
        of_refractory = by_refractory + by_u
        made = by_arrived, (carry * of_response, carry * (of_response + by_arrived), recover * of_refractory)
        if not wants:
            return *made, ()
        return *made, (
            of_response * (before[0] + before[1]) + by_arrived * before[1],
            by_u * pre[0],
            of_refractory * before[2],
            -by_refractory * spikes,
            -by_u,
        )


@dataclass(frozen=True)
class Izhikevich2003(Cell):
    r"""Izhikevich's neuron, one millisecond a step, the potential in two half steps.

        v ← v + ½ (0.04 v² + 5 v + 140 - u + x), twice;    u ← u + a (b v - u)
        s = [v ≥ 30 mV];    where it fired v ← c, u ← u + d

    Potentials are in millivolts. Source: Simple Model of Spiking Neurons (IEEE Trans. Neural Networks 14, 2003).
    """

    firing: Firing = PER_MILLIVOLT
    detach_reset: bool = True

    parameters = ("a", "b", "c", "d")
    states = ("potential", "recovery")
    reads_input = "always"
    macs = 7
    adds = 9

    PEAK: ClassVar[float] = 30.0
    REST: ClassVar[float] = -65.0

    def initial(self, like: Tensor) -> State:
        # Recovery at rest is b · v; all published patterns have b about 0.2, and it settles within 1 / a steps.
        return torch.full_like(like, self.REST), torch.full_like(like, 0.2 * self.REST)

    def _half(self, v: Tensor, drive: Tensor) -> Tensor:
        return v + 0.5 * (0.04 * v * v + 5 * v + 140 + drive)

    def advance(self, x: Tensor, state: State, p: Sequence[Tensor]) -> State:
        v, u = state
        v = self._half(self._half(v, x - u), x - u)
        return v, u + p[0] * (p[1] * v - u)

    def _peak(self, v: Tensor) -> Tensor:
        return torch.full((), self.PEAK, dtype=v.dtype, device=v.device)

    def fire(self, pre: State, p: Sequence[Tensor]) -> Tensor:
        return self.firing.spikes(pre[0], self._peak(pre[0]))

    def reset(self, pre: State, spikes: Tensor, p: Sequence[Tensor]) -> State:
        return (1 - spikes) * pre[0] + p[2] * spikes, pre[1] + p[3] * spikes

    def adjoint(
        self,
        x: Tensor | None,
        before: State,
        pre: State,
        spikes: Tensor,
        grad_spikes: Tensor,
        grad_state: State,
        p: Sequence[Tensor],
        wants: bool,
    ) -> tuple[Tensor, State, tuple[Tensor, ...]]:
        a, b, c, d = p
        v0, u0 = before
        by_v, by_u = grad_state
        rise = self.firing.derivative(pre[0], self._peak(pre[0]))
        by_spike = grad_spikes if self.detach_reset else grad_spikes + by_v * (c - pre[0]) + by_u * d
        of_v = by_spike * rise + by_v * (1 - spikes) + by_u * a * b
        # The half step between is not kept: it follows from the state before and the input.
        assert x is not None
        middle = self._half(v0, x - u0)
        of_middle = of_v * (3.5 + 0.04 * middle)
        of_v0 = of_middle * (3.5 + 0.04 * v0)
        of_drive = 0.5 * (of_v + of_middle)
        made = of_drive, (of_v0, by_u * (1 - a) - of_drive)
        if not wants:
            return *made, ()
        return *made, (by_u * (b * pre[0] - u0), by_u * a * pre[0], by_v * spikes, by_u * spikes)
