"""Spiking U-Net that predicts the noise in a picture: neuron, convolution, normalisation, over some time steps.

Paper   Spiking Diffusion Models (arXiv:2408.16467)
Input   (B, channels, height, width) pictures with noise, data in [-1, 1]; and the step of the diffusion, (B,)
Output  (B, channels, height, width): the noise
Differs from the paper: the first convolution, whose input is the same at each step, is computed once; running
        statistics start as a plain mean (`layers/batch_norm.py`). `neuron="relu"` is the twin that does not spike, of
        exactly the same size, and `neuron="quantised"` the one that is trained to be converted.

What multiplies though the network spikes: the first convolution, the 1×1 shortcuts, the features of the diffusion's
step, and the layers behind the last currents. State lives inside of one call.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.batch_norm import DebiasedBatchNorm2d
from lilliput.layers.clip_floor_shift import ClipFloorShift
from lilliput.layers.noise_blocks import FiringConv, NoiseBlock, StepConv, membrane
from lilliput.layers.spike_synapses import unrolled
from lilliput.layers.spiking import IF
from lilliput.layers.surrogate import Surrogate
from lilliput.models.entry import check_range, register_model
from lilliput.models.noise_unet import NEARLY_NONE, QUANTISER_CEILING, NoiseUNet, UNetConfig

NEURONS = ("if", "relu", "quantised")
SURROGATES = {"atan": Surrogate("atan", 2.0), "rectangle": Surrogate("rectangle", 1.0)}
"""The first is that of the published code, the second that of the paper's text."""
MEMBRANE_DECAY = 0.8
"""Of the potential that is read out."""


@dataclass(frozen=True)
class SpikingUNetConfig(UNetConfig):
    """Sizes and kinds; the defaults are those published for CIFAR-10."""

    steps: int = 4  # T
    neuron: str = "if"  # or "relu", or "quantised": the twins that do not spike
    threshold: float = 1.0
    surrogate: str = "atan"
    gains: bool = False  # one for each convolution and time step
    readout: str = "membrane"  # of what is said at each step; or "mean" of the last currents
    levels: int = 3  # of quantised activations above 0: 2^bits - 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, 1, 4096, "steps")
        check_range(self, 1, 65535, "levels")
        check_range(self, 1e-6, 1e6, "threshold")
        for name, known in (("neuron", NEURONS), ("surrogate", tuple(SURROGATES)), ("readout", ("membrane", "mean"))):
            if getattr(self, name) not in known:
                raise ValueError(f"`{name}` {getattr(self, name)!r} is none of {', '.join(known)}")
        if self.neuron != "if" and self.steps != 1:
            raise ValueError(f"`steps` must be 1 with {self.neuron}, got {self.steps}: each step would say the same")


@register_model("spiking_unet", SpikingUNetConfig())
@register_model("spiking_unet_micro", SpikingUNetConfig(1, 8, 8, 16, "1 2", 1, steps=2))
class SpikingUNet(NoiseUNet):
    """The network of the file's head.

    Shapes:
        As `NoiseUNet`.

    Cost: 66 568 413 trainable parameters as `spiking_unet`, 268 more with gains for 4 steps; the published table of
    sines is another 128 000.
    """

    @property
    def steps(self) -> int:
        """T."""
        return self.config.steps  # type: ignore[no-any-return]

    def set_steps(self, steps: int, *, readout: str | None = None) -> None:
        """From now on run this many time steps; weights and statistics stay.

        The read-out by a membrane is a sum that grows with T, and is not scaled: weights that go from 4 steps to 8 say
        1.41 times as much before they are trained on.

        Raises:
            ValueError: below 1, or there are gains for another number of steps.
        """
        if self.config.gains and steps != self.steps:
            raise ValueError(f"there are gains for {self.steps} steps, not for {steps}")
        if steps < 1:
            raise ValueError(f"`steps` must be at least 1, got {steps}")
        # Not checked again: a network that was converted has neurons where its config says quantised activations.
        changed = dataclasses.replace(self.config)
        for name, value in (("steps", steps), ("readout", readout or self.config.readout)):
            object.__setattr__(changed, name, value)
        self.config = changed

    def add_gains(self) -> None:
        """A gain of 1 for each convolution and time step: outputs stay, and it can be trained on.

        Raises:
            ValueError: there are gains already.
        """
        if self.config.gains:
            raise ValueError("there are gains already")
        self._make_gains()
        self.config = dataclasses.replace(self.config, gains=True)

    def _make_gains(self) -> None:
        for synapses in self.synapses():
            synapses.add_gain(self.steps)

    def synapses(self) -> list[StepConv]:
        """The convolutions that can have gains: all but the last."""
        return [module for module in self.modules() if isinstance(module, StepConv)]

    def gains(self) -> Tensor:
        """The gains, (convolutions, T).

        Raises:
            ValueError: there are none.
        """
        found = [synapses.gain.detach() for synapses in self.synapses() if synapses.gain is not None]
        if not found:
            raise ValueError("there are no gains: `add_gains` makes them")
        return torch.stack(found)

    def new_neuron(self) -> nn.Module:
        """What stands in front of a convolution."""
        config: SpikingUNetConfig = self.config
        if config.neuron == "relu":
            return nn.ReLU()
        if config.neuron == "quantised":
            return ClipFloorShift(config.levels, QUANTISER_CEILING)
        return IF(threshold=config.threshold, detach_reset=False, surrogate=SURROGATES[config.surrogate])

    def new_time_activation(self) -> nn.Module:
        return nn.SiLU()

    def _layer(self, before: int, after: int, *, stride: int = 1, grows: bool = False) -> FiringConv:
        norm = DebiasedBatchNorm2d(after)
        return FiringConv(self.new_neuron(), StepConv(before, after, stride=stride), after=norm, grows=grows)

    def new_block(self, before: int, after: int) -> NoiseBlock:
        return self.block(before, after, self._layer(before, after), self._layer(after, after))

    def new_down(self, channels: int) -> FiringConv:
        return self._layer(channels, channels, stride=2)

    def new_up(self, channels: int) -> FiringConv:
        return self._layer(channels, channels, grows=True)

    def make_ends(self) -> None:
        config: SpikingUNetConfig = self.config
        self.first, self.first_norm = StepConv(config.channels, config.base), DebiasedBatchNorm2d(config.base)
        self.second = self._layer(config.base, config.base)
        self.last_norm, self.last = DebiasedBatchNorm2d(config.widths[0]), StepConv(config.widths[0], config.channels)
        # Published as a convolution over rows, columns and steps whose reach over steps is 1.
        self.smooth = nn.Conv2d(config.channels, config.channels, 3, padding=1)
        self.smooth_norm = DebiasedBatchNorm2d(config.channels)
        if config.gains:
            self._make_gains()

    def draw(self) -> None:
        super().draw()
        nn.init.xavier_uniform_(self.last.conv.weight, gain=NEARLY_NONE)

    def head(self, x: Tensor) -> Tensor:
        return self.second(self.first_norm(self.first.repeated(x, self.steps)), self.steps)  # type: ignore[no-any-return]

    def tail(self, x: Tensor) -> Tensor:
        if self.config.readout == "mean":
            return self._said(unrolled(x, self.steps).mean(0), 1)
        return membrane(self._said(x, self.steps), self.steps, MEMBRANE_DECAY)

    def _said(self, x: Tensor, steps: int) -> Tensor:
        y = self.last(F.silu(self.last_norm(x)), steps)
        return y + F.silu(self.smooth_norm(self.smooth(y)))  # type: ignore[no-any-return]

    def by_step(self, x: Tensor, t: Tensor | None = None) -> Tensor:
        """What is said at each step before it is summed up: (B, C, H, W) -> (T, B, C, H, W)."""
        return unrolled(self._said(self.currents(x, t), self.steps), self.steps)
