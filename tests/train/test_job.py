from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from lilliput.core.errors import BadOutput, BadSetting, UnknownName
from lilliput.models import example_input
from lilliput.models.package import load_model
from lilliput.tasks import get_task
from lilliput.train.job import TrainJob, plan_training, train_on
from lilliput.train.metrics import Measure

SMALL = ("train.epochs=2", "train.threads=1", "model.filters=8")


def _job(*overrides: str) -> TrainJob:
    return plan_training(get_task("digits"), "resnet8", overrides=(*SMALL, *overrides))


def test_the_network_is_made_to_fit_the_task() -> None:
    job = _job()
    assert (job.config.input_shape, job.config.classes, job.config.filters) == ((1, 8, 8), 10, 8)
    assert (job.settings.epochs, job.settings.threads) == (2, 1)


def test_the_tasks_own_settings_come_first_and_the_users_win() -> None:
    task = get_task("spoken-digits")
    assert plan_training(task).settings.augment == task.augment
    assert plan_training(task).model == task.default_model
    assert plan_training(task, overrides=['train.augment=["gain"]']).settings.augment == ("gain",)
    assert plan_training(task, seed=4).settings.seed == 4
    assert plan_training(task, seed=4, overrides=["train.seed=5"]).settings.seed == 5


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean resnet8"):
        plan_training(get_task("digits"), "resnet_8")
    with pytest.raises(BadSetting, match=r"no setting 'train\.epoch'\n  fix: did you mean train\.epochs"):
        _job("train.epoch=3")
    with pytest.raises(BadSetting, match=r"no setting 'model\.filter'\n  fix: did you mean model\.filters"):
        _job("model.filter=3")


def test_a_training_leaves_a_network_that_can_be_loaded(tmp_path: Path) -> None:
    trained = train_on(_job(), tmp_path / "out")
    loaded, x = load_model(tmp_path / "out" / "model"), example_input(trained.model, 3)
    assert torch.equal(loaded(x), trained.model(x))
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [row["split"] for row in results["metrics"]] == ["validation", "test"]
    assert results["metrics"][1]["value"] == trained.test.value > 0.3
    assert len(results["history"]) == 2


def test_the_same_call_goes_on_and_gives_the_same(tmp_path: Path) -> None:
    first = train_on(_job(), tmp_path / "out")
    again = train_on(_job(), tmp_path / "out")
    other = train_on(_job(), tmp_path / "other")
    assert again.training.resumed_from == first.training.steps
    for one in (again, other):
        assert one.test == first.test
        assert all(torch.equal(a, b) for a, b in zip(one.model.parameters(), first.model.parameters(), strict=True))


def test_a_folder_of_another_training_is_left_alone(tmp_path: Path) -> None:
    train_on(_job(), tmp_path / "out")
    before = sorted(path.name for path in (tmp_path / "out").iterdir())
    with pytest.raises(BadOutput, match=r"holds another training: config, train\.lr differ"):
        train_on(_job("train.lr=0.01", "model.filters=4"), tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == before


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("…")
    with pytest.raises(BadOutput, match="holds something that this command did not make"):
        train_on(_job(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_an_autoencoder_trains_on_flat_features(tmp_path: Path) -> None:
    job = plan_training(get_task("digits"), "fc_autoencoder", overrides=["train.epochs=1", "train.loss=mse"])
    trained = train_on(job, tmp_path / "out")
    assert isinstance(trained.test, Measure)
    assert (job.config.input_shape, trained.test.name) == ((64,), "mse")
