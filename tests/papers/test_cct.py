"""The recipe of the compact transformers: structure as claimed, the order of the paper, trainings as published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import UnknownName
from lilliput.papers import Context, Result, Row, papers
from lilliput.papers.cct import TRAININGS, Settings, compare, run, train_settings
from lilliput.tasks import get_task
from lilliput.train.augment import changes_of
from lilliput.train.schedules import learning_rate


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2 100 of the bundled pictures: 1 500 to learn from, 600 of the data set's own test part."""
    splits = get_task("fashion").load()
    x, y = (np.concatenate([getattr(splits["train"], k)[:1500], getattr(splits["test"], k)[:600]]) for k in "xy")
    path = tmp_path_factory.mktemp("fashion") / "pictures.npz"
    np.savez(path, x=x, y=y, split=np.repeat([0, 1, 2], [1400, 100, 600]))
    return path


def context(method: str, folder: Path, settings: Settings) -> Context:
    return Context(paper="cct", scale="smoke", method=method, seed=0, settings=settings, folder=folder)


def test_the_convolutional_tokeniser_beats_patches_and_the_structure_is_the_published_one(
    pictures: Path, tmp_path: Path
) -> None:
    settings = Settings(task=str(pictures), side=16, epochs=5, maps=3)
    found: dict[str, dict[str, float]] = {}
    for method in ("cct", "vit-lite"):
        (tmp_path / method).mkdir()
        result = run(context(method, tmp_path / method, settings))
        found[method] = {row.name: row.value for row in result.rows}
        if method == "cct":
            claims = {claim.id: claim for claim in papers["cct"].claims}
            assert {name: figure for name, figure in result.measured.items() if figure != claims[name].figure} == {}
            assert set(result.measured) == {id for id in claims if id.endswith((".params", ".macs"))}
            image = pytest.importorskip("PIL.Image", reason="pillow is not installed")
            with image.open(tmp_path / "cct" / result.artifacts[0]) as drawn:
                assert drawn.size == (48, 32)
                assert np.ptp(np.asarray(drawn)[16:]) > 100
    assert found["cct"]["accuracy"] > 0.65
    assert found["cct"]["accuracy"] > found["vit-lite"]["accuracy"] + 0.02


def test_the_convolutional_network_has_as_many_parameters(pictures: Path, tmp_path: Path) -> None:
    settings = Settings(task=str(pictures), side=8, epochs=1, maps=0)
    resnet, cct = (
        next(row.value for row in run(context(method, tmp_path / method, settings)).rows if row.name == "parameters")
        for method in ("resnet", "cct")
    )
    assert resnet == pytest.approx(cct, rel=0.05)
    assert resnet != cct


def test_gains_are_means_over_pairs_of_seeds() -> None:
    accuracy = {"cct": (0.9, 0.8), "cvt": (0.7, 0.78), "vit-lite": (0.6, 0.7), "resnet": (0.1, 0.1)}
    rows = [
        Row("accuracy", value, method=method, seed=seed)
        for method, values in accuracy.items()
        for seed, value in enumerate(values)
    ]
    expected = {"cct.gain": 20.0, "cvt.gain": 9.0, "cct.tokeniser": 11.0}
    assert compare(Result(tuple(rows))) == pytest.approx(expected)


@pytest.mark.parametrize("name", TRAININGS)
def test_every_training_can_be_asked_for(name: str) -> None:
    settings = train_settings(name, seed=3)
    assert (settings.keep, settings.seed) == ("last", 3)
    changes = changes_of(settings.augment, np.zeros((28, 28), np.uint8))
    assert sum(map(len, changes)) == len(settings.augment)


def test_trainings_are_as_published() -> None:
    bare, full = train_settings("cct-bare"), train_settings("cct-full")
    assert (bare.epochs, bare.batch_size, bare.lr, bare.weight_decay, bare.mixup_alpha) == (200, 128, 5e-4, 0.03, 0.0)
    assert bare.augment == ("autoaugment", "crop", "flip")
    assert (full.epochs, full.batch_size, full.lr, full.weight_decay) == (310, 128, 5.5e-4, 0.06)
    assert (full.mixup_alpha, full.cutmix_alpha, full.mix_probability, full.mix_switch) == (0.8, 1.0, 1.0, 0.5)
    assert full.label_smoothing == bare.label_smoothing == 0.1
    assert [learning_rate(bare, 28 * epoch, 28) for epoch in (0, 4, 5)] == pytest.approx([1e-4, 5e-4, 5e-4])
    assert [learning_rate(full, 28 * epoch, 28) for epoch in (0, 300, 309)] == pytest.approx([1e-5, 1e-5, 1e-5])


def test_an_unknown_training_lists_those_there_are() -> None:
    with pytest.raises(UnknownName, match=r"no training is called 'cct-ful'(.|\n)*cct-full"):
        train_settings("cct-ful")


def test_the_scale_of_a_data_centre_takes_the_large_ones() -> None:
    recipe = papers["cct"].recipe
    assert recipe is not None
    settings = replace(Settings(), **recipe.scales["full"].settings)
    assert (settings.cct, settings.training) == ("cct_7_3x1_32", "cct-full")
