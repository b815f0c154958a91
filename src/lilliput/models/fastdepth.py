"""FastDepth: a MobileNetV1 encoder, and a light decoder that gives a map of distances as large as the picture.

Paper   FastDepth: Fast Monocular Depth Estimation on Embedded Systems (arXiv:1903.03273)
Input   (B, channels, height, width): RGB in [0, 1], sides that are multiples of 32; 224×224 in the paper
Output  (B, 1, height, width): metres, at least 0
Differs from the paper: nothing in structure. `fastdepth_pruned` has the channels of the published pruned network, read
        off its tuning logs; by `init="fan"` depthwise kernels do not start as small as in the published code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.models.entry import check_range, register_model

_ENCODER = "32 64 128 128 256 256 512 512 512 512 512 512 1024 1024"
_STRIDES = (2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
_DECODER = "512 256 128 64 32"
_SKIPS = {1: 5, 2: 3, 3: 1}
"""Stage of the decoder → layer of the encoder whose map, of the same size, joins behind it."""
_DECODERS = r"(nnconv|blconv|deconv)([3579])(dw)?|(shuffle)([3579])(dw)?|upconv|upproj"


@dataclass(frozen=True)
class FastDepthConfig:
    """Sizes of a FastDepth; the defaults are those of the network before pruning, "skip-add"."""

    channels: int = 3
    height: int = 224
    width: int = 224
    encoder: str = _ENCODER  # output channels of the stem and of the thirteen separable layers
    decoder: str = _DECODER  # output channels of the five stages
    upsampling: str = "nnconv5dw"  # nnconv, blconv, deconv, shuffle with a kernel's side and "dw"; upconv, upproj
    skip: str = "add"  # "add", "concat" or "none"
    multiplier: float = 1.0  # on all channels, then down to eights
    init: str = "fan"  # "fan" or "official"

    def __post_init__(self) -> None:
        check_range(self, 1, 65536, "channels")
        check_range(self, 32, 8192, "height", "width")
        check_range(self, 1 / 64, 16, "multiplier")
        for name in ("height", "width"):
            side = getattr(self, name)
            if side % 32:
                near = " and ".join(str(n) for n in (side // 32 * 32, side // 32 * 32 + 32) if n)
                raise ValueError(f"`{name}` must be a multiple of 32, got {side}; near are {near}")
        if not re.fullmatch(_DECODERS, self.upsampling):
            raise ValueError(f"`upsampling` {self.upsampling!r} is none of nnconv5dw, blconv5, deconv3, shuffle5dw, …")
        if self.skip not in ("add", "concat", "none"):
            raise ValueError(f"`skip` {self.skip!r} is none of add, concat, none")
        if self.skip != "none" and not self.upsampling.startswith(("nnconv", "blconv")):
            raise ValueError(f"skips join behind an enlarging, which {self.upsampling!r} has no place for")
        if self.init not in ("fan", "official"):
            raise ValueError(f"`init` {self.init!r} is none of fan, official")
        self._check_channels()

    def _check_channels(self) -> None:
        for name, count in (("encoder", len(_STRIDES)), ("decoder", 5)):
            words = getattr(self, name).split()
            if len(words) != count or not all(word.isdigit() and 0 < int(word) <= 65536 for word in words):
                raise ValueError(f"`{name}` must be {count} numbers of channels, got {getattr(self, name)!r}")
        if self.upsampling.startswith("shuffle") and self.encoder_channels[-1] != 4**5:
            raise ValueError(f"five shuffles need 1024 channels, the encoder ends in {self.encoder_channels[-1]}")
        for stage, layer in _SKIPS.items():
            made, joined = self.decoder_channels[stage], self.encoder_channels[layer]
            if self.skip == "add" and made != joined:
                raise ValueError(f"stage {stage + 1} has {made} channels, layer {layer} {joined}: they cannot be added")

    @property
    def encoder_channels(self) -> tuple[int, ...]:
        """Of the stem and the separable layers."""
        return self._scaled(self.encoder)

    @property
    def decoder_channels(self) -> tuple[int, ...]:
        """Of the five stages."""
        return self._scaled(self.decoder)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape; a map of distances has no classes."""
        if len(input_shape) != 3:
            raise ValueError("it takes (channels, height, width)")
        channels, height, width = input_shape
        return {"channels": channels, "height": height, "width": width}

    def _scaled(self, words: str) -> tuple[int, ...]:
        if self.multiplier == 1.0:
            return tuple(int(word) for word in words.split())
        return tuple(max(8, int(int(word) * self.multiplier) // 8 * 8) for word in words.split())


_PRUNED = "16 56 88 120 144 256 408 376 272 288 296 328 480 512"


@register_model("fastdepth", FastDepthConfig())
@register_model("fastdepth_pruned", FastDepthConfig(encoder=_PRUNED, decoder="200 256 120 56 16"))
@register_model("fastdepth_concat", FastDepthConfig(skip="concat"))
@register_model("fastdepth_plain", FastDepthConfig(skip="none"))
class FastDepth(nn.Module):
    """The network of the file's head.

    Shapes:
        (B, channels, height, width) -> (B, 1, height, width), metres.

    Cost: 736 658 944 multiply-accumulates and 3 960 930 trainable parameters as `fastdepth`.
    """

    def __init__(self, config: FastDepthConfig) -> None:
        super().__init__()
        self.skip = config.skip
        wide = config.encoder_channels
        stem = nn.Sequential(*_conv(config.channels, wide[0], 3, _STRIDES[0]), nn.ReLU6())
        layers = [
            nn.Sequential(*_conv(a, a, 3, stride, groups=a), nn.ReLU6(), *_conv(a, b, 1), nn.ReLU6())
            for (a, b), stride in zip(pairwise(wide), _STRIDES[1:], strict=True)
        ]
        self.encoder = nn.ModuleList([stem, *layers])
        self.decoder = nn.ModuleList(_stages(config))
        self.head = nn.Sequential(*_conv(config.decoder_channels[-1], 1, 1), nn.ReLU())
        if config.upsampling.startswith("shuffle"):
            self.head = nn.Sequential()  # the last shuffle leaves one channel
        _initialise(self, config.init)

    def forward(self, x: Tensor) -> Tensor:
        kept = []
        for layer in self.encoder:
            x = layer(x)
            kept.append(x)
        for index, stage in enumerate(self.decoder):
            x = stage(x)
            if self.skip != "none" and index in _SKIPS:
                other = kept[_SKIPS[index]]
                x = x + other if self.skip == "add" else torch.cat([x, other], 1)
        y: Tensor = self.head(x)
        return y


class _Enlarge(nn.Module):
    """Twice as many rows and columns."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        self.mode = mode

    def forward(self, x: Tensor) -> Tensor:
        if self.mode == "nearest":
            return F.interpolate(x, scale_factor=2, mode="nearest")
        return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class _Unpool(nn.Module):
    """Each value at the top left of four, the others 0."""

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        spread = torch.stack([x, torch.zeros_like(x)], -1).reshape(b, c, h, 2 * w)
        y: Tensor = torch.stack([spread, torch.zeros_like(spread)], 3).reshape(b, c, 2 * h, 2 * w)
        return y


class _Projection(nn.Module):
    """Two branches behind an unpooling, added."""

    def __init__(self, channels: int, wider: int) -> None:
        super().__init__()
        self.unpool = _Unpool()
        self.long = nn.Sequential(*_conv(channels, wider, 5), nn.ReLU(), *_conv(wider, wider, 3))
        self.short = nn.Sequential(*_conv(channels, wider, 5))

    def forward(self, x: Tensor) -> Tensor:
        x = self.unpool(x)
        return F.relu(self.long(x) + self.short(x))


def _stages(config: FastDepthConfig) -> list[nn.Module]:
    """The five stages of the decoder; each doubles the sides of the map."""
    name = config.upsampling
    found = re.fullmatch(r"([a-z]+?)(\d)?(dw)?", name)
    assert found is not None  # checked by the config
    kind, kernel, separable = found[1], int(found[2] or 5), found[3] is not None
    channels, made = config.encoder_channels[-1], list[nn.Module]()
    for index, wider in enumerate(config.decoder_channels):
        if kind == "shuffle":
            last = index == len(config.decoder_channels) - 1
            channels //= 4
            layers = [] if last else _block(channels, channels, kernel, separable)
            made.append(nn.Sequential(nn.PixelShuffle(2), *layers))
            continue
        made.append(_stage(kind, channels, wider, kernel, separable))
        joined = config.skip == "concat" and index in _SKIPS
        channels = wider + (config.encoder_channels[_SKIPS[index]] if joined else 0)
    return made


def _stage(kind: str, channels: int, wider: int, kernel: int, separable: bool) -> nn.Module:
    if kind == "upproj":
        return _Projection(channels, wider)
    if kind == "upconv":
        return nn.Sequential(_Unpool(), *_conv(channels, wider, 5), nn.ReLU())
    if kind == "deconv":
        return nn.Sequential(*_transposed(channels, wider, kernel, separable))
    return nn.Sequential(
        *_block(channels, wider, kernel, separable), _Enlarge("nearest" if kind == "nnconv" else "bilinear")
    )


def _block(channels: int, wider: int, kernel: int, separable: bool) -> list[nn.Module]:
    if not separable:
        return [*_conv(channels, wider, kernel), nn.ReLU()]
    return [*_conv(channels, channels, kernel, groups=channels), nn.ReLU(), *_conv(channels, wider, 1), nn.ReLU()]


def _transposed(channels: int, wider: int, kernel: int, separable: bool) -> list[nn.Module]:
    first, groups = (channels, channels) if separable else (wider, 1)
    large = nn.ConvTranspose2d(
        channels, first, kernel, 2, (kernel - 1) // 2, output_padding=kernel % 2, groups=groups, bias=False
    )
    layers: list[nn.Module] = [large, nn.BatchNorm2d(first), nn.ReLU()]
    return [*layers, *_conv(channels, wider, 1), nn.ReLU()] if separable else layers


def _conv(channels: int, wider: int, kernel: int, stride: int = 1, groups: int = 1) -> tuple[nn.Module, nn.Module]:
    conv = nn.Conv2d(channels, wider, kernel, stride, kernel // 2, groups=groups, bias=False)
    return conv, nn.BatchNorm2d(wider)


def _initialise(model: nn.Module, kind: str) -> None:
    """Normal, with σ = √(2 / (k² · channels)): output channels, per group or, as the published code has it, of all."""
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            wide = module.out_channels if isinstance(module, nn.Conv2d) else module.in_channels
            fan = wide // (module.groups if kind == "fan" else 1)
            nn.init.normal_(module.weight, 0.0, (2 / (module.kernel_size[0] * module.kernel_size[1] * fan)) ** 0.5)
