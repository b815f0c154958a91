"""FNO: a network between fields whose linear maps act on a few Fourier modes, beside a 1×1 convolution.

Paper   Fourier Neural Operator for Parametric Partial Differential Equations (arXiv:2010.08895)
Input   (B, channels, height, width): fields on a grid, normalised; the points' places are added as two more channels
Output  (B, outputs, height, width): fields on the same grid
Differs from the paper: none of the linear maps in its 2-D form; weights are kept as pairs of numbers, so that they are
        counted as such. `fno_small` is a size of our own.

The baseline of `mgno`. It takes any resolution of at least `2 · modes` points a side: modes, not points, have weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.models.entry import check_range, register_model


def _check_modes(size: tuple[int, int], modes: int) -> None:
    if min(size) < 2 * modes:
        raise ValueError(f"`modes` must be at most half of the points a side, got {modes} for {size[0]}x{size[1]}")


@dataclass(frozen=True)
class FNOConfig:
    """Sizes of an FNO; the defaults are those of the published 2-D network, as the paper on MgNO compares with it."""

    channels: int = 1
    height: int = 64
    width: int = 64
    outputs: int = 1
    features: int = 32
    depth: int = 4
    modes: int = 12  # a side, of each sign along the height
    hidden: int = 128  # of the two last linear maps
    places: bool = True  # whether each point's place is given as two more channels

    def __post_init__(self) -> None:
        check_range(self, 1, 4096, "channels", "outputs", "features", "hidden")
        check_range(self, 1, 64, "depth")
        check_range(self, 1, 1024, "modes")
        check_range(self, 2, 8192, "height", "width")
        _check_modes((self.height, self.width), self.modes)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape; a field has no classes."""
        if len(input_shape) != 3:
            raise ValueError("it takes (channels, height, width)")
        channels, height, width = input_shape
        return {
            "channels": channels,
            "height": height,
            "width": width,
            "modes": min(self.modes, min(height, width) // 2),
        }


_PUBLISHED = FNOConfig()


@register_model("fno", _PUBLISHED)
@register_model("fno_small", replace(_PUBLISHED, height=32, width=32, features=13, modes=6, hidden=64))
class FNO(nn.Module):
    """The network of the file's head.

    Shapes:
        (B, channels, height, width) -> (B, outputs, height, width).

    Raises:
        ValueError: an input with other channels, or with fewer points a side than twice the modes.

    Cost: 2 368 001 trainable parameters as `fno`.
    """

    def __init__(self, config: FNOConfig) -> None:
        super().__init__()
        wide = config.features
        self.channels, self.places = config.channels, config.places
        self.lift = nn.Conv2d(config.channels + 2 * config.places, wide, 1)
        self.modes = nn.ModuleList(SpectralConv2d(wide, wide, config.modes) for _ in range(config.depth))
        self.points = nn.ModuleList(nn.Conv2d(wide, wide, 1) for _ in range(config.depth))
        self.project = nn.Sequential(
            nn.Conv2d(wide, config.hidden, 1), nn.GELU(), nn.Conv2d(config.hidden, config.outputs, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1] != self.channels:
            raise ValueError(f"the network takes {self.channels} channels, the field has {x.shape[1]}")
        u = self.lift(torch.cat([x, *_places(x)], 1) if self.places else x)
        for index, (modes, points) in enumerate(zip(self.modes, self.points, strict=True)):
            u = modes(u) + points(u)
            if index + 1 < len(self.modes):
                u = F.gelu(u)
        y: Tensor = self.project(u)
        return y


class SpectralConv2d(nn.Module):
    """A linear map of its own for each of the lowest Fourier modes; the others become 0.

    Args:
        channels: in.
        out: out.
        modes: along the width 0 to modes − 1, along the height −modes to modes − 1.

    Shapes:
        (B, channels, H, W) -> (B, out, H, W), H and W at least 2 · modes.

    Source: Fourier Neural Operator (arXiv:2010.08895), section 4.
    """

    def __init__(self, channels: int, out: int, modes: int) -> None:
        super().__init__()
        self.modes = modes
        scale = 1 / (channels * out)
        self.weight = nn.Parameter(scale * torch.rand(2, channels, out, modes, modes, 2))  # half, in, out, y, x, re/im

    def forward(self, x: Tensor) -> Tensor:
        size, m = (x.shape[2], x.shape[3]), self.modes
        _check_modes(size, m)
        found = torch.fft.rfft2(x)
        low, high = torch.view_as_complex(self.weight)
        top = torch.einsum("bixy,ioxy->boxy", found[:, :, :m, :m], low)
        bottom = torch.einsum("bixy,ioxy->boxy", found[:, :, -m:, :m], high)
        middle = top.new_zeros(*top.shape[:2], size[0] - 2 * m, m)
        kept = F.pad(torch.cat([top, middle, bottom], 2), (0, size[1] // 2 + 1 - m))
        made: Tensor = torch.fft.irfft2(kept, s=size)
        return made


def _places(x: Tensor) -> list[Tensor]:
    """(B, 1, H, W) each: how far down and how far right a point is, from 0 to 1."""
    rows, columns = (torch.linspace(0, 1, n, dtype=x.dtype, device=x.device) for n in x.shape[2:])
    shape = (len(x), 1, *x.shape[2:])
    return [rows[:, None].expand(shape), columns.expand(shape)]
