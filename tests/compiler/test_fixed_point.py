"""Requantisation against exact rational arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.compiler.fixed_point import high_mul, requantise, rounding_shift, to_multiplier
from lilliput.core.errors import UnsafeRange


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.floats(1e-9, 1e6))
def test_a_multiplier_is_the_factor_to_31_bits(real: float) -> None:
    mult, shift = to_multiplier(real)
    assert 1 << 30 <= mult < 1 << 31
    assert abs(Fraction(mult) * Fraction(2) ** (shift - 31) - Fraction(real)) <= Fraction(real) / 2**30


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf"), 2.0**30])
def test_factors_out_of_range_are_refused(bad: float) -> None:
    with pytest.raises(UnsafeRange, match="must be in"):
        to_multiplier(bad)


def test_the_largest_fraction_carries_into_the_shift() -> None:
    assert to_multiplier(1 - 2.0**-40) == (1 << 30, 1)
    assert to_multiplier(0.0) == (0, 0)
    assert to_multiplier(2.0**-40) == (0, 0)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.integers(-(2**31), 2**31 - 1), st.integers(2**30, 2**31 - 1))
def test_the_high_product_rounds_halves_up(a: int, b: int) -> None:
    exact = Fraction(a * b, 2**31)
    assert int(high_mul(np.array(a), np.array(b))) == (exact + Fraction(1, 2)).__floor__()


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.integers(-(2**31), 2**31 - 1), st.integers(0, 31))
def test_the_shift_rounds_halves_away_from_zero(x: int, bits: int) -> None:
    exact = Fraction(x, 2**bits)
    away = (abs(exact) + Fraction(1, 2)).__floor__() * (1 if x >= 0 else -1)
    assert int(rounding_shift(np.array(x, np.int64), np.array(bits))) == away


def test_ties_by_hand() -> None:
    half = to_multiplier(0.5)
    made = requantise(np.array([1, -1, 3, -3, 2], np.int64), np.array(half.mult), np.array(half.shift))
    # 0.5 = 2^30 · 2^-31: the product is halved by the multiplier itself, which rounds halves up.
    np.testing.assert_array_equal(made, [1, 0, 2, -1, 1])
    quarter = to_multiplier(0.25)
    made = requantise(np.array([2, -2, 6, -6], np.int64), np.array(quarter.mult), np.array(quarter.shift))
    np.testing.assert_array_equal(made, [1, -1, 2, -2])
