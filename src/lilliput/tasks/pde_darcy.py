"""Darcy flow, −∇·(a ∇u) = f on the unit square with u = 0 on its border: permeability a to pressure u.

Solved by finite volumes around points 0, 1/(n − 1), …, 1: five points, harmonic means of a on the faces, a sparse
direct solver. Second order where a is smooth.

Source: the sets of MgNO (arXiv:2310.19809), section 5.1; the coefficients of the multiscale set are those of
arXiv:2210.10890, appendix. The published files were made by another solver on finer grids, so that figures on these
sets are not figures on those.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadSetting, MissingExtra
from lilliput.tasks.pde import Fields, check_points, single
from lilliput.tasks.pde_random import neumann_fields

Field64 = NDArray[np.float64]
DarcySet = Literal["smooth", "rough", "multiscale"]
_TWO_VALUES = {"smooth": (9.0, 12.0, 3.0), "rough": (20.0, 12.0, 2.0)}  # τ², values above and below 0


def darcy(n: int = 64, samples: int = 1000, *, kind: DarcySet = "smooth", seed: int = 0) -> Fields:
    """Samples of one of the three sets, solved here.

    "smooth"       a is 12 or 3, by the sign of a field of covariance (−Δ + 9)^−2
    "rough"        a is 12 or 2, by the sign of a field of covariance (−Δ + 20)^−2
    "multiscale"   a product of six scales, each half as long as the one before

    Args:
        n: points a side, the border's included; at least 5.
        samples: how many; the same seed gives the same coefficients on every grid.
        kind: the set.
        seed: of all.

    Raises:
        BadSetting: LP101, another set. BadTask: LP103, too few points. MissingExtra: LP601, SciPy is not installed.
    """
    check_points(n, 5)
    if kind not in get_args(DarcySet):
        raise BadSetting(f"there is no Darcy set {kind!r}", fix=f"one of {', '.join(get_args(DarcySet))}")
    a = coefficients(n, samples, kind=kind, seed=seed)
    return single(f"Darcy {kind}", a, np.stack([solve_darcy(one) for one in a]))


def coefficients(n: int, samples: int, *, kind: DarcySet, seed: int = 0) -> Field64:
    """The permeabilities alone: (samples, n, n)."""
    if kind == "multiscale":
        return np.stack([_multiscale(n, np.random.default_rng((seed, index))) for index in range(samples)])
    square, high, low = _TWO_VALUES[kind]
    fields = neumann_fields(n, samples, tau=square**0.5, seed=seed)
    return np.where(fields >= 0, high, low)


def _multiscale(n: int, rng: np.random.Generator) -> Field64:
    x = np.linspace(0, 1, n)
    down, right = x[:, None], x
    made = np.ones((n, n))
    for scale in range(6):
        frequency = rng.uniform(2**scale, 1.5 * 2**scale)
        made *= 1 + 0.5 * np.cos(frequency * np.pi * (right + down))
        made *= 1 + 0.5 * np.sin(frequency * np.pi * (down - 3 * right))
    return made


def solve_darcy(a: Field64, f: Field64 | float = 1.0) -> Field64:
    """The pressure for one permeability.

    Args:
        a: above 0.
        f: source at the points, or one for all.

    Shapes:
        a (n, n) -> (n, n), 0 on the border.

    Raises:
        MissingExtra: LP601, SciPy is not installed. BadSetting: LP101, a permeability that is not above 0.
    """
    try:
        import scipy.sparse
        import scipy.sparse.linalg
    except ModuleNotFoundError as error:
        raise MissingExtra("solving equations needs SciPy", fix='pip install "lilliput[data]"') from error
    if not (a > 0).all():
        raise BadSetting(f"a permeability is {a.min()}", fix="values above 0")
    n = len(a)
    inner = n - 2
    down, right = (2 * p * q / (p + q) for p, q in ((a[:-1], a[1:]), (a[:, :-1], a[:, 1:])))
    north, south = down[:-1, 1:-1], down[1:, 1:-1]  # faces of each inner point
    west, east = right[1:-1, :-1], right[1:-1, 1:]
    off_south, off_east = south.copy(), east.copy()
    off_south[-1], off_east[:, -1] = 0, 0
    below, beside = -off_south.ravel()[:-inner], -off_east.ravel()[:-1]
    matrix = scipy.sparse.diags_array(
        [(north + south + west + east).ravel(), below, below, beside, beside], offsets=[0, inner, -inner, 1, -1]
    )
    source = np.broadcast_to(np.asarray(f, np.float64), a.shape)[1:-1, 1:-1].ravel() / (n - 1) ** 2
    made = np.zeros_like(a)
    solver = scipy.sparse.linalg.splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    made[1:-1, 1:-1] = solver.solve(source).reshape(inner, inner)
    return made
