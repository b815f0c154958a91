"""The registry of tasks, and what every task that needs no user's data must do."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import BadTask, MissingFile, UnknownName
from lilliput.features import Affine
from lilliput.tasks import Split, Task, get_task, tasks

WITHOUT_DATA = ["digits", "fashion", "fashion-saccades", "skeleton-actions", "spoken-digits", "wrist-activity"]


def test_the_tasks_are_registered() -> None:
    assert list(tasks) == [
        *("arabic-commands", "cifar10", "digits", "events", "fashion", "fashion-saccades", "heart", "light-fields"),
        "mnist",
        *("nmnist", "skeleton-actions", "spoken-digits", "spots10", "wrist-activity"),
    ]


@pytest.mark.parametrize("name", WITHOUT_DATA)
class TestEveryTask:
    @pytest.fixture
    def task(self, name: str) -> Task:
        if name == "digits":
            pytest.importorskip("sklearn")
        return get_task(name)

    def test_features_of_every_split_have_the_shape_that_is_said(self, task: Task) -> None:
        for split in task.load().values():
            q = task.preprocess.integer(split.x[:20])
            assert q.shape == (20, *task.preprocess.output_shape)
            assert q.std() > 5

    def test_no_item_is_in_two_splits(self, task: Task) -> None:
        seen = [{x.tobytes() for x in split.x} for split in task.load().values()]
        assert not seen[0] & seen[2]
        assert not seen[0] & seen[1]
        assert not seen[1] & seen[2]

    def test_every_class_is_in_every_split(self, task: Task) -> None:
        for split in task.load().values():
            assert set(split.y) == set(range(len(task.labels)))

    def test_two_loads_are_the_same(self, task: Task, name: str) -> None:
        for one, other in zip(task.load().values(), get_task(name).load().values(), strict=True):
            np.testing.assert_array_equal(one.x, other.x)
            np.testing.assert_array_equal(one.y, other.y)

    def test_description_is_json_and_says_the_licence(self, task: Task) -> None:
        said = json.loads(json.dumps(task.describe()))
        assert said["licence"] not in ("", "unknown")
        assert said["items"] == {name: len(split) for name, split in task.load().items()}
        assert sum(said["items_by_class"]["train"].values()) == said["items"]["train"]


@pytest.mark.parametrize("name", ["arabic-commands", "light-fields", "spots10"])
def test_a_task_without_its_data_says_where_they_are(name: str) -> None:
    with pytest.raises(
        MissingFile, match=rf"LP221: {name} needs its .*\n  why: they are not bundled\n  fix: get .*--data"
    ):
        get_task(name)


def test_an_unknown_name_suggests_near_ones_and_the_folder() -> None:
    with pytest.raises(
        UnknownName, match=r"LP100: no task .* 'spoken-digit'\n  fix: did you mean spoken-digits.*own data"
    ):
        get_task("spoken-digit")


def test_a_path_that_is_not_there_is_not_taken_for_a_name(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"LP221: \./none is not there"):
        get_task("./none")
    with pytest.raises(MissingFile, match=r"none is not there\n  why: it was named as the data of fashion"):
        get_task("fashion", tmp_path / "none")


def made_of(**splits: Split) -> Task:
    return Task(
        *("tiny", "Tiny", ("a", "b"), "accuracy", "unknown", "here", ""),
        preprocess=Affine.identity_u8((2, 2)),
        default_model="resnet8",
        loader=lambda: splits,
    )


GOOD = Split(np.zeros((2, 2, 2), np.uint8), np.array([0, 1]))


def test_a_task_with_an_empty_split_or_nothing_of_a_class_is_refused() -> None:
    assert made_of(train=GOOD, validation=GOOD, test=GOOD).load()["test"] is GOOD
    with pytest.raises(BadTask, match="LP103: task tiny: the test split has no items"):
        made_of(train=GOOD, validation=GOOD, test=Split(GOOD.x[:0], GOOD.y[:0])).load()
    with pytest.raises(BadTask, match="LP103: task tiny: nothing to learn class 'b' from"):
        made_of(train=Split(GOOD.x, GOOD.y * 0), validation=GOOD, test=GOOD).load()


def test_items_that_the_front_end_does_not_take_are_refused() -> None:
    with pytest.raises(ValueError, match=r"test: x is \(2, 2, 2\) of int16, preprocess takes \(2, 2\) of uint8"):
        made_of(train=GOOD, validation=GOOD, test=Split(GOOD.x.astype(np.int16), GOOD.y)).load()
    with pytest.raises(ValueError, match="must have the splits"):
        made_of(train=GOOD).load()
