from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from lilliput.spiking import decoders, encoders


def test_a_phase_code_has_the_exact_share_and_even_gaps() -> None:
    x = torch.tensor([0.0, 0.1, 0.25, 0.3, 1.0])
    spikes = encoders.rate(x, 100, kind="phase")
    assert spikes.sum(0).tolist() == [0, 10, 25, 30, 100]
    gaps = spikes[:, 2].nonzero().flatten().diff()
    assert set(gaps.tolist()) == {4}


def test_codes_by_chance_have_the_share_that_was_asked_for_and_repeat_with_the_seed() -> None:
    x = torch.tensor([0.0, 0.2, 0.7, 1.0])
    spikes = encoders.rate(x, 20_000, generator=torch.Generator().manual_seed(0))
    assert (spikes.mean(0) - x).abs().max() < 0.01
    assert float(spikes[:, 0].sum()) == 0
    assert float(spikes[:, 3].mean()) == 1
    assert torch.equal(spikes, encoders.rate(x, 20_000, generator=torch.Generator().manual_seed(0)))
    poisson = encoders.rate(x, 20_000, kind="poisson", generator=torch.Generator().manual_seed(0))
    assert float(poisson[:, 3].mean()) == pytest.approx(1 - math.exp(-1), abs=0.01)


def test_larger_values_fire_earlier_and_zero_never() -> None:
    x = torch.tensor([1.0, 0.75, 0.5, 0.25, 0.0])
    spikes = encoders.latency(x, 5)
    assert decoders.first_spike(spikes).tolist() == [0, 1, 2, 3, 5]
    assert spikes.sum(0).tolist() == [1, 1, 1, 1, 0]
    times = decoders.first_spike(encoders.latency(x, 101, kind="log", least=0.2)).tolist()
    # A leaky neuron with current x reaches 0.2 after ln(x / (x - 0.2)), scaled to the 100 steps from first to last.
    raw = [math.log(v / (v - 0.2)) for v in (1.0, 0.75, 0.5, 0.25)]
    assert times == [*(round(100 * (r - raw[0]) / (raw[3] - raw[0])) for r in raw), 101]


def test_ranks_fill_steps_evenly() -> None:
    x = torch.tensor([[0.1, 0.9, 0.0, 0.5, 0.4, 0.8, 0.2], [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]])
    spikes = encoders.rank_order(x, 3)
    assert spikes.sum((0, 2)).tolist() == [6, 3]
    assert decoders.first_spike(spikes)[0].tolist() == [2, 0, 3, 1, 1, 0, 2]
    assert decoders.first_spike(spikes)[1].tolist() == [0, 1, 2, 3, 3, 3, 3]


def test_fields_of_a_population_lie_where_the_equation_puts_them() -> None:
    fields, low, high = 8, -1.0, 2.0
    centres = [low + (2 * k - 3) / 2 * (high - low) / (fields - 2) for k in range(1, fields + 1)]
    for k in range(1, fields - 1):
        spikes = encoders.population(torch.tensor(centres[k]), fields, 50, low=low, high=high)
        times = decoders.first_spike(spikes).tolist()
        assert times[k] == 0
        assert times[k - 1] == times[k + 1] == round(49 * (1 - math.exp(-0.5 * 1.5**2)))
    assert decoders.first_spike(encoders.population(torch.tensor(-1.0), fields, 50, low=low, high=high))[7] == 50


def test_sending_on_delta_follows_a_signal_to_within_its_threshold() -> None:
    t = torch.linspace(0, 6.28, 400, dtype=torch.float64)
    signal = torch.stack([torch.sin(t), 0.5 * torch.cos(2 * t) - 0.5])
    spikes = encoders.delta(signal.T, 0.05)
    assert spikes.shape == (400, 2, 2)
    assert float((decoders.from_delta(spikes, 0.05) - signal.T).abs().max()) <= 0.05 + 1e-9
    assert float(spikes.mean()) < 0.2
    still = encoders.delta(torch.full((50, 1), 0.32), 0.1)
    assert still[..., 0].sum() == 3
    assert still[..., 1].sum() == 0


def test_a_direct_code_is_the_numbers_at_every_step() -> None:
    x = torch.rand(2, 3)
    assert torch.equal(encoders.direct(x, 4), torch.stack([x] * 4))


def test_decoders_give_hand_values() -> None:
    spikes = torch.tensor([[0.0, 1, 0, 0], [1, 1, 0, 0], [0, 1, 0, 1]])
    assert decoders.count(spikes).tolist() == [1, 3, 0, 1]
    assert decoders.share(spikes * 3).tolist() == [1, 3, 0, 1]
    assert decoders.first_spike(spikes).tolist() == [1, 0, 3, 2]
    assert decoders.by_first_spike(spikes).tolist() == [2, 3, 0, 1]
    assert decoders.by_rank(spikes, 0.5).tolist() == [0.5, 1, 0, 0.25]
    assert decoders.membrane(torch.tensor([[1.0], [2.0], [4.0]]), 0.5).tolist() == [5.25]
    assert decoders.membrane(torch.ones(4, 1), 0.8).item() == pytest.approx(2.952)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: encoders.rate(2 * x, 3), r"values must be in \[0, 1\], got 2 to 2: scale them first"),
        (lambda x: encoders.rate(-x, 3), r"values must be in \[0, 1\], got -1 to -1"),
        (lambda x: encoders.latency(x * math.nan, 3), r"values must be in \[0, 1\], got nan"),
        (lambda x: encoders.rate(x, 0), "at least 1 time step, got 0"),
        (lambda x: encoders.rate(x, 3, kind="burst"), "`kind` must be bernoulli, poisson or phase, got 'burst'"),
        (lambda x: encoders.latency(x, 3, kind="log"), r"`least` must be in \(0, 1\) and `tau` above 0, got 0.0"),
        (lambda x: encoders.latency(x, 3, kind="square"), "`kind` must be linear or log, got 'square'"),
        (lambda x: encoders.rank_order(-x, 3), "`x` must be at least 0, got -1"),
        (lambda x: encoders.population(x, 2, 3), "`fields` must be at least 3, got 2"),
        (lambda x: encoders.population(x, 5, 3, low=1.0), "`low` must be below `high`"),
        (lambda x: encoders.delta(x, 0.0), "`threshold` must be above 0, got 0.0"),
        (lambda x: decoders.by_rank(x, 1.0), r"`decay` must be in \(0, 1\), got 1.0"),
        (lambda x: decoders.membrane(x, 0.0), r"`decay` must be in \(0, 1\], got 0.0"),
    ],
)
def test_what_is_out_of_range_is_refused(call: Callable[[Tensor], Tensor], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call(torch.ones(2, 3))


def test_weighted_phases_are_the_binary_digits() -> None:
    x = torch.tensor([0.0, 0.5, 0.625, 0.3, 1.0])
    spikes = encoders.weighted_phase(x, 16, period=8)
    assert spikes[:8, 2].tolist() == [1, 0, 1, 0, 0, 0, 0, 0]
    assert torch.equal(spikes[:8], spikes[8:])
    back = decoders.from_phase(spikes, 8)
    assert ((x - back) >= 0).all()
    assert ((x - back) <= 2**-8).all()
    with pytest.raises(ValueError, match="12 steps are no whole number of periods of 8"):
        decoders.from_phase(spikes[:12], 8)


def test_bursts_are_longer_and_closer_for_larger_values() -> None:
    x = torch.tensor([0.0, 0.1, 0.5, 0.8, 1.0])
    spikes = encoders.burst(x, 20, most=5, shortest=2)
    assert spikes.sum(0).tolist() == [0, 1, 2, 4, 5]
    assert spikes[:, 4].nonzero().flatten().tolist() == [0, 2, 4, 6, 8]
    assert spikes[:, 3].nonzero().flatten().tolist() == [0, 6, 12, 18]  # gap ⌈20 - 18 · 0.8⌉
    assert spikes[:, 2].nonzero().flatten().tolist() == [0, 11]


def test_differences_of_gaussians_are_on_or_off_and_nothing_where_all_is_even() -> None:
    assert float(encoders.difference_of_gaussians(torch.full((1, 1, 12, 12), 0.7)).max()) < 1e-6
    x = torch.zeros(1, 2, 15, 15)
    x[0, 0, 7, 7] = 1
    x[0, 1] = 1 - x[0, 0]
    found = encoders.difference_of_gaussians(x)[0]
    assert found.shape == (4, 15, 15)
    assert float(found.min()) == 0
    assert float((found[0::2] * found[1::2]).abs().max()) == 0
    # A bright dot is ON in the middle and OFF around; a dark one the other way round.
    narrow, wide = (sum(math.exp(-0.5 * (k / w) ** 2) for k in range(-3, 4)) ** -2 for w in (1.0, 2.0))
    assert float(found[0, 7, 7]) == pytest.approx(narrow - wide, rel=1e-5)
    assert float(found[1, 7, 10]) > 0
    torch.testing.assert_close(found[2], found[1])
    torch.testing.assert_close(found[3], found[0])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: encoders.weighted_phase(x, 8, period=0), r"`period` must be in \[1, 24\], got 0"),
        (lambda x: encoders.weighted_phase(x * 3, 8), r"values must be in \[0, 1\]"),
        (lambda x: encoders.burst(x, 8, most=0), "`most` must be at least 1"),
        (lambda x: encoders.burst(x, 8, shortest=9), r"`shortest` in \[1, 8\], got 5 and 9"),
        (lambda x: encoders.difference_of_gaussians(x), r"`x` must be \(B, C, H, W\)"),
        (lambda x: encoders.difference_of_gaussians(x[None, None], surround=0.5), "`centre` < `surround`"),
    ],
)
def test_codes_refuse_what_is_out_of_range(call: Callable[[Tensor], Tensor], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call(torch.full((4, 4), 0.9))
