"""DS-CNN: a strided stem, depthwise-separable layers, one average, one linear layer. Keyword spotting and the like.

Paper   Hello Edge: Keyword Spotting on Microcontrollers (arXiv:1711.07128), in the form of MLPerf Tiny's keyword
        benchmark (arXiv:2106.07597), which this equals in structure
Input   (B, channels, frames, bands): 49 frames of 10 cepstral coefficients in the benchmark
Output  (B, classes): logits
Differs from the paper: a bias beside each normalisation, SAME padding of the benchmark's framework, and an average
        over (frames // 2, bands // 2), which leaves the last of the 25 rows out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor, nn

from lilliput.layers.same import SameConv2d
from lilliput.models.backbone import Backbone, FeatureInfo, Stage
from lilliput.models.entry import check_range, register_model


@dataclass(frozen=True)
class DSCNNConfig:
    """Sizes of a DS-CNN; the defaults are the benchmark's."""

    channels: int = 1
    frames: int = 49
    bands: int = 10
    classes: int = 12
    width: int = 64
    blocks: int = 4
    stem_frames: int = 10  # the stem's kernel, along time and along frequency
    stem_bands: int = 4
    stride_frames: int = 2
    stride_bands: int = 2
    stem_dropout: float = 0.2
    head_dropout: float = 0.4

    def __post_init__(self) -> None:
        check_range(self, 1, 65536, "channels", "frames", "bands", "width", "stem_frames", "stem_bands")
        check_range(self, 0, 65536, "classes")
        check_range(self, 0, 1000, "blocks")
        check_range(self, 1, self.frames, "stride_frames")
        check_range(self, 1, self.bands, "stride_bands")
        check_range(self, 0, 0.99, "stem_dropout", "head_dropout")

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, frames, bands)."""
        return self.channels, self.frames, self.bands

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape."""
        channels, frames, bands = _image(input_shape)
        changes = {"channels": channels, "frames": frames, "bands": bands, "classes": classes}
        # An axis that the stem's kernel covers whole keeps stride 1: of three accelerometer axes none is skipped.
        if frames <= self.stem_frames:
            changes["stride_frames"] = 1
        if bands <= self.stem_bands:
            changes["stride_bands"] = 1
        return changes


def _image(shape: tuple[int, ...]) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise ValueError("it takes (channels, height, width)")
    return shape[0], shape[1], shape[2]


@register_model("ds_cnn", DSCNNConfig())
class DSCNN(Backbone):
    """The network of the file's head.

    Shapes:
        (B, channels, frames, bands) -> (B, classes).

    Cost: 2 656 768 multiply-accumulates and 23 756 trainable parameters as registered.
    """

    classifier_name = "head"

    def __init__(self, config: DSCNNConfig) -> None:
        super().__init__()
        width = config.width
        stem = SameConv2d(
            config.channels,
            width,
            (config.stem_frames, config.stem_bands),
            size=(config.frames, config.bands),
            stride=(config.stride_frames, config.stride_bands),
        )
        self.stem = nn.Sequential(stem, *_norm_act(width), nn.Dropout(config.stem_dropout))
        self.body = nn.Sequential(*(_separable(width, stem.size_out) for _ in range(config.blocks)))
        self.dropout = nn.Dropout(config.head_dropout)
        self.average = nn.AvgPool2d(_window(config, stem.size_out))
        self.wide = width
        self.head = nn.Linear(self.wide, config.classes) if config.classes else nn.Identity()
        self.apply(_initialise)
        self.feature_info = FeatureInfo([Stage("body", width, config.stride_bands)])

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
        """The one map."""
        yield self.forward_features(x)

    def forward_features(self, x: Tensor) -> Tensor:
        """(B, channels, frames, bands) -> (B, width, ceil(frames / stride), ceil(bands / stride))."""
        y: Tensor = self.body(self.stem(x))
        return y

    def pool(self, x: Tensor) -> Tensor:
        """The mean of the map."""
        y: Tensor = self.average(self.dropout(x)).flatten(1)
        return y


def _window(config: DSCNNConfig, size: tuple[int, int]) -> tuple[int, int]:
    """The benchmark's window where it gives exactly one output, else the whole map."""
    window = (config.frames // config.stride_frames, config.bands // config.stride_bands)
    return window if all(n // w == 1 for n, w in zip(size, window, strict=True)) else size


def _separable(width: int, size: tuple[int, int]) -> nn.Sequential:
    depthwise = SameConv2d(width, width, (3, 3), size=size, groups=width)
    return nn.Sequential(depthwise, *_norm_act(width), nn.Conv2d(width, width, 1), *_norm_act(width))


def _norm_act(width: int) -> tuple[nn.Module, nn.Module]:
    return nn.BatchNorm2d(width, eps=1e-3, momentum=0.01), nn.ReLU()


def _initialise(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
