r"""What is special where the network that tells the noise spikes: guidance by thresholds, conversion, its costs.

    with scaled_thresholds(network, 0.997):                  all neurons fire a little sooner; nothing is trained
        found = sample(network, schedule, shape)

    spiking = convert_unet(trained)                          quantised activations -> neurons, T = their levels
    finetune_blocks(spiking, trained, pictures, schedule)    block by block towards what the trained network says

A neuron of threshold λ that starts at λ / 2 and subtracts gives over L steps of a constant current exactly what a
quantised activation of L levels gives; currents that are not constant make the difference that is tuned away. A spike
is worth λ, which goes into the weights behind it.

Source: Spiking Diffusion Models (arXiv:2408.16467), sections on threshold guidance and on conversion.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.core.errors import Diverged, NoSpikingRule
from lilliput.layers.clip_floor_shift import ClipFloorShift
from lilliput.layers.noise_blocks import FiringConv, NoiseBlock
from lilliput.layers.spike_synapses import unrolled
from lilliput.layers.spiking import Neuron
from lilliput.models.noise_unet import DDPMUNet, NoiseUNet
from lilliput.models.spiking_unet import SpikingUNet
from lilliput.spiking.converted import Neurons
from lilliput.spiking.operations import OperationCounter, Operations
from lilliput.train import TrainData, TrainSettings, fit
from lilliput.train.data import Source
from lilliput.train.diffusion import Schedule
from lilliput.train.engine import device_of
from lilliput.train.metrics import Measure

SILENT = math.inf
"""A factor at which nothing ever fires: what is left then comes through the paths of real numbers."""


@contextmanager
def scaled_thresholds(network: nn.Module, factor: float) -> Iterator[None]:
    """Inside, each neuron's threshold is `factor` times what it was; below 1 it fires sooner.

    Args:
        network: with layers of neurons.
        factor: above 0; `SILENT` for none at all.

    Raises:
        ValueError: a factor that is not above 0, or no neurons with a threshold.
    """
    if not factor > 0:
        raise ValueError(f"`factor` of thresholds must be above 0, got {factor}")
    neurons = [m for m in network.modules() if isinstance(m, Neuron) and hasattr(m, "threshold")]
    if not neurons:
        raise ValueError(f"{type(network).__name__} has no neurons whose threshold could be scaled")
    before = [float(neuron.threshold) for neuron in neurons]  # type: ignore[arg-type]
    try:
        for neuron, threshold in zip(neurons, before, strict=True):
            neuron.threshold = threshold * factor  # type: ignore[assignment]
        yield
    finally:
        for neuron, threshold in zip(neurons, before, strict=True):
            neuron.threshold = threshold  # type: ignore[assignment]


@torch.no_grad()
def convert_unet(network: NoiseUNet, steps: int | None = None) -> NoiseUNet:
    """A copy with neurons instead of quantised activations; the network itself is not changed.

    Its last currents (`SpikingUNet`) or outputs (`DDPMUNet`) are the mean over the steps. Activations of the features
    of the diffusion's step stay as they are: those are the same at each step, so that neurons would say the same.

    Args:
        network: trained, of quantised activations.
        steps: T; none: as many as the activations have levels.

    Raises:
        NoSpikingRule: LP320, no quantised activation stands in front of a convolution, or one has no ceiling above 0.
        ValueError: `steps` below 1.
    """
    made = copy.deepcopy(network).eval()
    layers = [m for m in made.modules() if isinstance(m, FiringConv) and isinstance(m.neuron, ClipFloorShift)]
    if not layers:
        raise NoSpikingRule(
            f"{type(network).__name__} has no quantised activations to put neurons for",
            fix='train one with neuron="quantised" (spiking_unet) or activation="quantised" (ddpm_unet)',
        )
    for layer in layers:
        quantiser = layer.neuron
        assert isinstance(quantiser, ClipFloorShift)
        ceiling = float(quantiser.ceiling)
        if not ceiling > 0:
            raise NoSpikingRule(f"a quantised activation has learnt the ceiling {ceiling:g}", why="it passes nothing")
        layer.neuron = Neurons(ceiling, 0.5, "subtract")
        layer.synapses.conv.weight.mul_(ceiling)
    levels = network.config.levels
    if isinstance(made, SpikingUNet):
        made.set_steps(steps or levels, readout="mean")
    else:
        assert isinstance(made, DDPMUNet)
        made.set_steps(steps or levels)
    return made


class _Share(nn.Module):
    """What the share of spikes would be were the current constant; gradients pass as through the activation."""

    def __init__(self, neurons: Neurons, levels: int) -> None:
        super().__init__()
        self.threshold = neurons.threshold
        self.quantiser = ClipFloorShift(levels, neurons.threshold).requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        return self.quantiser(x) / self.threshold  # type: ignore[no-any-return]


@contextmanager
def _without_steps(block: NoiseBlock, levels: int) -> Iterator[None]:
    """Inside, the block's neurons give shares of spikes for currents that stay the same."""
    layers = [layer for layer in (block.first, block.second) if isinstance(layer.neuron, Neurons)]
    before = [layer.neuron for layer in layers]
    try:
        for layer, neuron in zip(layers, before, strict=True):
            assert isinstance(neuron, Neurons)
            layer.neuron = _Share(neuron, levels).to(layer.synapses.conv.weight.device)
        yield
    finally:
        for layer, neuron in zip(layers, before, strict=True):
            layer.neuron = neuron


class _ReachedError(Exception):
    """A block has run; what follows is of no interest."""


def _seen(network: NoiseUNet, block: nn.Module, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What a block is given and gives, means over the steps, (B, …) each, and the features of the diffusion's step."""
    found: list[Tensor] = []

    def stop(_: nn.Module, args: tuple[Tensor, Tensor, int], made: Tensor) -> None:
        found.extend((unrolled(args[0], args[2]).mean(0), unrolled(made, args[2]).mean(0), args[1]))
        raise _ReachedError

    hook = block.register_forward_hook(stop)
    try:
        with torch.no_grad():
            network(x, t)
    except _ReachedError:
        pass
    finally:
        hook.remove()
    given, made, features = found
    return given, made, features


def finetune_blocks(
    converted: NoiseUNet, reference: NoiseUNet, source: Source, schedule: Schedule, settings: TrainSettings
) -> None:
    """Train a converted network in place, block by block in order, towards what the blocks of the reference give.

    The mean over the steps is compared. Gradients are those of the block on the mean current, without steps, at the
    value that the spiking block gave; thresholds and statistics stay.

    Args:
        converted: what `convert_unet` made of the reference.
        reference: the network that was converted.
        source: pictures.
        schedule: of the noise.
        settings: of each block's training.
    """
    pairs = zip(converted.blocks_in_order(), reference.eval().blocks_in_order(), strict=True)
    levels, device = reference.config.levels, device_of(settings.device)
    for number, (block, wanted) in enumerate(pairs):
        converted.to(device)  # each training leaves its block on the CPU
        reference.to(device)

        def objective(
            model: nn.Module, x: Tensor, _: Tensor, block: NoiseBlock = block, wanted: NoiseBlock = wanted
        ) -> Tensor:
            converted.eval()  # statistics are those of the training, also in the block that learns
            t = torch.randint(len(schedule), (len(x),)).to(x.device)
            dirty = schedule.noised(x, t, torch.randn(x.shape).to(x.device, x.dtype))
            given, made, features = _seen(converted, block, dirty, t)
            aim = _seen(reference, wanted, dirty, t)[1]
            with _without_steps(block, levels):
                smooth = block(given, features, 1)
            return F.mse_loss(smooth + (made - smooth).detach(), aim)

        each = replace(settings, seed=settings.seed + number, keep="last")
        # The block is what is trained; the rest of the network stands still around it.
        fit(block, TrainData(source, source), each, objective=objective, judge=_no_judge)
    reference.to("cpu")
    converted.to("cpu").eval()


def _no_judge(model: nn.Module, source: Source) -> Measure:
    return Measure("none", 0.0, 0.0, 0.0, len(source), higher_is_better=False)


@torch.no_grad()
def conversion_error(
    converted: NoiseUNet, reference: NoiseUNet, source: Source, schedule: Schedule, *, count: int = 256, seed: int = 0
) -> float:
    """Mean squared difference of what the two networks say, through the mean square of the reference."""
    x, t = noised_items(source, schedule, count, seed)
    wanted = reference.eval()(x, t)
    return float((converted.eval()(x, t) - wanted).square().mean() / wanted.square().mean())


def noised_items(source: Source, schedule: Schedule, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """The first pictures with noise, their steps spread evenly over the diffusion: (B, C, H, W), (B,)."""
    chance = torch.Generator().manual_seed(seed)
    x, _ = source.batch(np.arange(min(count, len(source))), 0)
    t = ((torch.arange(len(x)) + 0.5) / len(x) * len(schedule)).long()
    return schedule.noised(x, t, torch.randn(x.shape, generator=chance)), t


@torch.no_grad()
def evaluation_cost(
    network: NoiseUNet, source: Source, schedule: Schedule, *, count: int = 64, seed: int = 0
) -> Operations:
    """What one evaluation of the network does, counted on pictures at all levels of noise.

    Raises:
        Diverged: LP502, it has neurons and none of them ever fired.
    """
    x, t = noised_items(source, schedule, count, seed)
    with OperationCounter(network.eval()) as counter:
        network(x, t)
    found = counter.report(len(x))
    if found.neurons and len(found.dead) == len(found.neurons):
        raise Diverged(
            "no neuron of the network ever fires",
            why="what it says comes through the paths of real numbers alone: the shortcuts and the last layers",
            fix="train longer, or with a higher rate",
        )
    return found
