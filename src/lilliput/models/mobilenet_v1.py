"""MobileNetV1: a strided stem, thirteen depthwise-separable layers, one average, one linear layer.

Paper   MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications (arXiv:1704.04861), in the
        form of MLPerf Tiny's person benchmark (arXiv:2106.07597), which this equals in structure
Input   (B, channels, height, width): RGB of 96×96 in the benchmark
Output  (B, classes): logits
Differs from the paper: a bias beside each normalisation, SAME padding of the benchmark's framework, no dropout.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from operator import mul

from torch import Tensor, nn

from lilliput.layers.same import SameConv2d
from lilliput.models.backbone import Backbone, FeatureInfo, Stage
from lilliput.models.entry import check_range, register_model

# Output channels at width 1 and stride of each separable layer: Table 1 of the paper.
_LAYERS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))
_STEM = 32


@dataclass(frozen=True)
class MobileNetV1Config:
    """Sizes of a MobileNetV1; the defaults are the benchmark's."""

    channels: int = 3
    height: int = 96
    width: int = 96
    classes: int = 2
    multiplier: float = 0.25  # on the channels of each layer; the paper's α

    def __post_init__(self) -> None:
        check_range(self, 1, 65536, "channels", "height", "width")
        check_range(self, 0, 65536, "classes")
        check_range(self, 1 / _STEM, 16, "multiplier")  # below, the stem has no channel left

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


@register_model("mobilenet_v1_025", MobileNetV1Config())
class MobileNetV1(Backbone):
    """The network of the file's head.

    Shapes:
        (B, channels, height, width) -> (B, classes).

    Cost: 7 489 664 multiply-accumulates and 216 322 trainable parameters as registered.
    """

    classifier_name = "head"

    def __init__(self, config: MobileNetV1Config) -> None:
        super().__init__()
        channels = int(_STEM * config.multiplier)
        stem = SameConv2d(config.channels, channels, (3, 3), size=(config.height, config.width), stride=(2, 2))
        self.stem = nn.Sequential(stem, *_norm_act(channels))
        size, layers = stem.size_out, []
        for full, stride in _LAYERS:
            wider = int(full * config.multiplier)
            depthwise = SameConv2d(channels, channels, (3, 3), size=size, stride=(stride, stride), groups=channels)
            pointwise = nn.Conv2d(channels, wider, 1)
            layers.append(nn.Sequential(depthwise, *_norm_act(channels), pointwise, *_norm_act(wider)))
            size, channels = depthwise.size_out, wider
        self.body = nn.Sequential(*layers)
        self.average = nn.AvgPool2d(size)
        self.wide = channels
        self.head = nn.Linear(self.wide, config.classes) if config.classes else nn.Identity()
        self.apply(_initialise)
        smaller = list(accumulate([2 * _LAYERS[0][1], *(stride for _, stride in _LAYERS[1:])], mul))
        self.kept = [n for n in range(len(smaller)) if n + 1 == len(smaller) or smaller[n + 1] > smaller[n]]
        self.feature_info = FeatureInfo(
            Stage(f"layer{n}", int(_LAYERS[n][0] * config.multiplier), smaller[n]) for n in self.kept
        )

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
        """The last map of each size."""
        x = self.stem(x)
        for index, layer in enumerate(self.body):
            x = layer(x)
            if index in self.kept:
                yield x

    def forward_features(self, x: Tensor) -> Tensor:
        """(B, channels, height, width) -> the last map."""
        y: Tensor = self.body(self.stem(x))
        return y

    def pool(self, x: Tensor) -> Tensor:
        """The mean of the map."""
        y: Tensor = self.average(x).flatten(1)
        return y


def _norm_act(channels: int) -> tuple[nn.Module, nn.Module]:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01), nn.ReLU()


def _initialise(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
