"""The learnt cycle: linear, any size, faithful to its boundary; and with classical weights, classical multigrid."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor, nn

from lilliput.layers.multigrid import MgConv, grids


def cycle(boundary: str = "dirichlet", geometry: str = "cell", **changes: object) -> MgConv:
    torch.manual_seed(0)
    made = [(1, 0), (1, 1), (2, 0)]
    return MgConv(2, 3, made, size=(32, 32), boundary=boundary, geometry=geometry, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("boundary", ["dirichlet", "periodic", "neumann"])
@pytest.mark.parametrize("residual", [False, True])
def test_a_cycle_is_linear(boundary: str, residual: bool) -> None:
    w = cycle(boundary, residual=residual)
    x, y = torch.randn(2, 1, 2, 32, 32)
    both, apart = w(2 * x - 3 * y), 2 * w(x) - 3 * w(y)
    assert both.abs().max() > 1e-3
    assert (both - apart).norm() <= 1e-5 * apart.norm()


def test_one_cycle_of_24_channels_and_six_grids_has_the_published_count() -> None:
    w = MgConv(24, 24, [(1, 0)] * 5 + [(2, 0)], size=(64, 64))
    assert sum(p.numel() for p in w.parameters()) == 165_312


@pytest.mark.parametrize("size", [(129, 129), (48, 48), (33, 50), (17, 16)])
@pytest.mark.parametrize("geometry", ["cell", "vertex"])
@pytest.mark.parametrize("boundary", ["dirichlet", "neumann", "periodic"])
def test_every_size_gives_a_field_of_its_own_size(size: tuple[int, int], geometry: str, boundary: str) -> None:
    x = torch.randn(1, 2, *size)
    y = cycle(boundary, geometry)(x)
    assert y.shape == (1, 3, *size)
    assert y[:, :, -1].abs().max() > 1e-4
    assert y[:, :, :, -1].abs().max() > 1e-4


def test_kernels_of_prolongations_follow_odd_and_even_grids() -> None:
    def kernels(size: int, levels: int, geometry: str) -> list[int]:
        w = MgConv(1, 1, [(1, 0)] * levels, size=(size, size), geometry=geometry)
        return [p.weight.shape[2] for p in w.prolong]  # type: ignore[union-attr, misc, index]

    assert kernels(211, 6, "cell") == [3, 4, 3, 3, 4]
    assert kernels(256, 6, "cell") == [4] * 5
    assert kernels(101, 5, "vertex") == [3, 4, 4, 3]


def test_too_many_grids_are_refused_with_their_sizes() -> None:
    with pytest.raises(ValueError, match="4 grids are too many for 8x8 points: 8x8, 4x4, 2x2, 1x1"):
        grids((8, 8), 4, "cell")
    with pytest.raises(ValueError, match="3 grids are too many for 4x4 points"):
        cycle()(torch.zeros(1, 2, 4, 4))


def test_unknown_words_and_no_first_smoothing_are_refused() -> None:
    with pytest.raises(ValueError, match="'robin' is none of dirichlet, periodic, neumann"):
        cycle("robin")
    with pytest.raises(ValueError, match="the finest grid must smooth"):
        MgConv(1, 1, [(0, 1), (1, 0)], size=(8, 8))


def test_a_periodic_cycle_commutes_with_shifts_by_a_point_of_the_coarsest_grid() -> None:
    w, x = cycle("periodic", bias=True, norm="plain"), torch.randn(1, 2, 32, 32)
    shifted = w(x.roll((4, -8), (2, 3)))
    assert (shifted - w(x).roll((4, -8), (2, 3))).abs().max() <= 1e-5
    other = cycle("dirichlet")
    assert (other(x.roll(4, 2)) - other(x).roll(4, 2)).abs().max() > 1e-2


def test_zeros_lie_around_a_dirichlet_field() -> None:
    """What is outside is 0: a larger field of zeros with this one inside gives the same, on one grid."""
    torch.manual_seed(0)
    w, x = MgConv(1, 1, [(1, 0)], size=(8, 8)), torch.randn(1, 1, 8, 8)
    around = nn.functional.pad(x, (2, 2, 2, 2))
    torch.testing.assert_close(w(around)[:, :, 2:-2, 2:-2], w(x))


def test_reflection_keeps_constants() -> None:
    torch.manual_seed(0)
    w = MgConv(1, 1, [(2, 0)], size=(16, 16), boundary="neumann")
    y = w(torch.full((1, 1, 16, 16), 2.0))
    assert y.abs().min() > 1e-3
    torch.testing.assert_close(y, y[:, :, :1, :1].expand_as(y))
    zeros = MgConv(1, 1, [(2, 0)], size=(16, 16))(torch.full((1, 1, 16, 16), 2.0))
    assert zeros.std() > 1e-2


def test_gains_of_points_take_their_own_grid_only() -> None:
    torch.manual_seed(0)
    with pytest.raises(ValueError, match=r"gains are those of \(16, 16\) points, the field has \(32, 32\)"):
        cycle(norm="grid")(torch.zeros(1, 2, 64, 64))


# --- classical multigrid ----------------------------------------------------------------------------------------

_LAPLACE = torch.tensor([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]])
_HAT = torch.tensor([1.0, 2, 1]) / 2


def classical(n: int, *, geometry: str = "vertex") -> MgConv:
    """Damped Jacobi, five points, full weighting and bilinear prolongation, of a V(2,2) cycle down to one point."""
    levels = (n + 1).bit_length() - (1 if geometry == "vertex" else 2)
    w = MgConv(1, 1, [(2, 2)] * levels, size=(n, n), geometry=geometry, residual=True)
    with torch.no_grad():
        for level in range(levels):
            scale = 4.0**level
            for part in (w.down[level], w.up[level]):
                for s in part.s:  # type: ignore[union-attr]
                    s.weight.zero_()[0, 0, 1, 1] = 0.8 / 4 * scale
                for a in part.a:  # type: ignore[union-attr]
                    a.weight.copy_(_LAPLACE / scale)
            if level + 1 < levels:
                w.rest[level].weight.copy_(_LAPLACE / scale)  # type: ignore[union-attr, operator]
                w.restrict_f[level].weight.copy_(torch.outer(_HAT, _HAT) / 4)  # type: ignore[union-attr, operator]
                w.restrict_u[level].weight.zero_()  # type: ignore[union-attr, operator]
                side = _HAT if w.prolong[level].weight.shape[2] == 3 else torch.tensor([1.0, 3, 3, 1]) / 4  # type: ignore[union-attr, index]
                w.prolong[level].weight.copy_(torch.outer(side, side))  # type: ignore[union-attr, operator]
    return w


def _residuals(w: MgConv, n: int, cycles: int) -> list[float]:
    def laplace(u: Tensor) -> Tensor:
        return nn.functional.conv2d(u, _LAPLACE[None, None].double(), padding=1)

    w = w.double()
    f = torch.randn(1, 1, n, n, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    u, sizes = torch.zeros_like(f), [float(f.norm())]
    with torch.no_grad():
        for _ in range(cycles):
            u = u + w(f - laplace(u))
            sizes.append(float((f - laplace(u)).norm()))
    return sizes


@pytest.mark.parametrize("n", [31, 63, 127, 255])
def test_with_classical_weights_it_contracts_alike_on_all_grids(n: int) -> None:
    sizes = _residuals(classical(n), n, 8)
    factors = [b / a for a, b in itertools.pairwise(sizes)]
    assert max(factors) <= 0.20
    assert factors[0] <= 0.08
    assert sizes[-1] < 1e-5 * sizes[0]


def test_the_published_geometry_does_not() -> None:
    sizes = _residuals(classical(64, geometry="cell"), 64, 8)
    assert sizes[-1] / sizes[-2] > 0.5
