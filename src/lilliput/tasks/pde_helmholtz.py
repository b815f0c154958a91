"""Waves of one frequency, −Δu − (ω/c)² u = f on the unit square with given slopes at its border: wave speed c to u.

Solved by finite volumes around points 0, 1/(n − 1), …, 1 (half and quarter volumes at the border), a sparse direct
solver. Second order; near a resonance small changes of c change u much, and coarse grids shift the resonances.

Source: the set of MgNO (arXiv:2310.19809), section 5.3, after arXiv:2203.13181: ω = 1000, c = 20 + tanh of a random
field, slope 1 at the top and 0 elsewhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadSetting, MissingExtra
from lilliput.tasks.pde import Fields, check_points, single
from lilliput.tasks.pde_random import neumann_fields

Field64 = NDArray[np.float64]


def helmholtz(n: int = 101, samples: int = 1000, *, omega: float = 1000.0, seed: int = 0) -> Fields:
    """Samples with speeds around 20 times a length a unit of time.

    Args:
        n: points a side; at least ten a wave length 2π · 20 / ω are sensible.
        samples: how many.
        omega: angular frequency.
        seed: of all.

    Raises:
        BadTask: LP103, too few points. BadSetting: LP101, fewer than four points a wave length.
        MissingExtra: LP601, SciPy is not installed.
    """
    check_points(n, 5)
    points = 2 * np.pi * 20 / omega * (n - 1)
    if not points >= 4:
        raise BadSetting(f"{points:.1f} points a wave length", fix=f"n={int(10 * omega / (2 * np.pi * 20)) + 2}")
    speeds = 20 + np.tanh(neumann_fields(n, samples, tau=3.0, seed=seed) * 3.0)
    return single("Helmholtz", speeds, np.stack([solve_helmholtz(omega / c) for c in speeds]))


def solve_helmholtz(k: Field64, f: Field64 | float = 0.0, *, top: Field64 | float = 1.0) -> Field64:
    """The wave for one field of wave numbers.

    Args:
        k: ω / c at the points.
        f: source at the points, or one for all.
        top: outward slope at the top (the last row), at its points or one for all; it is 0 on the other sides.

    Shapes:
        k (n, n) -> (n, n).

    Raises:
        MissingExtra: LP601, SciPy is not installed.
    """
    try:
        import scipy.sparse
        import scipy.sparse.linalg
    except ModuleNotFoundError as error:
        raise MissingExtra("solving equations needs SciPy", fix='pip install "lilliput[data]"') from error
    n = len(k)
    h = 1 / (n - 1)
    length = np.full(n, h)  # of the volumes; halves at the ends
    length[[0, -1]] = h / 2
    second = scipy.sparse.diags_array(
        [np.r_[1.0, np.full(n - 2, 2.0), 1.0] / h, np.full(n - 1, -1 / h), np.full(n - 1, -1 / h)], offsets=[0, 1, -1]
    )
    sizes = scipy.sparse.diags_array(length)
    volume = np.outer(length, length)
    matrix = scipy.sparse.kron(second, sizes) + scipy.sparse.kron(sizes, second)
    matrix = matrix - scipy.sparse.diags_array((volume * k**2).ravel())
    source = np.broadcast_to(np.asarray(f, np.float64), k.shape) * volume
    source[-1] += np.broadcast_to(np.asarray(top, np.float64), (n,)) * length
    solved: Field64 = scipy.sparse.linalg.splu(matrix.tocsc()).solve(source.ravel()).reshape(n, n)
    return solved
