"""LogMel: its error against float64, what it does with level and silence, and what it refuses."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from lilliput.features import LogMel
from lilliput.tasks.spoken_digits import DIGITS_FRONT, bundled_clips


def in_float(front: LogMel, raw: NDArray[np.int16]) -> NDArray[np.float64]:
    """Octaves of power against the clip's own noise: the same definition without any rounding."""
    angle = 2 * np.pi * np.arange(front.frame) / front.frame
    window = 0.5 - 0.5 * np.cos(angle)
    frames = np.lib.stride_tricks.sliding_window_view(raw.astype(np.float64), front.frame, axis=1)[:, :: front.hop]
    power = np.abs(np.fft.rfft(frames * window, front.fft)[..., : front.fft // 2]) ** 2
    reference = raw.astype(np.float64).var(axis=1) if front.level == "clip" else np.full(len(raw), 2.0**30)
    energy = power @ front.triangles().T
    return np.log2(energy + 1e-30) - np.log2(reference * np.square(window).sum())[:, None, None]


@pytest.mark.parametrize("level", ["clip", "none"])
def test_real_recordings_come_out_within_a_fiftieth_of_an_octave_of_float64(level: str) -> None:
    front = dataclasses.replace(DIGITS_FRONT, level=level, floor=-10, top=12)  # more of the range than the task keeps
    raw = bundled_clips().x[::3]
    expected = in_float(front, raw)
    heard = expected > front.floor
    error = np.abs(front.log_q10(raw) / 1024 - expected)[heard]
    assert heard.mean() > (0.3 if level == "clip" else 0.1)
    assert error.max() < 0.02
    assert error.mean() < 5e-4


def test_int8_is_the_rounded_float_value_but_for_ties() -> None:
    raw = bundled_clips().x[::3]
    exact = in_float(DIGITS_FRONT, raw)[..., None] / 4 / DIGITS_FRONT.output_scale + DIGITS_FRONT.output_zero_point
    difference = np.abs(DIGITS_FRONT.integer(raw) - np.clip(np.round(exact), -128, 127))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.005


def test_ten_times_the_level_gives_the_same_picture() -> None:
    rng = np.random.default_rng(0)
    quiet = np.rint(2000 * rng.standard_normal((20, 8000)) * np.hanning(8000)).astype(np.int16) // 10 * 1
    loud = (quiet.astype(np.int32) * 10).astype(np.int16)
    made = DIGITS_FRONT.integer(np.concatenate([quiet, loud])).astype(np.int32)
    assert np.abs(made[:20] - made[20:]).max() <= 1
    absolute = dataclasses.replace(DIGITS_FRONT, level="none", floor=-30, top=8)
    made = absolute.dequantise(absolute.integer(np.concatenate([quiet, loud])))
    assert np.median(made[20:] - made[:20]) == pytest.approx(np.log2(100) / 4, abs=0.05)


def test_a_tone_lights_its_own_band() -> None:
    tone = np.rint(8000 * np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000)).astype(np.int16)[None]
    bands = DIGITS_FRONT.integer(tone)[0, 20, :, 0].astype(int)
    share = DIGITS_FRONT.triangles()[:, 32]  # 1000 Hz is bin 32 of 31.25 Hz
    assert bands.argmax() == share.argmax()
    assert bands.max() - np.sort(bands)[10] > 100


def test_silence_and_digital_silence_around_a_word_are_the_floor() -> None:
    clip = np.zeros((2, 8000), np.int16)
    clip[1, 4000:4200] = 1000
    q = DIGITS_FRONT.integer(clip)
    assert (q[0] == -128).all()
    assert (q[1, :20] == -128).all()
    assert q[1].max() > 0


def test_a_whisper_of_the_converter_is_not_blown_up() -> None:
    hiss = np.random.default_rng(0).integers(-1, 2, (1, 8000)).astype(np.int16)
    speech = (hiss * 3000).astype(np.int16)
    assert DIGITS_FRONT.integer(speech).mean() - DIGITS_FRONT.integer(hiss).mean() > 50


def test_rows_of_a_batch_do_not_mix() -> None:
    raw = bundled_clips().x[:33]
    np.testing.assert_array_equal(DIGITS_FRONT.integer(raw)[7:8], DIGITS_FRONT.integer(raw[7:8]))


def test_a_thousand_seconds_take_a_few_seconds_at_most() -> None:
    raw = np.random.default_rng(0).integers(-3000, 3000, (250, 8000)).astype(np.int16)
    start = time.process_time()
    DIGITS_FRONT.integer(raw)
    assert time.process_time() - start < 2  # 0.2 s where it was written; a loop over frames in Python takes far more


def test_triangles_share_each_bin_between_neighbours() -> None:
    triangles = DIGITS_FRONT.triangles()
    inner = triangles[:, 6:100]
    np.testing.assert_allclose(inner.sum(axis=0), 1, atol=1e-12)
    assert (np.count_nonzero(inner, axis=0) <= 2).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fft": 300}, "`fft` must be a power of two in .16, 2048., got 300"),
        ({"fft": 4096}, "`fft` must be a power of two"),
        ({"frame": 300}, r"`frame` must be in \[8, 256\], got 300"),
        ({"samples": 100}, r"`samples` must be in \[256, 65535\], got 100"),
        ({"hop": 0}, "`hop` must be in"),
        ({"bands": 120}, "`bands` 120 is too many for `fft` 256: no bin in band"),
        ({"high_hz": 5000}, "`high_hz` must be in"),
        ({"low_hz": float("nan")}, "`low_hz` must be in"),
        ({"level": "loud"}, "`level` must be 'clip' or 'none', got 'loud'"),
        ({"floor": 3.0}, "0 must lie between"),
        ({"bands": 2.5}, "`bands` must be of type int, got 2.5"),
    ],
)
def test_refuses_what_it_cannot_do(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(DIGITS_FRONT, **change)  # type: ignore[arg-type]


def test_refuses_other_types_and_shapes() -> None:
    with pytest.raises(ValueError, match=r"raw items must be \(B, 8000\) of int16, got \(2, 8000\) of float32"):
        DIGITS_FRONT.integer(np.zeros((2, 8000), np.float32))
    with pytest.raises(ValueError, match=r"got \(2, 7999\)"):
        DIGITS_FRONT.integer(np.zeros((2, 7999), np.int16))
