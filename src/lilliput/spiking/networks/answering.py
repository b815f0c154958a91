"""What all networks of the comparison offer: an answer after a number of steps, from the picture alone.

Axes: B batch, Y and X places, K classes.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from lilliput.layers.neuron_cells import Cell


class Answering(nn.Module):
    """A trained network. It holds no labels and is given none.

    Attributes:
        steps: that a picture is shown for.
    """

    steps: int

    @abstractmethod
    def answer(self, x: Tensor, steps: int) -> Tensor:
        """Scores by class, with what is known after `steps` steps: pictures (B, Y, X) in [0, 1] -> (B, K)."""

    def forward(self, x: Tensor) -> Tensor:
        """Scores after all steps."""
        return self.answer(x, self.steps)

    def synapses(self) -> dict[str, Tensor]:
        """All weights by name, learnt and fixed ones."""
        held = [*self.named_parameters(), *self.named_buffers()]
        return {name: tensor for name, tensor in held if "weight" in name and tensor.ndim > 1}


class Synapses(nn.Module):
    """Weights between two layers, each product of their own: (..., I) -> (..., O). No gradient reaches them.

    Args:
        weight: (O, I).
    """

    weight: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(x.flatten(0, -2), self.weight).reshape(*x.shape[:-1], -1)


@dataclass(frozen=True)
class StepCost(Cell):
    """What one update costs where a layer of neurons works its steps out itself; it computes nothing."""

    macs: int
    adds: int
    states: tuple[str, ...]  # type: ignore[misc]

    parameters = ()

    def advance(self, *args: Any) -> NoReturn:
        self._refuse()

    def fire(self, *args: Any) -> NoReturn:
        self._refuse()

    def reset(self, *args: Any) -> NoReturn:
        self._refuse()

    def adjoint(self, *args: Any) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise TypeError("these neurons step themselves and have no derivatives")


def in_batches(network: Answering, x: Tensor, steps: int, size: int = 100) -> Tensor:
    """Answers to many pictures: (N, Y, X) -> (N, K)."""
    with torch.no_grad():
        return torch.cat([network.answer(rows, steps) for rows in x.split(size)])  # type: ignore[no-untyped-call]


def shuffled(count: int, size: int, epochs: int, generator: torch.Generator) -> Sequence[Tensor]:
    """Row numbers of each batch, every row once an epoch."""
    return [
        rows
        for _ in range(epochs)
        for rows in torch.randperm(count, generator=generator).split(size)  # type: ignore[no-untyped-call]
    ]


def votes(responses: Tensor, y: Tensor, classes: int) -> Tensor:
    """Each neuron votes for the class it answered most, all neurons of a class together as one: (N, O) -> (K, O).

    Args:
        responses: spikes of each neuron for each training picture; never for those of the test.
        y: their classes, (N,).
        classes: K.
    """
    of_class = torch.nn.functional.one_hot(y, classes).to(responses.dtype)
    mean = of_class.T @ responses / of_class.sum(0).clamp_min(1).unsqueeze(1)
    chosen = torch.nn.functional.one_hot(mean.argmax(0), classes).to(responses.dtype).T
    return chosen / chosen.sum(1, keepdim=True).clamp_min(1)
