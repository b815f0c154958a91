"""Two reports side by side."""

from __future__ import annotations

from lilliput.boards.compare import compare_reports, comparison_parts
from lilliput.core.output import Table


def report(name: str, board: str, layers: list[tuple[str, str, int | None]], **figures: int | None) -> dict:
    rows = [{"name": n, "kernel": kernel, "instructions": count} for n, kernel, count in layers]
    return {"model": {"name": name}, "board": {"name": board, "core": "m4"}, "layers": rows, **figures}


A = report("net", "x", [("c", "lp_conv", 100), ("s", "lp_softmax", 7)], macs=10, instructions=107, arena_bytes=64)
B = report("net", "y", [("c", "lp_conv_dsp", 40), ("p", "lp_pool", None)], macs=10, instructions=47, arena_bytes=None)


def test_figures_have_their_ratio_and_none_where_one_is_not_known() -> None:
    figures = {row["name"]: row for row in compare_reports(A, B)["figures"]}
    assert figures["instructions"] == {"name": "instructions", "a": 107, "b": 47, "ratio": 0.439}
    assert figures["macs"]["ratio"] == 1
    assert figures["arena_bytes"] == {"name": "arena_bytes", "a": 64, "b": None, "ratio": None}


def test_layers_are_paired_by_name_and_those_of_one_side_stay() -> None:
    layers = compare_reports(A, B)["layers"]
    assert [layer["name"] for layer in layers] == ["c", "s", "p"]
    assert (layers[0]["kernel_a"], layers[0]["kernel_b"], layers[0]["ratio"]) == ("lp_conv", "lp_conv_dsp", 0.4)
    assert (layers[1]["kernel_b"], layers[1]["b"], layers[2]["kernel_a"]) == (None, None, None)


def test_people_see_which_layers_run_other_kernels() -> None:
    parts = comparison_parts(compare_reports(A, B))
    table = parts[-1]
    assert isinstance(table, Table)
    assert table.marked == {0, 1, 2}
    assert parts[:2] == ["A: net on x (m4)", "B: net on y (m4)"]
    assert comparison_parts(compare_reports(A, A))[-1].marked == frozenset()  # type: ignore[union-attr]
