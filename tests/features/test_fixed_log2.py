"""The integer logarithm against float64."""

from __future__ import annotations

import numpy as np

from lilliput.features.fixed_log2 import log2_q10, log2_table


def test_powers_of_two_are_exact() -> None:
    n = np.arange(15, 63)
    np.testing.assert_array_equal(log2_q10(np.int64(1) << n, log2_table()), n * 1024)


def test_is_within_its_stated_error_everywhere() -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([2 ** rng.uniform(15, 63, 200000), 2.0**15 + np.arange(2**15)]).astype(np.int64)
    assert np.abs(log2_q10(x, log2_table()) / 1024 - np.log2(x)).max() < 7e-4


def test_never_falls_even_where_float64_rounds_up_to_the_next_power() -> None:
    near = np.concatenate([(np.int64(1) << n) + np.arange(-4, 5) for n in range(16, 63)])
    assert (np.diff(log2_q10(near, log2_table())) >= 0).all()
    assert log2_q10(np.array([2**62 - 1]), log2_table())[0] == 62 * 1024
