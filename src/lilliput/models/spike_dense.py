"""Dense heads for a spiking backbone: a class for each pixel, or boxes. A pyramid of its maps that only adds.

    SpikeSegmenter(network, classes)    (B, C, H, W) -> (B, classes, H, W)
    SpikeDetector(network, classes)     (B, C, H, W) -> (B, classes + 4, H / r, W / r)

A neuron stands in front of every convolution, so that it is fed with spikes; maps are added as currents. What comes out
is the mean over steps of the last layer's currents.

Axes: T time steps, B batch, C channels, H height, W width.

Source: Spike-driven Transformer V2 (arXiv:2404.03663), which puts the backbone under a feature pyramid
(arXiv:1612.03144) for both. Its heads behind the pyramid are those of Mask R-CNN and of a semantic pyramid. Here they
are small ones: one level, and for boxes a map of centres (arXiv:1904.07850) with the distances to four sides
(arXiv:1904.01355).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.spike_blocks import neurons
from lilliput.layers.spike_synapses import ConvNorm, fire, unrolled
from lilliput.models.backbone import stage_indices
from lilliput.models.meta_spikeformer import MetaSpikeFormer


class SpikePyramid(nn.Module):
    """Maps of several stages as one, of the largest map's size.

    Args:
        network: the backbone; its classifier is left out.
        width: channels of the result.
        indices: stages from large to small; none: all but the first.

    Shapes:
        (B, C, H, W) or (T, B, C, H, W) -> (T·B, width, H / r, W / r), currents, with r the first stage's reduction.

    Raises:
        ValueError: a stage that is not there.
    """

    def __init__(self, network: MetaSpikeFormer, width: int, indices: Sequence[int] | None = None) -> None:
        super().__init__()
        stages = range(1, len(network.feature_info)) if indices is None else indices
        self.indices = stage_indices(network.feature_info, list(stages))
        network.reset_classifier(0)
        self.network = network
        new = neurons(network.config.neuron, threshold=network.config.threshold)
        found = [network.feature_info[index] for index in self.indices]
        self.reduction = found[0].reduction
        self.lateral_neurons = nn.ModuleList(new() for _ in found)
        self.laterals = nn.ModuleList(ConvNorm(stage.channels, width, bias=False) for stage in found)
        self.neuron, self.smooth = new(), ConvNorm(width, width, 3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        steps = self.network.steps
        maps = [y.flatten(0, 1) for index, y in enumerate(self.network.maps(x)) if index in self.indices]
        top: Tensor | None = None
        for neuron, lateral, y in reversed(list(zip(self.lateral_neurons, self.laterals, maps, strict=True))):
            y = lateral(fire(neuron, y, steps))
            # Currents are copied, not blended: what they were made of stays additions.
            top = y if top is None else y + F.interpolate(top, y.shape[2:], mode="nearest")
        assert top is not None
        return self.smooth(fire(self.neuron, top, steps))  # type: ignore[no-any-return]


class _Dense(nn.Module):
    """A pyramid, a neuron, a 1×1 convolution."""

    def __init__(self, network: MetaSpikeFormer, outputs: int, width: int) -> None:
        super().__init__()
        self.pyramid = SpikePyramid(network, width)
        self.neuron = neurons(network.config.neuron, threshold=network.config.threshold)()
        self.classify = nn.Conv2d(width, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        steps = self.pyramid.network.steps
        found: Tensor = self.classify(fire(self.neuron, self.pyramid(x), steps))
        return unrolled(found, steps).mean(0)


class SpikeSegmenter(_Dense):
    """A class for each pixel.

    Args:
        network: the backbone.
        classes: with that of the background, if there is one.
        width: channels of the pyramid.

    Shapes:
        (B, C, H, W) or (T, B, C, H, W) -> logits (B, classes, H, W).
    """

    def __init__(self, network: MetaSpikeFormer, classes: int, width: int = 32) -> None:
        super().__init__(network, classes, width)

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(super().forward(x), x.shape[-2:], mode="bilinear", align_corners=False)


class SpikeDetector(_Dense):
    """For each place: logits that a thing of a class has its centre there, and how far its four sides are.

    Args:
        network: the backbone.
        classes: of things.
        width: channels of the pyramid.

    Attributes:
        reduction: pixels of a picture that one place stands for.

    Shapes:
        (B, C, H, W) or (T, B, C, H, W) -> (B, classes + 4, H / reduction, W / reduction): logits, then the distances
        from the middle of the place to left, top, right and bottom in units of `reduction`, above 0.
    """

    SELDOM = -4.6
    """First bias of the logits: nearly all places are nobody's centre (probability 0.01, after RetinaNet)."""

    def __init__(self, network: MetaSpikeFormer, classes: int, width: int = 32) -> None:
        super().__init__(network, classes + 4, width)
        self.classes, self.reduction = classes, self.pyramid.reduction
        assert self.classify.bias is not None
        nn.init.constant_(self.classify.bias[:classes].detach(), self.SELDOM)

    def forward(self, x: Tensor) -> Tensor:
        found = super().forward(x)
        return torch.cat([found[:, : self.classes], F.softplus(found[:, self.classes :])], 1)
