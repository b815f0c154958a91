r"""All time steps of a layer of spiking neurons as one function, forwards and back.

Forwards keeps one tensor of the state before each reset; spikes and the states between follow from it on the way back.
There is one form in plain tensor operations, for any device and any float type, and room for a faster one: a fused
kernel of the same arithmetic, which `lilliput.spiking` brings for the leaky family on the CPU (`use_fused`).

Axes: T time steps, then any. State is computed in float32 where x is a 16-bit float.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from lilliput.layers.exported import exported_steps, has_operator
from lilliput.layers.neuron_cells import Cell, State


class Fired(NamedTuple):
    """What a layer of neurons gives, always both."""

    spikes: Tensor
    state: State


class Fused(Protocol):
    """A kernel for some cells. Each method gives None for what it does not take."""

    def forward(self, cell: Cell, x: Tensor, state: State, p: Sequence[Tensor]) -> tuple[Tensor, State] | None:
        """Spikes and the last state, bit for bit those of the tensor form."""

    def backward(
        self, cell: Cell, x: Tensor, state: State, p: Sequence[Tensor], by_spikes: Tensor, by_state: State, wants: bool
    ) -> tuple[Tensor, State, tuple[Tensor, ...]] | None:
        """Derivatives by the input, the first state and, where `wants`, the parameters."""


_fused: Fused | None = None


def use_fused(kernel: Fused | None) -> None:
    """From now on ask `kernel` first; None: tensor operations only."""
    global _fused
    _fused = kernel


@contextmanager
def fused(kernel: Fused | None) -> Iterator[None]:
    """Inside, ask `kernel` first."""
    before = _fused
    use_fused(kernel)
    try:
        yield
    finally:
        use_fused(before)


def run_steps(cell: Cell, x: Tensor, state: State | None, parameters: Sequence[float | Tensor]) -> Fired:
    """Spikes of all time steps, and the state after the last.

    Args:
        cell: what one step computes.
        x: what arrives, floats.
        state: of the step before; None: nothing has arrived yet.
        parameters: of the cell, in its order; numbers, or tensors that fit `x[0]`.

    Shapes:
        x (T, ...), each part of the state (...) -> spikes (T, ...), parts (...).

    Raises:
        ValueError: no time step, no float type, or a state that does not fit.
    """
    if x.ndim < 1 or x.shape[0] < 1:
        raise ValueError(f"`x` must have at least one time step as its first axis, got shape {tuple(x.shape)}")
    if not x.is_floating_point():
        raise ValueError(f"`x` must be floats, got {x.dtype}")
    if torch.compiler.is_exporting() and has_operator(cell):
        return Fired(*exported_steps(cell, x, state, parameters))
    wide = torch.promote_types(x.dtype, torch.float32)
    p = [t.to(wide) if isinstance(t, Tensor) else torch.tensor(t, dtype=wide, device=x.device) for t in parameters]
    if state is None:
        state = cell.initial(x[0].detach().to(wide))
    if len(state) != len(cell.states) or any(part.shape != x.shape[1:] for part in state):
        found = [tuple(part.shape) for part in state]
        raise ValueError(f"the state must be {len(cell.states)} of shape {tuple(x.shape[1:])}, got {found}")
    keeps = torch.is_grad_enabled()
    spikes, *last, _ = _Steps.apply(cell, keeps, x, *(part.to(wide) for part in state), *p)  # type: ignore[no-untyped-call]
    return Fired(spikes, tuple(last))


def _asks(cell: Cell, x: Tensor) -> Fused | None:
    if torch.compiler.is_compiling() or type(x) is not Tensor or x.device.type != "cpu":
        return None
    return _fused


class _Steps(torch.autograd.Function):
    """(cell, keeps, x, *state, *parameters) -> spikes, *state, kept. Nothing is kept where the fused form ran."""

    @staticmethod
    def forward(cell: Cell, keeps: bool, x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        count = len(cell.states)
        state, p = rest[:count], rest[count:]
        kernel = _asks(cell, x)
        made = kernel.forward(cell, x, state, p) if kernel else None
        if made is not None:
            return made[0], *made[1], x.new_empty(0)
        return _roll(cell, keeps, x, state, p)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        cell, _, x, *rest = inputs
        ctx.cell, ctx.wants = cell, any(ctx.needs_input_grad[3 + len(cell.states) :])
        kept = output[-1]
        ctx.mark_non_differentiable(kept)
        needs_x = not kept.numel() or cell.reads_input == "always" or (ctx.wants and cell.reads_input != "never")
        ctx.save_for_backward(x if needs_x else None, kept, *rest)

    @staticmethod
    def backward(ctx: Any, by_spikes: Tensor, *by_rest: Tensor) -> tuple[Tensor | None, ...]:
        x, kept, *rest = ctx.saved_tensors
        made = _Adjoint.apply(ctx.cell, ctx.wants, x, kept, by_spikes, *by_rest[:-1], *rest)  # type: ignore[no-untyped-call]
        return None, None, *made

    @staticmethod
    def vmap(
        info: Any, dims: tuple[int | None, ...], cell: Cell, keeps: bool, x: Tensor, *rest: Tensor
    ) -> tuple[Any, Any]:
        """Neurons do not meet, so that one more axis is only a wider layer."""
        size, count = info.batch_size, len(cell.states)
        given = _widened(size, [x], dims[2:3], 1) + _widened(size, rest[:count], dims[3 : 3 + count], 0)
        given += _aligned(given[0].ndim - 1, rest[count:], dims[3 + count :])
        made = _Steps.apply(cell, keeps, *given)  # type: ignore[no-untyped-call]
        return made, (1, *[0] * count, 1 if made[-1].numel() else None)


def _roll(cell: Cell, keeps: bool, x: Tensor, state: State, p: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The steps in tensor operations. What is kept is (T · parts of the state, ...)."""
    count, wide = len(state), state[0].dtype
    fired = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    kept = torch.empty(len(x) * count if keeps else 0, *x.shape[1:], dtype=wide, device=x.device)
    for step, now in enumerate(x.unbind()):
        pre = cell.advance(now.to(wide), state, p)
        spikes = cell.fire(pre, p)
        state = cell.reset(pre, spikes, p)
        fired[step] = spikes
        for part, tensor in enumerate(pre if keeps else ()):
            kept[step * count + part] = tensor
    return fired, *state, kept


class _Adjoint(torch.autograd.Function):
    """(cell, wants, x, kept, by_spikes, *by_state, *state, *parameters) -> by x, *state, *parameters."""

    @staticmethod
    def forward(
        cell: Cell, wants: bool, x: Tensor | None, kept: Tensor, by_spikes: Tensor, *rest: Tensor
    ) -> tuple[Tensor | None, ...]:
        count = len(cell.states)
        by_state, first, p = rest[:count], rest[count : 2 * count], rest[2 * count :]
        if not kept.numel():
            assert x is not None
            # What the fused form took forwards it takes back; where it is gone by now, the steps are run again.
            kernel = _asks(cell, x)
            made = kernel.backward(cell, x, first, p, by_spikes, by_state, wants) if kernel else None
            if made is not None:
                return made[0], *made[1], *(made[2] if wants else [None] * len(p))
            kept = _roll(cell, True, x, first, p)[-1]
        pres = [tuple(step) for step in kept.reshape(-1, count, *kept.shape[1:])]
        by_x = torch.empty(by_spikes.shape, dtype=by_spikes.dtype, device=by_spikes.device)
        sums: list[Tensor] = []
        before: State = ()
        spikes = cell.fire(pres[-1], p)
        for step in reversed(range(len(pres))):
            earlier = cell.fire(pres[step - 1], p) if step else spikes
            if wants or cell.reads_input == "always":
                before = cell.reset(pres[step - 1], earlier, p) if step else first
            now = x[step].to(kept.dtype) if x is not None else None
            grad = by_spikes[step].to(kept.dtype)
            by_x[step], by_state, more = cell.adjoint(now, before, pres[step], spikes, grad, by_state, p, wants)
            sums = [a + b for a, b in zip(sums, more, strict=True)] if sums else list(more)
            spikes = earlier
        of_p = [total.sum_to_size(t.shape) for total, t in zip(sums, p, strict=True)] if wants else [None] * len(p)
        return by_x, *by_state, *of_p

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        pass

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> None:
        raise RuntimeError("spikes have no second derivative: the surrogate is a derivative already")

    @staticmethod
    def vmap(
        info: Any, dims: tuple[int | None, ...], cell: Cell, wants: bool, x: Tensor, kept: Tensor, *rest: Tensor
    ) -> tuple[Any, Any]:
        size, count = info.batch_size, len(cell.states)
        long = [x, kept, rest[0]]
        given = [
            t if t is None or not t.numel() else _widened(size, [t], [d], 1)[0]
            for t, d in zip(long, dims[2:5], strict=True)
        ]
        given += _widened(size, rest[1 : 1 + 2 * count], dims[5 : 5 + 2 * count], 0)
        p, of_p = rest[1 + 2 * count :], dims[5 + 2 * count :]
        full = [t.expand(size, *t.shape) if d is None else t.movedim(d, 0) for t, d in zip(p, of_p, strict=True)]
        given += _aligned(given[2].ndim - 1, full, [0] * len(full))
        made = _Adjoint.apply(cell, wants, *given)  # type: ignore[no-untyped-call]
        if wants:  # the ones that aligned the parameters go again
            made = *made[: 1 + count], *(g.reshape(t.shape) for g, t in zip(made[1 + count :], full, strict=True))
        return made, (1, *[0] * count, *([0 if wants else None] * len(p)))


def _widened(size: int, tensors: Sequence[Tensor], dims: Sequence[int | None], at: int) -> list[Tensor]:
    """All with the axis of the map at `at`."""
    found = []
    for tensor, dim in zip(tensors, dims, strict=True):
        if dim is None:
            found.append(tensor.unsqueeze(at).expand(*tensor.shape[:at], size, *tensor.shape[at:]))
        else:
            found.append(tensor.movedim(dim, at))
    return found


def _aligned(ndim: int, tensors: Sequence[Tensor], dims: Sequence[int | None]) -> list[Tensor]:
    """Parameters whose axis of the map comes first, with ones between it and their own axes."""
    found = []
    for tensor, dim in zip(tensors, dims, strict=True):
        rows = tensor if dim is None else tensor.movedim(dim, 0)
        ones = [] if dim is None else [1] * (ndim - rows.ndim)
        found.append(rows if dim is None else rows.reshape(len(rows), *ones, *rows.shape[1:]))
    return found
