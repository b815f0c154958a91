"""The recipe of the review: each method against its control, one table and two drawings of all of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from lilliput.core.errors import BadTask
from lilliput.papers import Context, Result, papers
from lilliput.papers._recipe import merge
from lilliput.papers.deep_snn import NAMES, Settings, compare, conclude, run
from lilliput.spiking.methods import METHODS

SETTINGS = Settings(hidden=24, epochs=6, points=3, bits="8 1", counted=20)


def part(method: str, folder: Path, seed: int = 0, settings: Settings = SETTINGS) -> Result:
    return run(Context(paper="deep-snn", scale="smoke", method=method, seed=seed, settings=settings, folder=folder))


def test_every_method_is_compared() -> None:
    assert set(NAMES) == set(METHODS)
    recipe = papers["deep-snn"].recipe
    assert recipe is not None
    assert recipe.methods == NAMES


def test_methods_stand_beside_their_controls_in_one_table(tmp_path: Path) -> None:
    names = ("bptt", "resume", "ann", "svm")
    whole = merge([(name, seed, part(name, tmp_path, seed)) for name in names for seed in (0, 1)])
    found = {(row.method, row.seed, row.name, row.split): row.value for row in whole.rows}
    for name in names:
        assert found[name, 0, "accuracy", "test"] > found[name, 0, "accuracy", "first weights"] + 0.4
        assert found[name, 0, "accuracy", "weights of 8 bits"] > found[name, 0, "accuracy", "test"] - 0.05
    assert found["ann", 0, "layers behind the first that multiply", "test"] == 1
    assert found["bptt", 0, "layers behind the first that multiply", "test"] == 0
    assert found["resume", 0, "energy", "test"] < found["bptt", 0, "energy", "test"]
    assert found["resume", 0, "operations", "7 steps"] < found["resume", 0, "operations", "30 steps"]
    assert found["resume", 0, "parameters", "network"] == 640
    assert found["resume", 0, "memory", "while it answers"] == (640 + 10) * 4 / 1024
    assert found["resume", 0, "steps to the decision", "test"] <= found["resume", 0, "steps", "test"] == 30
    assert whole.measured["bp.mnist"] == pytest.approx(
        50 * sum(found["bptt", seed, "accuracy", "test"] for seed in (0, 1))
    )
    cost = [
        sum(found[name, seed, what, "test"] for what in ("synaptic operations", "multiply-accumulates"))
        for name in ("ann", "bptt") for seed in (0, 1)
    ]  # fmt: skip
    assert compare(whole)["bp.operations"] == pytest.approx((cost[0] + cost[1]) / (cost[2] + cost[3]))

    files = conclude(whole, tmp_path).artifacts
    assert [str(file) for file in files] == ["table.md", "accuracy-operations.svg", "accuracy-energy.svg"]
    head, _, *lines = (tmp_path / "table.md").read_text("utf-8").splitlines()
    columns = [cell.strip() for cell in head.strip("|").split("|")]
    rows = [dict(zip(columns, (cell.strip() for cell in line.strip("|").split("|")), strict=True)) for line in lines]
    assert [row["method"] for row in rows] == list(names)
    assert (rows[1]["local"], rows[1]["on line"], rows[1]["spikes only"]) == ("three factors", "yes", "yes")
    assert rows[2]["MACs"] == f"{64 * 24 + 24 * 10:,}".replace(",", " ")
    assert "±" in rows[0]["accuracy %"]
    assert "1 bits %" in columns
    assert "resume" in (tmp_path / "accuracy-energy.svg").read_text("utf-8")


def test_other_pictures_say_nothing_about_a_claim_on_digits(tmp_path: Path) -> None:
    settings = dataclasses.replace(SETTINGS, task="fashion", items=200, epochs=2)
    found = part("tempotron", tmp_path, settings=settings)
    assert not found.measured
    assert found.rows[0].n == 1000


def test_what_is_no_grey_picture_is_refused(tmp_path: Path) -> None:
    settings = dataclasses.replace(SETTINGS, task="skeleton-actions")
    with pytest.raises(BadTask, match="the items of skeleton-actions are no grey pictures"):
        part("svm", tmp_path, settings=settings)
