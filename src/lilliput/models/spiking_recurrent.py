r"""Recurrent spiking networks: leaky neurons, some with a threshold that adapts (LSNN), and a spiking LSTM.

Paper   Deep Learning in Spiking Neural Networks (arXiv:1804.08150), section 3.5
        Long short-term memory and learning-to-learn in networks of spiking neurons (arXiv:1803.09574)
Input   (B, channels, frames, bands): a frame a step, as a current
Output  (B, classes): the mean over steps of outputs that leak and never fire

The spiking LSTM has gates of one spike, a candidate that is a burst, and a cell that counts:

    f, i, o = [W x + U h + b ≥ 1],    g = burst of 0 … levels,    c ← f · c + i · g,    h = o · [c ≥ 1]
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lilliput.layers.neuron_cells import Adaptive, State
from lilliput.layers.spiking import LIF, IntegerLIF, Neuron
from lilliput.layers.surrogate import DAMPED_TRIANGLE
from lilliput.models.entry import check_range, register_model


@dataclass(frozen=True)
class LSNNConfig:
    """Sizes and time constants; those of time in steps."""

    channels: int = 1
    frames: int = 16
    bands: int = 16
    classes: int = 10
    hidden: int = 64
    adaptive: float = 0.4  # share of neurons whose threshold adapts
    tau: float = 10.0
    tau_adaptation: float = 60.0
    strength: float = 1.7
    threshold: float = 0.4
    tau_readout: float = 10.0

    def __post_init__(self) -> None:
        check_range(self, 1, 65536, "channels", "frames", "bands", "classes", "hidden")
        check_range(self, 0, 1, "adaptive")
        check_range(self, 0, 1e6, "strength")
        check_range(self, math.ulp(0), 1e6, "tau", "tau_adaptation", "threshold", "tau_readout")

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, frames, bands)."""
        return self.channels, self.frames, self.bands

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape."""
        return _fit(input_shape, classes)


class Population(Neuron):
    """Leaky neurons of which the first ones adapt; see `ALIF`.

    Args:
        size: neurons.
        adaptive: how many of them adapt.
        tau, tau_adaptation, strength, threshold: as of `ALIF`.

    Shapes:
        x (T, B, size).
    """

    strength: Tensor

    def __init__(
        self, size: int, adaptive: int, tau: float, tau_adaptation: float, strength: float, threshold: float
    ) -> None:
        super().__init__()
        self.cell = Adaptive(DAMPED_TRIANGLE, "subtract", detach_reset=True)
        self.decay, self.fade, self.threshold = math.exp(-1 / tau), math.exp(-1 / tau_adaptation), threshold
        self.register_buffer("strength", strength * (torch.arange(size) < adaptive).float())

    def parameters_of_cell(self) -> tuple[float | Tensor, ...]:
        return self.decay, 1 - self.decay, self.threshold, self.fade, self.strength


@register_model("lsnn", LSNNConfig())
@register_model("spiking_rnn", LSNNConfig(adaptive=0.0))
class LSNN(nn.Module):
    """A recurrent layer of spiking neurons with a leaky read-out.

    Shapes:
        (B, channels, frames, bands) -> (B, classes).
    """

    def __init__(self, config: LSNNConfig) -> None:
        super().__init__()
        self.inputs = nn.Linear(config.channels * config.bands, config.hidden)
        self.recurrent = nn.Linear(config.hidden, config.hidden, bias=False)
        self.neurons = Population(
            config.hidden, round(config.adaptive * config.hidden), config.tau, config.tau_adaptation, config.strength,
            config.threshold,
        )  # fmt: skip
        self.readout = nn.Linear(config.hidden, config.classes)
        self.keep = math.exp(-1 / config.tau_readout)
        # The leak divides a current by tau: it takes this much more of it to drive a neuron.
        nn.init.normal_(self.inputs.weight, std=2 / math.sqrt(config.channels * config.bands))
        nn.init.normal_(self.recurrent.weight, std=1 / math.sqrt(config.hidden))

    def forward(self, x: Tensor) -> Tensor:
        return self.by_step(x)[-1]

    def by_step(self, x: Tensor, steps: int | None = None) -> Tensor:
        """The mean of the outputs up to each step: (B, channels, frames, bands) -> (T, B, classes)."""
        return _running_mean(self.outputs(self.spikes(x[:, :, :steps])))

    def spikes(self, x: Tensor) -> Tensor:
        """Of the recurrent neurons: (B, channels, frames, bands) -> (T, B, hidden)."""
        current = self.inputs(frames_first(x))
        fired = torch.zeros_like(current[0])
        state: State | None = None
        found = []
        for now in current.unbind():
            (fired,), state = self.neurons((now + self.recurrent(fired)).unsqueeze(0), state)
            found.append(fired)
        return torch.stack(found)

    def outputs(self, spikes: Tensor) -> Tensor:
        """Potentials of the outputs: (T, B, hidden) -> (T, B, classes)."""
        return leaky(self.readout(spikes), self.keep)


@dataclass(frozen=True)
class SpikingLSTMConfig:
    """Sizes of a spiking LSTM."""

    channels: int = 1
    frames: int = 16
    bands: int = 16
    classes: int = 10
    hidden: int = 64
    levels: int = 4  # largest burst
    tau_readout: float = 10.0

    def __post_init__(self) -> None:
        check_range(self, 1, 65536, "channels", "frames", "bands", "classes", "hidden", "levels")
        check_range(self, math.ulp(0), 1e6, "tau_readout")

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, frames, bands)."""
        return self.channels, self.frames, self.bands

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape."""
        return _fit(input_shape, classes)


@register_model("spiking_lstm", SpikingLSTMConfig())
class SpikingLSTM(nn.Module):
    """The spiking LSTM of the file's head with a leaky read-out; at the start its cell keeps what it counted.

    Shapes:
        (B, channels, frames, bands) -> (B, classes).
    """

    def __init__(self, config: SpikingLSTMConfig) -> None:
        super().__init__()
        self.hidden, self.levels = config.hidden, config.levels
        self.inputs = nn.Linear(config.channels * config.bands, 4 * config.hidden)
        self.recurrent = nn.Linear(config.hidden, 4 * config.hidden, bias=False)
        self.gates = LIF(tau=1.0)
        self.burst = IntegerLIF(levels=config.levels, decay=0.0, threshold=1.0)
        self.readout = nn.Linear(config.hidden, config.classes)
        self.keep = math.exp(-1 / config.tau_readout)
        with torch.no_grad():
            # Gates start at their threshold, but that of forgetting well above it: one spike there keeps the cell.
            self.inputs.bias[: 3 * config.hidden] += 1.0
            self.inputs.bias[: config.hidden] += 1.0

    def forward(self, x: Tensor) -> Tensor:
        return self.by_step(x)[-1]

    def by_step(self, x: Tensor, steps: int | None = None) -> Tensor:
        """The mean of the outputs up to each step: (B, channels, frames, bands) -> (T, B, classes)."""
        return _running_mean(leaky(self.readout(self.spikes(x[:, :, :steps])), self.keep))

    def spikes(self, x: Tensor) -> Tensor:
        """Of the hidden neurons: (B, channels, frames, bands) -> (T, B, hidden)."""
        current = self.inputs(frames_first(x))
        size = self.hidden
        h = torch.zeros_like(current[0, :, :size])
        cell = torch.zeros_like(h)
        found = []
        for now in current.unbind():
            drive = (now + self.recurrent(h)).unsqueeze(0)
            forget, write, show = self.gates(drive[..., : 3 * size])[0][0].chunk(3, 1)
            cell = forget * cell + write * self.burst(drive[..., 3 * size :])[0][0]
            h = show * self.gates(cell.unsqueeze(0))[0][0]
            found.append(h)
        return torch.stack(found)


def frames_first(x: Tensor) -> Tensor:
    """(B, channels, frames, bands) -> (frames, B, channels · bands)."""
    return x.permute(2, 0, 1, 3).flatten(2)


def leaky(currents: Tensor, keep: float) -> Tensor:
    """Potentials of neurons that leak and never fire: y ← keep · y + (1 - keep) · current. (T, ...) -> (T, ...)."""
    y = torch.zeros_like(currents[0])
    found = []
    for now in currents.unbind():
        y = keep * y + (1 - keep) * now
        found.append(y)
    return torch.stack(found)


def _running_mean(y: Tensor) -> Tensor:
    steps = torch.arange(1, len(y) + 1, dtype=y.dtype, device=y.device)
    return y.cumsum(0) / steps.reshape(-1, 1, 1)


def _fit(input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
    if len(input_shape) != 3:
        raise ValueError("it takes (channels, frames, bands)")
    channels, frames, bands = input_shape
    return {"channels": channels, "frames": frames, "bands": bands, "classes": classes}
