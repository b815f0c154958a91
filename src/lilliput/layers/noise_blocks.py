r"""Parts of networks that predict noise: the step of a diffusion as numbers, and blocks that are told it.

A layer with weights stands between what fires and what is normalised, in one of two orders:

    neuron → convolution [· gain of the time step] → normalisation        spiking: spikes in, currents out
    normalisation → activation → convolution                              ordinary

Sums are taken of currents. Axes: T time steps of the neurons (not of the diffusion), B batch, C channels.

Source: Spiking Diffusion Models (arXiv:2408.16467); Denoising Diffusion Probabilistic Models (arXiv:2006.11239).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.spike_synapses import fire, unrolled

_LONGEST = 10000.0
"""Period of the slowest sine, in steps through 2π."""


def sinusoids(steps: int, channels: int) -> Tensor:
    """Sines and cosines of the step in turns, from fast to slow: (steps, channels), float32.

    Args:
        steps: of the diffusion.
        channels: even.
    """
    rate = torch.exp(-math.log(_LONGEST) / channels * torch.arange(0, channels, 2))
    angle = torch.arange(steps)[:, None] * rate
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(1)


class TimeEmbedding(nn.Module):
    """Which step of the diffusion it is, as features: a table, and two linear layers. It does not spike.

    Args:
        steps: of the diffusion.
        channels: of the table, even.
        width: of what it gives.
        activation: between the two layers.

    Shapes:
        t (B,) int64 -> (B, width).
    """

    table: Tensor

    def __init__(self, steps: int, channels: int, width: int, activation: nn.Module) -> None:
        super().__init__()
        self.register_buffer("table", sinusoids(steps, channels), persistent=False)
        self.first, self.activation, self.second = nn.Linear(channels, width), activation, nn.Linear(width, width)

    def forward(self, t: Tensor) -> Tensor:
        return self.second(self.activation(self.first(self.table[t])))  # type: ignore[no-any-return]


class StepConv(nn.Module):
    """A convolution whose output at time step t is multiplied by a learnt p[t], its bias too.

    Args:
        channels_in, channels, kernel, stride: of the convolution, whose padding is half the kernel.

    Attributes:
        gain: p, (T,); None: there is none, as before `add_gain`.

    Shapes:
        (T·B, C, H, W) -> (T·B, C', H', W').
    """

    gain: nn.Parameter | None

    def __init__(self, channels_in: int, channels: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2)
        self.register_parameter("gain", None)

    def add_gain(self, steps: int) -> None:
        """A gain of 1 for each of `steps` steps: nothing changes yet."""
        self.gain = nn.Parameter(torch.ones(steps, dtype=self.conv.weight.dtype, device=self.conv.weight.device))

    def forward(self, x: Tensor, steps: int) -> Tensor:
        return self.scaled(self.conv(x), steps)

    def scaled(self, y: Tensor, steps: int) -> Tensor:
        """(T·B, ...) times p."""
        if self.gain is None:
            return y
        return y * self.gain.repeat_interleave(len(y) // steps).reshape(-1, *[1] * (y.ndim - 1))

    def repeated(self, x: Tensor, steps: int) -> Tensor:
        """What is the same at each step, computed once: (B, ...) -> (T·B, ...)."""
        y = self.conv(x)
        return self.scaled(torch.cat([y] * steps) if steps > 1 else y, steps)


class FiringConv(nn.Module):
    """[normalisation →] neuron [→ twice as large] → convolution [· gain] [→ normalisation].

    Args:
        neuron: what stands in front: neurons, an activation, or nothing.
        synapses: the convolution.
        before, after: normalisations, where there are any.
        grows: maps are made twice as large by repeating each number, so that spikes stay spikes.

    Shapes:
        (T·B, C, H, W) -> (T·B, C', H', W').
    """

    def __init__(
        self,
        neuron: nn.Module,
        synapses: StepConv,
        *,
        before: nn.Module | None = None,
        after: nn.Module | None = None,
        grows: bool = False,
    ) -> None:
        super().__init__()
        self.before, self.neuron, self.synapses, self.after, self.grows = before, neuron, synapses, after, grows

    def forward(self, x: Tensor, steps: int) -> Tensor:
        x = fire(self.neuron, x if self.before is None else self.before(x), steps)
        if self.grows:
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        x = self.synapses(x, steps)
        return x if self.after is None else self.after(x)


class NoiseBlock(nn.Module):
    """Two layers with weights beside a shortcut; what the step of the diffusion says is added between them.

    Args:
        first, second: the layers.
        told: features of the step -> (B, C'), with its activation in front.
        shortcut: where the channels change; it takes currents as they are, so that it multiplies.

    Shapes:
        x (T·B, C, H, W), features (B, W) -> (T·B, C', H, W).
    """

    def __init__(self, first: FiringConv, second: FiringConv, told: nn.Module, shortcut: StepConv | None) -> None:
        super().__init__()
        self.first, self.second, self.told, self.shortcut = first, second, told, shortcut

    def forward(self, x: Tensor, features: Tensor, steps: int) -> Tensor:
        h = self.first(x, steps)
        told = self.told(features)[:, :, None, None]
        h = self.second(h + (torch.cat([told] * steps) if steps > 1 else told), steps)
        return h + (x if self.shortcut is None else self.shortcut(x, steps))  # type: ignore[no-any-return]


def membrane(x: Tensor, steps: int, decay: float) -> Tensor:
    """Σ_t decay^(T-1-t) · x_t, as a membrane that never fires adds up; it is not divided by the sum of its weights.

    Shapes:
        (T·B, ...) -> (B, ...).
    """
    total: Tensor
    total, *later = unrolled(x, steps)
    for now in later:
        total = decay * total + now
    return total


NewActivation = Callable[[], nn.Module]
