"""The recipe for lists: methods side by side on lists of one's own, and a recogniser in the loop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lilliput.papers import Context, Result
from lilliput.papers._recipe import merge
from lilliput.papers.hyporadise import METHODS, OURS, Settings, conclude, run
from tests.train.test_tagging import lists

pytest.importorskip("rapidfuzz", reason="RapidFuzz is not installed")


def unit(method: str, folder: Path, **changes: Any) -> Result:
    there = folder / method
    there.mkdir()
    settings = Settings(**{"epochs": 8, "lr": 1e-2, "dim": 16, "hidden": 16, **changes})
    return run(Context(paper="hyporadise", scale="smoke", method=method, seed=0, settings=settings, folder=there))


def rates(results: dict[str, Result]) -> dict[str, float]:
    return {name: next(row.value for row in one.rows if row.name == "word error rate") for name, one in results.items()}


def test_what_is_learnt_is_below_the_best_hypothesis(tmp_path: Path) -> None:
    path = tmp_path / "test_atis.json"
    items = [{"input": list(item.hypotheses), "output": item.reference} for item in lists(160, 0)]
    path.write_text(json.dumps(items))
    found = {method: unit(method, tmp_path, data=str(path)) for method in METHODS}
    rate = rates(found)
    assert rate[OURS] < rate["best"] <= rate["first"]
    assert rate["tagger"] < rate["first"]
    assert rate["shuffled"] > rate[OURS]
    page = (tmp_path / OURS / "corrections.html").read_text()
    assert "<mark>nonstop</mark>" in page
    chosen = {(row.name, row.split): row.value for row in found[OURS].rows}
    assert chosen["right words put in", "test, in no hypothesis"] > 0
    assert chosen["parameters", "network"] > 0
    assert {(row.name) for row in found["first"].rows} >= {"words in no hypothesis", "texts to learn from"}
    whole = merge([(method, 0, one) for method, one in found.items()])
    assert set(whole.measured) == {"atis.one-best", "atis.oracle"}
    said = conclude(whole, tmp_path)
    assert said.measured["atis.below-oracle"] == pytest.approx(100 * (rate["best"] - rate[OURS]))


def test_a_recogniser_in_the_loop_makes_lists(tmp_path: Path) -> None:
    result = unit("first", tmp_path, strings=60, asked=40, recogniser_epochs=1)
    assert rates({"first": result})["first"] > 0
    assert result.measured == {}
    assert np.isfinite([row.value for row in result.rows]).all()
