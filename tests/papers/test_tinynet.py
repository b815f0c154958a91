"""The recipe of TinyNet: structure as claimed, every rule at one budget, the paper's network on a board."""

from __future__ import annotations

from pathlib import Path

import pytest

from lilliput.papers import Context, Result, Row, papers
from lilliput.papers.tinynet import Settings, compare, run


def context(method: str, folder: Path, **changes: object) -> Context:
    settings = Settings(share=0.04, epochs=1, calibration=32, **changes)  # type: ignore[arg-type]
    return Context(paper="tinynet", scale="smoke", method=method, seed=0, settings=settings, folder=folder)


def test_a_small_run_learns_and_gives_the_published_structure(tmp_path: Path) -> None:
    result = run(context("tiny", tmp_path))
    claims = {claim.id: claim for claim in papers["tinynet"].claims}
    assert {name for name, figure in result.measured.items() if figure == claims[name].figure} == {
        f"{letter}.{what}" for letter in "abcde" for what in ("params", "macs")
    }
    rows = {(row.name, row.split): row.value for row in result.rows}
    assert rows["accuracy", "test"] > 0.4
    assert rows["bytes that differ", "int8 on nucleo-h743zi"] == 0
    assert rows["share", "network"] <= 0.04


def test_the_gain_is_in_points_and_over_seeds() -> None:
    rows = [
        Row("accuracy", value, method=method, seed=seed)
        for method, values in (("tiny", (0.8, 0.9)), ("inverse-giant", (0.7, 0.84)), ("width-only", (0.1, 0.1)))
        for seed, value in enumerate(values)
    ]
    assert compare(Result(tuple(rows))) == {"e.gain": pytest.approx(8.0)}
