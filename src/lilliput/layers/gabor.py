"""The first cells of the visual cortex: filters for edges of some directions and sizes, and their energies.

Axes: B batch, C channels, H height, W width.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_FLOOR = 1e-6  # below the root of an energy
_RATIO, _WIDTH = 0.25, 0.56  # of the two axes of the bell, squared; of its spread to the wave's length


def gabor_bank(directions: int, frequencies: tuple[float, ...], size: int = 7) -> Tensor:
    r"""Waves under a bell, :math:`e^{-(x'^2 + y'^2/4) / 2s^2} \cos(2\pi f x' + \phi)` with :math:`s = 0.56 / f`.

    Each has mean 0 and norm 1. The first half has phase 0 (even), the second the same filters at π/2 (odd).

    Args:
        directions: how many, evenly over half a turn; the wave runs along the direction.
        frequencies: cycles a pixel.
        size: side of a filter, odd.

    Shapes:
        -> (2 · directions · frequencies, 1, size, size).
    """
    place = torch.arange(size, dtype=torch.float64) - size // 2
    rows, columns = torch.meshgrid(place, place, indexing="ij")
    bank = []
    for phase in (0.0, math.pi / 2):
        for frequency in frequencies:
            for number in range(directions):
                angle = math.pi * number / directions
                along = columns * math.cos(angle) + rows * math.sin(angle)
                across = rows * math.cos(angle) - columns * math.sin(angle)
                spread = _WIDTH / frequency
                bell = torch.exp(-(along.square() + _RATIO * across.square()) / (2 * spread**2))
                wave = bell * torch.cos(2 * math.pi * frequency * along + phase)
                wave = wave - wave.mean()
                bank.append(wave / wave.norm())
    return torch.stack(bank)[:, None].float()


class GaborCells(nn.Module):
    """Simple cells, the filters' responses, and complex cells, which do not mind where in the wave an edge lies.

    Args:
        directions: as `gabor_bank`.
        frequencies: as `gabor_bank`.
        channels: of the picture; each has the same filters at the start, with a share of the response.
        kind: "learned" trains the filters, "frozen" leaves them, "random" trains random ones in their place.

    Shapes:
        (B, channels, H, W) -> simple (B, 2n, H, W), complex (B, n, H, W), n = directions · frequencies.

    Raises:
        ValueError: another `kind`.
    """

    def __init__(
        self, directions: int, frequencies: tuple[float, ...], channels: int = 1, kind: str = "learned"
    ) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"`gabor` {kind!r} is none of {', '.join(KINDS)}")
        bank = gabor_bank(directions, frequencies).expand(-1, channels, -1, -1) / channels
        if kind == "random":
            bank = torch.randn(bank.shape)
            bank = bank / bank.flatten(1).norm(dim=1)[:, None, None, None]
        self.weight = nn.Parameter(bank.clone(), requires_grad=kind != "frozen")

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        simple = F.conv2d(x, self.weight, padding=self.weight.shape[-1] // 2)
        even, odd = simple.chunk(2, dim=1)
        return simple, torch.sqrt(even * even + odd * odd + _FLOOR)


KINDS = ("learned", "frozen", "random")


class DivisiveNorm(nn.Module):
    r"""Each response through what its surroundings do, :math:`r_c / (|\sigma_c| + 10^{-3} + |w_c|\, \bar r)`.

    The surroundings are the mean of all channels' sizes over 5×5 pixels.

    Shapes:
        (B, C, H, W) -> (B, C, H, W).

    Source: Heeger, Normalization of cell responses in cat striate cortex, 1992.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.base = nn.Parameter(torch.full((1, channels, 1, 1), 0.5))
        self.share = nn.Parameter(torch.full((1, channels, 1, 1), 0.5))

    def forward(self, x: Tensor) -> Tensor:
        around = F.avg_pool2d(x.abs().mean(1, keepdim=True), 5, 1, 2)
        return x / (self.base.abs() + 1e-3 + self.share.abs() * around)


def local_contrast(x: Tensor, size: int = 9) -> Tensor:
    """Each pixel less the mean around it; at the border the mean of what lies inside.

    Shapes:
        (B, C, H, W) -> (B, C, H, W).
    """
    return x - F.avg_pool2d(x, size, 1, size // 2, count_include_pad=False)
