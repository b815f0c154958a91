r"""A network of integrate-and-fire neurons that was made from one of ReLUs.

    readouts = network(x, steps=32)                       (T, B, classes): what is said after 1, 2, … 32 steps
    readouts, so_far = network.run(x, 8)
    readouts, so_far = network.run(x, 8, so_far)          steps 9 to 16

Each neuron has the threshold that stands for 1 of its share of spikes; weights hold what a spike of the layer before
is worth, so that what moves between layers is 0, 1, or a count. With the direct code the layers before the first
neurons run once an item and not once a step.

Axes: T time steps, B batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.multi_step import Fired
from lilliput.layers.neuron_cells import Leaky, Reset, State
from lilliput.layers.spiking import IF, over_steps
from lilliput.layers.surrogate import ARC_TANGENT, Firing
from lilliput.spiking import encoders

Code = Literal["direct", "rate"]


@dataclass(frozen=True)
class Piece:
    """One operation of the spiking network.

    Args:
        name: key of its module; "" for the input and for sums.
        reads: numbers of the pieces that it takes.
        is_still: it is the same at each step, so that it is computed once.
        keeps_state: its module takes a state and gives one.
    """

    name: str
    reads: tuple[int, ...]
    is_still: bool
    keeps_state: bool = False


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Args:
        steps: how many were done.
        states: of the pieces that keep one, in order.
        still: what is the same at each step, by number of the piece.
        total: Σ of what the last piece gave, (B, ...).
    """

    steps: int
    states: tuple[State, ...]
    still: Mapping[int, Tensor]
    total: Tensor


class Neurons(IF):
    """Integrate-and-fire neurons that start at a share of their threshold.

    Args:
        threshold: λ, the number that a share of 1 stands for.
        start: share of the threshold that the potential starts at, in [0, 1).
        reset_to: as of `IF`.

    Raises:
        ValueError: one of them is out of range.
    """

    def __init__(self, threshold: float, start: float, reset_to: Reset) -> None:
        super().__init__(threshold=threshold, reset_to=reset_to)
        if not 0 <= start < 1:
            raise ValueError(f"`start` must be in [0, 1), got {start}")
        self.start = start

    def forward(self, x: Tensor, state: State | None = None) -> Fired:
        if state is None:
            wide = torch.promote_types(x.dtype, torch.float32)
            state = (torch.full(x.shape[1:], self.start * self.threshold, dtype=wide, device=x.device),)
        return super().forward(x, state)


@dataclass(frozen=True)
class BothWays(Firing):
    """1 at or above the threshold, -1 at or below its negative."""

    levels = 1

    def spikes(self, potential: Tensor, threshold: Tensor) -> Tensor:
        return (potential >= threshold).to(potential.dtype) - (potential <= -threshold).to(potential.dtype)

    def derivative(self, potential: Tensor, threshold: Tensor) -> Tensor:
        return ARC_TANGENT.derivative(potential.abs(), threshold)


class SignedNeurons(Neurons):
    """Neurons that stand for numbers of both signs: they fire -1 too, and subtract what they fired.

    Where a linear layer follows another with no ReLU between, as in an inverted bottleneck. They start at 0.
    """

    def __init__(self, threshold: float) -> None:
        super().__init__(threshold, 0.0, "subtract")
        self.cell = Leaky(BothWays(), "subtract", leaks=False)


class RecordMaximum(nn.Module):
    """Maximum of shares: a spike passes where it makes a new record of its window's counts.

    So the count that passed is the largest count of the window, exactly and after each step. This is gating by the
    shares of the neurons so far, with ties decided for the one that came first.

    Args:
        pool: the maximum over windows that it stands for.

    Shapes:
        spikes (T, B, ...), state: counts (B, ...) -> (T, B, ...), state.

    Source: Conversion of Continuous-Valued Deep Networks to Efficient Event-Driven Networks (Frontiers in Neuroscience
    2017, 11:682), section 2.2.4, with counts as the estimate of rates.
    """

    def __init__(self, pool: nn.Module) -> None:
        super().__init__()
        self.pool = pool

    def forward(self, x: Tensor, state: State | None = None) -> Fired:
        before = torch.zeros_like(x[:1]) if state is None else state[0].unsqueeze(0)
        counts = torch.cat([before, before + x.cumsum(0)])
        return Fired(over_steps(self.pool, counts).diff(dim=0), (counts[-1],))


class Total(nn.Module):
    """Σ over the windows of a mean, in whole numbers where whole numbers enter.

    Args:
        mean: over windows.
        size: numbers in a window.
        is_whole: whether spikes enter.
    """

    def __init__(self, mean: nn.Module, size: int, is_whole: bool) -> None:
        super().__init__()
        self.mean, self.size, self.is_whole = mean, size, is_whole

    def forward(self, x: Tensor) -> Tensor:
        total: Tensor = self.mean(x) * self.size
        return total.round() if self.is_whole else total


class Worth(nn.Module):
    """Spikes times what one of them is worth, as a convolution of one weight, so that its additions are counted.

    Args:
        unit: the worth.
    """

    def __init__(self, unit: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((1, 1, 1), unit))

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = F.conv1d(x.reshape(len(x), 1, -1), self.weight)
        return made.reshape(x.shape)


class SpikingNetwork(nn.Module):
    """Pieces in order; `lilliput.spiking.conversion.convert` makes them.

    Args:
        layers: modules by name.
        pieces: the first is the input, the last is read out.
        code: "direct": x is a current, the same at each step; "rate": spikes by chance x, drawn anew at each step.
        unit: what 1 of the last piece is worth.
        shape: of one item.

    Shapes:
        x (B, *shape), steps T -> (T, B, ...): after each step the mean so far of what the last layer gave, times
        `unit`: an estimate of the output of the network that it was made from.

    Raises:
        ValueError: x of another shape, no steps, or, for "rate", numbers outside of [0, 1].
    """

    def __init__(
        self, layers: Mapping[str, nn.Module], pieces: Sequence[Piece], code: Code, unit: float, shape: Sequence[int]
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(layers)
        self.pieces, self.code, self.unit, self.shape = tuple(pieces), code, unit, tuple(shape)

    def forward(self, x: Tensor, steps: int, generator: torch.Generator | None = None) -> Tensor:
        return self.run(x, steps, generator=generator)[0]

    def run(
        self, x: Tensor, steps: int, before: Progress | None = None, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Progress]:
        """`steps` more steps, from the start or from where a run stands.

        Args:
            x: (B, *shape), the same in each call.
            steps: at least 1.
            before: where the run stands.
            generator: of chance, for "rate".
        """
        if tuple(x.shape[1:]) != self.shape or not len(x):
            raise ValueError(f"`x` must be (B, {', '.join(map(str, self.shape))}), got {tuple(x.shape)}")
        if steps < 1:
            raise ValueError(f"`steps` must be at least 1, got {steps}")
        still: dict[int, Tensor] = dict(before.still) if before else {}
        moving: dict[int, Tensor] = {}
        states: list[State] = []
        for index, piece in enumerate(self.pieces):
            if piece.is_still:
                if index not in still:
                    still[index] = x if not piece.reads else self.apply_piece(piece, [still[i] for i in piece.reads])
                continue
            given = [moving[i] if i in moving else self._repeated(still[i], steps) for i in piece.reads]
            if not piece.reads:
                moving[index] = encoders.rate(x, steps, generator=generator).flatten(0, 1)
            elif piece.keeps_state:
                state = before.states[len(states)] if before else None
                spikes, after = self.layers[piece.name](given[0].reshape(steps, len(x), *given[0].shape[1:]), state)
                moving[index] = spikes.flatten(0, 1)
                states.append(after)
            else:
                moving[index] = self.apply_piece(piece, given)
        last = len(self.pieces) - 1
        made = moving[last] if last in moving else self._repeated(still[last], steps)
        made = made.reshape(steps, len(x), *made.shape[1:])
        start = torch.zeros_like(made[0]) if before is None else before.total
        done = before.steps if before else 0
        totals = start + made.cumsum(0)
        number = torch.arange(done + 1, done + steps + 1, device=x.device).reshape(-1, *[1] * (made.ndim - 1))
        readouts = totals / number * self.unit
        return readouts, Progress(done + steps, tuple(states), still, totals[-1])

    def apply_piece(self, piece: Piece, given: Sequence[Tensor]) -> Tensor:
        """What a piece without a state gives; steps are part of the batch."""
        if not piece.name:
            return given[0] + given[1]
        made: Tensor = self.layers[piece.name](given[0])
        return made

    @staticmethod
    def _repeated(x: Tensor, steps: int) -> Tensor:
        return x.unsqueeze(0).expand(steps, *x.shape).flatten(0, 1)

    def neurons(self) -> dict[str, Neurons]:
        """The layers of neurons by name."""
        return {name: layer for name, layer in self.layers.items() if isinstance(layer, Neurons)}

    def extra_repr(self) -> str:
        return f"code={self.code!r}, unit={self.unit:g}"
