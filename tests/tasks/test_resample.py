"""The resampler against what the signal is at the new rate."""

from __future__ import annotations

import numpy as np
import pytest

from lilliput.tasks.resample import resample


@pytest.mark.parametrize(("rate", "to"), [(44100, 16000), (48000, 8000), (8000, 16000), (11025, 8000), (16000, 15999)])
def test_a_tone_is_the_same_tone_at_the_new_rate(rate: int, to: int) -> None:
    hz = 0.2 * min(rate, to)
    y = resample(np.sin(2 * np.pi * hz * np.arange(rate // 4) / rate), rate, to)
    assert len(y) == -(-(rate // 4) * to // rate)
    middle = slice(len(y) // 4, -len(y) // 4)
    expected = np.sin(2 * np.pi * hz * np.arange(len(y)) / to)
    assert np.abs(y - expected)[middle].max() < 1e-3


def test_what_the_new_rate_cannot_hold_is_gone() -> None:
    y = resample(np.sin(2 * np.pi * 6000 * np.arange(22050) / 44100), 44100, 8000)
    assert np.abs(y[500:-500]).max() < 1e-4


def test_a_constant_stays_what_it_is() -> None:
    np.testing.assert_allclose(resample(np.ones(3000), 44100, 16000)[100:-100], 1, atol=1e-12)


def test_the_same_rate_changes_nothing_and_a_single_sample_is_enough() -> None:
    x = np.random.default_rng(0).standard_normal(7)
    np.testing.assert_array_equal(resample(x, 8000, 8000), x)
    assert len(resample(np.ones(1), 8000, 16000)) == 2


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="rates must be above 0, got 0 and 8000"):
        resample(np.ones(3), 0, 8000)
