"""The recipe of Meta-SpikeFormer: structure as claimed, a short training, what folding costs, scenes."""

from __future__ import annotations

from pathlib import Path

import pytest

from lilliput.papers import Context, papers
from lilliput.papers.meta_spikeformer import METHODS, PUBLISHED, Settings, compare, run
from lilliput.tasks import Task, get_task
from lilliput.train import TrainSettings

SHORT = Settings(epochs=1, tune_epochs=1, steps=2, scenes=24, scene_epochs=1, counted=8, scene_side=32, things=1)


@pytest.fixture(autouse=True)
def _fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sixth of the bundled pictures."""
    from dataclasses import replace

    from lilliput.tasks import Split

    task = get_task("fashion")
    few = {name: Split(split.x[::6], split.y[::6]) for name, split in task.load().items()}

    def small(name: str, data: Path | None = None) -> Task:
        return replace(task, loader=lambda: few)

    monkeypatch.setattr("lilliput.tasks.get_task", small)


def rows(method: str, folder: Path) -> tuple[dict[tuple[str, str], float], dict[str, float]]:
    folder.mkdir()
    found = run(Context(paper="meta-spikeformer", scale="smoke", method=method, seed=0, settings=SHORT, folder=folder))
    return {(row.name, row.split): row.value for row in found.rows}, dict(found.measured)


def test_the_network_learns_is_tuned_and_folded(tmp_path: Path) -> None:
    found, measured = rows("meta-spikeformer", tmp_path / "own")
    assert 0 < found["accuracy", "test"] < 1
    assert 0 < found["accuracy", "2 steps"] < 1
    assert found["answers that folding leaves", "folded"] == 1
    assert found["layers behind the first that multiply", "folded"] == 0
    assert found["layers behind the first that multiply", "as trained"] == 19
    assert found["parameters", "folded"] == pytest.approx(
        found["growth by folding", "folded"] * found["parameters", "network"]
    )
    assert found["energy", "as trained"] > found["energy by the usual formula", "as trained"]
    assert found["additions", "folded, 2 steps"] != found["additions", "folded"]
    claims = {claim.id: claim for claim in papers["meta-spikeformer"].claims}
    assert {name for name, figure in measured.items() if figure == claims[name].figure} == {
        "15m.params", "31m.params", "55m.params", "31m.kd.params", "55m.kd.params", "55m.macs",
    }  # fmt: skip


def test_the_twin_multiplies_everywhere(tmp_path: Path) -> None:
    found, _ = rows("ann", tmp_path / "ann")
    assert found["additions", "folded"] == 0
    assert found["energy", "folded"] > found["energy by the usual formula", "folded"]


def test_scenes_give_pixels_and_boxes(tmp_path: Path) -> None:
    found, _ = rows("scenes", tmp_path / "scenes")
    assert 0 < found["mean overlap of pixels", "test"] < 1
    assert 0 <= found["average precision of boxes at half overlap", "test"] <= 1
    assert found["layers behind the first that multiply", "folded"] == 0


def test_published_trainings_can_be_asked_for() -> None:
    for name, settings in PUBLISHED.items():
        assert TrainSettings(**settings).optimiser == "lamb", name
    assert set(METHODS) == set(papers["meta-spikeformer"].recipe.methods)  # type: ignore[union-attr]


def test_more_steps_are_compared_seed_by_seed() -> None:
    from lilliput.papers import Result, Row

    found = [
        Row("accuracy", value, split=split, method="meta-spikeformer", seed=seed)
        for seed, one, two in ((0, 0.5, 0.6), (1, 0.7, 0.72))
        for split, value in (("test", one), ("4 steps, before tuning", 0.1), ("4 steps", two))
    ]
    found.append(Row("accuracy", 0.9, method="ann", seed=0))
    assert compare(Result(tuple(found)))["steps"] == pytest.approx(6.0)
