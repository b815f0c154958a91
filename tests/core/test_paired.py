"""Paired tests against published values of Student's distribution, and against what makes them wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lilliput.core.paired import paired_t, t_quantile, t_two_sided


@pytest.mark.parametrize(
    ("share", "df", "value"),
    [(0.975, 9, 2.262157), (0.995, 9, 3.249836), (0.95, 1, 6.313752), (0.975, 120, 1.979930), (0.9, 2, 1.885618)],
)
def test_quantiles_are_those_of_printed_tables(share: float, df: int, value: float) -> None:
    assert t_quantile(share, df) == pytest.approx(value, abs=1e-6)
    assert t_quantile(1 - share, df) == pytest.approx(-value, abs=1e-6)
    assert t_two_sided(value, df) == pytest.approx(2 * (1 - share), abs=1e-6)


def test_one_degree_of_freedom_is_cauchys_distribution() -> None:
    for t in (0.1, 1.0, 7.0, 300.0):
        assert t_two_sided(t, 1) == pytest.approx(1 - 2 / math.pi * math.atan(t), rel=1e-10)


def _scores(*values: float) -> dict[object, float]:
    return dict(enumerate(values))


def test_a_difference_by_hand() -> None:
    found = paired_t(_scores(0.9, 0.8, 0.85, 0.95), _scores(0.8, 0.8, 0.8, 0.8))
    gaps = np.array([0.1, 0, 0.05, 0.15])
    assert found.difference == pytest.approx(gaps.mean())
    assert found.t == pytest.approx(gaps.mean() / (gaps.std(ddof=1) / 2))
    assert found.d == pytest.approx(gaps.mean() / gaps.std(ddof=1))
    assert found.df == 3
    assert (found.low + found.high) / 2 == pytest.approx(found.difference)
    assert (found.low <= 0 <= found.high) == (not found.is_clear)


def test_published_effect_size_follows_from_its_t() -> None:
    # 15.7 and 4.98 stand in the paper for ten pairs.
    rng = np.random.default_rng(0)
    gaps = rng.normal(size=10)
    gaps = (gaps - gaps.mean()) / gaps.std(ddof=1) + 15.7 / math.sqrt(10)
    found = paired_t(_scores(*gaps), _scores(*np.zeros(10)))
    assert found.t == pytest.approx(15.7)
    assert found.d == pytest.approx(4.98, abs=0.02)


def test_many_comparisons_need_more() -> None:
    first, second = _scores(0.9, 0.8, 0.85, 0.95, 0.9), _scores(0.8, 0.79, 0.8, 0.86, 0.85)
    alone, many = paired_t(first, second), paired_t(first, second, comparisons=40)
    assert alone.is_clear
    assert not many.is_clear
    assert many.p_corrected == pytest.approx(min(1, 40 * alone.p))
    assert many.high - many.low > alone.high - alone.low


def test_shared_training_rows_widen_the_interval_by_the_published_factor() -> None:
    first, second = _scores(0.9, 0.8, 0.85, 0.95, 0.9), _scores(0.8, 0.79, 0.8, 0.86, 0.85)
    plain, corrected = paired_t(first, second), paired_t(first, second, overlap=0.5)
    assert plain.t / corrected.t == pytest.approx(math.sqrt((1 / 5 + 0.5) / (1 / 5)))


def test_equal_methods_are_equal() -> None:
    found = paired_t(_scores(0.8, 0.9), _scores(0.8, 0.9))
    assert (found.t, found.p, found.is_clear) == (0, 1, False)
    always = paired_t(_scores(0.8, 0.9), _scores(0.7, 0.8))
    assert (always.t, always.p, always.is_clear) == (math.inf, 0, True)


@pytest.mark.parametrize(
    ("first", "second", "options", "text"),
    [
        ({"a": 1.0, "b": 1.0}, {"a": 1.0, "c": 1.0}, {}, "needs the same folds: b, c are in one of the two only"),
        ({"a": 1.0}, {"a": 1.0}, {}, "needs at least 2 folds, got 1"),
        ({"a": 1.0, "b": math.nan}, {"a": 1.0, "b": 1.0}, {}, "a score is not finite"),
        ({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.0}, {"comparisons": 0}, "needs comparisons >= 1"),
    ],
)
def test_scores_that_are_no_pairs_are_refused(
    first: dict[str, float], second: dict[str, float], options: dict[str, int], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        paired_t(first, second, **options)  # type: ignore[arg-type]
