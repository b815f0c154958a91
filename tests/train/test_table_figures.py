"""Drawings are well-formed SVG and say what they were given."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np

from lilliput.core.svg import COLOURS, UNCLEAR
from lilliput.train.explain import Explanation
from lilliput.train.table_figures import (
    coverage_svg,
    curves_svg,
    differences_svg,
    reliability_svg,
    summary_svg,
)

SVG = "{http://www.w3.org/2000/svg}"


def _parts(picture: str, kind: str) -> list[ET.Element]:
    return list(ET.fromstring(picture).iter(SVG + kind))


def _words(picture: str) -> list[str | None]:
    return [part.text for part in _parts(picture, "text")]


def test_a_summary_has_a_dot_a_row_and_column_and_the_column_that_counts_most_first() -> None:
    rows = [Explanation(("a<b", "c"), (0.01, w), 0, 0) for w in (0.2, -0.3)]
    picture = summary_svg(rows, np.array([[0, 0.2], [1, 5.0]]))
    assert len(_parts(picture, "circle")) == 4
    assert _words(picture)[:2] == ["c", "a<b"]


def test_coverage_is_drawn_beside_the_diagonal() -> None:
    picture = coverage_svg({"kept": [(0.8, 0.82), (0.9, 0.9)], "broken": [(0.9, 0.65)]})
    assert len(_parts(picture, "path")) == 3
    assert {"kept", "broken", "0.60"} <= set(_words(picture))


def test_reliability_goes_from_zero_to_one() -> None:
    picture = reliability_svg({"honest": [(0.1, 0.1), (0.9, 0.9)]})
    low, high = ((float(c.get("cx", 0)), float(c.get("cy", 0))) for c in _parts(picture, "circle"))
    assert high[0] - low[0] == low[1] - high[1]


def test_an_interval_that_holds_nought_is_grey() -> None:
    picture = differences_svg({"clear": (0.1, 0.05, 0.15), "unclear": (0.1, -0.1, 0.3)}, "gains")
    assert [c.get("fill") for c in _parts(picture, "circle")] == [COLOURS[0], UNCLEAR]


def test_the_curves_that_reach_furthest_come_first() -> None:
    x = np.linspace(-1, 1, 5)
    curves = np.zeros((5, 1, 3))
    curves[:, 0, 1], curves[:, 0, 2] = x, 3 * x**2
    picture = curves_svg(curves, x, ["z"], most=2)
    assert len(_parts(picture, "path")) == 2
    ys = [
        float(word) for word in _parts(picture, "path")[0].get("d", "").replace("M", "").replace("L", "").split()[1::2]
    ]
    assert ys[0] == ys[-1] < ys[2]  # the parabola
