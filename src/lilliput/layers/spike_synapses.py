"""Layers with weights between two layers of spiking neurons: spikes in, currents out, one convolution when folded.

    ConvNorm         convolution, normalisation
    SeparableNorm    depthwise and pointwise convolution, normalisation
    RepConv          pointwise, normalisation, depthwise, pointwise, two normalisations

What stands between the convolutions of the last two is not spikes but real numbers, so that they multiply there,
however binary their input is. `folded()` gives the one dense convolution that computes the same; it only adds, and has
more weights.

Axes: T·B time steps of a batch, C channels, H height, W width.

Source: Spike-driven Transformer V2 (arXiv:2404.03663).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.batch_norm import DebiasedBatchNorm2d
from lilliput.layers.spiking import Neuron


def fire(neuron: nn.Module, x: Tensor, steps: int) -> Tensor:
    """What a layer of neurons sends on, from rest; any other activation is applied to each number.

    Args:
        neuron: `Neuron` whose parameters are single numbers, or an activation.
        x: what arrives.
        steps: T.

    Shapes:
        x (T·B, ...) -> (T·B, ...), in x's memory layout.
    """
    if not isinstance(neuron, Neuron):
        return neuron(x)  # type: ignore[no-any-return]
    if x.ndim == 4 and not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
        # Neurons do not meet: in the order in which they lie, nothing has to be copied.
        lying = unrolled(x.permute(0, 2, 3, 1), steps)
        return neuron(lying).spikes.flatten(0, 1).permute(0, 3, 1, 2)  # type: ignore[no-any-return]
    return neuron(unrolled(x, steps)).spikes.flatten(0, 1)  # type: ignore[no-any-return]


def unrolled(x: Tensor, steps: int) -> Tensor:
    """(T·B, ...) -> (T, B, ...)."""
    return x.reshape(steps, len(x) // steps, *x.shape[1:])


class Synapses(nn.Module):
    """Base: what stands between two layers of neurons.

    Shapes:
        (T·B, C, H, W) -> (T·B, C', H', W').
    """

    @abstractmethod
    def folded(self) -> nn.Conv2d:
        """The one convolution that gives the same with the running statistics as they are, in this one's type."""


class ConvNorm(Synapses):
    """A convolution and its normalisation.

    Args:
        channels_in, channels: of the convolution.
        kernel, stride: of the convolution, whose padding is half the kernel.
        bias: of the convolution.
    """

    def __init__(self, channels_in: int, channels: int, kernel: int = 1, stride: int = 1, *, bias: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, bias=bias)
        self.norm = DebiasedBatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))  # type: ignore[no-any-return]

    def folded(self) -> nn.Conv2d:
        scale, shift = _affine(self.norm)
        bias = shift if self.conv.bias is None else shift + scale * self.conv.bias.detach().double()
        weight = scale[:, None, None, None] * self.conv.weight.detach().double()
        return _convolution(weight, bias, self.conv)


class SeparableNorm(Synapses):
    """A depthwise convolution, a pointwise one right behind it, and a normalisation.

    Args:
        channels_in, channels: before and after.
        kernel: of the depthwise convolution, odd; it is padded by half of it.
    """

    def __init__(self, channels_in: int, channels: int, kernel: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(
            channels_in, channels_in, kernel, padding=kernel // 2, groups=channels_in, bias=False
        )
        self.pointwise = nn.Conv2d(channels_in, channels, 1, bias=False)
        self.norm = DebiasedBatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.pointwise(self.depthwise(x)))  # type: ignore[no-any-return]

    def folded(self) -> nn.Conv2d:
        scale, shift = _affine(self.norm)
        mix = scale[:, None] * self.pointwise.weight.detach().double()[:, :, 0, 0]
        taps = self.depthwise.weight.detach().double()[:, 0]
        return _convolution(mix[:, :, None, None] * taps, shift, self.depthwise)


class RepConv(Synapses):
    r"""A 3×3 convolution in training clothes: 1×1, normalisation, depthwise 3×3, 1×1, two normalisations.

    The rim that the depthwise convolution needs is what the normalisation makes of zero, so that the whole is a 3×3
    convolution with a rim of zeros:

        K[o,i] = Σ_m (s₃ s₂ W₂)[o,m] · D[m] · (s₁ W₁)[m,i]
        b[o]   = Σ_m (s₃ s₂ W₂)[o,m] · t₁[m] · Σ D[m] + s₃ t₂ + t₃

    with scales s and shifts t of the normalisations.

    Args:
        channels: in and out.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 1, bias=False)
        self.inner_norm = DebiasedBatchNorm2d(channels)
        self.depthwise = nn.Conv2d(channels, channels, 3, groups=channels, bias=False)
        self.second = nn.Conv2d(channels, channels, 1, bias=False)
        self.outer_norm = DebiasedBatchNorm2d(channels)
        self.norm = DebiasedBatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.inner_norm(self.first(x))
        # By the running statistics in training too, and without gradient: the published networks were trained so.
        rim = _affine(self.inner_norm)[1].to(x.dtype)[:, None, None]
        x = F.pad(x - rim, (1, 1, 1, 1)) + rim
        return self.norm(self.outer_norm(self.second(self.depthwise(x))))  # type: ignore[no-any-return]

    def folded(self) -> nn.Conv2d:
        (s1, t1), (s2, t2), (s3, t3) = (_affine(n) for n in (self.inner_norm, self.outer_norm, self.norm))
        first, second = (conv.weight.detach().double()[:, :, 0, 0] for conv in (self.first, self.second))
        taps = self.depthwise.weight.detach().double()[:, 0]
        mix = (s3 * s2)[:, None] * second
        # Σ_m over the channels between, one tap of the kernel at a time.
        kernel = torch.einsum("om,mhw,mi->oihw", mix, taps, s1[:, None] * first)
        bias = mix @ (t1 * taps.sum((1, 2))) + s3 * t2 + t3
        return _convolution(kernel, bias, self.depthwise, padding=1)


def _affine(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Scale and shift of a normalisation by its running statistics, float64, (C,) each, without gradient."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None
    assert variance is not None
    scale = norm.weight.detach().double() / torch.sqrt(variance.double() + norm.eps)
    return scale, norm.bias.detach().double() - mean.double() * scale


def _convolution(weight: Tensor, bias: Tensor, like: nn.Conv2d, padding: int | None = None) -> nn.Conv2d:
    """A convolution of these float64 numbers, with the stride, device and type of `like`."""
    size: Sequence[int] = weight.shape[2:]
    around = like.padding if padding is None else padding
    with torch.device(like.weight.device):
        made = nn.Conv2d(weight.shape[1], weight.shape[0], tuple(size), like.stride, around)  # type: ignore[arg-type]
    made.to(like.weight.dtype)
    with torch.no_grad():
        made.weight.copy_(weight)
        assert made.bias is not None
        made.bias.copy_(bias)
    return made
