"""Which of many networks no other one beats."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lilliput.core.errors import BadSetting
from lilliput.search import Trial, non_dominated
from lilliput.search.front import best_fronts


def _trial(share: float, score: float) -> Trial:
    return Trial(share, 1.0, 1.0, 1.0, score)


def test_a_known_front_is_found() -> None:
    front = [_trial(0.1, 0.5), _trial(0.4, 0.6), _trial(0.9, 0.7)]
    beaten = [_trial(0.2, 0.4), _trial(0.4, 0.55), _trial(0.95, 0.7), _trial(0.5, 0.6)]
    assert non_dominated([beaten[0], front[2], beaten[1], front[0], beaten[2], front[1], beaten[3]]) == front


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=30))
def test_it_is_the_set_that_nothing_beats(pairs: list[tuple[int, int]]) -> None:
    trials = [_trial(share, score) for share, score in pairs]
    front = {(t.share, t.score) for t in non_dominated(trials)}

    def beats(a: Trial, b: Trial) -> bool:
        return a.share <= b.share and a.score >= b.score and (a.share, a.score) != (b.share, b.score)

    assert front == {(t.share, t.score) for t in trials if not any(beats(other, t) for other in trials)}


def test_fronts_are_taken_until_there_are_enough() -> None:
    first, second = [_trial(0.1, 0.5), _trial(0.5, 0.9)], [_trial(0.2, 0.4), _trial(0.6, 0.8)]
    rest = [_trial(0.9, 0.1 * n) for n in range(4)]
    assert best_fronts([*rest, *second, *first], 0.2) == first
    assert sorted(best_fronts([*rest, *second, *first], 0.3), key=lambda t: t.score) == sorted(
        [*first, *second], key=lambda t: t.score
    )


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_a_score_that_is_not_finite_is_refused(score: float) -> None:
    with pytest.raises(BadSetting, match="its training diverged"):
        _trial(0.5, score)


def test_a_share_of_nothing_is_refused() -> None:
    with pytest.raises(BadSetting, match="a trial with share 0"):
        _trial(0, 0.5)
    with pytest.raises(BadSetting, match="a share of 0"):
        best_fronts([], 0)
