r"""Circuits of few qubits as batches of complex amplitudes. Axes: A = 2^wires amplitudes, N states, in this order.

Wire 0 is the most significant bit of an amplitude's number. What makes it fast for up to about twelve wires: the
rotations of several wires are one matrix, CNOTs are one permutation of rows however many, states lie along the last
axis, and where there are at least as many states as amplitudes the circuit is multiplied out once for all of them.

    Rot(φ, θ, ω) = RZ(ω) RY(θ) RZ(φ) = ( e^{-i(φ+ω)/2} cos θ/2   -e^{i(φ-ω)/2} sin θ/2 )
                                       ( e^{-i(φ-ω)/2} sin θ/2    e^{i(φ+ω)/2} cos θ/2 )
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MAX_WIRES = 20
GROUP = 4  # wires whose rotations are multiplied out to one matrix


def rotations(angles: Tensor) -> Tensor:
    """The matrices of RZ(ω) RY(θ) RZ(φ).

    Shapes:
        angles (..., 3) of φ, θ, ω in radians -> (..., 2, 2), complex.
    """
    # θ/2, (φ + ω)/2 and (φ - ω)/2 at once: for a few numbers an operator's start costs more than its work.
    halves = angles @ angles.new_tensor([[0.0, 0.5, 0.5], [0.5, 0.0, 0.0], [0.0, 0.5, -0.5]])
    (cos, cos_sum, cos_gap), (sin, sin_sum, sin_gap) = halves.cos().unbind(-1), halves.sin().unbind(-1)
    a, b, c, d = cos * cos_sum, cos * sin_sum, sin * cos_gap, sin * sin_gap
    minus_d = -d
    parts = torch.stack([a, -b, -c, minus_d, c, minus_d, a, b], -1)
    return torch.view_as_complex(parts.view(*angles.shape[:-1], 2, 2, 2))


def rotate_each(state: Tensor, matrices: Tensor) -> Tensor:
    """Turn each wire by its own matrix.

    Shapes:
        state (A, N), real or complex, matrices (wires, 2, 2), complex -> (A, N), complex.
    """
    shape, before = state.shape, 1
    for start in range(0, len(matrices), GROUP):
        whole = kron(matrices[start : start + GROUP])
        parts = state.reshape(before, len(whole), -1)
        each = whole.expand(before, -1, -1)  # `bmm`, because `matmul` would copy the state to fold its axes
        state = each.bmm(parts) if state.is_complex() else torch.complex(each.real.bmm(parts), each.imag.bmm(parts))
        state, before = state.view(shape), before * len(whole)
    return state


class _Permute(torch.autograd.Function):
    """Rows in another order. The way back is the inverse order, several times faster than adding rows up."""

    @staticmethod
    def forward(ctx: Any, state: Tensor, order: Tensor, inverse: Tensor) -> Tensor:
        ctx.save_for_backward(inverse)
        return state.index_select(0, order)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (inverse,) = ctx.saved_tensors
        return gradients[0].index_select(0, inverse), None, None


def permute(state: Tensor, order: Tensor) -> Tensor:
    """`state[order]`.

    Shapes:
        state (A, N), order (2, A): a permutation, and its inverse.
    """
    moved: Tensor = _Permute.apply(state, order[0], order[1])  # type: ignore[no-untyped-call]
    return moved


def kron(matrices: Tensor) -> Tensor:
    """The Kronecker product of (wires, 2, 2) -> (2^wires, 2^wires), the first matrix outermost."""
    return functools.reduce(torch.kron, matrices.unbind())


def cnot_order(wires: int, pairs: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """Where each amplitude comes from after CNOTs (control, target), the first of them applied first.

    Shapes:
        -> (2, A): the new state is `state[order[0]]`, and the old one `new[order[1]]`.

    Raises:
        ValueError: a wire that is not there, or one that is control and target.
    """
    order = np.arange(1 << wires)
    for control, target in pairs:
        if control == target or not (0 <= control < wires and 0 <= target < wires):
            raise ValueError(f"CNOT({control}, {target}) is none on {wires} wires")
        place = np.arange(1 << wires)
        flip = (place >> (wires - 1 - control)) & 1
        order = order[place ^ (flip << (wires - 1 - target))]
    return np.stack([order, np.argsort(order)])


def entangling_order(wires: int, reach: int) -> NDArray[np.int64]:
    """`cnot_order` of a ring: CNOT(q → (q + reach) mod wires), from wire 0 up; one wire has none."""
    return cnot_order(wires, [(q, (q + reach) % wires) for q in range(wires)] if wires > 1 else [])


def z_signs(wires: int) -> NDArray[np.float64]:
    """(A, wires) of 1 where a wire's bit is 0, and -1 where it is 1."""
    places = np.arange(1 << wires)[:, None]
    bits = (places >> np.arange(wires - 1, -1, -1)) & 1
    return 1.0 - 2.0 * bits.astype(np.float64)


def probabilities(state: Tensor) -> Tensor:
    """|amplitude|²: (A, N), complex -> (A, N), real."""
    return torch.view_as_real(state).square().sum(-1)


def amplitudes(x: Tensor, count: int) -> Tensor:
    """Rows as states: divided by their length, and zeros behind them up to `count`. A row of zeros stays zeros.

    Shapes:
        x (N, F) with F ≤ count -> (count, N), real.
    """
    state = torch.nn.functional.normalize(x, dim=-1).mT
    return torch.nn.functional.pad(state, (0, 0, 0, count - x.shape[-1])) if x.shape[-1] < count else state


def turned(x: Tensor) -> Tensor:
    """The product state in which wire q is RY(x_q) of 0.

    Shapes:
        x (N, wires), radians -> (A, N), real.
    """
    half = (x.mT * 0.5)[:, None]  # (wires, 1, N)
    each = torch.cat([half.cos(), half.sin()], 1)
    state = each[0]
    for wire in each[1:]:
        state = (state[:, None] * wire).flatten(0, 1)
    return state
