"""From recordings to clips of one length."""

from __future__ import annotations

import numpy as np
import pytest

from lilliput.core.errors import BadSetting
from lilliput.tasks.clip import fit_clip, fit_clips, log_mel_for, remarks


def test_a_short_recording_stands_in_the_middle_of_silence() -> None:
    assert fit_clip(np.array([5, 6, 7], np.int16), 8).tolist() == [0, 0, 5, 6, 7, 0, 0, 0]


def test_of_a_long_recording_the_loudest_stretch_is_taken() -> None:
    x = np.array([1, 1, 9, -30000, -32768, 2, 1], np.int16)
    assert fit_clip(x, 3).tolist() == [9, -30000, -32768]
    assert fit_clip(np.ones(9, np.int16), 4).tolist() == [1, 1, 1, 1]


def test_clips_are_cut_at_their_offsets() -> None:
    clips = fit_clips(np.arange(1, 7, dtype=np.int16), np.array([0, 2, 6]), 4)
    assert clips.tolist() == [[0, 1, 2, 0], [3, 4, 5, 6]]


def test_silence_and_clipping_are_remarked_on_by_name() -> None:
    rng = np.random.default_rng(0)
    speech = rng.integers(-900, 900, 1000).astype(np.int16)
    square = np.where(np.arange(1000) % 20 < 10, 32767, -32768).astype(np.int16)
    assert remarks(np.stack([speech, speech]), ["a", "b"]) == ()
    assert remarks(np.stack([speech, np.zeros(1000, np.int16), square]), ["a", "b", "c"]) == (
        "1 of 3 recordings is silent or nearly so: b",
        "1 of 3 recordings is clipped (over 1 % of samples at the limit): c",
    )


@pytest.mark.parametrize("rate", [4000, 8000, 11025, 16000, 44100, 48000])
def test_every_rate_gets_a_front_end(rate: int) -> None:
    front = log_mel_for(rate, min(rate, 65535))
    assert 40 <= front.frames <= 55
    assert front.output_shape[1:] == (20, 1)


def test_a_clip_longer_than_the_device_takes_is_refused() -> None:
    with pytest.raises(BadSetting, match=r"LP101: 80000 samples at 16000 Hz\n  why: .* 512 to 65535 samples"):
        log_mel_for(16000, 80000)
