"""U-Net that predicts the noise in a picture: normalisation, activation, convolution; the ordinary one.

Paper   Denoising Diffusion Probabilistic Models (arXiv:2006.11239); the size is that which Spiking Diffusion Models
        (arXiv:2408.16467) compare with and convert
Input   (B, channels, height, width) pictures with noise, data in [-1, 1]; and the step of the diffusion, (B,)
Output  (B, channels, height, width): the noise
Differs from the paper: no attention and no dropout, as in the networks it stands beside.

What all such networks share is here: `NoiseUNet` is the way down and up; a family says how its layers are made.
"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lilliput.layers.clip_floor_shift import ClipFloorShift
from lilliput.layers.noise_blocks import FiringConv, NewActivation, NoiseBlock, StepConv, TimeEmbedding
from lilliput.layers.spike_synapses import unrolled
from lilliput.models.entry import check_range, register_model

NEARLY_NONE = 1e-5
"""Gain of first weights of layers that shall give almost nothing at the start."""
_EMBEDDED = 4
"""Features of the diffusion's step, for each channel of the first level."""
QUANTISER_CEILING = 6.0
"""λ of quantised activations at the start."""


@dataclass(frozen=True)
class UNetConfig:
    """Sizes that all these networks have; the defaults are those published for CIFAR-10."""

    channels: int = 3
    height: int = 32
    width: int = 32
    base: int = 128  # channels of the first level
    multipliers: str = "1 2 2 4"  # channels of each level, by `base`
    blocks: int = 2  # of a level on the way down; one more on the way up
    diffusion_steps: int = 1000

    def __post_init__(self) -> None:
        check_range(self, 1, 65536, "channels", "height", "width", "diffusion_steps")
        check_range(self, 1, 64, "blocks")
        check_range(self, 2, 65536, "base")
        if self.base % 2:
            raise ValueError(f"`base` must be even, got {self.base}: half of it are sines, half cosines")
        words = self.multipliers.split()
        if not words or not all(word.isdecimal() and int(word) for word in words):
            raise ValueError(f"`multipliers` must be whole numbers above 0, got {self.multipliers!r}")
        for name in ("height", "width"):
            if getattr(self, name) % self.reduction:
                raise ValueError(f"`{name}` must be a multiple of {self.reduction}, for {len(words)} levels, got "
                                 f"{getattr(self, name)}")  # fmt: skip

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each level."""
        return tuple(self.base * int(word) for word in self.multipliers.split())

    @property
    def reduction(self) -> int:
        """A picture's side through that of the smallest map."""
        return int(2 ** (len(self.multipliers.split()) - 1))

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's pictures; it has no classes."""
        if len(input_shape) != 3:
            raise ValueError("it takes (channels, height, width)")
        channels, height, width = input_shape
        return {"channels": channels, "height": height, "width": width}


class NoiseUNet(nn.Module):
    """Base: levels down, two blocks in the middle, levels up that are also given what was there on the way down.

    A family makes the layers; its `new_block`, `new_down` and `new_up` are asked while the network is built.

    Shapes:
        x (B, channels, height, width), t (B,) int64 of steps from 0 -> (B, channels, height, width). Without t every
        picture is taken for one of step 0, which has almost no noise.
    """

    config: Any

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        self.embedded = _EMBEDDED * config.base
        self.time = TimeEmbedding(config.diffusion_steps, config.base, self.embedded, self.new_time_activation())
        wide, last = config.widths, len(config.widths) - 1
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        now, skips = config.base, [config.base]
        for level, width in enumerate(wide):
            for _ in range(config.blocks):
                self.down.append(self.new_block(now, width))
                skips.append(now := width)
            if level < last:
                self.down.append(self.new_down(now))
                skips.append(now)
        self.middle = nn.ModuleList(self.new_block(now, now) for _ in range(2))
        for level, width in reversed(list(enumerate(wide))):
            for _ in range(config.blocks + 1):
                self.up.append(self.new_block(skips.pop() + now, width))
                now = width
            if level:
                self.up.append(self.new_up(now))
        self.make_ends()
        self.draw()

    @property
    def steps(self) -> int:
        """Time steps of the neurons, T; 1 where there are none."""
        return 1

    @abstractmethod
    def new_time_activation(self) -> nn.Module:
        """Of the features of the diffusion's step."""

    @abstractmethod
    def new_block(self, before: int, after: int) -> NoiseBlock:
        """A block from so many channels to so many."""

    @abstractmethod
    def new_down(self, channels: int) -> FiringConv:
        """Makes maps half as large."""

    @abstractmethod
    def new_up(self, channels: int) -> FiringConv:
        """Makes maps twice as large."""

    @abstractmethod
    def make_ends(self) -> None:
        """Makes the layers of `head` and `tail`."""

    @abstractmethod
    def head(self, x: Tensor) -> Tensor:
        """A picture -> (T·B, base, H, W)."""

    @abstractmethod
    def tail(self, x: Tensor) -> Tensor:
        """(T·B, base, H, W) -> what is said of the noise, (B, channels, H, W)."""

    def draw(self) -> None:
        """New first weights: Xavier's, without biases."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                assert module.bias is not None
                nn.init.zeros_(module.bias)

    def block(self, before: int, after: int, first: FiringConv, second: FiringConv) -> NoiseBlock:
        """A block of these two layers, with what every family has beside them."""
        told = nn.Sequential(self.new_time_activation(), nn.Linear(self.embedded, after))
        return NoiseBlock(first, second, told, StepConv(before, after, 1) if before != after else None)

    def forward(self, x: Tensor, t: Tensor | None = None) -> Tensor:
        return self.tail(self.currents(x, t))

    def currents(self, x: Tensor, t: Tensor | None = None) -> Tensor:
        """What the last layers are given, (T·B, base, H, W).

        Raises:
            ValueError: pictures of another shape or type, or steps that the diffusion has not.
        """
        t = self._checked(x, t)
        features = self.time(t)
        h = self.head(x)
        skips = [h]
        for layer in self.down:
            h = self._through(layer, h, features)
            skips.append(h)
        for layer in self.middle:
            h = layer(h, features, self.steps)
        for layer in self.up:
            if isinstance(layer, NoiseBlock):
                h = torch.cat([h, skips.pop()], 1)
            h = self._through(layer, h, features)
        return h

    def _through(self, layer: nn.Module, h: Tensor, features: Tensor) -> Tensor:
        made: Tensor = layer(h, features, self.steps) if isinstance(layer, NoiseBlock) else layer(h, self.steps)
        return made

    def _checked(self, x: Tensor, t: Tensor | None) -> Tensor:
        config = self.config
        if x.ndim != 4 or x.shape[1] != config.channels or not x.is_floating_point():
            raise ValueError(f"`x` must be floats (B, {config.channels}, H, W), got {tuple(x.shape)} of {x.dtype}")
        if any(side % config.reduction for side in x.shape[2:]):
            raise ValueError(f"`x` is {x.shape[2]}x{x.shape[3]}, both must be multiples of {config.reduction}")
        if t is None:
            return torch.zeros(len(x), dtype=torch.int64, device=x.device)
        if t.shape != x.shape[:1] or t.dtype != torch.int64:
            raise ValueError(f"`t` must be ({len(x)},) of int64, got {tuple(t.shape)} of {t.dtype}")
        if (
            not torch.compiler.is_compiling()
            and not t.is_meta
            and bool(((t < 0) | (t >= config.diffusion_steps)).any())
        ):
            raise ValueError(f"`t` must be in [0, {config.diffusion_steps}), got {int(t.min())} to {int(t.max())}")
        return t

    def blocks_in_order(self) -> list[NoiseBlock]:
        """The blocks as they are run."""
        return [m for part in (self.down, self.middle, self.up) for m in part if isinstance(m, NoiseBlock)]


@dataclass(frozen=True)
class DDPMUNetConfig(UNetConfig):
    """Sizes, and what is between normalisation and convolution."""

    activation: str = "swish"  # or "quantised": steps of a ceiling that is learnt, for a conversion to spikes
    levels: int = 3  # of quantised activations above 0: 2^bits - 1
    groups: int = 32  # of the normalisations

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, 1, 65535, "levels", "groups")
        if self.activation not in ("swish", "quantised"):
            raise ValueError(f"`activation` {self.activation!r} is none of swish, quantised")
        for channels in self._normalised():
            if channels % self.groups:
                raise ValueError(f"`groups` must divide the channels of each layer, got {self.groups} and {channels}")

    def _normalised(self) -> set[int]:
        """Channels of what is normalised: of levels, and of neighbours side by side."""
        wide = (self.base, *self.widths)
        return {*wide, *(2 * width for width in wide), *(a + b for a, b in itertools.pairwise(wide))}

    @property
    def new_activation(self) -> NewActivation:
        """What makes activations."""
        if self.activation == "swish":
            return nn.SiLU
        return lambda: ClipFloorShift(self.levels, QUANTISER_CEILING)


@register_model("ddpm_unet", DDPMUNetConfig())
@register_model("ddpm_unet_micro", DDPMUNetConfig(1, 8, 8, 16, "1 2", 1, groups=8))
class DDPMUNet(NoiseUNet):
    """The network of the file's head.

    Shapes:
        As `NoiseUNet`.

    Cost: 66 423 043 trainable parameters as `ddpm_unet`; the published table of sines is 128 000 more.
    """

    @property
    def steps(self) -> int:
        """T: 1, until it is converted to spikes."""
        return self._steps

    def set_steps(self, steps: int) -> None:
        """Time steps of neurons that a conversion put in; without neurons all steps say the same."""
        if steps < 1:
            raise ValueError(f"`steps` must be at least 1, got {steps}")
        self._steps = steps

    def new_time_activation(self) -> nn.Module:
        return self.config.new_activation()  # type: ignore[no-any-return]

    def new_block(self, before: int, after: int) -> NoiseBlock:
        return self.block(before, after, self._layer(before, after), self._layer(after, after))

    def _layer(self, before: int, after: int) -> FiringConv:
        norm = nn.GroupNorm(self.config.groups, before)
        return FiringConv(self.config.new_activation(), StepConv(before, after), before=norm)

    def new_down(self, channels: int) -> FiringConv:
        return FiringConv(nn.Identity(), StepConv(channels, channels, stride=2))

    def new_up(self, channels: int) -> FiringConv:
        return FiringConv(nn.Identity(), StepConv(channels, channels), grows=True)

    def make_ends(self) -> None:
        self._steps = 1
        self.first = StepConv(self.config.channels, self.config.base)
        self.last = self._layer(self.config.widths[0], self.config.channels)

    def draw(self) -> None:
        super().draw()
        for layer in (self.last, *(block.second for block in self.blocks_in_order())):
            nn.init.xavier_uniform_(layer.synapses.conv.weight, gain=NEARLY_NONE)

    def head(self, x: Tensor) -> Tensor:
        return self.first.repeated(x, self.steps)

    def tail(self, x: Tensor) -> Tensor:
        # Behind the last layer with weights, so that what enters it may be spikes.
        return unrolled(self.last(x, self.steps), self.steps).mean(0)
