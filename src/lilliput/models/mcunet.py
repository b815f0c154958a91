"""MCUNet and its relatives: a strided stem, inverted bottlenecks from a list, one average, one linear layer.

Paper   MCUNet: Tiny Deep Learning on IoT Devices (arXiv:2007.10319); MobileNetV2 (arXiv:1801.04381) and ProxylessNAS
        (arXiv:1812.00332) are other lists of the same blocks, and so is MobileNetV2 with redistributed receptive field
        (MCUNetV2, arXiv:2110.15352, section 3.2)
Input   (B, channels, height, width): RGB, of the side in the name
Output  (B, classes): logits
Differs from the paper: the stand-in for MobileNetV2 with redistributed receptive field is what `redistribute` makes of
        MobileNetV2; the paper publishes its pattern and its cost, not its list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from operator import mul

from torch import Tensor, nn

from lilliput.models.backbone import Backbone, FeatureInfo, Stage
from lilliput.models.blocks import Block, blocks_of_stages, in_eights, parse_blocks
from lilliput.models.entry import check_range, register_model

_MOBILENET_V2 = (  # Table 2 of the paper
    "24:2:6,3 6,3;32:2:6,3 6,3 6,3;64:2:6,3 6,3 6,3 6,3;96:1:6,3 6,3 6,3;160:2:6,3 6,3 6,3;320:1:6,3"
)
_PROXYLESS = (  # "Mobile" of the paper's figure 4
    "32:2:3,5 3,3;40:2:3,7 3,3 3,5 3,5;80:2:6,7 3,5 3,5 3,5;96:1:6,5 3,5 3,5 3,5;192:2:6,7 6,7 3,7 3,7;320:1:6,7"
)


@dataclass(frozen=True)
class MCUNetConfig:
    """Sizes of a network of inverted bottlenecks; the defaults are MobileNetV2's."""

    channels: int = 3
    height: int = 224
    width: int = 224
    classes: int = 1000
    stem: int = 32  # channels of the strided 3×3 convolution
    first: int = 16  # channels after the first block, whose expansion is 1
    first_kernel: int = 3
    blocks: str = blocks_of_stages(16, _MOBILENET_V2, 1)  # "in,out,expansion,kernel,stride …", without the first
    head: int = 1280  # channels of the 1×1 convolution in front of the average; 0: none

    def __post_init__(self) -> None:
        check_range(self, 1, 65536, "channels", "height", "width", "stem", "first", "first_kernel")
        check_range(self, 0, 65536, "classes", "head")
        if self.first_kernel % 2 == 0:
            raise ValueError(f"`first_kernel` must be odd, got {self.first_kernel}")
        parse_blocks(self.blocks, self.first)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width

    @property
    def block_list(self) -> tuple[Block, ...]:
        """All blocks, the first included.

        Raises:
            ValueError: `blocks` is no list of blocks, or one does not take the channels that the one before it gives.
        """
        return (Block(self.stem, self.first, 1, self.first_kernel, 1), *parse_blocks(self.blocks, self.first))

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape."""
        if len(input_shape) != 3:
            raise ValueError("it takes (channels, height, width)")
        channels, height, width = input_shape
        return {"channels": channels, "height": height, "width": width, "classes": classes}


def _searched(side: int, stem: int, first: int, blocks: str) -> MCUNetConfig:
    return MCUNetConfig(height=side, width=side, stem=stem, first=first, blocks=blocks, head=0)


def _scaled(side: int, stages: str, factor: float) -> MCUNetConfig:
    first = in_eights(16 * factor)
    return MCUNetConfig(
        height=side,
        width=side,
        stem=in_eights(32 * factor),
        first=first,
        blocks=blocks_of_stages(first, stages, factor),
        head=in_eights(1280 * factor),
    )


_MOBILENET_V2_RD = (
    "16,24,6,3,2 24,32,6,3,2 32,32,6,3,1 32,32,6,3,1 32,64,6,3,2 64,64,6,3,1 64,64,6,3,1 64,64,6,3,1 64,64,6,3,1 "
    "64,64,6,3,1 64,96,6,3,1 96,96,6,3,1 96,96,6,3,1 96,160,6,3,2 160,160,6,3,1 160,160,6,3,1 160,320,6,3,1"
)
# The published networks, by the frames a second or the memory that they were searched for.
_IN0 = (
    "16,16,4,5,2 16,16,3,3,1 16,16,4,3,1 16,24,5,7,2 24,24,4,5,1 24,24,5,5,1 24,48,5,7,2 48,48,4,5,1 48,56,5,3,1 "
    "56,56,4,5,1 56,56,5,3,1 56,112,6,3,2 112,112,4,5,1 112,192,6,3,1"
)
_IN1 = (
    "8,16,4,3,2 16,16,3,3,1 16,24,3,7,2 24,24,5,3,1 24,40,5,3,2 40,40,4,7,1 40,48,4,5,1 48,48,3,3,1 48,48,4,3,1 "
    "48,96,5,7,2 96,96,4,5,1 96,96,4,5,1 96,160,6,3,1"
)
_IN2 = (
    "8,16,3,5,2 16,16,6,7,1 16,16,5,3,1 16,16,5,5,1 16,24,5,3,2 24,24,6,7,1 24,24,6,5,1 24,40,4,7,2 40,40,5,5,1 "
    "40,48,5,3,1 48,48,5,5,1 48,48,4,3,1 48,96,6,5,2 96,96,4,5,1 96,96,3,5,1 96,96,4,3,1 96,160,5,5,1"
)
_IN3 = (
    "8,16,3,7,2 16,16,5,3,1 16,16,5,7,1 16,16,4,5,1 16,24,5,5,2 24,24,5,5,1 24,24,5,5,1 24,40,5,3,2 40,40,6,7,1 "
    "40,40,4,5,1 40,48,5,5,1 48,48,5,7,1 48,48,5,3,1 48,96,6,3,2 96,96,5,7,1 96,96,4,3,1 96,160,5,7,1"
)
_IN4 = (
    "16,24,3,7,2 24,24,5,3,1 24,24,4,5,1 24,40,5,7,2 40,40,4,3,1 40,40,4,7,1 40,80,3,7,2 80,80,3,3,1 80,80,3,7,1 "
    "80,96,4,3,1 96,96,3,5,1 96,96,3,5,1 96,192,4,7,2 192,192,3,7,1 192,192,3,5,1 192,320,4,5,1"
)
_VWW1 = (
    "8,16,6,3,2 16,16,3,3,1 16,16,3,3,1 16,24,3,7,2 24,24,6,3,1 24,24,5,5,1 24,40,6,7,2 40,40,6,7,1 40,48,6,3,1 "
    "48,48,4,3,1 48,96,5,5,2 96,96,5,3,1 96,96,4,3,1 96,160,3,7,1"
)


@register_model("mobilenet_v2", MCUNetConfig())
@register_model("mobilenet_v2_rd", MCUNetConfig(first_kernel=1, blocks=_MOBILENET_V2_RD))
@register_model("mobilenet_v2_w030_r80", _scaled(80, _MOBILENET_V2, 0.3))
@register_model("mobilenet_v2_w035_r144", _scaled(144, _MOBILENET_V2, 0.35))
@register_model("proxyless", _scaled(224, _PROXYLESS, 1.0))
@register_model("proxyless_w025_r112", _scaled(112, _PROXYLESS, 0.25))
@register_model("mcunet_in0", _searched(48, 24, 16, _IN0))
@register_model("mcunet_in1", _searched(96, 16, 8, _IN1))
@register_model("mcunet_in2", _searched(160, 16, 8, _IN2))
@register_model("mcunet_in3", _searched(176, 16, 8, _IN3))
@register_model("mcunet_in4", _searched(160, 32, 16, _IN4))
@register_model("mcunet_vww1", replace(_searched(80, 16, 8, _VWW1), classes=2))
class MCUNet(Backbone):
    """The network of the file's head.

    Shapes:
        (B, channels, height, width) -> (B, classes).

    Cost: 300 774 272 multiply-accumulates and 3 504 872 trainable parameters as `mobilenet_v2`.
    """

    classifier_name = "head"

    def __init__(self, config: MCUNetConfig) -> None:
        super().__init__()
        self.stem = nn.Sequential(*_layer(config.channels, config.stem, 3, 2))
        self.blocks = nn.Sequential(*(_Bottleneck(block) for block in config.block_list))
        channels = config.block_list[-1].channels_out
        self.mix = nn.Sequential(*_layer(channels, config.head, 1)) if config.head else nn.Identity()
        self.wide = config.head or channels
        self.head = nn.Linear(self.wide, config.classes) if config.classes else nn.Identity()
        self.apply(_initialise)
        smaller = list(accumulate([2 * config.block_list[0].stride, *(b.stride for b in config.block_list[1:])], mul))
        self.kept = [n for n in range(len(smaller)) if n + 1 == len(smaller) or smaller[n + 1] > smaller[n]]
        self.feature_info = FeatureInfo(
            Stage(f"block{n}", config.block_list[n].channels_out, smaller[n]) for n in self.kept
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
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.kept:
                yield x

    def forward_features(self, x: Tensor) -> Tensor:
        """(B, channels, height, width) -> the last map."""
        y: Tensor = self.mix(self.blocks(self.stem(x)))
        return y

    def pool(self, x: Tensor) -> Tensor:
        """The mean of the map."""
        return x.mean((2, 3))


class _Bottleneck(nn.Module):
    def __init__(self, block: Block) -> None:
        super().__init__()
        inner = block.channels_in * block.expansion
        expand = _layer(block.channels_in, inner, 1) if block.expansion > 1 else ()
        depthwise = _layer(inner, inner, block.kernel, block.stride, groups=inner)
        project = _layer(inner, block.channels_out, 1)[:2]  # no activation: the bottleneck is linear
        self.path = nn.Sequential(*expand, *depthwise, *project)
        self.is_residual = block.is_residual

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.path(x)
        return x + y if self.is_residual else y


def _layer(channels_in: int, channels: int, kernel: int, stride: int = 1, groups: int = 1) -> tuple[nn.Module, ...]:
    conv = nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, groups=groups, bias=False)
    return conv, nn.BatchNorm2d(channels), nn.ReLU6()


def _initialise(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
