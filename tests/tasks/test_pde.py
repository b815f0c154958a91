"""Solvers held to solutions that are known, with their order; fields that are none are refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lilliput.core.errors import BadSetting, BadTask, Diverged
from lilliput.tasks.pde import Fields, single
from lilliput.tasks.pde_darcy import coefficients, darcy, solve_darcy
from lilliput.tasks.pde_helmholtz import helmholtz, solve_helmholtz
from lilliput.tasks.pde_navier_stokes import evolve, published_forcing, steps_of, vorticities
from lilliput.tasks.pde_random import neumann_fields, periodic_fields

pytest.importorskip("scipy", reason="SciPy is not installed")


def order(errors: list[float]) -> float:
    """Of convergence, where each grid is twice as fine as the one before."""
    return float(np.log2(np.array(errors[:-1]) / np.array(errors[1:])).min())


class TestDarcy:
    def test_the_centre_of_a_plain_plate_has_its_known_value(self) -> None:
        found = [solve_darcy(np.ones((n, n)))[n // 2, n // 2] for n in (17, 33, 65, 129)]
        assert found == pytest.approx([0.0734458, 0.0736147, 0.0736572, 0.0736678], abs=5e-8)
        assert order([abs(one - 0.0736713533) for one in found]) > 1.9

    def test_it_is_of_second_order_where_permeability_changes(self) -> None:
        errors = []
        for n in (17, 33, 65):
            y, x = np.meshgrid(*[np.linspace(0, 1, n)] * 2, indexing="ij")
            a, u, p = 1 + x + 2 * y**2, np.sin(np.pi * x) * np.sin(2 * np.pi * y), np.pi
            slope_x, slope_y = p * np.cos(p * x) * np.sin(2 * p * y), 2 * p * np.sin(p * x) * np.cos(2 * p * y)
            f = 5 * p**2 * a * u - slope_x - 4 * y * slope_y
            errors.append(float(np.abs(solve_darcy(a, f) - u).max()))
        assert order(errors) > 1.9

    @pytest.mark.parametrize("kind", ["smooth", "rough", "multiscale"])
    def test_each_sample_solves_its_equation(self, kind: str) -> None:
        """Fluxes out of each point, worked out point by point, add up to the source."""
        a = coefficients(21, 3, kind=kind, seed=1)  # type: ignore[arg-type]
        h = 1 / 20
        for one in a:
            u, worst = solve_darcy(one), 0.0
            for i in range(1, 20):
                for j in range(1, 20):
                    out = sum(
                        2 / (1 / one[i, j] + 1 / one[k, m]) * (u[i, j] - u[k, m]) / h**2
                        for k, m in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1))
                    )
                    worst = max(worst, abs(out - 1))
            assert worst <= 1e-8
            assert u[1:-1, 1:-1].min() > 0
            assert not u[[0, -1]].any()
            assert not u[:, [0, -1]].any()

    def test_a_seed_fixes_the_coefficient_on_every_grid(self) -> None:
        coarse, fine = darcy(17, 3, kind="rough", seed=2), darcy(33, 4, kind="rough", seed=2)
        assert np.array_equal(coarse.x, fine.every(2).x[:3])
        assert set(np.unique(coarse.x)) == {2.0, 12.0}
        assert not np.array_equal(coarse.x, darcy(17, 3, kind="rough", seed=3).x)
        assert np.abs(coarse.y - fine.every(2).y[:3]).max() < 0.2 * coarse.y.max()

    def test_what_cannot_be_is_refused(self) -> None:
        with pytest.raises(BadSetting, match=r"there is no Darcy set 'fine'\n.*one of smooth, rough, multiscale"):
            darcy(9, 1, kind="fine")  # type: ignore[arg-type]
        with pytest.raises(BadTask, match="3 points a side"):
            darcy(3, 1)
        with pytest.raises(BadSetting, match="a permeability is 0"):
            solve_darcy(np.zeros((9, 9)))


class TestHelmholtz:
    def test_a_plane_wave_is_found_with_second_order(self) -> None:
        k, errors = 7.0, []
        for n in (33, 65, 129):
            wave = -np.cos(k * np.linspace(0, 1, n)) / (k * np.sin(k))
            errors.append(float(np.abs(solve_helmholtz(np.full((n, n), k)) - wave[:, None]).max()))
        assert order(errors) > 1.9

    def test_a_source_under_changing_speed_is_found_with_second_order(self) -> None:
        errors = []
        for n in (17, 33, 65):
            y, x = np.meshgrid(*[np.linspace(0, 1, n)] * 2, indexing="ij")
            k, u = 3 + x * y, np.cos(np.pi * x) * np.cos(2 * np.pi * y)
            errors.append(float(np.abs(solve_helmholtz(k, (5 * np.pi**2 - k**2) * u, top=0.0) - u).max()))
        assert order(errors) > 1.9

    def test_samples_are_waves_around_the_published_speed(self) -> None:
        fields = helmholtz(33, 2, omega=200.0, seed=0)
        assert fields.x.min() >= 19
        assert fields.x.max() <= 21
        assert float(np.ptp(fields.x)) > 0.1
        assert np.abs(fields.y).max() > 1e-3
        with pytest.raises(BadSetting, match=r"2\.0 points a wave length\n.*n=81"):
            helmholtz(17, 1)


class TestNavierStokes:
    n, nu = 32, 1e-2

    def test_a_steady_flow_stays(self) -> None:
        """Two waves, and the forcing that holds them, worked out by hand: advection is not zero in it."""
        x = np.arange(self.n) / self.n
        y, x = np.meshgrid(x, x, indexing="ij")
        p = 2 * np.pi
        w = np.cos(p * x) + np.cos(2 * p * y)
        f = -1.5 * np.sin(p * x) * np.sin(2 * p * y) + self.nu * p**2 * (np.cos(p * x) + 4 * np.cos(2 * p * y))
        after = evolve(w[None], f, viscosity=self.nu, times=2, every=0.25)
        assert np.abs(after[0, -1] - w).max() < 1e-10
        assert np.abs(evolve(w[None], 0 * f, viscosity=self.nu, times=1)[0, -1] - w).max() > 0.1

    def test_a_vortex_decays_as_it_must(self) -> None:
        x = 2 * np.pi * np.arange(self.n) / self.n
        w = np.cos(x)[:, None] * np.cos(x)
        after = evolve(w[None], np.zeros_like(w), viscosity=self.nu, times=1, every=0.5)
        assert np.abs(after[0, 1] - w * np.exp(-8 * np.pi**2 * self.nu * 0.5)).max() < 1e-5

    def test_it_is_of_second_order_in_time(self) -> None:
        w, f = 5 * periodic_fields(self.n, 1, seed=3), published_forcing(self.n)
        states = [evolve(w, f, viscosity=1e-3, times=1, step=step)[0, 1] for step in (0.05, 0.025, 0.0125, 0.00625)]
        apart = [float(np.abs(a - b).max()) for a, b in itertools.pairwise(states)]
        assert order(apart) > 1.9

    def test_twenty_steps_are_finite_and_give_pairs(self) -> None:
        flows = vorticities(16, 2, times=20, step=0.05)
        assert flows.shape == (2, 21, 16, 16)
        assert np.abs(flows.mean((2, 3))).max() < 1e-12
        pairs = steps_of(flows)
        assert pairs.x.shape == (40, 1, 16, 16)
        assert np.array_equal(pairs.x[1], pairs.y[0])
        assert not np.array_equal(pairs.x, pairs.y)

    def test_too_large_a_step_is_told(self) -> None:
        with pytest.raises(Diverged, match="is not finite"), np.errstate(all="ignore"):
            evolve(1e6 * periodic_fields(16, 1), published_forcing(16), viscosity=0.0, times=60, step=1.0)


def test_random_fields_have_their_variance_and_mean() -> None:
    fields = neumann_fields(33, 200, tau=3.0, modes=16)
    k = np.arange(16)
    scale = 9 / (np.pi**2 * (k[:, None] ** 2 + k**2) + 9) ** 2
    scale[0, 0] = 0
    corner = np.where(k, 2, 1)
    assert fields[:, 0, 0].var() == pytest.approx(float((scale * np.outer(corner, corner)).sum()), rel=0.3)
    assert np.abs(periodic_fields(16, 3).mean((1, 2))).max() < 1e-12


class TestFields:
    good = np.ones((2, 4, 4))

    def test_nan_is_refused_with_its_place(self) -> None:
        bad = self.good.copy()
        bad[1, 2, 3] = np.nan
        with pytest.raises(BadTask, match=r"the solved field of sample 1 is nan at \[0, 2, 3\]"):
            single("mine", self.good, bad)

    def test_unlike_fields_are_refused(self) -> None:
        with pytest.raises(BadTask, match="do not belong to"):
            single("mine", self.good, np.ones((2, 5, 5)))
        with pytest.raises(BadTask, match="of float64"):
            Fields("mine", self.good, self.good)  # type: ignore[arg-type]
