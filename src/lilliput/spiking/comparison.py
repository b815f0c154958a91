"""One measure for all networks of the comparison: what they answer, what it takes, and what a chip would need.

    found = measure(network, x, y, steps)          after each number of steps: accuracy, operations, spikes, energy
    at_bits(network, 4)                            a copy with weights of 4 bits

Operations are counted where they happen (`OperationCounter`), the input's spikes included. Nothing here shows a network
a label: answers come first, and are held against the labels after.

Axes: B batch, N pictures, Y and X places, K classes.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from lilliput.spiking.energy import energy
from lilliput.spiking.networks.answering import Answering, in_batches
from lilliput.spiking.operations import OperationCounter, Operations

Locality = Literal["no rule", "synapse", "three factors", "layer's error", "global"]
LOCALITIES: tuple[Locality, ...] = ("no rule", "synapse", "three factors", "layer's error", "global")


@dataclass(frozen=True)
class Hardware:
    """What a chip needs to learn by a method, and to answer by its network.

    Args:
        locality: what a synapse must know beside its own two neurons: nothing; one more number for all; an error of its
            layer, sent to it; everything. "no rule": nothing learns where the network runs.
        on_line: it learns while it runs, step by step or picture by picture, from the picture at hand.
        binary: behind the input only spikes travel.
        transports: errors come back over the weights of the way forward.
        stores: what happened must be kept until the picture ends.
        normalises: learning rescales or selects over neurons that do not meet.
        neuron_words: numbers that a neuron keeps while it answers.
        learning_neuron_words: that it keeps more while it learns.
        learning_synapse_words: that a synapse keeps beside its weight while it learns.
    """

    locality: Locality
    on_line: bool
    binary: bool
    transports: bool
    stores: bool
    normalises: bool
    neuron_words: int
    learning_neuron_words: int
    learning_synapse_words: int

    def __post_init__(self) -> None:
        if self.locality not in LOCALITIES:
            raise ValueError(f"`locality` must be one of {', '.join(LOCALITIES)}, got {self.locality!r}")


@dataclass(frozen=True)
class Point:
    """A network that stops after `steps` steps.

    Args:
        steps: it ran for.
        predicted: class numbers, (N,).
        operations: of `operations.samples` pictures.
    """

    steps: int
    predicted: Tensor
    operations: Operations

    def accuracy(self, y: Tensor) -> float:
        """Share of right answers."""
        return float((self.predicted == y).double().mean())

    @property
    def additions(self) -> float:
        """Synaptic operations of a picture."""
        return self.operations.additions / self.operations.samples

    @property
    def macs(self) -> float:
        """Multiply-accumulates of a picture."""
        return self.operations.macs / self.operations.samples

    @property
    def spikes(self) -> float:
        """Spikes of a picture, those of a spiking input included."""
        entered = sum(layer.active for layer in self.operations.layers if layer.is_first and layer.kind != "real")
        return (entered + sum(layer.fired for layer in self.operations.neurons)) / self.operations.samples

    @property
    def updates(self) -> float:
        """Updates of neurons of a picture."""
        return self.operations.updates / self.operations.samples

    def energy_nj(self, technology: str = "45nm_fp32") -> float:
        """Of a picture, memory apart."""
        return energy(self.operations, technology).total_pj / 1000


def run_at(network: Answering, x: Tensor, steps: int, *, counted: int = 100) -> Point:
    """Answers to all pictures, operations of the first ones.

    Args:
        network: in evaluation mode.
        x: pictures (N, Y, X) in [0, 1].
        steps: to run for, from 1 to the network's own.
        counted: pictures whose operations are counted.

    Raises:
        ValueError: steps out of range, or pictures that are not in [0, 1].
    """
    if not 1 <= steps <= network.steps:
        raise ValueError(f"`steps` must be in [1, {network.steps}], got {steps}")
    if not bool(((x >= 0) & (x <= 1)).all()):
        raise ValueError(f"pictures must be in [0, 1], got {float(x.min()):g} to {float(x.max()):g}")
    predicted = in_batches(network, x, steps).argmax(1)
    some = x[:counted]
    with torch.no_grad(), OperationCounter(network) as counter:
        network.answer(some, steps)
    return Point(steps, predicted, counter.so_far(len(some)))


def some_steps(steps: int, points: int = 4) -> list[int]:
    """The last step, its half, its quarter, …, the fewest first: at most `points`, each once."""
    return sorted({max(1, steps >> n) for n in range(points)})


def parameters(network: Answering) -> int:
    """Weights and constants that the network answers with."""
    held = [*network.named_parameters(), *network.named_buffers()]
    return sum(t.numel() for name, t in held if "weight" in name or "bias" in name)


def at_bits(network: Answering, bits: int) -> Answering:
    """A copy whose weights are of so many bits: evenly spaced levels, cut off where the squared error is least.

    Args:
        network: it is not changed.
        bits: from 1 to 8; 1 bit is two levels.

    Raises:
        ValueError: `bits` is out of range.
    """
    if not 1 <= bits <= 8:
        raise ValueError(f"`bits` must be in [1, 8], got {bits}")
    other = copy.deepcopy(network)
    with torch.no_grad():
        for weight in other.synapses().values():
            weight.copy_(_rounded(weight, 2**bits))
    return other


def _rounded(weight: Tensor, levels: int) -> Tensor:
    middle, reach = (weight.max() + weight.min()) / 2, (weight.max() - weight.min()) / 2
    if not float(reach):
        return weight
    # Weights on both sides of 0 keep 0 where there are levels enough for one.
    middle = middle if float(weight.min()) >= 0 else torch.zeros_like(middle)
    reach = (weight - middle).abs().max()
    found = [_to_levels(weight, middle, share * reach, levels) for share in torch.linspace(0.1, 1, 19).tolist()]
    return min(found, key=lambda rounded: float((rounded - weight).square().sum()))


def _to_levels(weight: Tensor, middle: Tensor, reach: Tensor, levels: int) -> Tensor:
    even = levels - 1 if levels > 2 and float(middle) == 0 else levels
    step = 2 * reach / (even - 1)
    place = ((weight - middle + reach) / step).round().clamp(0, even - 1)
    return middle + step * (place - (even - 1) / 2)  # in this order, so that the level in the middle is exact


def front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Numbers of points (cost, accuracy) that no cheaper one reaches, the cheapest first."""
    order = sorted(range(len(points)), key=lambda n: (points[n][0], -points[n][1]))
    found: list[int] = []
    for n in order:
        if not found or points[n][1] > points[found[-1]][1]:
            found.append(n)
    return found
