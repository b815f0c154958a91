"""EfficientNet-B0 and what becomes of it at other resolutions, depths and widths: TinyNet A to E.

Paper   Model Rubik's Cube: Twisting Resolution, Depth and Width for TinyNets (arXiv:2010.14819); the base network is
        EfficientNet (arXiv:1905.11946)
Input   (B, channels, height, width): RGB, normalised; 32 or more a side, and 8 or more for the form for small
        pictures, which begins without getting smaller
Output  (B, classes): logits
Differs from the paper: depthwise kernels start with the spread of their own nine or twenty-five inputs, as in the
        published PyTorch code; the authors' MindSpore code does not divide by the groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from math import ceil, prod
from operator import mul
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lilliput.layers.drop_path import DropPath
from lilliput.models.backbone import Backbone, FeatureInfo, Stage
from lilliput.models.blocks import Block, in_eights
from lilliput.models.entry import check_range, register_model

_ACTIVATIONS = {"silu": nn.SiLU, "hard_swish": nn.Hardswish, "relu6": nn.ReLU6}


class _Stage(NamedTuple):
    repeats: int
    kernel: int
    expansion: int
    channels: int


_B0 = (
    _Stage(1, 3, 1, 16),
    _Stage(2, 3, 6, 24),
    _Stage(2, 5, 6, 40),
    _Stage(3, 3, 6, 80),
    _Stage(3, 5, 6, 112),
    _Stage(4, 5, 6, 192),
    _Stage(1, 3, 6, 320),
)


@dataclass(frozen=True)
class EfficientNetConfig:
    """Sizes of a network of the family; the defaults are those of EfficientNet-B0."""

    channels: int = 3
    height: int = 224
    width: int = 224
    classes: int = 1000  # 0: pooled features
    width_factor: float = 1.0  # on channels
    depth_factor: float = 1.0  # on the blocks of a stage
    depth_rounding: str = "round"  # "round" to the even neighbour, as TinyNet; "ceil" as EfficientNet
    strides: str = "2 1 2 2 2 1 2 1"  # of the first convolution and of the seven stages
    scale_ends: bool = False  # whether the first and the last convolution are scaled as well
    squeeze: float = 0.25  # channels of squeeze-and-excitation through the block's input; 0: none
    act: str = "silu"  # "silu", "hard_swish" or "relu6"
    dropout: float = 0.0  # in front of the classifier
    drop_path: float = 0.0  # of each residual block

    def __post_init__(self) -> None:
        check_range(self, 1, 65536, "channels")
        check_range(self, 0, 65536, "classes")
        self._check_strides()
        check_range(self, self.reduction, 8192, "height", "width")
        check_range(self, 1 / 64, 64, "width_factor", "depth_factor")
        check_range(self, 0, 1, "squeeze")
        check_range(self, 0, 0.99, "dropout", "drop_path")
        if self.act not in _ACTIVATIONS:
            raise ValueError(f"`act` {self.act!r} is none of {', '.join(_ACTIVATIONS)}")
        if self.depth_rounding not in ("round", "ceil"):
            raise ValueError(f"`depth_rounding` {self.depth_rounding!r} is none of round, ceil")

    def _check_strides(self) -> None:
        words = self.strides.split()
        if len(words) != 1 + len(_B0) or not set(words) <= {"1", "2"}:
            raise ValueError(f"`strides` must be eight numbers that are 1 or 2, got {self.strides!r}")

    @property
    def stage_strides(self) -> tuple[int, ...]:
        """Of the first convolution and of the stages."""
        return tuple(int(word) for word in self.strides.split())

    @property
    def reduction(self) -> int:
        """Side of the input through the side of the last map."""
        return prod(self.stage_strides)

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

    def scaled(self, resolution: float, depth: float, width: float) -> EfficientNetConfig:
        """This network with its sides, blocks and channels multiplied; sides are cut to whole pixels.

        Raises:
            ValueError: a side falls below the stride of the whole network, or a factor is out of its range.
        """
        height, wide = int(self.height * resolution), int(self.width * resolution)
        if min(height, wide) < self.reduction:
            raise ValueError(
                f"a resolution of {resolution:g} gives {height}x{wide}: below {self.reduction}, the network's stride"
            )
        return replace(
            self,
            height=height,
            width=wide,
            depth_factor=self.depth_factor * depth,
            width_factor=self.width_factor * width,
        )

    @property
    def stem(self) -> int:
        """Channels of the first convolution."""
        return in_eights(32 * self.width_factor) if self.scale_ends else 32

    @property
    def head(self) -> int:
        """Channels of the last convolution; never fewer than 1280 unless the ends are scaled."""
        scaled = in_eights(1280 * self.width_factor)
        return scaled if self.scale_ends else max(1280, scaled)

    @property
    def block_lists(self) -> tuple[tuple[Block, ...], ...]:
        """The blocks of the seven stages."""
        before, stages = self.stem, []
        for stage, stride in zip(_B0, self.stage_strides[1:], strict=True):
            count = stage.repeats * self.depth_factor
            repeats = max(1, ceil(count) if self.depth_rounding == "ceil" else round(count))
            after = in_eights(stage.channels * self.width_factor)
            blocks = [Block(before, after, stage.expansion, stage.kernel, stride)]
            blocks += [Block(after, after, stage.expansion, stage.kernel, 1)] * (repeats - 1)
            stages.append(tuple(blocks))
            before = after
        return tuple(stages)


def _tiny(resolution: float, width: float, depth: float, **changes: float) -> EfficientNetConfig:
    return replace(EfficientNetConfig().scaled(resolution, depth, width), **changes)  # type: ignore[arg-type]


@register_model("efficientnet_b0", EfficientNetConfig())
@register_model("efficientnet_b0_32px", EfficientNetConfig(height=32, width=32, classes=10, strides="1 1 1 2 2 1 2 1"))
@register_model("tinynet_a", _tiny(0.86, 1.0, 1.2))
@register_model("tinynet_b", _tiny(0.84, 0.75, 1.1))
@register_model("tinynet_c", _tiny(0.825, 0.54, 0.85))
@register_model("tinynet_d", _tiny(0.68, 0.54, 0.695))
@register_model("tinynet_e", _tiny(0.475, 0.51, 0.60))
class EfficientNet(Backbone):
    """The network of the file's head.

    Shapes:
        (B, channels, height, width) -> (B, classes).

    Cost: 24 356 848 multiply-accumulates and 2 042 972 trainable parameters as `tinynet_e`.
    """

    def __init__(self, config: EfficientNetConfig) -> None:
        super().__init__()
        self.config = config
        act, lists = _ACTIVATIONS[config.act], config.block_lists
        self.stem = nn.Sequential(*_conv(config.channels, config.stem, 3, config.stage_strides[0]), act())
        self.blocks = nn.ModuleList(nn.Sequential(*(_MBConv(b, config) for b in blocks)) for blocks in lists)
        self.head = nn.Sequential(*_conv(lists[-1][-1].channels_out, config.head, 1), act())
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = self.make_classifier(config.classes)
        self.apply(_initialise)
        smaller = list(accumulate(config.stage_strides, mul))[1:]
        self.kept = [n for n in range(len(lists)) if n + 1 == len(lists) or smaller[n + 1] > smaller[n]]
        self.feature_info = FeatureInfo(Stage(f"stage{n}", lists[n][-1].channels_out, smaller[n]) for n in self.kept)

    @property
    def num_features(self) -> int:
        """Channels behind the last convolution."""
        return self.config.head  # type: ignore[no-any-return]

    def new_classifier(self, classes: int) -> nn.Module:
        """A linear layer."""
        linear = nn.Linear(self.num_features, classes)
        _initialise(linear)
        return linear

    def stages(self, x: Tensor) -> Iterator[Tensor]:
        """The last map of each size."""
        x = self.stem(x)
        for index, blocks in enumerate(self.blocks):
            x = blocks(x)
            if index in self.kept:
                yield x

    def forward_features(self, x: Tensor) -> Tensor:
        """(B, channels, height, width) -> (B, head, height / reduction, width / reduction)."""
        for kept in self.stages(x):
            x = kept
        y: Tensor = self.head(x)
        return y

    def pool(self, x: Tensor) -> Tensor:
        """The mean of the map."""
        y: Tensor = self.dropout(x.mean((2, 3)))
        return y


class _MBConv(nn.Module):
    """Inverted bottleneck with squeeze-and-excitation; without the first 1×1 where nothing is widened."""

    def __init__(self, block: Block, config: EfficientNetConfig) -> None:
        super().__init__()
        act, inner = _ACTIVATIONS[config.act], block.channels_in * block.expansion
        self.expand = (
            nn.Sequential(*_conv(block.channels_in, inner, 1), act()) if block.expansion > 1 else nn.Sequential()
        )
        self.depthwise = nn.Sequential(*_conv(inner, inner, block.kernel, block.stride, groups=inner), act())
        squeezed = max(1, int(block.channels_in * config.squeeze))
        self.gate = _Squeeze(inner, squeezed, act()) if config.squeeze else nn.Identity()
        self.project = nn.Sequential(*_conv(inner, block.channels_out, 1))
        self.drop_path = DropPath(config.drop_path) if block.is_residual else None

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.project(self.gate(self.depthwise(self.expand(x))))
        return y if self.drop_path is None else x + self.drop_path(y)


class _Squeeze(nn.Module):
    """Each channel times a factor in (0, 1) that the means of all channels decide."""

    def __init__(self, channels: int, squeezed: int, act: nn.Module) -> None:
        super().__init__()
        self.reduce, self.act = nn.Conv2d(channels, squeezed, 1), act
        self.widen = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean((2, 3), keepdim=True)
        return x * torch.sigmoid(self.widen(self.act(self.reduce(mean))))


def _conv(
    channels_in: int, channels: int, kernel: int, stride: int = 1, groups: int = 1
) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    conv = nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, groups=groups, bias=False)
    return conv, nn.BatchNorm2d(channels)


def _initialise(module: nn.Module) -> None:
    """Weights as in EfficientNet: spread by what a unit feeds."""
    if isinstance(module, nn.Conv2d):
        fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels // module.groups
        nn.init.normal_(module.weight, 0, (2 / fan_out) ** 0.5)
    elif isinstance(module, nn.Linear):
        nn.init.uniform_(module.weight, -(module.out_features**-0.5), module.out_features**-0.5)
    if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
        nn.init.zeros_(module.bias)
