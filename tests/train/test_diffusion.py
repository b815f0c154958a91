from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from lilliput.core.errors import BadTask
from lilliput.train import TrainData, TrainSettings, fit
from lilliput.train.data import Source
from lilliput.train.diffusion import (
    Pictures,
    Schedule,
    linear_noise_error,
    noise_error,
    noise_judge,
    noise_objective,
    noise_power,
    pictures,
)

SCHEDULE = Schedule.linear()


def some(count: int, channels: int = 1, side: int = 4, seed: int = 0) -> torch.Tensor:
    """Pictures whose pixels go together: they can be told from noise."""
    chance = torch.Generator().manual_seed(seed)
    return (torch.rand(count, channels, 1, 1, generator=chance) * 2 - 1).expand(-1, -1, side, side).contiguous()


class TestSchedule:
    def test_the_linear_one_has_the_published_figures(self):
        assert float(SCHEDULE.kept[0]) == pytest.approx(0.9999, abs=1e-12)
        assert float(SCHEDULE.kept[499]) == pytest.approx(0.078587, abs=1e-6)
        assert float(SCHEDULE.kept[999]) == pytest.approx(4.0358e-5, rel=1e-4)

    def test_the_cosine_one_ends_in_noise_too(self):
        schedule = Schedule.cosine()
        assert float(schedule.kept[0]) > 0.999
        assert float(schedule.kept[-1]) < 1e-4
        assert bool((schedule.kept.diff() < 0).all())

    def test_noised_pictures_have_the_variance_of_the_level(self):
        noise = torch.randn(1, 1, 100, 100, generator=torch.Generator().manual_seed(0))
        found = SCHEDULE.noised(torch.full((1, 1, 100, 100), 0.5), torch.tensor([499]), noise)
        assert float(found.mean()) == pytest.approx(0.5 * 0.078587**0.5, abs=0.02)
        assert float(found.var()) == pytest.approx(1 - 0.078587, rel=0.03)

    def test_step_minus_one_is_the_picture(self):
        assert SCHEDULE.level(-1) == (1.0, 0.0)

    @pytest.mark.parametrize("betas", [torch.zeros(3), torch.ones(2), torch.zeros(0)])
    def test_shares_out_of_range_are_refused(self, betas: torch.Tensor):
        with pytest.raises(ValueError, match=r"`betas` must be \(steps,\), each in \(0, 1\)"):
            Schedule(betas)


class TestPictures:
    def test_grey_and_colour_come_in_as_channels_first_within_bounds(self):
        grey = pictures(np.array([[[0, 16], [8, 4]]], np.uint8), 16)
        assert grey.tolist() == [[[[-1.0, 1.0], [0.0, -0.5]]]]
        assert pictures(np.zeros((2, 6, 6, 3), np.uint8), 255, side=8).shape == (2, 3, 8, 8)

    def test_half_of_them_are_mirrored_where_asked(self):
        x = torch.linspace(-1, 1, 4).expand(200, 1, 1, 4)
        seen = Pictures(x, flips=True).batch(np.arange(200), 0)[0]
        mirrored = int((seen[:, 0, 0, 0] == 1).sum())
        assert 60 < mirrored < 140
        assert torch.equal(seen, Pictures(x, flips=True).batch(np.arange(200), 0)[0])
        assert torch.equal(Pictures(x).batch(np.arange(200), 0)[0], x)

    def test_numbers_out_of_range_are_refused(self):
        with pytest.raises(BadTask, match=r"pictures are in \[-1, 1\], got 0 to 255"):
            Pictures(torch.linspace(0, 255, 16).reshape(1, 1, 4, 4))
        with pytest.raises(BadTask, match=r"\(N, C, H, W\) of floats"):
            Pictures(torch.zeros(3, 4))


class Silent(nn.Module):
    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(x)


class Linear(nn.Module):
    """A guess that is not told the step."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.layer = nn.Linear(size, size)

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return self.layer(x.flatten(1)).reshape(x.shape)


class TestNoiseError:
    def test_who_says_nothing_errs_by_the_power_of_noise(self):
        found = noise_error(Silent(), Pictures(some(200)), SCHEDULE, rounds=4)
        assert found.value == pytest.approx(1, abs=0.05)
        assert found.low < 1 < found.high
        assert not found.higher_is_better

    def test_it_is_the_same_each_time(self):
        model, source = Linear(16), Pictures(some(20))
        assert noise_error(model, source, SCHEDULE) == noise_error(model, source, SCHEDULE)
        assert noise_error(model, source, SCHEDULE, seed=1) != noise_error(model, source, SCHEDULE)

    def test_the_closed_form_of_the_linear_guess_is_what_a_fitted_one_reaches(self):
        learn, held = some(400), some(400, seed=1)
        model = Linear(16)
        at = torch.arange(400)
        chance = torch.Generator().manual_seed(0)
        rows, aims = [], []
        for _ in range(40):
            noise = torch.randn(learn.shape, generator=chance)
            rows.append(SCHEDULE.noised(learn, torch.randint(1000, at.shape, generator=chance), noise).flatten(1))
            aims.append(noise.flatten(1))
        x = torch.cat(rows)
        fitted = torch.linalg.lstsq(
            torch.cat([x, torch.ones(len(x), 1)], 1).double(), torch.cat(aims).double()
        ).solution
        with torch.no_grad():
            model.layer.weight.copy_(fitted[:-1].T)
            model.layer.bias.copy_(fitted[-1])
        measured = noise_error(model, Pictures(held), SCHEDULE, rounds=40).value
        assert linear_noise_error(learn, held, SCHEDULE) == pytest.approx(measured, rel=0.03)

    def test_no_pictures_are_refused(self):
        class Empty:
            def __len__(self) -> int:
                return 0

        with pytest.raises(ValueError, match="no pictures to measure on"):
            noise_error(Silent(), Empty(), SCHEDULE)  # type: ignore[arg-type]


class TestTraining:
    def test_the_one_loop_learns_to_tell_noise_and_the_same_seed_gives_the_same_bits(self):
        data = TrainData(Pictures(some(256)), Pictures(some(64, seed=1)))
        settings = TrainSettings(epochs=15, batch_size=32, lr=2e-2, weight_decay=0, keep="last")

        def trained() -> tuple[nn.Module, float]:
            torch.manual_seed(0)
            model = Linear(16)
            objective, judge = noise_objective(SCHEDULE), noise_judge(SCHEDULE)
            return model, fit(model, data, settings, objective=objective, judge=judge).best.value

        (first, error), (second, _) = trained(), trained()
        assert error < 1.3 * linear_noise_error(some(256), some(64, seed=1), SCHEDULE)
        assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_the_power_of_said_noise_is_measured_at_the_asked_steps_only():
    class Half(nn.Module):
        def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            return torch.full_like(x, 0.5)

    source: Source = Pictures(some(5))
    found = noise_power(Half(), source, SCHEDULE, [0, 999])
    assert found[[0, 999]].tolist() == [0.25, 0.25]
    assert bool(found[1:999].isnan().all())
