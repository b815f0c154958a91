"""Actions from body joints: one residual network of 1-D convolutions, and four ways of looking at a clip with it.

Paper   Ensemble One-dimensional Convolution Neural Networks for Skeleton-based Action Recognition (arXiv:1801.02475)
Input   (B, coordinates, frames, 1): x, y, z of each joint, of one body after the other; zeros where there is no body
Output  (B, classes): logits; of networks that fuse, logarithms of the fused shares
Differs from the published code: attention on frames is a softmax over the frames, times their number (the code's runs
        over one element and does nothing: `frame_attention="legacy"`), and the difference to the padding behind a clip
        is left out (`legacy_edge=True` keeps it).

Kernels of 8 are padded as published: one more behind than before. With `causal` all padding is before, so that a clip
can be looked at frame by frame as it comes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.same import same_padding, same_size
from lilliput.layers.shares import product_of_shares
from lilliput.models.entry import check_range, register_model

DIMENSIONS = 3
WIDTHS = (64, 128, 256)
_EVEN = 0.01  # spread of what attention is scored by, at the start


@dataclass(frozen=True)
class Layout:
    """Joints of a body.

    Args:
        joints: how many.
        parts: their numbers from 0, by part: two arms, two legs, the torso.
    """

    joints: int
    parts: tuple[tuple[int, ...], ...]


LAYOUTS = {
    # Kinect v2, as the published code groups it.
    "kinect25": Layout(
        25, ((8, 9, 10, 11, 24, 23), (4, 5, 6, 7, 22, 21), (16, 17, 18, 19), (12, 13, 14, 15), (0, 1, 20, 2, 3))
    ),
    # Kinect v1.
    "kinect20": Layout(20, ((8, 9, 10, 11), (4, 5, 6, 7), (16, 17, 18, 19), (12, 13, 14, 15), (0, 1, 2, 3))),
    # CMU motion capture, without joints of no length.
    "cmu28": Layout(
        28,
        (
            (22, 23, 24, 25, 26, 27),
            (16, 17, 18, 19, 20, 21),
            (6, 7, 8, 9, 10),
            (1, 2, 3, 4, 5),
            (0, 11, 12, 13, 14, 15),
        ),
    ),
}
"""Bodies by name."""


@dataclass(frozen=True)
class SkeletonConfig:
    """Sizes of the networks; the defaults fit small devices, the published ones are those of `*_ntu`."""

    classes: int = 7
    frames: int = 16
    layout: str = "kinect25"
    bodies: int = 1
    width: float = 0.25  # of 64, 128 and 256 channels
    kernel: int = 8  # frames
    dropout: float = 0.0
    separable: bool = False  # depthwise and pointwise convolutions behind the first
    causal: bool = False  # no frame is looked at before it comes; of the networks whose axis is time
    padded: bool = False  # clips end in zeros; else all frames are real
    legacy_edge: bool = False
    frame_attention: str = "time"  # or "legacy"

    def __post_init__(self) -> None:
        check_range(self, 0, 100_000, "classes")
        check_range(self, 4, 65536, "frames")
        check_range(self, 1, 16, "bodies")
        check_range(self, 1 / 64, 16, "width")
        check_range(self, 1, 64, "kernel")
        check_range(self, 0, 0.99, "dropout")
        for name, allowed in (("layout", tuple(LAYOUTS)), ("frame_attention", ("time", "legacy"))):
            if getattr(self, name) not in allowed:
                raise ValueError(f"`{name}` must be one of {', '.join(allowed)}, got {getattr(self, name)!r}")

    @property
    def body(self) -> Layout:
        """The body."""
        return LAYOUTS[self.layout]

    @property
    def coordinates(self) -> int:
        """Numbers a frame."""
        return self.bodies * self.body.joints * DIMENSIONS

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(coordinates, frames, 1)."""
        return self.coordinates, self.frames, 1

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of the three blocks."""
        return tuple(max(1, round(self.width * channels)) for channels in WIDTHS)

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int | str]:
        """Changes that fit the network to a task's clips: (coordinates, frames, 1)."""
        coordinates, frames, wide = input_shape if len(input_shape) == 3 else (0, 0, 0)
        for name, layout in LAYOUTS.items():
            bodies, rest = divmod(coordinates, layout.joints * DIMENSIONS)
            if wide == 1 and rest == 0 and bodies in (1, 2):
                return {"layout": name, "bodies": bodies, "frames": frames, "classes": classes}
        sizes = ", ".join(f"{name} {DIMENSIONS * layout.joints}" for name, layout in LAYOUTS.items())
        raise ValueError(f"it takes (coordinates, frames, 1), with coordinates a body of {sizes}")


def _ntu(dropout: float = 0.0) -> SkeletonConfig:
    """The published size, for NTU RGB+D."""
    return SkeletonConfig(classes=60, frames=300, bodies=2, width=1.0, padded=True, dropout=dropout)


class _Conv(nn.Module):
    """A convolution along one axis of (B, C, length, 1), padded so that length / stride outputs come out."""

    def __init__(
        self, channels_in: int, channels: int, kernel: int, size: int, stride: int, *, causal: bool, separable: bool
    ) -> None:
        super().__init__()
        self.before, self.behind = (kernel - 1, 0) if causal else same_padding(size, kernel, stride)
        steps, reach = (stride, 1), (kernel, 1)
        if separable:
            self.conv: nn.Module = nn.Sequential(
                nn.Conv2d(channels_in, channels_in, reach, steps, groups=channels_in, bias=False),
                nn.Conv2d(channels_in, channels, 1),
            )
        else:
            self.conv = nn.Conv2d(channels_in, channels, reach, steps)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(F.pad(x, (0, 0, self.before, self.behind)))
        return y


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class FrameAttention(nn.Module):
    """Weights of the steps of a map: a softmax over them, times their number, so that even ones are 1.

    Args:
        channels: of the map.
        legacy: the softmax of the published code, over the one score that a step has: weights are 1, nothing learns.

    Shapes:
        (B, channels, length, 1) -> (B, 1, length, 1).
    """

    def __init__(self, channels: int, *, legacy: bool) -> None:
        super().__init__()
        self.legacy = legacy
        self.hidden, self.score = nn.Conv2d(channels, 2 * channels, 1), nn.Conv2d(2 * channels, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.score(torch.relu(self.hidden(x)))
        return scores.softmax(1) if self.legacy else scores.softmax(2) * scores.shape[2]


class _Block(nn.Module):
    """Three convolutions beside a shortcut; `first` is the stride of the first."""

    def __init__(
        self, config: SkeletonConfig, channels_in: int, channels: int, size: int, first: int, *, attends: bool
    ):
        super().__init__()
        self.attends, after = attends, same_size(size, first)
        plan = [(channels_in, size, first), (channels, after, 1), (channels, after, 1)]
        self.convs = nn.ModuleList(
            _Conv(read, channels, config.kernel, length, stride, causal=config.causal, separable=config.separable)
            for read, length, stride in plan
        )
        self.norms = nn.ModuleList(_norm(read if attends else channels) for read, _, _ in plan)
        self.dropout = nn.Dropout(config.dropout)
        self.shortcut = nn.Conv2d(channels_in, channels, 1, (first, 1)) if first > 1 else nn.Identity()
        legacy = config.frame_attention == "legacy"
        self.attention = FrameAttention(channels, legacy=legacy) if attends else None

    def forward(self, x: Tensor) -> Tensor:
        h = x
        for conv, norm in zip(self.convs, self.norms, strict=True):
            # With attention normalisation comes first, without it last.
            h = conv(self.dropout(torch.relu(norm(h)))) if self.attends else self.dropout(torch.relu(norm(conv(h))))
        y: Tensor = self.shortcut(x) + h
        return y if self.attention is None else y * self.attention(h)


class BaseNet(nn.Module):
    """The network that all are made of.

    Args:
        config: sizes; its classes.
        channels: numbers a step.
        size: steps.
        closes: whether a normalisation and ReLU stand before the pooling.
        attends: whether blocks normalise first and weigh their steps.

    Shapes:
        (B, channels, size, 1) -> (B, classes).
    """

    def __init__(
        self, config: SkeletonConfig, channels: int, size: int, *, closes: bool = True, attends: bool = False
    ) -> None:
        super().__init__()
        one, two, three = config.widths
        self.stem = _Conv(channels, one, config.kernel, size, 1, causal=config.causal, separable=False)
        self.blocks = nn.Sequential()
        for read, made, stride in ((one, one, 1), (one, two, 2), (two, three, 2)):
            self.blocks.append(_Block(config, read, made, size, stride, attends=attends))
            size = same_size(size, stride)
        self.closing = _norm(three) if closes else None
        self.classifier: nn.Module = nn.Linear(three, config.classes) if config.classes else nn.Identity()
        self.apply(_initialise)

    def forward(self, x: Tensor) -> Tensor:
        y = self.blocks(self.stem(x))
        if self.closing is not None:
            y = torch.relu(self.closing(y))
        z: Tensor = self.classifier(y.mean((2, 3)))
        return z


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


@register_model("skeleton_base_ntu", _ntu())
@register_model("skeleton_base", SkeletonConfig())
class SkeletonBase(nn.Module):
    """The whole body over time.

    Shapes:
        (B, coordinates, frames, 1) -> (B, classes).

    Cost: 203 688 960 multiply-accumulates and 1 874 876 trainable parameters at the published size.
    """

    def __init__(self, config: SkeletonConfig) -> None:
        super().__init__()
        self.net = BaseNet(config, config.coordinates, config.frames)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.net(x)
        return y


@register_model("skeleton_difference_ntu", _ntu(0.3))
@register_model("skeleton_difference", SkeletonConfig())
class SkeletonDifference(nn.Module):
    """What changed since the frame before.

    Shapes:
        (B, coordinates, frames, 1) -> (B, classes).
    """

    def __init__(self, config: SkeletonConfig) -> None:
        super().__init__()
        self.padded, self.legacy_edge = config.padded, config.legacy_edge
        self.net = BaseNet(config, config.coordinates, config.frames, closes=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.net(self.differences(x))
        return y

    def differences(self, x: Tensor) -> Tensor:
        """x(t) - x(t - 1), 0 for the first frame and for those behind the last real one."""
        change = F.pad(x[:, :, 1:] - x[:, :, :-1], (0, 0, 1, 0))
        if not self.padded or self.legacy_edge:
            return change
        present = (x != 0).any(1, keepdim=True).to(x.dtype)
        # Real is each frame that a frame with anything in it comes at or after.
        return change * present.flip(2).cummax(2).values.flip(2)


@register_model("skeleton_two_stream_ntu", _ntu())
@register_model("skeleton_two_stream", SkeletonConfig())
class SkeletonTwoStream(nn.Module):
    """The body over time, and its frames along the joints, as factors of one answer.

    Shapes:
        (B, coordinates, frames, 1) -> (B, classes), logarithms of shares.
    """

    def __init__(self, config: SkeletonConfig) -> None:
        super().__init__()
        if config.causal:
            raise ValueError("the stream along the joints needs all frames of a clip: it cannot be causal")
        self.temporal = BaseNet(config, config.coordinates, config.frames)
        self.spatial = BaseNet(config, config.frames, config.coordinates)

    def forward(self, x: Tensor) -> Tensor:
        return product_of_shares([self.temporal(x), self.spatial(x.transpose(1, 2))])


@register_model("skeleton_parts_ntu", _ntu(0.1))
@register_model("skeleton_parts", SkeletonConfig())
class SkeletonParts(nn.Module):
    """Two arms, two legs and the torso, a network each, as factors of one answer.

    Shapes:
        (B, coordinates, frames, 1) -> (B, classes), logarithms of shares.
    """

    places: Tensor

    def __init__(self, config: SkeletonConfig) -> None:
        super().__init__()
        parts, joints = config.body.parts, config.body.joints
        a_body = DIMENSIONS * max(len(part) for part in parts)
        nothing = config.coordinates  # the number of a channel of zeros behind the others
        rows = []
        for part in parts:
            row = [nothing] * (a_body * config.bodies)
            for body in range(config.bodies):
                for at, joint in enumerate(part):
                    for axis in range(DIMENSIONS):
                        row[body * a_body + DIMENSIONS * at + axis] = DIMENSIONS * (body * joints + joint) + axis
            rows.append(row)
        self.register_buffer("places", torch.tensor(rows), persistent=False)
        self.nets = nn.ModuleList(BaseNet(config, len(row), config.frames) for row in rows)

    def forward(self, x: Tensor) -> Tensor:
        wide = F.pad(x, (0, 0, 0, 0, 0, 1))
        return product_of_shares([net(wide[:, row]) for net, row in zip(self.nets, self.places, strict=True)])


@register_model("skeleton_attention_ntu", _ntu(0.1))
@register_model("skeleton_attention", SkeletonConfig())
class SkeletonAttention(nn.Module):
    """Weights of the coordinates of each frame, and of the frames of each block.

    Shapes:
        (B, coordinates, frames, 1) -> (B, classes).
    """

    def __init__(self, config: SkeletonConfig) -> None:
        super().__init__()
        if config.causal:
            raise ValueError("frames are weighed against all frames of a clip: it cannot be causal")
        size = config.coordinates
        self.hidden, self.score = nn.Conv2d(size, 2 * size, 1), nn.Conv2d(2 * size, size, 1)
        self.net = BaseNet(config, size, config.frames, closes=False, attends=True)
        self.idle_parameters = (
            tuple(n for n, _ in self.named_parameters() if ".attention." in n)
            if config.frame_attention == "legacy"
            # What is added to all scores changes no softmax.
            else tuple(n for n, _ in self.named_parameters() if n.endswith(".attention.score.bias"))
        )
        for layer in (self.hidden, self.score):
            _initialise(layer)
        # Weights begin even. With the spread of the other layers one frame of each clip would get all of them, chosen
        # by chance, and training does not recover from that.
        scores = [module.score for module in self.modules() if isinstance(module, FrameAttention)]
        for layer in (self.score, *scores):
            nn.init.normal_(layer.weight, std=_EVEN)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.net(x * self.coordinate_weights(x))
        return y

    def coordinate_weights(self, x: Tensor) -> Tensor:
        """Shares of the coordinates of each frame, (B, coordinates, frames, 1)."""
        scores: Tensor = self.score(torch.tanh(self.hidden(x)))
        return scores.softmax(1)

    def frame_weights(self, x: Tensor) -> list[Tensor]:
        """Weights of the frames in each block, (B, length) each, 1 where all are alike."""
        found: list[Tensor] = []
        attentions = [module for module in self.modules() if isinstance(module, FrameAttention)]
        hooks = [a.register_forward_hook(lambda _, __, w: found.append(w[:, 0, :, 0])) for a in attentions]
        try:
            self(x)
        finally:
            for hook in hooks:
                hook.remove()
        return found


MEMBERS = ("two_stream", "parts", "attention", "difference")
_NETWORKS = {
    "base": SkeletonBase,
    "two_stream": SkeletonTwoStream,
    "parts": SkeletonParts,
    "attention": SkeletonAttention,
    "difference": SkeletonDifference,
}


@register_model("skeleton_ensemble_ntu", _ntu())
@register_model("skeleton_ensemble", SkeletonConfig())
class SkeletonEnsemble(nn.Module):
    """The four networks of the paper, trained apart and fused by the product of their shares.

    Shapes:
        (B, coordinates, frames, 1) -> (B, classes), logarithms of shares.
    """

    def __init__(self, config: SkeletonConfig) -> None:
        super().__init__()
        self.members = nn.ModuleDict({name: _NETWORKS[name](config) for name in MEMBERS})
        idle = SkeletonAttention(config).idle_parameters
        self.idle_parameters = tuple(f"members.attention.{name}" for name in idle)

    def forward(self, x: Tensor) -> Tensor:
        return product_of_shares([member(x) for member in self.members.values()])
