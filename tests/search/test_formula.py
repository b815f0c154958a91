"""The rules: through the published networks, through your own, and against an independent Gaussian process."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lilliput.core.errors import BadSetting
from lilliput.search import InverseGiant, TinyFormula, Trial, WidthOnly

SHARES, RESOLUTIONS, DEPTHS = (0.1, 0.3, 0.5, 0.9), (0.4, 0.7, 0.8, 0.95), (0.5, 0.7, 1.0, 1.2)


@pytest.mark.parametrize(
    ("share", "resolution", "depth"),
    [(0.75, 0.850, 1.176), (0.5, 0.840, 1.074), (0.25, 0.822, 0.856), (0.125, 0.658, 0.675), (0.0625, 0.474, 0.602)],
)
def test_by_default_it_goes_through_the_published_networks(share: float, resolution: float, depth: float) -> None:
    assert TinyFormula.default().shape_at(share) == (
        pytest.approx(resolution, abs=0.01),
        pytest.approx(depth, abs=0.01),
    )


def test_without_noise_it_passes_through_each_point() -> None:
    rule = TinyFormula(SHARES, RESOLUTIONS, DEPTHS, noise=0.0)
    for share, resolution, depth in zip(SHARES, RESOLUTIONS, DEPTHS, strict=True):
        assert rule.shape_at(share) == (pytest.approx(resolution, abs=1e-6), pytest.approx(depth, abs=1e-6))


def test_it_equals_the_process_of_another_library() -> None:
    gaussian = pytest.importorskip("sklearn.gaussian_process")
    kernel = gaussian.kernels.RBF(0.8, "fixed")
    x = np.log(SHARES)[:, None]
    rule = TinyFormula(SHARES, RESOLUTIONS, DEPTHS, length=0.8, noise=0.03)
    for column, points in enumerate((RESOLUTIONS, DEPTHS)):
        y = np.array(points)
        process = gaussian.GaussianProcessRegressor(kernel, alpha=0.03**2, optimizer=None).fit(x, y - y.mean())
        for share in (0.05, 0.2, 0.4, 0.7, 1.0):
            expected = process.predict([[math.log(share)]])[0] + y.mean()
            assert rule.shape_at(share)[column] == pytest.approx(expected, abs=1e-6)


def test_another_front_gives_another_rule() -> None:
    front = [Trial(share, r, d, 1.0, 0.5) for share, r, d in zip(SHARES, RESOLUTIONS, DEPTHS, strict=True)]
    rule = TinyFormula.fit(front)
    assert rule.known == (0.1, 0.9)
    assert abs(rule.shape_at(0.33)[0] - TinyFormula.default().shape_at(0.33)[0]) > 0.05


def test_shares_between_the_published_ones_lie_between() -> None:
    rule = TinyFormula.default()
    assert rule.shape_at(0.25)[1] < rule.shape_at(0.33)[1] < rule.shape_at(0.5)[1]


def test_the_compound_rule_turned_round() -> None:
    assert InverseGiant().shape_at(0.5) == (pytest.approx(1 / 1.15), pytest.approx(1 / 1.2))
    assert InverseGiant().shape_at(1.0) == (1.0, 1.0)
    assert WidthOnly().shape_at(0.1) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("points", "text"),
    [
        (((0.1, 0.2), (1, 1), (1, 1)), "a front of 2 networks"),
        (((0.1, 0.2, 0.3), (1, 1), (1, 1, 1)), "needs a share, a resolution and a depth"),
        (((0.1, 0.2, math.nan), (1, 1, 1), (1, 1, 1)), "a number that is not finite"),
        (((0.1, 0.2, 0.3), (1, 1, 0), (1, 1, 1)), "or not above 0"),
    ],
)
def test_points_that_cannot_be_are_refused(points: tuple[tuple[float, ...], ...], text: str) -> None:
    with pytest.raises(BadSetting, match=text):
        TinyFormula(*points)


def test_two_points_at_one_place_need_noise() -> None:
    with pytest.raises(BadSetting, match="a share twice"):
        TinyFormula((0.1, 0.1, 0.3), (1, 2, 1), (1, 1, 1), noise=0.0)
    assert TinyFormula((0.1, 0.1, 0.3), (1, 2, 1), (1, 1, 1)).shape_at(0.1)[0] == pytest.approx(1.5, abs=0.1)


@pytest.mark.parametrize("rule", [TinyFormula.default(), InverseGiant()])
def test_a_share_of_nothing_is_refused(rule: TinyFormula | InverseGiant) -> None:
    with pytest.raises(BadSetting, match="a share of 0"):
        rule.shape_at(0)
