r"""The neuron of Hodgkin and Huxley: a membrane with gates that open and close by its voltage.

    C dV/dt = I - gNa m³ h (V - ENa) - gK n⁴ (V - EK) - gL (V - EL)
    dg/dt = α_g(V) (1 - g) - β_g(V) g    for each gate g of m, h, n

Voltages in millivolts, time in milliseconds, currents in µA/cm². It is here as a reference for simpler neurons, not to
train with: one step of a millisecond takes fifty small ones.

Source: A quantitative description of membrane current (Journal of Physiology 117, 1952), with the voltage turned and
moved so that it rests at -65 mV, as in Deep Learning in Spiking Neural Networks (arXiv:1804.08150), section 2.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lilliput.layers.neuron_cells import Cell, State
from lilliput.layers.spiking import Neuron
from lilliput.layers.surrogate import PER_MILLIVOLT, Firing

_MACS, _ADDS = 36, 9  # of one small step; the six exponentials are not counted


@dataclass(frozen=True)
class HodgkinHuxley1952(Cell):
    """See the file's head. Gates move exactly for the voltage of a small step, the voltage by Euler.

    A spike falls in the step in which the voltage rises to `threshold` from below. Nothing is reset: the gates do that.

    Args:
        firing: what fires and with which derivative, by the highest voltage of the step.
        step: milliseconds of one step of the layer.
        small: milliseconds of a small step at most.
    """

    firing: Firing = PER_MILLIVOLT
    step: float = 1.0
    small: float = 0.02

    parameters = ("capacitance", "sodium", "potassium", "leak", "threshold")
    states = ("peak", "voltage", "activation", "inactivation", "recovery", "was_above")
    reads_input = "always"

    SODIUM_AT: ClassVar[float] = 50.0
    POTASSIUM_AT: ClassVar[float] = -77.0
    LEAK_AT: ClassVar[float] = -54.387
    REST: ClassVar[float] = -65.0

    @property
    def pieces(self) -> int:
        """Small steps in a step."""
        return max(1, -int(-self.step / self.small // 1))

    @property
    def macs(self) -> int:  # type: ignore[override]
        return _MACS * self.pieces

    @property
    def adds(self) -> int:  # type: ignore[override]
        return _ADDS * self.pieces

    def initial(self, like: Tensor) -> State:
        v = torch.full_like(like, self.REST)
        gates = [alpha / (alpha + beta) for alpha, beta in _rates(v)]
        return v, v.clone(), *gates, torch.zeros_like(like)

    def advance(self, x: Tensor, state: State, p: Sequence[Tensor]) -> State:
        _, v, m, h, n, _ = state
        capacitance, sodium, potassium, leak, threshold = p
        dt = self.step / self.pieces
        was_above = (v >= threshold).to(v.dtype)
        peak = v
        for _ in range(self.pieces):
            (am, bm), (ah, bh), (an, bn) = _rates(v)
            m, h, n = _closer(m, am, bm, dt), _closer(h, ah, bh, dt), _closer(n, an, bn, dt)
            current = x - sodium * m**3 * h * (v - self.SODIUM_AT) - potassium * n**4 * (v - self.POTASSIUM_AT)
            v = v + dt / capacitance * (current - leak * (v - self.LEAK_AT))
            peak = torch.maximum(peak, v)
        return peak, v, m, h, n, was_above

    def fire(self, pre: State, p: Sequence[Tensor]) -> Tensor:
        return self.firing.spikes(pre[0], p[4]) * (1 - pre[5])

    def reset(self, pre: State, spikes: Tensor, p: Sequence[Tensor]) -> State:
        return pre

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
        assert x is not None
        rise = self.firing.derivative(pre[0], p[4]) * (1 - pre[5]) * grad_spikes
        # The small steps are run again under autograd: written out they would be pages.
        with torch.enable_grad():
            given = [t.detach().expand_as(x).clone().requires_grad_() for t in (x, *before, *p)]
            made = self.advance(given[0], tuple(given[1 : 1 + len(before)]), given[1 + len(before) :])
            outer = [rise + grad_state[0], *grad_state[1:5]]
            found = torch.autograd.grad(made[:5], given, outer, allow_unused=True)
        by_x, *rest = [torch.zeros_like(x) if g is None else g for g in found]
        by_state, by_p = tuple(rest[: len(before)]), list(rest[len(before) :])
        by_p[4] = by_p[4] - rise
        return by_x, by_state, tuple(by_p) if wants else ()


def _rates(v: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """How fast gates open and close, per millisecond: of m, of h, of n."""
    return (
        (_ramp((v + 40) / 10), 4 * torch.exp(-(v + 65) / 18)),
        (0.07 * torch.exp(-(v + 65) / 20), torch.sigmoid((v + 35) / 10)),
        (0.1 * _ramp((v + 55) / 10), 0.125 * torch.exp(-(v + 65) / 80)),
    )


def _ramp(y: Tensor) -> Tensor:
    """y / (1 - e^-y), which is 1 + y / 2 around 0."""
    is_small = y.abs() < 1e-4
    safe = torch.where(is_small, torch.ones_like(y), y)
    return torch.where(is_small, 1 + y / 2, safe / -torch.expm1(-safe))


def _closer(gate: Tensor, alpha: Tensor, beta: Tensor, dt: float) -> Tensor:
    """The gate after dt at rates that stay."""
    total = alpha + beta
    goal = alpha / total
    return goal + (gate - goal) * torch.exp(-dt * total)


class HodgkinHuxley(Neuron):
    """The neuron of the file's head; the input is a current in µA/cm².

    Args:
        capacitance: µF/cm², above 0.
        sodium, potassium, leak: largest conductances, mS/cm², at least 0.
        threshold: millivolts that count as a spike when they are passed upwards.
        step: milliseconds of one step, above 0.
        small: milliseconds of a small step at most, above 0 and at most 0.02: larger ones are not stable.
        surrogate: derivative of firing, per millivolt.

    Raises:
        ValueError: one of them is out of range.
    """

    def __init__(
        self,
        *,
        capacitance: float = 1.0,
        sodium: float = 120.0,
        potassium: float = 36.0,
        leak: float = 0.3,
        threshold: float = 0.0,
        step: float = 1.0,
        small: float = 0.02,
        surrogate: Firing = PER_MILLIVOLT,
    ) -> None:
        super().__init__()
        for name, value in {"capacitance": capacitance, "step": step, "small": small}.items():
            if not value > 0:
                raise ValueError(f"`{name}` must be above 0, got {value}")
        if not min(sodium, potassium, leak) >= 0:
            raise ValueError(f"conductances must be at least 0, got {sodium}, {potassium} and {leak}")
        if small > 0.02:
            raise ValueError(f"`small` must be at most 0.02 ms, got {small}: the equations are stiff")
        self.constants = (capacitance, sodium, potassium, leak, threshold)
        self.cell = HodgkinHuxley1952(surrogate, step, small)

    def parameters_of_cell(self) -> Sequence[float | Tensor]:
        return self.constants
