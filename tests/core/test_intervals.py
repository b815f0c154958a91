import math

import numpy as np
import pytest

from lilliput.core.intervals import bootstrap_mean, mcnemar, paired_difference, wilson


def test_wilson_equals_the_published_example():
    # 81 of 263 at 95 %: Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    low, high = wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


@pytest.mark.parametrize(("right", "total", "low", "high"), [(0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)])
def test_wilson_is_right_near_the_end(right, total, low, high):
    assert wilson(right, total) == pytest.approx((low, high), abs=5e-5)


def test_wilson_stays_inside_and_holds_the_share():
    for total in (1, 2, 7, 500):
        for right in range(total + 1):
            low, high = wilson(right, total)
            assert 0 <= low <= right / total <= high <= 1
    assert wilson(5, 5).high == 1.0
    assert wilson(0, 5).low == 0.0


@pytest.mark.parametrize(("right", "total"), [(-1, 5), (6, 5), (0, 0)])
def test_wilson_refuses_what_cannot_be(right, total):
    with pytest.raises(ValueError, match="0 <= right <= total"):
        wilson(right, total)


def test_bootstrap_agrees_with_the_normal_interval_and_repeats():
    sample = np.random.default_rng(1).normal(10, 2, 400)
    low, high = bootstrap_mean(sample, seed=3)
    half = 1.96 * sample.std() / math.sqrt(400)
    assert low == pytest.approx(sample.mean() - half, abs=0.05)
    assert high == pytest.approx(sample.mean() + half, abs=0.05)
    assert (low, high) == bootstrap_mean(sample, seed=3)
    assert (low, high) != bootstrap_mean(sample, seed=4)


def test_a_higher_level_is_wider():
    sample = np.arange(50.0)
    assert bootstrap_mean(sample, level=0.99).low < bootstrap_mean(sample, level=0.8).low


def test_pairing_sees_a_small_steady_gap_that_unpaired_intervals_hide():
    rng = np.random.default_rng(0)
    base = rng.normal(0, 10, 200)
    better = base + 0.5 + rng.normal(0, 0.1, 200)
    gap = paired_difference(better, base)
    assert gap.is_clear
    assert gap.low < gap.value < gap.high
    assert gap.value == pytest.approx(0.5, abs=0.05)
    assert bootstrap_mean(better).low < bootstrap_mean(base).high
    assert not paired_difference(base, rng.permutation(base)).is_clear


def test_mcnemar_equals_the_binomial_by_hand():
    first = [True] * 8 + [False] * 1 + [True] * 5
    second = [False] * 8 + [True] * 1 + [True] * 5
    result = mcnemar(first, second)
    assert (result.only_first, result.only_second) == (8, 1)
    assert result.p == pytest.approx(2 * (1 + 9) / 2**9)


def test_mcnemar_of_equals_is_one_and_of_many_does_not_underflow():
    assert mcnemar([True, False], [True, False]).p == 1.0
    many = mcnemar([True] * 3000 + [False] * 2800, [False] * 3000 + [True] * 2800)
    assert 0.005 < many.p < 0.05


def test_unlike_lengths_and_broken_values_are_refused():
    with pytest.raises(ValueError, match="same items: got 2 and 3"):
        paired_difference([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="value 1 is not finite"):
        bootstrap_mean([1.0, math.nan])
    with pytest.raises(ValueError, match="at least one number"):
        bootstrap_mean([])
    with pytest.raises(ValueError, match="level"):
        wilson(1, 2, level=1.0)
