"""Solvers against closed forms: for data N(m, s²) the noise that is expected at each step is known."""

from __future__ import annotations

import itertools
import math
import re

import pytest
import torch
from torch import Tensor, nn

from lilliput.train.diffusion import Schedule
from lilliput.train.samplers import SOLVERS, Move, analytic_variance, sample, times_of

SCHEDULE = Schedule.linear()
MEAN, SPREAD = 0.3, 0.2
MANY = (40_000, 1, 1, 1)
FEW = (64, 1, 3, 3)


def expected_noise(x: Tensor, t: Tensor) -> Tensor:
    """E[ε | x_t] for data N(MEAN, SPREAD²)."""
    kept = SCHEDULE.kept[t].to(x.dtype).reshape(-1, *[1] * (x.ndim - 1))
    return (1 - kept).sqrt() * (x - kept.sqrt() * MEAN) / (kept * SPREAD**2 + 1 - kept)


def power() -> Tensor:
    """E[E[ε | x_t]²] for the same data."""
    return (1 - SCHEDULE.kept) / (SCHEDULE.kept * SPREAD**2 + 1 - SCHEDULE.kept)


def start(shape: tuple[int, ...] = FEW) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def sampled(solver: str, **changes: object) -> Tensor:
    """Many numbers, without bounds."""
    found = sample(expected_noise, SCHEDULE, MANY, solver=solver, power=power(), clip=False, batch=MANY[0], **changes)  # type: ignore[arg-type]
    return found.x


class TestTimes:
    def test_they_are_the_published_ones(self):
        assert times_of(50, 1000) == [999 - 20 * k for k in range(50)] + [0]
        assert times_of(1000, 1000) == list(range(999, -1, -1))
        assert times_of(1, 1000) == [999, 0]

    @pytest.mark.parametrize("calls", [0, 1001])
    def test_more_calls_than_steps_are_refused(self, calls: int):
        with pytest.raises(
            ValueError, match=rf"`calls` must be in \[1, 1000\], the steps of the diffusion, got {calls}"
        ):
            times_of(calls, 1000)


class TestGaussianData:
    @pytest.mark.parametrize("solver", SOLVERS)
    def test_a_thousand_calls_give_mean_and_variance_within_two_percent(self, solver):
        found = sampled(solver, calls=1000)
        assert float(found.mean()) == pytest.approx(MEAN, rel=0.02)
        assert float(found.var()) == pytest.approx(SPREAD**2, rel=0.02)

    def test_analytic_dpm_is_exact_in_few_calls_where_others_are_not(self):
        times = [*times_of(20, 1000)[:-1], 9]  # at step 0 the bound on the last variance would be met

        def error(solver: str) -> float:
            found = sampled(solver, times=times)
            kept = float(SCHEDULE.kept[9])
            return abs(float(found.var()) / (kept * SPREAD**2 + 1 - kept) - 1)

        assert error("analytic") < 0.02
        assert error("ddpm") > 5 * error("analytic")
        assert error("ddim") > 5 * error("analytic")

    def test_its_variance_is_that_of_the_true_posterior(self):
        move = Move.between(SCHEDULE, 700, 400)
        t, s = (a * a * SPREAD**2 + sigma**2 for a, sigma in ((move.a_t, move.sigma_t), (move.a_s, move.sigma_s)))
        together = move.ratio * s  # covariance of x_s and x_t
        assert analytic_variance(move, float(power()[700])) == pytest.approx(s - together**2 / t, rel=1e-9)

    def test_solvers_of_second_order_come_closer_to_the_flow_with_as_many_calls(self):
        """The flow of N(m, s²) takes each point to the one as many deviations from the mean."""
        x, times = start(), list(range(960, 159, -40))  # twenty calls, or ten of two
        (a, sigma), (a_s, sigma_s) = SCHEDULE.level(times[0]), SCHEDULE.level(times[-1])
        deviation = (x - a * MEAN) / math.sqrt(a * a * SPREAD**2 + sigma**2)
        exact = a_s * MEAN + math.sqrt(a_s * a_s * SPREAD**2 + sigma_s**2) * deviation

        def error(solver: str, every: int = 1) -> float:
            visited = times[::every]
            found = sample(expected_noise, SCHEDULE, FEW, solver=solver, times=visited, clip=False, start=x).x
            return float((found - exact).abs().max())

        assert error("dpm++") < error("ddim") / 2
        assert error("dpm", every=2) < error("ddim") / 2


class TestRelations:
    def test_ddim_with_all_its_chance_is_ddpm_with_the_small_variance(self):
        ddim = sample(expected_noise, SCHEDULE, FEW, solver="ddim", eta=1.0, calls=50, seed=3)
        ddpm = sample(expected_noise, SCHEDULE, FEW, solver="ddpm", variance="small", times=times_of(50, 1000), seed=3)
        torch.testing.assert_close(ddim.x, ddpm.x, rtol=0, atol=1e-5)

    def test_dpm_of_first_order_is_ddim(self):
        times = [999, 998, 997, 996]  # there is nothing halfway
        dpm, ddim = (
            sample(expected_noise, SCHEDULE, FEW, solver=solver, times=times, clip=False, start=start()).x
            for solver in ("dpm", "ddim")
        )
        torch.testing.assert_close(dpm, ddim, rtol=0, atol=1e-12)
        first = sample(expected_noise, SCHEDULE, FEW, solver="dpm++", times=times[:2], clip=False, start=start()).x
        torch.testing.assert_close(
            first, sample(expected_noise, SCHEDULE, FEW, solver="ddim", times=times[:2], clip=False, start=start()).x
        )

    def test_dpm_plus_is_its_published_recursion(self):
        times = [999, 700, 400, 100, 10]
        x = start()
        log = [math.log(a / s) for a, s in map(SCHEDULE.level, times)]
        wanted, said = x, []
        for k, (t, s) in enumerate(itertools.pairwise(times)):
            (a_t, sigma_t), (a_s, sigma_s) = SCHEDULE.level(t), SCHEDULE.level(s)
            noise = expected_noise(wanted, torch.full((len(x),), t))
            said.append((wanted - sigma_t * noise) / a_t)
            h = log[k + 1] - log[k]
            share = (log[k] - log[k - 1]) / h if k else 1.0
            d = (1 + 1 / (2 * share)) * said[-1] - 1 / (2 * share) * said[-2] if k else said[-1]
            wanted = sigma_s / sigma_t * wanted - a_s * (math.exp(-h) - 1) * d
        found = sample(expected_noise, SCHEDULE, FEW, solver="dpm++", times=times, clip=False, start=x)
        torch.testing.assert_close(found.x, wanted, rtol=0, atol=1e-9)
        assert found.calls == 4

    def test_without_eta_nothing_is_by_chance_but_the_start(self):
        x = start()
        runs = [sample(expected_noise, SCHEDULE, FEW, calls=20, seed=seed, start=x).x for seed in (0, 1)]
        assert torch.equal(*runs)
        chance = [sample(expected_noise, SCHEDULE, FEW, calls=20, seed=seed, start=x, eta=1.0).x for seed in (0, 1)]
        assert not torch.equal(*chance)

    def test_a_tenth_of_the_picture_taken_for_noise_gives_the_published_spread(self):
        found = sample(lambda x, t: 0.1 * x, SCHEDULE, (40, 3, 8, 8), solver="ddim", calls=50)
        assert found.calls == 50
        assert float(found.x.std()) == pytest.approx(0.6816, abs=0.03)

    def test_pictures_that_are_said_are_held_within_bounds(self):
        found = sample(lambda x, t: -10 * x, SCHEDULE, FEW, solver="ddpm", calls=5)
        assert float(found.x.abs().max()) <= 1
        assert found.calls == 6  # and once more at step 0


class Moody(nn.Module):
    """Adds what a batch's statistics say, but only in training mode."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(1)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return self.norm(x) * 0.1


class TestRuns:
    def test_batches_of_any_size_and_earlier_runs_change_nothing(self):
        model = Moody()
        first = sample(model, SCHEDULE, FEW, solver="ddpm", calls=5, seed=1).x
        sample(model, SCHEDULE, FEW, solver="ddpm", calls=3, seed=2)
        assert torch.equal(sample(model, SCHEDULE, FEW, solver="ddpm", calls=5, seed=1, batch=7).x, first)
        assert model.training

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"solver": "euler"}, "`solver` must be one of ddpm, ddim, analytic, dpm, dpm++, got 'euler'"),
            ({"eta": 2.0}, "`eta` must be in [0, 1], got 2.0"),
            ({"solver": "analytic"}, "`power` must be (1000,) for analytic: `noise_power` measures it"),
            ({"solver": "analytic", "power": torch.full((1000,), math.nan)}, "`power` has no figure for step 999"),
            ({"times": [5, 9]}, "`times` must fall from below 1000 to -1 or above, got [5, 9]"),
            ({"start": torch.zeros(1)}, "`start` must be (64, 1, 3, 3), got (1,)"),
        ],
    )
    def test_bad_arguments_are_named(self, changes: dict[str, object], message: str):
        with pytest.raises(ValueError, match=re.escape(message)):
            sample(expected_noise, SCHEDULE, FEW, **{"calls": 5, **changes})  # type: ignore[arg-type]
