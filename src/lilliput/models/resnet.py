"""ResNet8: three residual stacks of two 3×3 convolutions, for images of 32×32.

Paper   Deep Residual Learning for Image Recognition (arXiv:1512.03385), in the form of MLPerf Tiny's image
        benchmark (arXiv:2106.07597), which this equals in structure
Input   (B, channels, size, size): RGB of 32×32 in the benchmark
Output  (B, classes): logits
Differs from the paper: a bias beside each normalisation, neither normalisation nor activation on the 1×1 shortcuts,
        SAME padding of the benchmark's framework.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor, nn

from lilliput.layers.same import SameConv2d, same_size
from lilliput.models.backbone import Backbone, FeatureInfo, Stage
from lilliput.models.entry import check_range, register_model


@dataclass(frozen=True)
class ResNetConfig:
    """Sizes of a ResNet8; the defaults are the benchmark's."""

    channels: int = 3
    height: int = 32
    width: int = 32
    classes: int = 10
    filters: int = 16  # of the first stack; each later stack doubles them
    stacks: int = 3

    def __post_init__(self) -> None:
        check_range(self, 1, 65536, "channels", "height", "width", "filters")
        check_range(self, 0, 65536, "classes")
        check_range(self, 1, 12, "stacks")

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


@register_model("resnet8", ResNetConfig())
@register_model("resnet8_large", ResNetConfig(filters=40))  # the width that gives the published 76 473 920 MACs
class ResNet(Backbone):
    """The network of the file's head.

    Shapes:
        (B, channels, height, width) -> (B, classes).

    Cost: 12 501 632 multiply-accumulates and 78 186 trainable parameters as `resnet8`.
    """

    classifier_name = "head"

    def __init__(self, config: ResNetConfig) -> None:
        super().__init__()
        size, filters = (config.height, config.width), config.filters
        self.stem = nn.Sequential(_conv(config.channels, filters, size), _norm(filters), nn.ReLU())
        stacks: list[nn.Module] = [_Residual(filters, filters, size, stride=1)]
        for _ in range(config.stacks - 1):
            stacks.append(_Residual(filters, 2 * filters, size, stride=2))
            size, filters = (same_size(size[0], 2), same_size(size[1], 2)), 2 * filters
        self.body = nn.Sequential(*stacks)
        self.average = nn.AvgPool2d(size)
        self.wide = filters
        self.head = nn.Linear(self.wide, config.classes) if config.classes else nn.Identity()
        self.apply(_initialise)
        self.feature_info = FeatureInfo(Stage(f"stack{n}", config.filters << n, 1 << n) for n in range(config.stacks))

    @property
    def num_features(self) -> int:
        """Channels of the last map."""
        return self.wide

    def new_classifier(self, classes: int) -> nn.Module:
        """A linear layer."""
        linear = nn.Linear(self.wide, classes)
        _initialise(linear)
        return linear

    def stages(self, x: Tensor) -> Iterator[Tensor]:
        """The output of each stack."""
        x = self.stem(x)
        for stack in self.body:
            x = stack(x)
            yield x

    def forward_features(self, x: Tensor) -> Tensor:
        """(B, channels, height, width) -> the map of the last stack."""
        y: Tensor = self.body(self.stem(x))
        return y

    def pool(self, x: Tensor) -> Tensor:
        """The mean of the map."""
        y: Tensor = self.average(x).flatten(1)
        return y


class _Residual(nn.Module):
    """relu(conv(relu(conv(x))) + shortcut(x)); the shortcut is 1×1 where the size changes."""

    def __init__(self, channels_in: int, channels: int, size: tuple[int, int], stride: int) -> None:
        super().__init__()
        first = _conv(channels_in, channels, size, stride)
        second = _conv(channels, channels, first.size_out)
        self.path = nn.Sequential(first, _norm(channels), nn.ReLU(), second, _norm(channels))
        self.shortcut = nn.Conv2d(channels_in, channels, 1, stride) if stride > 1 else nn.Identity()
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.relu(self.shortcut(x) + self.path(x))
        return y


def _conv(channels_in: int, channels: int, size: tuple[int, int], stride: int = 1) -> SameConv2d:
    return SameConv2d(channels_in, channels, (3, 3), size=size, stride=(stride, stride))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
