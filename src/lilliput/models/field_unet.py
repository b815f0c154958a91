"""A plain U-Net between fields: convolutions on each of several grids, joined on the way up.

Paper   U-Net: Convolutional Networks for Biomedical Image Segmentation (arXiv:1505.04597), without its cropping
Input   (B, channels, height, width): fields on a grid, normalised
Output  (B, outputs, height, width): fields on the same grid
Differs from the paper: padded convolutions, GELU, and group normalisation, so that batches do not mix. Sizes are ours.

A baseline of `mgno`: coarse grids too, but with nonlinearities everywhere and no residual of an equation.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.models.entry import check_range, register_model


@dataclass(frozen=True)
class FieldUNetConfig:
    """Sizes of the network."""

    channels: int = 1
    height: int = 32
    width: int = 32
    outputs: int = 1
    features: int = 16  # on the finest grid; each coarser one has twice as many
    levels: int = 3

    def __post_init__(self) -> None:
        check_range(self, 1, 4096, "channels", "outputs", "features")
        check_range(self, 1, 8, "levels")
        for name in ("height", "width"):
            check_range(self, 1 << (self.levels - 1), 8192, name)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape; a field has no classes."""
        if len(input_shape) != 3:
            raise ValueError("it takes (channels, height, width)")
        channels, height, width = input_shape
        return {"channels": channels, "height": height, "width": width}


@register_model("field_unet", FieldUNetConfig())
class FieldUNet(nn.Module):
    """The network of the file's head.

    Shapes:
        (B, channels, height, width) -> (B, outputs, height, width), any sides of at least 2^(levels − 1).
    """

    def __init__(self, config: FieldUNetConfig) -> None:
        super().__init__()
        wide = [config.features << level for level in range(config.levels)]
        self.down = nn.ModuleList(_block(a, b) for a, b in zip([config.channels, *wide[:-1]], wide, strict=True))
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in pairwise(wide))
        self.up = nn.ModuleList(_block(2 * a, a) for a in wide[:-1])
        self.head = nn.Conv2d(wide[0], config.outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        kept = []
        for index, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if index else x)
            kept.append(x)
        for level in range(len(self.up) - 1, -1, -1):
            other = kept[level]
            grown = self.enlarge[level](x)
            # An odd side lost its last line to the pooling; the line before it stands in.
            missing = (0, other.shape[3] - grown.shape[3], 0, other.shape[2] - grown.shape[2])
            grown = F.pad(grown, missing, mode="replicate") if any(missing) else grown
            x = self.up[level](torch.cat([other, grown], 1))
        y: Tensor = self.head(x)
        return y


def _block(channels: int, out: int) -> nn.Module:
    layers: list[nn.Module] = []
    for a in (channels, out):
        groups = next(n for n in (4, 3, 2, 1) if out % n == 0)
        layers += [nn.Conv2d(a, out, 3, padding=1, bias=False), nn.GroupNorm(groups, out), nn.GELU()]
    return nn.Sequential(*layers)
