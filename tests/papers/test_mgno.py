"""The recipe for operators: claims of structure, learning, pictures, a file of one's own, a board."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lilliput.papers import Context, Result, papers
from lilliput.papers._recipe import merge, unit_folder
from lilliput.papers.mgno import METHODS, Settings, conclude, run

pytest.importorskip("scipy", reason="SciPy is not installed")
pytest.importorskip("PIL", reason="pillow is not installed")


def unit(method: str, folder: Path, **changes: Any) -> Result:
    settings = {"points": 16, "train": 48, "test": 8, "seconds": 0.0, "epochs": 8, "sets": "rough", "board": ""}
    there = folder / unit_folder(method, 0)
    there.mkdir(parents=True)
    of = Settings(**{**settings, **changes})
    return run(Context(paper="mgno", scale="smoke", method=method, seed=0, settings=of, folder=there))


def test_units_learn_and_are_concluded_together(tmp_path: Path) -> None:
    units = [(method, 0, unit(method, tmp_path)) for method in ("mgno", "fno-slim", "mean-field")]
    whole = merge(units)
    claims = {claim.id: claim for claim in papers["mgno"].claims}
    for claim, value in whole.measured.items():
        assert value == (1.0 if claim == "linear" else claims[claim].value)
    assert len(whole.measured) == 7
    errors = {row.method: row.value for row in whole.rows if (row.name, row.split) == ("relative l2", "rough")}
    assert errors["mgno"] < errors["mean-field"]
    assert {row.split for row in whole.rows if row.name == "relative l2"} == {"rough", "rough, 32 points"}
    said = conclude(whole, tmp_path)
    assert said.measured["darcy-rough.l2"] == pytest.approx(100 * errors["mgno"])
    assert all((tmp_path / path).stat().st_size > 500 for path in (*said.artifacts, *whole.artifacts))
    assert "fno-slim" in (tmp_path / "errors-rough.svg").read_text()


def test_equal_time_means_more_epochs_of_what_is_cheaper(tmp_path: Path) -> None:
    def epochs(method: str) -> float:
        rows = unit(method, tmp_path, seconds=0.6, train=16, loss="l2").rows
        return next(row.value for row in rows if row.name == "epochs")

    assert epochs("fno-slim") > epochs("cnn") >= 1


def test_a_file_of_ones_own_is_learnt(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(20, 12, 12))
    np.savez(tmp_path / "heat.npz", x=x, y=x + np.roll(x, 1, 1))
    result = unit("unet", tmp_path, data=str(tmp_path / "heat.npz"), test=4, epochs=1)
    rows = {(row.name, row.split): row for row in result.rows}
    assert rows["relative l2", "heat"].n == 4
    assert [path.name for path in result.artifacts] == ["fields-heat.png"]


def test_every_method_has_its_network() -> None:
    assert set(METHODS) >= {"mgno", "fno", "unet", "cnn", "mean-field"}
