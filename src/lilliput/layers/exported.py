"""Neurons in exported programs: one operator, `lilliput::leaky`, in place of the steps that it is made of; and
`lilliput::events` for what is taken as spikes.

`torch.export` would write out each time step, and what reads the program would have to guess what they were. So while
a module is exported, its layers of integrate-and-fire neurons, leaky or not, are calls of this operator, which
`lilliput.compiler.frontends` translates, and which can be run like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

import torch
from torch import Tensor

from lilliput.layers.neuron_cells import Cell, Leaky, State
from lilliput.layers.surrogate import Surrogate


@torch.library.custom_op("lilliput::leaky", mutates_args=())
def leaky(
    x: Tensor, potential: Tensor, decay: Tensor, gain: Tensor, threshold: Tensor, rest: float, reset_to: str
) -> tuple[Tensor, Tensor]:
    """All time steps of a `Leaky` cell: x (T, ...), potential (...) -> spikes (T, ...), potential (...)."""
    cell = Leaky(reset_to="subtract" if reset_to == "subtract" else "zero", rest=rest)
    p, state = (decay, gain, threshold), (potential,)
    fired = torch.empty_like(x)
    for step, now in enumerate(x.unbind()):
        pre = cell.advance(now, state, p)
        fired[step] = cell.fire(pre, p)
        state = (cell.reset(pre, fired[step], p)[0],)
    return fired, state[0].clone()


@leaky.register_fake
def _(
    x: Tensor, potential: Tensor, decay: Tensor, gain: Tensor, threshold: Tensor, rest: float, reset_to: str
) -> tuple[Tensor, Tensor]:
    return torch.empty_like(x), torch.empty_like(potential)


def has_operator(cell: Cell) -> TypeGuard[Leaky]:
    """Whether the operator stands for this cell: IF, LIF and PLIF; the steps of others are written out."""
    return type(cell) is Leaky and isinstance(cell.firing, Surrogate)


def exported_steps(
    cell: Leaky, x: Tensor, state: State | None, parameters: Sequence[float | Tensor]
) -> tuple[Tensor, State]:
    """The operator in place of `cell`'s steps.

    Args:
        cell: what one step computes, one that `has_operator`.
        x: (T, ...).
        state: of the step before, or None.
        parameters: of the cell, in its order; numbers, or tensors that fit `x[0]`.
    """
    p = [t if isinstance(t, Tensor) else torch.tensor(t, dtype=x.dtype, device=x.device) for t in parameters]
    potential = state[0] if state is not None else torch.full(x.shape[1:], cell.rest, dtype=x.dtype, device=x.device)
    fired, left = leaky(x, potential, *p, cell.rest, cell.reset_to)
    return fired, (left,)


@torch.library.custom_op("lilliput::events", mutates_args=())
def _events(x: Tensor) -> Tensor:
    """1 where x is not 0."""
    return (x != 0).to(x.dtype)


@_events.register_fake
def _(x: Tensor) -> Tensor:
    return torch.empty_like(x)


def events(x: Tensor) -> Tensor:
    """Spikes: 1 where x is not 0, of x's shape and type; in exported programs one operator."""
    if torch.compiler.is_exporting():
        made: Tensor = _events(x)
        return made
    return (x != 0).to(x.dtype)
