"""The recipe of FastDepth: structure as claimed, a network that learns something, and its bytes on a board."""

from __future__ import annotations

from pathlib import Path

import pytest

from lilliput.papers import Context, papers
from lilliput.papers.fastdepth import Settings, run


def context(method: str, folder: Path, **changes: object) -> Context:
    settings = Settings(height=64, width=64, multiplier=0.25, **changes)  # type: ignore[arg-type]
    return Context(paper="fastdepth", scale="smoke", method=method, seed=0, settings=settings, folder=folder)


def test_the_pruned_network_learns_and_runs_on_a_board(tmp_path: Path) -> None:
    pytest.importorskip("PIL", reason="pillow is not installed")
    result = run(context("pruned", tmp_path, epochs=15, batch_size=6))
    claims = {claim.id: claim for claim in papers["fastdepth"].claims}
    assert {name for name, figure in result.measured.items() if figure == claims[name].figure} == {
        "pruned.params", "pruned.macs", "skip-add.params", "skip-add.macs", "skip-concat.params", "skip-concat.macs",
        "nnconv5.params",
    }  # fmt: skip
    rows = {(row.name, row.split): row.value for row in result.rows}
    assert rows["bytes that differ", "int8 on nucleo-h743zi"] == 0
    assert rows["bytes that differ", "int8 on nucleo-h743zi, by patches"] == 0
    assert 0 < rows["arena", "int8 on nucleo-h743zi, by patches"] <= rows["arena", "int8 on nucleo-h743zi"]
    median = {row.name: row.value for row in run(context("median", tmp_path)).rows}
    assert rows["rmse", "test"] < 2.5 * median["rmse"]
    assert rows["rmse", "test, int8"] == pytest.approx(rows["rmse", "test"], rel=0.1)
    assert (tmp_path / "depth.png").stat().st_size > 1000


def test_a_folder_of_ones_own_is_taken(tmp_path: Path) -> None:
    import numpy as np

    image = pytest.importorskip("PIL.Image", reason="pillow is not installed")
    for i in range(8):
        image.fromarray(np.full((64, 64, 3), 20 * i, np.uint8)).save(tmp_path / f"{i}.color.png")
        image.fromarray(np.full((64, 64), 1000 + 100 * i, np.uint16)).save(tmp_path / f"{i}.depth.png")
    rows = run(context("median", tmp_path / "out", frames=str(tmp_path))).rows
    assert {row.name: row.value for row in rows}["mae"] == pytest.approx(0.4, abs=1e-3)
