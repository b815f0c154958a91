"""Rules that say how deep a network is and how large its pictures are at a share of its computation.

tiny     resolution and depth are means of Gaussian processes over log share, fitted to the best of many shrunken
         networks; width then follows from the budget
giant    EfficientNet's compound rule turned round: everything shrinks together by fixed ratios
width    only channels shrink

Source: Model Rubik's Cube: Twisting Resolution, Depth and Width for TinyNets (arXiv:2010.14819). The numbers of its
front and of its kernel are not published. What is: the five networks that came of them, through which `TinyFormula`
goes by default; length and noise are chosen here so that the published widths come out of the budget.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadSetting
from lilliput.search.front import Trial

Floats = NDArray[np.float64]

_MIN_POINTS = 3


class Formula(Protocol):
    """What a rule offers."""

    def shape_at(self, share: float) -> tuple[float, float]:
        """(resolution, depth), factors on the base network, at that share of its multiply-accumulates."""


@dataclass(frozen=True)
class TinyFormula:
    """Resolution and depth at a share, learned from networks that were found good.

    The mean of a Gaussian process over x = log(share) with the kernel exp(-|x - x'|² / (2·length²)), observed with
    noise of standard deviation `noise`, about the mean of the points:

        h(x) = m + K(x, X) (K(X, X) + noise²·I)⁻¹ (y - m)

    Args:
        shares, resolutions, depths: the points.
        length: of the kernel, in log share.
        noise: standard deviation of a point, in factors.

    Raises:
        BadSetting: LP101, fewer than three points, lengths that differ, or numbers that cannot be.
    """

    shares: tuple[float, ...]
    resolutions: tuple[float, ...]
    depths: tuple[float, ...]
    length: float = 1.25
    noise: float = 0.05

    def __post_init__(self) -> None:
        if len(self.shares) < _MIN_POINTS:
            raise BadSetting(
                f"a front of {len(self.shares)} networks", why=f"the rule is fitted to {_MIN_POINTS} or more"
            )
        if not len(self.shares) == len(self.resolutions) == len(self.depths):
            raise BadSetting("a front needs a share, a resolution and a depth of each network")
        values = (*self.shares, *self.resolutions, *self.depths, self.length)
        if not all(0 < value < math.inf for value in values) or not 0 <= self.noise < math.inf:
            raise BadSetting("a front holds a number that is not finite, or not above 0")
        if len(set(self.shares)) < len(self.shares) and not self.noise:
            raise BadSetting("a front holds a share twice", fix="with noise above 0 such points are averaged")

    @classmethod
    def default(cls) -> TinyFormula:
        """Through the five published networks."""
        shares, resolutions, depths = zip(*_PUBLISHED, strict=True)
        return cls(shares, resolutions, depths)

    @classmethod
    def fit(cls, front: Sequence[Trial], *, length: float = 1.25, noise: float = 0.05) -> TinyFormula:
        """Through your own networks, such as `non_dominated` found them.

        Raises:
            BadSetting: LP101, fewer than three.
        """
        return cls(
            tuple(trial.share for trial in front),
            tuple(trial.resolution for trial in front),
            tuple(trial.depth for trial in front),
            length,
            noise,
        )

    @property
    def known(self) -> tuple[float, float]:
        """The smallest and the largest share that the rule was fitted to."""
        return min(self.shares), max(self.shares)

    def shape_at(self, share: float) -> tuple[float, float]:
        """(resolution, depth) at that share.

        Raises:
            BadSetting: LP101, the share is not above 0.
        """
        if not 0 < share < math.inf:
            raise BadSetting(f"a share of {share}", why="it must be a finite number above 0")
        weights = self._kernel(np.array([math.log(share)]), self._places) @ self._solved + self._means
        resolution, depth = weights[0]
        return float(resolution), float(depth)

    @cached_property
    def _places(self) -> Floats:
        return np.array([math.log(share) for share in self.shares])

    @cached_property
    def _means(self) -> Floats:
        return np.array([np.mean(self.resolutions), np.mean(self.depths)])

    @cached_property
    def _solved(self) -> Floats:
        seen = self._kernel(self._places, self._places) + self.noise**2 * np.eye(len(self.shares))
        observed = np.stack([self.resolutions, self.depths], 1) - self._means
        return np.linalg.solve(seen, observed).astype(np.float64)

    def _kernel(self, a: Floats, b: Floats) -> Floats:
        kernel: Floats = np.exp(-np.square(a[:, None] - b[None]) / (2 * self.length**2))
        return kernel


_B0_MACS = 385_814_752  # EfficientNet-B0
_PUBLISHED = tuple(
    (macs / _B0_MACS, resolution, depth)
    for macs, resolution, depth in (  # TinyNet A to E
        (336_867_712, 0.86, 1.2),
        (200_709_360, 0.84, 1.1),
        (99_536_432, 0.825, 0.85),
        (51_580_656, 0.68, 0.695),
        (24_356_848, 0.475, 0.60),
    )
)


@dataclass(frozen=True)
class InverseGiant:
    """EfficientNet's compound rule for shares below 1.

    With phi = log2(share) the ratios 1.2^phi for depth and 1.15^phi for resolution, so that with 1.1^phi for width
    computation should halve from step to step (arXiv:1905.11946, equation 3).
    """

    def shape_at(self, share: float) -> tuple[float, float]:
        """(resolution, depth) at that share.

        Raises:
            BadSetting: LP101, the share is not above 0.
        """
        if not 0 < share < math.inf:
            raise BadSetting(f"a share of {share}", why="it must be a finite number above 0")
        phi = math.log2(share)
        return float(1.15**phi), float(1.2**phi)


@dataclass(frozen=True)
class WidthOnly:
    """Pictures and depth stay as they are."""

    def shape_at(self, share: float) -> tuple[float, float]:
        """(1, 1)."""
        return 1.0, 1.0
