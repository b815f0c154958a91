"""Inception V3, also in the form whose features the Fréchet inception distance is defined by.

Paper   Rethinking the Inception Architecture for Computer Vision (arXiv:1512.00567); Fréchet distance: arXiv:1706.08500
Input   (B, channels, height, width): RGB of 299×299 in [-1, 1]
Output  (B, classes): logits; 1008 of them in the form for the distance, whose features are the 2048 pooled ones
Differs from the paper: no second classifier half way. The form for the distance takes means of what lies inside the
        picture only, and a maximum instead of a mean in the last block, as the graph that was published for it.

Layers have the names of the published weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.models.backbone import Backbone, FeatureInfo, Stage
from lilliput.models.entry import check_range, register_model

_SMALLEST = 75  # pixels a side, below which a map would vanish
_FEATURES = 2048
_EPS = 1e-3
Size = tuple[int, int]
Branch = Mapping[str, tuple[int, int, int | Size]]
"""Published name → channels in and out, and the kernel."""


@dataclass(frozen=True)
class InceptionConfig:
    """Sizes; the defaults are those of the distance."""

    channels: int = 3
    height: int = 299
    width: int = 299
    classes: int = 1008  # 0: pooled features
    pooling: str = "fid"  # or "published": that of the paper

    def __post_init__(self) -> None:
        check_range(self, 1, 65536, "channels")
        check_range(self, _SMALLEST, 65536, "height", "width")
        check_range(self, 0, 65536, "classes")
        if self.pooling not in ("fid", "published"):
            raise ValueError(f"`pooling` {self.pooling!r} is none of fid, published")

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


class ConvNormReLU(nn.Module):
    """A convolution without bias, its normalisation, and a rectifier."""

    def __init__(
        self, channels_in: int, channels: int, kernel: int | Size = 1, *, stride: int = 1, pads: bool = True
    ) -> None:
        super().__init__()
        size = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (size[0] // 2, size[1] // 2) if pads else (0, 0)
        self.conv = nn.Conv2d(channels_in, channels, size, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(channels, eps=_EPS)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


class Mixed(nn.Module):
    """Chains of convolutions beside each other, and a pooled one.

    Args:
        chains: names and sizes of each chain's convolutions; those of the last one stand behind the pooling. A chain of
            none is the pooling itself.
        halves: the last convolution of each chain, and the pooling, make maps half as large, without padding.
        forks: names of convolutions that split in two, `a` and `b`, side by side.
        pooling: "mean" of 3×3, "inside" for its mean over what lies inside the picture, or "max".
    """

    def __init__(
        self, *chains: Branch, halves: bool = False, forks: tuple[str, ...] = (), pooling: str = "mean"
    ) -> None:
        super().__init__()
        self.chains = [list(chain) for chain in chains]
        self.halves, self.forks, self.pooling = halves, forks, pooling
        for chain in chains:
            for place, (name, (before, after, kernel)) in enumerate(chain.items()):
                ends = halves and place == len(chain) - 1
                kinds = {f"{name}a": (1, 3), f"{name}b": (3, 1)} if name in forks else {name: kernel}
                for key, size in kinds.items():
                    made = ConvNormReLU(before, after, size, stride=2 if ends else 1, pads=not ends)
                    self.add_module(key, made)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([*(self._chain(x, chain) for chain in self.chains[:-1]),
                          self._chain(self._pooled(x), self.chains[-1])], 1)  # fmt: skip

    def _chain(self, x: Tensor, names: list[str]) -> Tensor:
        for name in names:
            if name in self.forks:
                return torch.cat([self.get_submodule(f"{name}a")(x), self.get_submodule(f"{name}b")(x)], 1)
            x = self.get_submodule(name)(x)
        return x

    def _pooled(self, x: Tensor) -> Tensor:
        if self.halves:
            return F.max_pool2d(x, 3, 2)
        if self.pooling == "max":
            return F.max_pool2d(x, 3, 1, 1)
        return F.avg_pool2d(x, 3, 1, 1, count_include_pad=self.pooling == "mean")


def _fine(before: int, pooled: int, pooling: str) -> Mixed:
    return Mixed(
        {"branch1x1": (before, 64, 1)},
        {"branch5x5_1": (before, 48, 1), "branch5x5_2": (48, 64, 5)},
        {"branch3x3dbl_1": (before, 64, 1), "branch3x3dbl_2": (64, 96, 3), "branch3x3dbl_3": (96, 96, 3)},
        {"branch_pool": (before, pooled, 1)},
        pooling=pooling,
    )


def _long(between: int, pooling: str) -> Mixed:
    wide, high = (1, 7), (7, 1)
    return Mixed(
        {"branch1x1": (768, 192, 1)},
        {
            "branch7x7_1": (768, between, 1), "branch7x7_2": (between, between, wide),
            "branch7x7_3": (between, 192, high),
        },
        {
            "branch7x7dbl_1": (768, between, 1), "branch7x7dbl_2": (between, between, high),
            "branch7x7dbl_3": (between, between, wide), "branch7x7dbl_4": (between, between, high),
            "branch7x7dbl_5": (between, 192, wide),
        },
        {"branch_pool": (768, 192, 1)},
        pooling=pooling,
    )  # fmt: skip


def _coarse(before: int, pooling: str) -> Mixed:
    return Mixed(
        {"branch1x1": (before, 320, 1)},
        {"branch3x3_1": (before, 384, 1), "branch3x3_2": (384, 384, 3)},
        {"branch3x3dbl_1": (before, 448, 1), "branch3x3dbl_2": (448, 384, 3), "branch3x3dbl_3": (384, 384, 3)},
        {"branch_pool": (before, 192, 1)},
        forks=("branch3x3_2", "branch3x3dbl_3"),
        pooling=pooling,
    )


@register_model("inception_v3", InceptionConfig(classes=1000, pooling="published"))
@register_model("inception_v3_fid", InceptionConfig())
class Inception(Backbone):
    """The network of the file's head.

    Shapes:
        (B, channels, height, width) -> (B, classes).

    Cost: 23 834 568 trainable parameters as `inception_v3`, 23 850 960 as `inception_v3_fid`.
    """

    classifier_name = "fc"

    def __init__(self, config: InceptionConfig) -> None:
        super().__init__()
        self.config = config
        mean, last = ("inside", "max") if config.pooling == "fid" else ("mean", "mean")
        self.Conv2d_1a_3x3 = ConvNormReLU(config.channels, 32, 3, stride=2, pads=False)
        self.Conv2d_2a_3x3 = ConvNormReLU(32, 32, 3, pads=False)
        self.Conv2d_2b_3x3 = ConvNormReLU(32, 64, 3)
        self.Conv2d_3b_1x1 = ConvNormReLU(64, 80)
        self.Conv2d_4a_3x3 = ConvNormReLU(80, 192, 3, pads=False)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = _fine(192, 32, mean), _fine(256, 64, mean), _fine(288, 64, mean)
        self.Mixed_6a = Mixed(
            {"branch3x3": (288, 384, 3)},
            {"branch3x3dbl_1": (288, 64, 1), "branch3x3dbl_2": (64, 96, 3), "branch3x3dbl_3": (96, 96, 3)},
            {},
            halves=True,
        )
        self.Mixed_6b, self.Mixed_6c = _long(128, mean), _long(160, mean)
        self.Mixed_6d, self.Mixed_6e = _long(160, mean), _long(192, mean)
        self.Mixed_7a = Mixed(
            {"branch3x3_1": (768, 192, 1), "branch3x3_2": (192, 320, 3)},
            {
                "branch7x7x3_1": (768, 192, 1), "branch7x7x3_2": (192, 192, (1, 7)),
                "branch7x7x3_3": (192, 192, (7, 1)), "branch7x7x3_4": (192, 192, 3),
            },
            {},
            halves=True,
        )  # fmt: skip
        self.Mixed_7b, self.Mixed_7c = _coarse(1280, mean), _coarse(_FEATURES, last)
        self.fc = self.make_classifier(config.classes)
        self.feature_info = FeatureInfo(
            (Stage("stem", 192, 8), Stage("mixed5", 288, 8), Stage("mixed6", 768, 16), Stage("mixed7", _FEATURES, 32))
        )

    @property
    def num_features(self) -> int:
        """2048."""
        return _FEATURES

    def new_classifier(self, classes: int) -> nn.Module:
        return nn.Linear(_FEATURES, classes)

    def stages(self, x: Tensor) -> Iterator[Tensor]:
        x = F.max_pool2d(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))), 3, 2)
        x = F.max_pool2d(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)), 3, 2)
        yield x
        yield (x := self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x))))
        for block in (self.Mixed_6a, self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e):
            x = block(x)
        yield x
        yield self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))

    def forward_features(self, x: Tensor) -> Tensor:
        *_, last = self.stages(x)
        return last

    def pool(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))
