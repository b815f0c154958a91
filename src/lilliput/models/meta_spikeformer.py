"""Meta-SpikeFormer: a pyramid of spiking convolutions and spike-driven attention.

Paper   Spike-driven Transformer V2: Meta Spiking Neural Network Architecture Inspiring the Design of Next-generation
        Neuromorphic Chips (arXiv:2404.03663)
Input   (B, channels, height, width): the same picture at each step; or (T, B, channels, height, width): one a step
Output  (B, classes): logits, the mean over steps
Differs from the paper: the first convolution of a picture that stays the same is computed once, not once a step;
        running statistics of normalisations start as a plain mean (`layers/batch_norm.py`). Widths, layers, strides,
        shortcuts and kinds of attention can be chosen; `neuron="relu"` is the same network without spikes.

Every layer with weights but the first is fed with spikes once the network is folded (`models/spike_fold.py`); as it is
trained, the second half of each separable convolution and of each RepConv multiplies. State lives inside of one call.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, overload

import torch
from torch import Tensor, nn

from lilliput.layers.spike_attention import KINDS
from lilliput.layers.spike_blocks import (
    NEURONS,
    SHORTCUTS,
    Downsample,
    NewNeuron,
    Residual,
    SpikeAttention,
    channel_conv,
    mlp,
    neurons,
    sep_conv,
)
from lilliput.layers.spike_synapses import fire, unrolled
from lilliput.models.backbone import Backbone, FeatureInfo, Stage
from lilliput.models.entry import check_range, register_model

STAGES = ("stage1a", "stage1b", "stage2", "stage3", "stage4")
_CONVOLUTIONAL = 3
"""How many of the stages are convolutional; the others attend."""
_WEIGHT_STD = 0.02


@dataclass(frozen=True)
class MetaSpikeFormerConfig:
    """Sizes and kinds; the defaults are those of the smallest published network."""

    channels: int = 3
    height: int = 224
    width: int = 224
    classes: int = 1000  # 0: pooled features
    widths: str = "64 128 256 360"  # c1 … c4; the first stage's first half has c1 / 2 channels
    layers: str = "1 1 2 6 2"  # blocks of stage 1a, 1b, 2, 3, 4
    strides: str = "2 2 2 2 1"
    heads: int = 8
    steps: int = 1  # T
    attention: str = "sdsa3"
    shortcut: str = "membrane"
    neuron: str = "lif"  # or "relu": the twin that does not spike
    scale: float = 0.125  # of sdsa3 and, at the start, of sdsa4; whatever the width of a head is
    threshold: float = 1.0  # of all neurons but two kinds
    attention_threshold: float = 0.5  # of those behind the meeting of queries, keys and values
    head_threshold: float = 1.0  # of those behind the mean of the last map
    distillation: bool = False  # a second classifier that learns from a teacher
    folded: bool = False  # dense convolutions, without normalisations: what `fold` gives

    def __post_init__(self) -> None:
        check_range(self, 1, 65536, "channels", "height", "width", "heads")
        check_range(self, 0, 65536, "classes")
        check_range(self, 1, 4096, "steps")
        check_range(self, 1e-6, 1e6, "scale", "threshold", "attention_threshold", "head_threshold")
        for name, known in (("attention", KINDS), ("shortcut", SHORTCUTS), ("neuron", NEURONS)):
            if getattr(self, name) not in known:
                raise ValueError(f"`{name}` {getattr(self, name)!r} is none of {', '.join(known)}")
        _numbers("layers", self.layers, len(STAGES))
        *_, third, fourth = wide = self.stage_widths
        if wide[1] % 2:
            raise ValueError(f"`widths` must start with an even number, got {wide[1]}: the first half has half of it")
        for attending in (third, fourth):
            if attending % self.heads:
                raise ValueError(f"`heads` must divide the channels of each attention stage, got {self.heads} and "
                                 f"{attending}")  # fmt: skip
        for name in ("height", "width"):
            if getattr(self, name) % self.reduction:
                raise ValueError(f"`{name}` must be a multiple of {self.reduction}, the strides' product, got "
                                 f"{getattr(self, name)}")  # fmt: skip

    @property
    def stage_widths(self) -> tuple[int, ...]:
        """Channels of each of the five stages."""
        first, *others = _numbers("widths", self.widths, len(STAGES) - 1)
        return first // 2, first, *others

    @property
    def stage_layers(self) -> tuple[int, ...]:
        """Blocks of each stage."""
        return _numbers("layers", self.layers, len(STAGES))

    @property
    def stage_strides(self) -> tuple[int, ...]:
        """Stride of the convolution in front of each stage."""
        return _numbers("strides", self.strides, len(STAGES))

    @property
    def reduction(self) -> int:
        """A picture's side through that of the last map."""
        return math.prod(self.stage_strides)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape."""
        if len(input_shape) != 3:
            raise ValueError("it takes (channels, height, width)")
        channels, height, width = input_shape
        return {"channels": channels, "height": height, "width": width, "classes": classes}


def _numbers(name: str, text: str, count: int) -> tuple[int, ...]:
    words = text.split()
    if len(words) != count or not all(word.isdecimal() and int(word) for word in words):
        raise ValueError(f"`{name}` must be {count} whole numbers above 0, got {text!r}")
    return tuple(int(word) for word in words)


class Heads(NamedTuple):
    """What the two classifiers of a network with distillation say, (B, classes) each."""

    classes: Tensor
    teacher: Tensor


class TwoHeads(nn.Module):
    """A classifier that learns from labels, and one that learns from a teacher. Gives the mean of both."""

    def __init__(self, main: nn.Module, teacher: nn.Module) -> None:
        super().__init__()
        self.main, self.teacher = main, teacher

    def forward(self, x: Tensor) -> Tensor:
        return (self.main(x) + self.teacher(x)) / 2  # type: ignore[no-any-return]


_SMALL = {
    "channels": 1, "height": 28, "width": 28, "classes": 10, "heads": 4, "scale": 1.0, "head_threshold": 0.25,
}  # fmt: skip
"""For pictures of 28 and 32 pixels: few tokens count to few, so that thresholds behind counts and means are lower."""


@register_model("meta_spikeformer_15m", MetaSpikeFormerConfig())
@register_model("meta_spikeformer_31m", MetaSpikeFormerConfig(widths="96 192 384 480"))
@register_model("meta_spikeformer_55m", MetaSpikeFormerConfig(widths="128 256 512 640"))
@register_model("meta_spikeformer_8_768", MetaSpikeFormerConfig(widths="192 384 768 960"))
@register_model(
    "meta_spikeformer_nano",
    MetaSpikeFormerConfig(widths="16 24 32 48", layers="1 1 1 1 1", strides="2 1 2 1 1", **_SMALL),  # type: ignore[arg-type]
)
@register_model(
    "meta_spikeformer_micro",
    MetaSpikeFormerConfig(widths="16 32 64 80", layers="1 1 1 2 1", strides="2 1 2 1 1", **_SMALL),  # type: ignore[arg-type]
)
class MetaSpikeFormer(Backbone):
    """The network of the file's head.

    Shapes:
        (B, channels, height, width) or (T, B, channels, height, width) -> (B, classes). Height and width may be others
        than the config's, as long as they are multiples of `config.reduction`.

    Cost: 15 112 208 trainable parameters as `meta_spikeformer_15m`.
    """

    def __init__(self, config: MetaSpikeFormerConfig) -> None:
        super().__init__()
        self.config = config
        new = neurons(config.neuron, threshold=config.threshold)
        wide, strides = config.stage_widths, config.stage_strides
        self.downsamples, self.blocks = nn.ModuleList(), nn.ModuleList()
        for stage, (before, channels) in enumerate(zip((config.channels, *wide), wide, strict=False)):
            # Pictures come in as they are, without a neuron; where spikes are to come out, one stands behind.
            neuron = None if stage == 0 and config.shortcut == "membrane" else new()
            kernel = 3 if stage else 7
            self.downsamples.append(Downsample(before, channels, kernel, strides[stage], neuron, config.shortcut))
            blocks = [b for _ in range(config.stage_layers[stage]) for b in _block(config, stage, channels, new)]
            self.blocks.append(nn.ModuleList(blocks))
        self.neuron = new(threshold=config.head_threshold)
        self.classifier = self.make_classifier(config.classes)
        reductions = [math.prod(strides[: stage + 1]) for stage in range(len(STAGES))]
        self.feature_info = FeatureInfo(
            Stage(name, channels, by) for name, channels, by in zip(STAGES, wide, reductions, strict=True)
        )
        if config.folded:
            from lilliput.models.spike_fold import fold_in_place  # it needs this class

            fold_in_place(self)

    @property
    def num_features(self) -> int:
        """Channels of the last map."""
        return self.config.stage_widths[-1]  # type: ignore[no-any-return]

    @property
    def steps(self) -> int:
        """T."""
        return self.config.steps  # type: ignore[no-any-return]

    def set_steps(self, steps: int) -> None:
        """From now on run this many time steps; weights and statistics stay.

        Raises:
            ValueError: below 1.
        """
        self.config = dataclasses.replace(self.config, steps=steps)

    def new_classifier(self, classes: int) -> nn.Module:
        """A linear layer, or two side by side with `distillation`."""
        if self.config.distillation:
            return TwoHeads(self._linear(classes), self._linear(classes))
        return self._linear(classes)

    def _linear(self, classes: int) -> nn.Linear:
        linear = nn.Linear(self.num_features, classes)
        nn.init.trunc_normal_(linear.weight, std=_WEIGHT_STD)
        nn.init.zeros_(linear.bias)
        return linear

    def add_teacher_head(self) -> None:
        """A second classifier that starts anew beside the one that is there: for distillation after a first training.

        Raises:
            ValueError: there are two already, or there are no classes.
        """
        if self.config.distillation or not self.config.classes:
            raise ValueError(f"one classifier is needed to add another, got distillation={self.config.distillation} "
                             f"and classes={self.config.classes}")  # fmt: skip
        main = self.classifier
        like = next(main.parameters())
        self.classifier = TwoHeads(main, self._linear(self.config.classes).to(like.device, like.dtype))
        self.config = dataclasses.replace(self.config, distillation=True)

    def maps(self, x: Tensor) -> Iterator[Tensor]:
        """The output of each stage at each step, (T, B, channels, height, width), computed as they are asked for.

        With the membrane shortcut these are currents, with the others spikes. What reads them puts a neuron in front.
        """
        x, steps, is_repeated = self._checked(x)
        for stage, (downsample, blocks) in enumerate(zip(self.downsamples, self.blocks, strict=True)):
            x = self._first(x, steps) if stage == 0 and is_repeated else downsample(x, steps)
            for block in blocks:  # type: ignore[attr-defined]
                x = block(x, steps)
            yield unrolled(x, steps)

    def _first(self, x: Tensor, steps: int) -> Tensor:
        """The first layer on pictures that stay the same: computed once, sent at each step."""
        downsample: Downsample = self.downsamples[0]  # type: ignore[assignment]
        x = downsample.synapses(x)
        x = torch.cat([x] * steps) if steps > 1 else x
        return x if downsample.neuron is None else fire(downsample.neuron, x, steps)

    def stages(self, x: Tensor) -> Iterator[Tensor]:
        """The output of each stage, the mean over steps."""
        for found in self.maps(x):
            yield found.mean(0)

    def forward_features(self, x: Tensor) -> Tensor:
        """-> the last map at each step, (T, B, num_features, height, width)."""
        *_, last = self.maps(x)
        return last

    def _fired(self, x: Tensor) -> Tensor:
        """(T, B, C, H, W) -> spikes (T, B, C)."""
        return unrolled(fire(self.neuron, x.mean((3, 4)).flatten(0, 1), len(x)), len(x))

    def pool(self, x: Tensor) -> Tensor:
        """How often each neuron behind the mean of its map fires: (T, B, C, H, W) -> (B, C)."""
        return self._fired(x).mean(0)

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """(T, B, C, H, W) -> (B, classes), or (B, num_features) before the classifier."""
        # The classifier reads the spikes of each step, so that it only adds; the mean is taken of what it says.
        return self.pool(x) if pre_logits else self._said(self.classifier, self._fired(x))

    @staticmethod
    def _said(classifier: nn.Module, spikes: Tensor) -> Tensor:
        return unrolled(classifier(spikes.flatten(0, 1)), len(spikes)).mean(0)

    @overload
    def forward(self, x: Tensor, heads: Literal[False] = False) -> Tensor: ...

    @overload
    def forward(self, x: Tensor, heads: Literal[True]) -> Heads: ...

    def forward(self, x: Tensor, heads: bool = False) -> Tensor | Heads:
        """Logits; with `heads` those of both classifiers, for training with a teacher.

        In training the first classifier answers, in evaluation the mean of both.

        Raises:
            ValueError: an input that it cannot take, or `heads` without `distillation`.
        """
        found = self.forward_features(x)
        if not isinstance(self.classifier, TwoHeads):
            if heads:
                raise ValueError("`heads` needs a network with distillation=True: this one has one classifier")
            return self.forward_head(found)
        spikes = self._fired(found)
        if heads:
            return Heads(self._said(self.classifier.main, spikes), self._said(self.classifier.teacher, spikes))
        return self._said(self.classifier.main if self.training else self.classifier, spikes)

    def _checked(self, x: Tensor) -> tuple[Tensor, int, bool]:
        """What comes in as (B, C, H, W) or (T·B, C, H, W), T, and whether each step sees the same."""
        if x.ndim not in (4, 5):
            raise ValueError(f"`x` must be (B, C, H, W) or (T, B, C, H, W), got {tuple(x.shape)}")
        if not x.is_floating_point():
            raise ValueError(f"`x` must be floats, got {x.dtype}: scale pictures first, e.g. x.float() / 255")
        if x.ndim == 5 and len(x) != self.steps:
            raise ValueError(f"`x` has {len(x)} time steps, the network {self.steps}: set_steps({len(x)})")
        if x.shape[-3] != self.config.channels:
            raise ValueError(f"`x` has {x.shape[-3]} channels, the network takes {self.config.channels}")
        if any(side % self.config.reduction for side in x.shape[-2:]):
            raise ValueError(f"`x` is {x.shape[-2]}x{x.shape[-1]}, both must be multiples of {self.config.reduction}")
        # A trace has no numbers to look at.
        if not (torch.compiler.is_compiling() or x.is_meta or type(x) is not Tensor) and not torch.isfinite(x).all():
            raise ValueError("`x` holds numbers that are not finite")
        return (x, self.steps, True) if x.ndim == 4 else (x.flatten(0, 1), self.steps, False)


def _block(config: MetaSpikeFormerConfig, stage: int, channels: int, new: NewNeuron) -> list[nn.Module]:
    """The two residuals of a block."""
    if stage < _CONVOLUTIONAL:
        branches = (sep_conv(channels, new), channel_conv(channels, new))
    else:
        attention = SpikeAttention(
            channels, config.heads, config.attention, config.scale, config.attention_threshold, new
        )
        branches = (attention, mlp(channels, new))  # type: ignore[assignment]
    return [Residual(branch, new, config.shortcut) for branch in branches]
