"""Simulated quantum circuits as layers: no noise, exact gradients through the amplitudes (`state_vector.py`).

Source: KACQ-DCNN (arXiv:2410.07446), whose best network has three circuits of four wires and one layer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from lilliput.layers.state_vector import (
    MAX_WIRES,
    amplitudes,
    cnot_order,
    entangling_order,
    kron,
    permute,
    probabilities,
    rotate_each,
    rotations,
    turned,
    z_signs,
)

Embedding = Literal["amplitude", "angle"]
EMBEDDINGS: tuple[Embedding, ...] = get_args(Embedding)
_MULTIPLIED_OUT = 6  # wires up to which a circuit is multiplied out for a large batch


class _Circuit(nn.Module):
    """Rotations of all wires and permutations in turns, then Z of each wire or of one."""

    signs: Tensor

    def __init__(self, wires: int, features: int, embedding: Embedding) -> None:
        super().__init__()
        if not 1 <= wires <= MAX_WIRES:
            raise ValueError(f"`wires` must be in [1, {MAX_WIRES}], got {wires}: the state has 2^wires amplitudes")
        if embedding not in EMBEDDINGS:
            raise ValueError(f"`embedding` is one of {', '.join(EMBEDDINGS)}, got {embedding!r}")
        self.wires, self.features, self.embedding = wires, features, embedding

    def embed(self, x: Tensor) -> Tensor:
        """(N, features) -> (A, N), real, each state of length 1 (of 0 where all amplitudes are 0)."""
        if x.shape[-1] != self.features:
            raise ValueError(f"{self.embedding} embedding takes {self.features} values, got {tuple(x.shape)}")
        return turned(x) if self.embedding == "angle" else amplitudes(x, 1 << self.wires)

    def evolve(self, state: Tensor) -> Tensor:
        """The circuit on any states: (A, N), real or complex -> (A, N), complex."""
        raise NotImplementedError

    def unitary(self) -> Tensor:
        """The circuit multiplied out, (A, A), complex: it takes `state` to `unitary @ state`."""
        like = next(self.parameters())
        return self.evolve(torch.eye(1 << self.wires, dtype=like.dtype, device=like.device))

    def forward(self, x: Tensor) -> Tensor:
        state = self.embed(x.reshape(-1, x.shape[-1]))
        if self.wires > _MULTIPLIED_OUT or state.shape[1] < len(state):
            chances = probabilities(self.evolve(state))
        else:
            parts = torch.view_as_real(self.unitary()).permute(2, 0, 1)  # (2, A, A): real, imaginary
            chances = (parts @ state).square().sum(0)
        return (chances.mT @ self.signs).reshape(*x.shape[:-1], -1)


class QuantumLayer(_Circuit):
    """Strongly entangling layers between an embedding and the expectations of Z.

    Layer l turns each wire by `Rot(φ, θ, ω)`, then applies CNOT(q → (q + r) mod wires) in order, r = l mod (wires - 1)
    + 1. A row of zeros has no state by amplitudes: it gives 0 for each wire, with gradient 0.

    Args:
        wires: qubits, 1 to 20.
        layers: how often all of it is done.
        embedding: "amplitude": 2^wires values, divided by their length; "angle": one a wire, by RY, in radians.
        features: how many values come in by amplitudes, where they are fewer than 2^wires; zeros follow them.

    Shapes:
        (..., features) -> (..., wires), in [-1, 1].

    Raises:
        ValueError: a size out of its range, or an input of another length.

    Cost: 3·wires·layers parameters; the first weights are uniform within √(6 / (wires + 3)), as published.
    """

    order: Tensor

    def __init__(
        self, wires: int = 4, layers: int = 1, embedding: Embedding = "amplitude", *, features: int | None = None
    ) -> None:
        most = wires if embedding == "angle" else 1 << max(0, min(wires, MAX_WIRES))
        super().__init__(wires, most if features is None else features, embedding)
        if layers < 1:
            raise ValueError(f"`layers` must be at least 1, got {layers}")
        if not 1 <= self.features <= most or (embedding == "angle" and self.features != most):
            raise ValueError(f"`features` must be {most} for {wires} wires by {embedding}, got {features}")
        self.layers = layers
        self.weights = nn.Parameter(torch.empty(layers, wires, 3))
        reach = [layer % max(1, wires - 1) + 1 for layer in range(layers)]
        orders = [torch.as_tensor(entangling_order(wires, r)) for r in reach]
        self.register_buffer("order", torch.stack(orders), persistent=False)
        signs = torch.as_tensor(z_signs(wires), dtype=torch.get_default_dtype())
        self.register_buffer("signs", signs, persistent=False)
        limit = math.sqrt(6 / (wires + 3))
        nn.init.uniform_(self.weights, -limit, limit)

    def evolve(self, state: Tensor) -> Tensor:
        for matrices, order in zip(rotations(self.weights).unbind(), self.order.unbind(), strict=True):
            state = permute(rotate_each(state, matrices), order)
        return state

    def unitary(self) -> Tensor:
        first, *others = (kron(matrices) for matrices in rotations(self.weights).unbind())
        whole = permute(first, self.order[0])
        for matrix, order in zip(others, self.order[1:], strict=True):
            whole = permute(matrix @ whole, order)
        return whole

    def extra_repr(self) -> str:
        return f"wires={self.wires}, layers={self.layers}, embedding={self.embedding}, features={self.features}"


Wiring = Literal["ttn", "mps", "mera"]
BLOCKS: dict[Wiring, tuple[tuple[int, int], ...]] = {
    "ttn": ((0, 1), (2, 3), (1, 3)),
    "mps": ((0, 1), (1, 2), (2, 3), (3, 4)),
    "mera": ((1, 0), (2, 3), (3, 1), (0, 2), (0, 1)),
}
"""The wires of each block of a tensor network on five wires, in order; the fifth is not used by trees."""


class TensorNetworkLayer(_Circuit):
    """A circuit shaped like a tensor network: blocks of CNOT(a → b), RY on a, RY on b; then Z of wire 1.

    Args:
        wiring: "ttn": a tree; "mps": a chain; "mera": a tree with blocks between its branches.
        layers: how often all blocks are done, each time with weights of their own.
        features: values that come in, by amplitudes, at most 32.

    Shapes:
        (..., features) -> (..., 1), in [-1, 1].

    Raises:
        ValueError: a wiring that is none, or a size out of its range.
    """

    WIRES, OBSERVED = 5, 1
    order: Tensor

    def __init__(self, wiring: Wiring, layers: int = 1, *, features: int = 18) -> None:
        super().__init__(self.WIRES, features, "amplitude")
        if wiring not in BLOCKS:
            raise ValueError(f"`wiring` is one of {', '.join(BLOCKS)}, got {wiring!r}")
        if layers < 1 or not 1 <= features <= 1 << self.WIRES:
            raise ValueError(f"needs at least 1 layer and 1 to 32 features, got {layers} and {features}")
        self.wiring, self.layers, self.blocks = wiring, layers, BLOCKS[wiring]
        self.weights = nn.Parameter(torch.empty(layers, len(self.blocks), 2))
        orders = [torch.as_tensor(cnot_order(self.WIRES, [pair])) for pair in self.blocks]
        self.register_buffer("order", torch.stack(orders), persistent=False)
        signs = torch.as_tensor(z_signs(self.WIRES)[:, [self.OBSERVED]], dtype=torch.get_default_dtype())
        self.register_buffer("signs", signs, persistent=False)
        nn.init.uniform_(self.weights, 0, 2 * math.pi)

    def evolve(self, state: Tensor) -> Tensor:
        turns = rotations(torch.nn.functional.pad(self.weights.unsqueeze(-1), (1, 1)))  # RY alone: φ = ω = 0
        for layer in range(self.layers):
            for block, pair in enumerate(self.blocks):
                state = permute(state, self.order[block])
                state = _turn(state, pair, turns[layer, block], self.WIRES)
        return state

    def extra_repr(self) -> str:
        return f"{self.wiring}, layers={self.layers}, features={self.features}"


def _turn(state: Tensor, pair: Sequence[int], matrices: Tensor, wires: int) -> Tensor:
    eye = torch.eye(2, dtype=matrices.dtype, device=matrices.device)
    each = [eye] * wires
    for wire, matrix in zip(pair, matrices, strict=True):
        each[wire] = matrix
    return rotate_each(state, torch.stack(each))
