"""When outputs count as equal."""

from __future__ import annotations

import numpy as np
import pytest

from lilliput.boards.agree import BOUND, agreement

R = np.array([[1.0, -100.0, 0.0], [2.0, 0.5, 0.25]], np.float32)


def test_floats_agree_within_the_bound_of_their_row() -> None:
    near = R.copy()
    near[0, 2] = 0.9 * BOUND * 100  # the row's largest is 100
    found = agreement([near], [R], 2)
    assert (found.wrong_bytes, found.row) == (0, None)
    assert found.largest_error == pytest.approx(0.9 * BOUND, rel=1e-3)
    near[1, 2] += 5 * BOUND * 2  # the row's largest is 2
    found = agreement([near], [R], 2)
    assert (found.wrong_bytes, found.row) == (4, 1)


def test_slack_is_added_to_the_bound() -> None:
    near = R + np.float32(4 * BOUND)
    assert agreement([near], [R], 2).row == 1
    assert agreement([near], [R], 2, slack=5.0).row is None


@pytest.mark.parametrize("made", [np.nan, np.inf])
def test_what_is_not_finite_agrees_with_no_number(made: float) -> None:
    wrong = R.copy()
    wrong[1, 0] = made
    found = agreement([wrong], [R], 2)
    assert (found.wrong_bytes, found.row, found.largest_error) == (4, 1, float("inf"))


def test_nan_agrees_with_nothing_and_infinity_with_its_like() -> None:
    same = np.array([[np.nan], [np.inf]], np.float32)
    assert agreement([same], [same], 2).row == 0
    assert agreement([same[1:]], [same[1:]], 1).row is None
    assert agreement([-same[1:]], [same[1:]], 1).row == 0


def test_integers_agree_by_the_byte_unless_steps_are_allowed() -> None:
    a, b = np.array([[1, 2], [3, 4]], np.int16), np.array([[1, 2], [3, 5]], np.int16)
    assert agreement([a], [b], 2) == agreement([b], [a], 2)
    assert (agreement([a], [b], 2).wrong_bytes, agreement([a], [b], 2).row) == (2, 1)
    assert agreement([a], [b], 2).largest_error is None
    assert agreement([a], [b], 2, steps=[1]).row is None


def test_several_outputs_give_the_first_row_of_all() -> None:
    codes, other = np.zeros((2, 3), np.int8), np.zeros((2, 3), np.int8)
    other[0, 1] = 1
    worse = R + np.float32(1)
    found = agreement([worse, codes], [R, other], 2)
    assert (found.row, found.wrong_bytes) == (0, 6 * 4 + 1)


def test_other_types_are_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"outputs are float32\(2, 3\) and float64\(2, 3\)"):
        agreement([R], [R.astype(np.float64)], 2)
