"""Strings of real digits: dates that exist, one speaker each, sounds that fit."""

from __future__ import annotations

import datetime

import numpy as np

from lilliput.tasks.digit_strings import DIGITS, FRONT, SAMPLES, any_digits, dates, spoken, words
from lilliput.tasks.spoken_digits import bundled_clips


def test_dates_are_days_that_were_or_will_be() -> None:
    made = dates(300, seed=1)
    assert made.shape == (300, DIGITS)
    for row in made:
        text = "".join(map(str, row))
        day = datetime.datetime.strptime(text, "%d%m%Y").replace(tzinfo=datetime.UTC)
        assert 1990 <= day.year < 2030
    assert np.array_equal(made, dates(300, seed=1))
    assert not np.array_equal(made, dates(300, seed=2))
    assert len({tuple(row) for row in made}) > 250


def test_strings_are_spoken_by_those_who_were_asked() -> None:
    clips = bundled_clips()
    strings = any_digits(6, seed=0)
    assert strings.min() >= 0
    assert strings.max() <= 9
    one, other = (spoken(strings, clips, [name]) for name in ("theo", "jackson"))
    assert one.shape == (6, SAMPLES)
    assert one.dtype == np.int16
    assert not np.array_equal(one, other)
    assert np.array_equal(one, spoken(strings, clips, ["theo"]))
    assert (np.abs(one).max(1) > 3000).all(), "as loud as each other"
    assert not np.array_equal(one, spoken(strings, clips, ["theo"], change=0.2))
    ends = [int(np.flatnonzero(row).max()) for row in one]
    assert min(ends) > SAMPLES // 3
    assert FRONT.integer(one).shape[2] == 20


def test_words_are_those_of_the_digits() -> None:
    assert words([1, 9, 0]) == "one nine zero"
