"""Blocks of a spike-driven transformer: two layers with weights, or an attention, beside a shortcut.

What the shortcut joins decides what the layers with weights are fed with:

    membrane   x + f(SN(x))     x is a current; layers see spikes of 0 or 1
    sew        x + SN(f(x))     x is a sum of spikes; layers see whole numbers above 1
    vanilla    SN(x + f(x))     x is spikes; layers see 0 or 1, but nothing passes a block unchanged

All three have the same layers and as many neurons. Source: Spike-driven Transformer V2 (arXiv:2404.03663).

Axes: T·B time steps of a batch, C channels, H height, W width.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from torch import Tensor, nn

from lilliput.layers.spike_attention import Meeting
from lilliput.layers.spike_synapses import ConvNorm, RepConv, SeparableNorm, fire
from lilliput.layers.spiking import LIF
from lilliput.layers.surrogate import Surrogate

SHORTCUTS = ("membrane", "sew", "vanilla")
NEURONS = ("lif", "relu")
TAU = 2.0
"""Time constant of the published networks, in steps."""
SIGMOID = Surrogate("sigmoid", 4.0)
"""The published networks' stand-in for the derivative of firing."""

NewNeuron = Callable[..., nn.Module]
"""(threshold, scale=1.0) -> a layer of neurons, for currents that come `1 / scale` times as large."""


def neurons(kind: str, *, threshold: float = 1.0) -> NewNeuron:
    """What makes the activations of a network: leaky neurons, or rectifiers for a twin that does not spike.

    Args:
        kind: "lif" or "relu".
        threshold: of neurons for which none is asked.

    Raises:
        ValueError: an unknown kind.
    """
    if kind not in NEURONS:
        raise ValueError(f"`neuron` {kind!r} is none of {', '.join(NEURONS)}")

    usual = threshold

    def make(threshold: float = usual, scale: float = 1.0) -> nn.Module:
        if kind == "relu":
            return Rectifier(scale)
        # s · x at threshold θ is x at θ / s, with a derivative as wide as before: so nothing is multiplied.
        return LIF(tau=TAU, threshold=threshold / scale, surrogate=Surrogate(SIGMOID.kind, SIGMOID.slope * scale))

    return make


class Rectifier(nn.Module):
    """max(0, scale · x)."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.relu(x if self.scale == 1 else x * self.scale)


class Branch(nn.Module):
    """What stands beside a shortcut, without its outer neuron.

    Shapes:
        (T·B, C, H, W) -> (T·B, C, H, W).
    """

    @abstractmethod
    def forward(self, x: Tensor, steps: int) -> Tensor: ...


class TwoLayers(Branch):
    """Widen, fire, narrow."""

    def __init__(self, widen: nn.Module, narrow: nn.Module, new: NewNeuron) -> None:
        super().__init__()
        self.widen, self.neuron, self.narrow = widen, new(), narrow

    def forward(self, x: Tensor, steps: int) -> Tensor:
        return self.narrow(fire(self.neuron, self.widen(x), steps))  # type: ignore[no-any-return]


def sep_conv(channels: int, new: NewNeuron, *, expansion: int = 2, kernel: int = 7) -> TwoLayers:
    """1×1 to `expansion` times the channels, then depthwise and pointwise back."""
    wide = expansion * channels
    return TwoLayers(ConvNorm(channels, wide, bias=False), SeparableNorm(wide, channels, kernel), new)


def channel_conv(channels: int, new: NewNeuron, *, expansion: int = 4) -> TwoLayers:
    """3×3 to `expansion` times the channels, and 3×3 back."""
    wide = expansion * channels
    return TwoLayers(ConvNorm(channels, wide, 3, bias=False), ConvNorm(wide, channels, 3, bias=False), new)


def mlp(channels: int, new: NewNeuron, *, expansion: int = 4) -> TwoLayers:
    """1×1 to `expansion` times the channels, and 1×1 back; the published ones have biases beside their norms."""
    wide = expansion * channels
    return TwoLayers(ConvNorm(channels, wide, bias=True), ConvNorm(wide, channels, bias=True), new)


class SpikeAttention(Branch):
    """Q, K and V by a 3×3 convolution each, their meeting (`Meeting`), and a 3×3 convolution behind it.

    Args:
        channels: C.
        heads: how many groups the channels are in.
        kind: "sdsa1" to "sdsa4".
        scale: s of sdsa3, and of sdsa4 at the start; the published constant is 0.125 for every width of a head.
        threshold: of the neuron behind the meeting.
        new: makes neurons.

    Raises:
        ValueError: channels that cannot be shared out, or an unknown kind.
    """

    def __init__(self, channels: int, heads: int, kind: str, scale: float, threshold: float, new: NewNeuron) -> None:
        super().__init__()
        if channels % heads:
            raise ValueError(f"`heads` {heads} must divide the channels of each attention stage, got {channels}")
        self.meeting = Meeting(kind, heads, scale)
        self.q, self.q_neuron = RepConv(channels), new()
        self.k, self.k_neuron = RepConv(channels), new()
        # Nothing that would learn nothing: two operands need no third.
        self.v = None if kind == "sdsa2" else RepConv(channels)
        self.v_neuron = None if kind == "sdsa2" else new()
        self.neuron = new(threshold=threshold, scale=scale if kind == "sdsa3" else 1.0)
        self.project = RepConv(channels)

    def forward(self, x: Tensor, steps: int) -> Tensor:
        q = fire(self.q_neuron, self.q(x), steps)
        k = fire(self.k_neuron, self.k(x), steps)
        v = None if self.v is None or self.v_neuron is None else fire(self.v_neuron, self.v(x), steps)
        met = fire(self.neuron, self.meeting(q, k, v), steps)
        return self.project(q * met if self.meeting.gates else met)  # type: ignore[no-any-return]


class Residual(nn.Module):
    """A branch beside a shortcut of one of the three kinds.

    Args:
        branch: what is computed.
        new: makes its outer neuron.
        shortcut: one of `SHORTCUTS`.

    Raises:
        ValueError: an unknown kind.
    """

    def __init__(self, branch: Branch, new: NewNeuron, shortcut: str) -> None:
        super().__init__()
        if shortcut not in SHORTCUTS:
            raise ValueError(f"`shortcut` {shortcut!r} is none of {', '.join(SHORTCUTS)}")
        self.neuron, self.branch, self.shortcut = new(), branch, shortcut

    def forward(self, x: Tensor, steps: int) -> Tensor:
        if self.shortcut == "membrane":
            return x + self.branch(fire(self.neuron, x, steps), steps)  # type: ignore[no-any-return]
        if self.shortcut == "sew":
            return x + fire(self.neuron, self.branch(x, steps), steps)
        return fire(self.neuron, x + self.branch(x, steps), steps)

    def extra_repr(self) -> str:
        return f"shortcut={self.shortcut}"


class Downsample(nn.Module):
    """A convolution that makes maps smaller or wider, with a bias, and its normalisation.

    Its neuron stands in front of it where currents come in, behind it where spikes are to come out; `neuron` is None
    where neither is so.

    Args:
        channels_in, channels, kernel, stride: of the convolution.
        neuron: or None.
        shortcut: of the network.
    """

    def __init__(
        self, channels_in: int, channels: int, kernel: int, stride: int, neuron: nn.Module | None, shortcut: str
    ) -> None:
        super().__init__()
        self.synapses = ConvNorm(channels_in, channels, kernel, stride, bias=True)
        self.neuron, self.fires_first = neuron, shortcut == "membrane"

    def forward(self, x: Tensor, steps: int) -> Tensor:
        if self.neuron is None:
            return self.synapses(x)  # type: ignore[no-any-return]
        if self.fires_first:
            return self.synapses(fire(self.neuron, x, steps))  # type: ignore[no-any-return]
        return fire(self.neuron, self.synapses(x), steps)
