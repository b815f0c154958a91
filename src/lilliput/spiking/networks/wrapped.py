"""Networks of other parts of the project in the comparison's form: pictures in, scores after a number of steps out.

Axes: T time steps, B batch, Y and X places, K classes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lilliput.models import create_model
from lilliput.spiking.converted import SpikingNetwork
from lilliput.spiking.networks.answering import Answering, Synapses
from lilliput.spiking.networks.sdnn import SDNN

LARGE = 16
"""Pixels of a side from which pictures are large enough for filters of 5×5."""

ROWS = 24
"""Steps that a recurrent network reads a picture for, about."""


class Plain(Answering):
    """An ordinary network of pixels: one step, numbers in between."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body, self.steps = body, 1

    def answer(self, x: Tensor, steps: int) -> Tensor:
        scores: Tensor = self.body(x.flatten(1))
        return scores


class Perceptron(Answering):
    """A registered spiking perceptron."""

    def __init__(self, inputs: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.model = create_model("spiking_mlp", features=inputs, classes=classes, hidden=str(hidden), threshold=0.5)
        self.steps = int(self.model.steps)  # type: ignore[arg-type]

    def answer(self, x: Tensor, steps: int) -> Tensor:
        found: Tensor = self.model.by_step(x, steps)  # type: ignore[operator]
        return found[-1]


class Converted(Answering):
    """A converted perceptron."""

    def __init__(self, net: SpikingNetwork, steps: int) -> None:
        super().__init__()
        self.net, self.steps = net, steps

    def answer(self, x: Tensor, steps: int) -> Tensor:
        scores: Tensor = self.net(x.flatten(1), steps)
        return scores[-1]


class ByRows(Answering):
    """A registered recurrent network that reads a picture row by row; few rows are shown for several steps each.

    Args:
        name: of the network.
        size: (Y, X) of the pictures.
        classes: K.
    """

    def __init__(self, name: str, size: tuple[int, int], classes: int) -> None:
        super().__init__()
        rows, columns = size
        self.repeat = max(1, ROWS // rows)
        self.steps = rows * self.repeat
        tuned: dict[str, object] = {"tau": 4.0, "tau_adaptation": 24.0, "threshold": 0.2}
        tuned = {} if name == "spiking_lstm" else tuned
        self.model = create_model(name, frames=self.steps, bands=columns, classes=classes, **tuned)  # type: ignore[arg-type]

    def frames(self, x: Tensor) -> Tensor:
        """(B, Y, X) -> (B, 1, steps, X)."""
        return x.repeat_interleave(self.repeat, 1).unsqueeze(1)

    def answer(self, x: Tensor, steps: int) -> Tensor:
        found: Tensor = self.model.by_step(self.frames(x), steps)  # type: ignore[operator]
        return found[-1]


class Read(Answering):
    """An SDNN with a line behind it; pictures of less than 16 pixels are shown twice as large."""

    def __init__(self, net: SDNN, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.net, self.steps = net, net.settings.steps
        self.read = Synapses(weight)
        self.register_buffer("read_bias", bias)

    def answer(self, x: Tensor, steps: int) -> Tensor:
        scores: Tensor = self.read(self.net.features(large(x), steps))
        return scores + self.get_buffer("read_bias")


def large(x: Tensor) -> Tensor:
    """Pictures, twice as large where they are small: (B, Y, X) -> (B, Y, X) or (B, 2 Y, 2 X)."""
    if x.shape[1] >= LARGE:
        return x
    return nn.functional.interpolate(x.unsqueeze(1), scale_factor=2, mode="bilinear").squeeze(1).clamp(0, 1)


def all_features(net: SDNN, x: Tensor) -> Tensor:
    """Features of many pictures: (N, Y, X) -> (N, features)."""
    return torch.cat([net.features(rows) for rows in x.split(100)])  # type: ignore[no-untyped-call]
