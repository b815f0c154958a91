"""The integer FFT against NumPy's in float64."""

from __future__ import annotations

import numpy as np
import pytest

from lilliput.features.fixed_fft import bit_reversal, half, halvings, real_fft, twiddles

SIZES = [16, 32, 64, 128, 256, 512, 1024, 2048]


@pytest.mark.parametrize("points", SIZES)
def test_spectrum_of_noise_is_numpys_within_86_db(points: int) -> None:
    rng = np.random.default_rng(points)
    v = rng.integers(-(2**24), 2**24 + 1, (points, 20)).astype(np.int32)
    re, im = real_fft(v, twiddles(points), bit_reversal(points))
    expected = np.fft.rfft(v, axis=0)[1:-1] / 2 ** halvings(points)
    upper = np.arange(1, points // 2)[:, None] >= points // 4
    made = re + 1j * np.where(upper, -1, 1) * im
    error = np.abs(made - expected)
    assert 20 * np.log10(np.linalg.norm(expected) / np.linalg.norm(error)) > 86


@pytest.mark.parametrize("points", SIZES)
def test_no_signal_of_the_range_overflows(points: int) -> None:
    n, k = np.arange(points)[:, None], np.arange(points // 2 + 1)[None]
    worst = np.where(np.cos(2 * np.pi * n * k / points + 0.3) >= 0, 2**24, -(2**24)).astype(np.int32)
    re, im = real_fft(worst, twiddles(points), bit_reversal(points))
    expected = np.abs(np.fft.rfft(worst, axis=0)[1:-1]) / 2 ** halvings(points)
    made = np.hypot(re.astype(float), im.astype(float))
    assert expected.max() < 2**30.5
    # A sum that had wrapped would be off by 2^32.
    assert np.abs(made - expected).max() < 2**-12 * expected.max() + 64


def test_half_is_the_exact_product_rounded_down() -> None:
    rng = np.random.default_rng(1)
    a = rng.integers(-(2**31), 2**31, 10000).astype(np.int32)
    a[:4] = -(2**31), 2**31 - 1, -1, 0
    w = rng.integers(-32767, 32768, 10000).astype(np.int32)
    np.testing.assert_array_equal(half(a, w), (a.astype(np.int64) * w) >> 16)


def test_bit_reversal_of_eight_is_the_textbooks() -> None:
    assert bit_reversal(16).tolist() == [0, 4, 2, 6, 1, 5, 3, 7]
