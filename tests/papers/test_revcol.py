"""The recipe of RevCol: structure as claimed, the same figures with anchors and without, levels told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from lilliput.papers import Context, papers
from lilliput.papers.revcol import Settings, run


def rows(method: str, folder: Path, task: Path) -> tuple[dict[tuple[str, str], float], dict[str, float]]:
    settings = Settings(task=str(task), epochs=1, probe=128, widths="8 12 16 20", layers="1 1 1 1", single="2 2 4 2")
    folder.mkdir()
    found = run(Context(paper="revcol", scale="smoke", method=method, seed=0, settings=settings, folder=folder))
    return {(row.name, row.split): row.value for row in found.rows}, dict(found.measured)


def test_small_runs(tmp_path: Path, few_pictures: Path) -> None:
    anchored, measured = rows("anchored", tmp_path / "anchored", few_pictures)
    plain, _ = rows("plain", tmp_path / "plain", few_pictures)
    assert anchored["accuracy", "test"] > 0.3
    assert anchored["accuracy", "test"] == pytest.approx(plain["accuracy", "test"], abs=0.05)
    further = ("kept for the backward pass", "each further column")
    assert plain[further] > 8 * anchored[further]
    claims = {claim.id: claim for claim in papers["revcol"].claims}
    assert {name for name, figure in measured.items() if figure == claims[name].figure} == {
        "t.params", "s.params", "b.params", "l.params", "t.macs", "s.macs", "b.macs",
    }  # fmt: skip
    low, high = (anchored["picture's relative squared error", f"line from level {n} of column 1"] for n in (0, 3))
    assert low < high


def test_supervision_gives_a_figure_at_each_exit(tmp_path: Path, few_pictures: Path) -> None:
    found, _ = rows("supervised", tmp_path / "supervised", few_pictures)
    exits = [found["accuracy", f"left after column {n}"] for n in (1, 2, 3, 4)]
    assert exits[-1] == found["accuracy", "test"]
    assert max(exits) > 0.2
