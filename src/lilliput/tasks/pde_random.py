"""Gaussian random fields with covariance (−Δ + τ²)^−α: sums of waves with normal coefficients.

A seed fixes the coefficients, not the points, so that the same field can be had on any grid.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Fields64 = NDArray[np.float64]


def neumann_fields(n: int, samples: int, *, tau: float, alpha: float = 2.0, modes: int = 64, seed: int = 0) -> Fields64:
    """On the unit square with flat borders (zero normal derivative), at points 0, 1/(n − 1), …, 1; mean zero.

    Args:
        n: points a side.
        samples: how many; sample k is the same whatever their number.
        tau: the larger, the shorter the waves.
        alpha: the larger, the smoother.
        modes: cosines a side.
        seed: of all.

    Shapes:
        -> (samples, n, n).
    """
    k = np.arange(modes)
    squares = np.pi**2 * (k[:, None] ** 2 + k**2)
    scale = tau ** (alpha - 1) * (squares + tau**2) ** (-alpha / 2)
    scale[0, 0] = 0.0
    waves = np.cos(np.pi * np.outer(np.linspace(0, 1, n), k)) * np.where(k, np.sqrt(2.0), 1.0)
    return np.stack([waves @ (scale * _normal(seed, index, (modes, modes))) @ waves.T for index in range(samples)])


def periodic_fields(
    n: int, samples: int, *, tau: float = 7.0, alpha: float = 2.5, modes: int = 16, seed: int = 0
) -> Fields64:
    """On the torus of side 1, at points 0, 1/n, …; mean zero. As `neumann_fields`, with waves 2πk.

    Shapes:
        -> (samples, n, n), n at least 2 · modes.
    """
    modes = min(modes, n // 2)
    k = np.arange(-modes + 1, modes)
    squares = 4 * np.pi**2 * (k[:, None] ** 2 + k**2)
    scale = tau ** (alpha - 1) * (squares + tau**2) ** (-alpha / 2)
    scale[modes - 1, modes - 1] = 0.0
    waves = np.exp(2j * np.pi * np.outer(np.arange(n) / n, k))
    made = []
    for index in range(samples):
        a, b = _normal(seed, index, (2, *scale.shape))
        made.append((waves @ (scale * (a + 1j * b)) @ waves.T).real)
    return np.stack(made)


def _normal(seed: int, index: int, shape: tuple[int, ...]) -> Fields64:
    return np.random.default_rng((seed, index)).standard_normal(shape)
