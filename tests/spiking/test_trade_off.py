from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from lilliput.spiking.trade_off import trade_off_svg

SVG = "{http://www.w3.org/2000/svg}"
CURVES = {"slow & sure": [(10.0, 0.2), (1000.0, 0.9)], "quick": [(20.0, 0.5)], "free": [(0.0, 0.1)]}


def test_points_lie_where_their_figures_are() -> None:
    root = ET.fromstring(trade_off_svg(CURVES, "A < B", "operations"))
    circles = [c for c in root.iter(f"{SVG}circle") if c.find(f"{SVG}title") is not None]
    first, last, quick = ((float(c.get("cx", "")), float(c.get("cy", ""))) for c in circles)
    assert first[0] < quick[0] < last[0]
    assert last[1] < quick[1] < first[1]
    # Equal ratios of costs are equal ways, and shares are even.
    assert (quick[0] - first[0]) / (last[0] - first[0]) == pytest.approx(0.1505, abs=1e-3)
    assert (first[1] - quick[1]) / (first[1] - last[1]) == pytest.approx(3 / 7, abs=1e-3)
    assert [c.find(f"{SVG}title").text for c in circles][1] == "slow & sure: 90.0 % at 1,000"  # type: ignore[union-attr]
    words = [t.text for t in root.iter(f"{SVG}text")]
    assert {"A < B", "1 slow & sure", "3 free", "operations"} <= set(words)


def test_the_front_goes_through_what_is_best_for_its_cost() -> None:
    root = ET.fromstring(trade_off_svg({**CURVES, "bad": [(500.0, 0.3)]}, "t", "c"))
    (line,) = (p for p in root.iter(f"{SVG}path") if p.get("stroke-width") == "6")
    assert line.get("d", "").count("L") == 2


@pytest.mark.parametrize("curves", [{"a": [(0.0, 0.5)]}, {"a": [(1.0, 1.5)]}, {}])
def test_nothing_to_draw_is_refused(curves: dict[str, list[tuple[float, float]]]) -> None:
    with pytest.raises(ValueError, match="a drawing needs points with costs above 0"):
        trade_off_svg(curves, "t", "c")
