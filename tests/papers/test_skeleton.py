"""The recipe for body joints: every side of the comparison runs, and the structure is the published one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lilliput.papers import Context, papers
from lilliput.papers.skeleton_1dcnn import MEMBERS, Settings, run


def context(method: str, folder: Path) -> Context:
    settings = Settings(width=0.0625, epochs=1, copies=2, drawn=2)
    return Context(paper="skeleton-1dcnn", scale="smoke", method=method, seed=1, settings=settings, folder=folder)


def test_the_ensemble_runs_on_a_board_and_frame_by_frame(tmp_path: Path) -> None:
    pytest.importorskip("PIL", reason="pillow is not installed")
    result = run(context("ensemble", tmp_path))
    claims = {claim.id: claim for claim in papers["skeleton-1dcnn"].claims}
    structure = {name: figure for name, figure in result.measured.items() if name != "ensemble.gain"}
    assert all(figure == claims[name].figure for name, figure in structure.items())
    assert len(structure) == 7
    rows = {(row.name, row.split): row for row in result.rows}
    accuracies = {split for name, split in rows if name == "accuracy"}
    assert {*MEMBERS, "base", "base, causal", "base, int8", "ensemble, product", "ensemble, weighted"} <= accuracies
    differing = [row.value for (name, _), row in rows.items() if name == "bytes that differ"]
    assert differing == [0, 0]
    assert rows["disagreement", "parts, difference"].value > 0.03
    gain = rows["accuracy above the best member", "ensemble, product"]
    best = max(rows["accuracy", member].value for member in MEMBERS)
    assert gain.value == pytest.approx(rows["accuracy", "ensemble, product"].value - best)
    assert gain.low is not None
    assert gain.high is not None
    assert gain.low <= gain.value <= gain.high
    assert (tmp_path / "attention.png").stat().st_size > 1000


def test_controls_run(tmp_path: Path) -> None:
    for method, split in (("statistics", "statistics"), ("copies", "base networks, product")):
        rows = {(row.name, row.split): row.value for row in run(context(method, tmp_path)).rows}
        assert rows["accuracy", split] > 0.3
