"""Where marks and ticks stand."""

from __future__ import annotations

import pytest

from lilliput.web.plots import HEIGHT, LEFT, RIGHT, TOP, WIDTH, axis, scatter, strips, ticks


@pytest.mark.parametrize("values", [[1.0], [0.0], [-3.0, 5.0], [1e-9, 2e-9], [1e12, 1.5e12], [0.2, 0.21, 0.9]])
def test_an_axis_holds_its_values_and_has_round_ticks(values: list[float]) -> None:
    made = axis(values, 0, 100)
    assert all(0 < made.at(value) < 100 for value in values)
    found = ticks(made)
    assert 2 <= len(found) <= 8
    assert all(made.low <= value <= made.high for value in found)


def test_wide_ranges_of_costs_are_drawn_as_ratios() -> None:
    made = axis([1000, 4000, 1_000_000], 0, 100, may_be_log=True)
    assert made.is_log
    assert made.at(2000) - made.at(1000) == pytest.approx(made.at(4000) - made.at(2000), abs=0.2)
    assert not axis([0, 1e9], 0, 1, may_be_log=True).is_log, "nothing is a ratio above 0"
    assert [value % 1024 for value in ticks(axis([2048, 300_000], 0, 1, may_be_log=True), binary=True)] == [0] * 4
    assert ticks(axis([900, 9000], 0, 1, may_be_log=True)) == [1000, 2000, 5000, 10_000]


def _row(cost: float, mean: float, on_front: bool = True) -> dict[str, object]:
    return {"flash": cost, "mean": mean, "label": "net", "unit": "", "run": "ab", "on_front": on_front}


def test_the_line_of_the_front_goes_up_in_steps() -> None:
    plot = scatter([_row(1000, 0.5), _row(2000, 0.7)], [_row(1500, 0.4, False)], "flash", "accuracy", higher=True)
    other, first, second = plot["marks"]
    assert (other["on_front"], first["on_front"]) == (False, True)
    assert plot["line"] == f"M{first['x']} {first['y']} H{second['x']} V{second['y']} H{WIDTH - RIGHT}"
    assert second["y"] < first["y"] < other["y"], "better is higher up"
    assert all(LEFT < m["x"] < WIDTH - RIGHT and TOP < m["y"] < HEIGHT for m in plot["marks"])
    assert first["told"] == "net: 0.5 at 1000 B"


def test_a_dot_a_seed_and_a_bar_at_the_mean() -> None:
    plot = strips([{"label": "a", "seeds": {0: 1.0, 1: 3.0}, "mean": 2.0, "unit": "%"}])
    (row,) = plot["rows"]
    low, high = (dot["x"] for dot in row["dots"])
    assert row["mean"] == pytest.approx((low + high) / 2, abs=0.1)
    assert row["dots"][1]["told"] == "a, seed 1: 3 %"
