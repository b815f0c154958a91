r"""A convolutional network of neurons that fire once, taught layer by layer by the order of spikes alone (SDNN).

    picture -> differences of Gaussians, ON and OFF -> one spike a value, the stronger the earlier
    -> convolution -> first spikes, one map a place -> earliest of 2×2 -> convolution -> … -> features

No label is seen before the read-out. All pictures of a batch are run at once, and what their winners change adds up.

Axes: T time steps, B batch, C maps, Y and X places, N winners.

Source: Kheradpisheh et al., STDP-based spiking deep convolutional neural networks (arXiv:1611.01421). Differs: pictures
come in small batches, and the last layer gives first spikes, not potentials.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.multi_step import Fired
from lilliput.layers.neuron_cells import Leaky, State
from lilliput.layers.spiking import Neuron
from lilliput.spiking.encoders import difference_of_gaussians, rank_order
from lilliput.spiking.rules.simplified import MapSpikes, OrderSTDP, Winners, fire_first, no_spikes, winners


@dataclass(frozen=True)
class SDNNSettings:
    """Sizes by layer, and how each is taught.

    Args:
        steps: T, at least 2.
        maps: of each layer.
        kernels: odd or even sides of its filters; padding is half of them.
        thresholds: of its neurons.
        winners: neurons that learn a picture.
        radius: around a winner, where nothing else learns.
        pictures: that each layer is taught with, again from the start where there are fewer.
        batch: pictures at once.
        double_every: pictures after which the rates of the rule double.
        centre: of the differences of Gaussians, in pixels; the surround is twice as wide.
        contrast: least of a picture's largest, in [0, 1), that gives a spike.

    Raises:
        ValueError: lists of different lengths, or values out of range.
    """

    steps: int = 15
    maps: tuple[int, ...] = (32, 150)
    kernels: tuple[int, ...] = (5, 2)
    thresholds: tuple[float, ...] = (10.0, 1.0)
    winners: tuple[int, ...] = (5, 8)
    radius: tuple[int, ...] = (2, 1)
    pictures: tuple[int, ...] = (3000, 6000)
    batch: int = 16
    double_every: int = 500
    centre: float = 1.0
    contrast: float = 0.1

    def __post_init__(self) -> None:
        names = ("maps", "kernels", "thresholds", "winners", "radius", "pictures")
        if len({len(getattr(self, name)) for name in names}) != 1:
            raise ValueError(f"{', '.join(names)} must be of one length: one value a layer")
        if self.steps < 2 or self.batch < 1 or not self.centre > 0 or not 0 <= self.contrast < 1:
            raise ValueError(
                f"`steps` must be at least 2, `batch` at least 1, `centre` above 0 and `contrast` in [0, 1), got "
                f"{self.steps}, {self.batch}, {self.centre} and {self.contrast}"
            )


class FireOnce(Neuron):
    """Neurons without a leak that fire at most once, and of the maps at a place only the first.

    Args:
        threshold: above 0.
        steps: that a picture has; the state says when each place fired, `steps` for never.

    Shapes:
        x (T, B, C, Y, X), currents -> spikes of the same shape, state: potentials (B, C, Y, X), the number of steps so
        far (), and `MapSpikes`.
    """

    def __init__(self, threshold: float, steps: int) -> None:
        super().__init__()
        if not threshold > 0:
            raise ValueError(f"`threshold` must be above 0, got {threshold}")
        self.threshold, self.steps = threshold, steps
        self.cell = Leaky(leaks=False)

    def parameters_of_cell(self) -> tuple[float, ...]:
        return 1.0, 1.0, self.threshold

    def forward(self, x: Tensor, state: State | None = None) -> Fired:
        if state is None:
            state = torch.zeros_like(x[0]), torch.zeros((), dtype=torch.int64), *no_spikes(x[0], self.steps)
        potential, start, *before = state
        fired = MapSpikes(*before)
        spikes = torch.zeros_like(x)
        for step, now in enumerate(x, int(start)):
            potential = potential + now
            fired = fire_first(potential, self.threshold, step, fired)
            row, y, column = at = (fired.time == step).nonzero(as_tuple=True)
            spikes[step - int(start), row, fired.channel[at], y, column] = 1
        return Fired(spikes, (potential, start + len(x), *fired))


class _Convolution(nn.Module):
    """Weights (C, C before, kernel, kernel) that are shared over all places, padded by half of them."""

    weight: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight, padding=self.weight.shape[-1] // 2)


class SDNN(nn.Module):
    """The network of the file's head.

    Args:
        settings: sizes.
        generator: where first weights come from, N(0.8, 0.05) within [0, 1].
        spread: of the first weights.

    Attributes:
        weights: by layer, (C, C before, kernel, kernel), buffers: no gradient ever reaches them.
    """

    def __init__(
        self, settings: SDNNSettings, generator: torch.Generator | None = None, *, spread: float = 0.05
    ) -> None:
        super().__init__()
        self.settings = settings
        before = 2
        for n, (maps, kernel, threshold) in enumerate(
            zip(settings.maps, settings.kernels, settings.thresholds, strict=True)
        ):
            drawn = 0.8 + spread * torch.randn(maps, before, kernel, kernel, generator=generator)
            self.add_module(f"synapses{n}", _Convolution(drawn.clamp(0.01, 0.99)))
            self.add_module(f"neurons{n}", FireOnce(threshold, settings.steps))
            before = maps

    @property
    def weights(self) -> list[Tensor]:
        """By layer."""
        return [getattr(self, f"synapses{n}").weight for n in range(len(self.settings.maps))]

    @torch.no_grad()
    def encode(self, x: Tensor) -> Tensor:
        """When each value of the two contrasts fires: pictures (B, Y, X) in [0, 1] -> (B, 2, Y, X), T for never."""
        width = self.settings.centre
        size = 2 * math.ceil(3 * width) + 1  # three widths of the narrow bell to each side
        contrast = difference_of_gaussians(x.unsqueeze(1), centre=width, surround=2 * width, size=size)
        # Below a share of the picture's largest nothing fires; ties of nothing are no ties of something.
        largest = contrast.flatten(1).max(1).values.reshape(-1, 1, 1, 1)
        kept = torch.where(contrast >= self.settings.contrast * largest.clamp_min(1e-6), contrast, 0.0)
        spikes = rank_order(kept.flatten(1), self.settings.steps)
        fired = spikes > 0
        time = torch.where(fired.any(0), fired.to(torch.uint8).argmax(0), self.settings.steps)
        return time.reshape(kept.shape)

    @torch.no_grad()
    def layer(self, number: int, times: Tensor, upto: int | None = None) -> MapSpikes:
        """A layer over all steps, or the first ones: first spikes before it, (B, C, Y, X) -> those of its places."""
        synapses, neurons = getattr(self, f"synapses{number}"), getattr(self, f"neurons{number}")
        times, state = times.contiguous(memory_format=torch.channels_last), None
        for step in range(self.settings.steps if upto is None else upto):
            _, state = neurons(synapses((times == step).to(synapses.weight.dtype)).unsqueeze(0), state)
        return MapSpikes(*state[2:])  # type: ignore[index]

    @torch.no_grad()
    def forward(self, x: Tensor, layers: int | None = None, upto: int | None = None) -> Tensor:
        """First spikes of the last layer, or of the first `layers`: (B, Y, X) -> times (B, C, y, x).

        `upto`: only so many steps are run, at least 1; what would fire later has not fired.
        """
        times = self.encode(x)
        for number in range(len(self.settings.maps) if layers is None else layers):
            fired = self.layer(number, times, upto)
            maps = torch.full((len(x), self.settings.maps[number], *fired.time.shape[1:]), self.settings.steps)
            times = earliest(maps.scatter_(1, fired.channel.unsqueeze(1), fired.time.unsqueeze(1)))
        return times

    @torch.no_grad()
    def features(self, x: Tensor, upto: int | None = None) -> Tensor:
        """Steps left after each first spike, as a share: (B, Y, X) -> (B, features). `upto`: of so many steps."""
        steps = self.settings.steps
        left: Tensor = steps - self(x, upto=upto)
        return (left.clamp_min(0) / steps).flatten(1)


def teach(net: SDNN, x: Tensor, generator: torch.Generator | None = None) -> list[float]:
    """Teach all layers, one after another; how many winners a picture each of them had on average.

    Args:
        net: changed in place.
        x: pictures (N, Y, X) in [0, 1].
        generator: of the order of pictures.
    """
    found = []
    for layer, pictures in enumerate(net.settings.pictures):
        rule, seen, won = OrderSTDP(), 0, 0
        for rows in _batches(len(x), pictures, net.settings.batch, generator):
            won += _teach_batch(net, layer, net(x[rows], layers=layer), rule)
            seen += len(rows)
            if seen // net.settings.double_every > (seen - len(rows)) // net.settings.double_every:
                rule = rule.faster()
        found.append(won / max(seen, 1))
    return found


def _batches(count: int, pictures: int, size: int, generator: torch.Generator | None) -> Iterator[Tensor]:
    while pictures > 0:
        for rows in torch.randperm(count, generator=generator).split(size):  # type: ignore[no-untyped-call]
            yield rows[:pictures]
            pictures -= len(rows)
            if pictures <= 0:
                return


@torch.no_grad()
def _teach_batch(net: SDNN, layer: int, times: Tensor, rule: OrderSTDP) -> int:
    settings, weight = net.settings, net.weights[layer]
    won = winners(net.layer(layer, times), settings.steps, settings.winners[layer], settings.radius[layer])
    before = patches(times, won, weight.shape[-1], settings.steps) <= won.time.reshape(-1, 1, 1, 1)
    change = rule.change(weight[won.channel], before)
    weight.index_add_(0, won.channel, change).clamp_(0, 1)
    return len(won.time)


def patches(times: Tensor, won: Winners, kernel: int, steps: int) -> Tensor:
    """First spikes that each winner looked at: times (B, C, Y, X) -> (N, C, kernel, kernel)."""
    padded = F.pad(times, (kernel // 2,) * 4, value=steps + 1)
    span = torch.arange(kernel, device=times.device)
    y, x = won.y.unsqueeze(1) + span, won.x.unsqueeze(1) + span
    return padded.permute(0, 2, 3, 1)[won.picture.reshape(-1, 1, 1), y.unsqueeze(2), x.unsqueeze(1)].permute(0, 3, 1, 2)


def earliest(time: Tensor) -> Tensor:
    """The earliest of each 2×2, borders too: (B, C, Y, X) -> (B, C, ⌈Y/2⌉, ⌈X/2⌉)."""
    return (-F.max_pool2d(-time.float(), 2, ceil_mode=True)).to(time.dtype)
