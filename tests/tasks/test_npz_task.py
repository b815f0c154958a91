"""The user's own NPZ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import BadTask, BadValue, LilliputError, OutOfRange
from lilliput.features import Affine, LogMel
from lilliput.tasks import get_task

RNG = np.random.default_rng(0)
Y = np.repeat(np.arange(3), 20)
PICTURES = RNG.integers(0, 80, (60, 8, 8), dtype=np.uint8) + (Y * 60).astype(np.uint8)[:, None, None]


def save(folder: Path, **arrays: np.ndarray) -> Path:
    path = folder / "my data.npz"
    np.savez(path, **arrays)
    return path


def test_pictures_with_labels_become_a_task(tmp_path: Path) -> None:
    task = get_task(save(tmp_path, x=PICTURES, y=Y, labels=np.array(["a", "b", "c"])))
    assert (task.name, task.labels, task.default_model) == ("my-data", ("a", "b", "c"), "resnet8")
    assert isinstance(task.preprocess, Affine)
    assert sum(len(split) for split in task.load().values()) == 60
    test = task.load()["test"]
    np.testing.assert_array_equal(test.x.mean(axis=(1, 2)).astype(int) // 60, test.y)


def test_text_as_y_and_a_given_split_are_kept(tmp_path: Path) -> None:
    split = np.resize([0, 0, 0, 1, 2], 60)
    task = get_task(save(tmp_path, x=PICTURES, y=np.array(["lo", "mid", "up"])[Y], split=split))
    assert task.labels == ("lo", "mid", "up")
    np.testing.assert_array_equal(task.load()["validation"].x, PICTURES[split == 1])


def test_sounds_and_windows_are_told_apart(tmp_path: Path) -> None:
    sounds = RNG.integers(-900, 900, (60, 4000)).astype(np.int16)
    task = get_task(save(tmp_path, x=sounds, y=Y, sample_rate=np.int32(8000)))
    assert isinstance(task.preprocess, LogMel)
    windows = RNG.integers(-900, 900, (60, 25, 6)).astype(np.int16)
    task = get_task(save(tmp_path, x=windows, y=Y))
    assert task.preprocess.output_shape == (25, 1, 6)


def test_groups_stay_together(tmp_path: Path) -> None:
    group = np.tile(np.arange(5), 12)
    splits = get_task(save(tmp_path, x=PICTURES, y=Y, group=group)).load()
    found = [set(split.group) for split in splits.values() if split.group is not None]
    assert sum(len(g) for g in found) == len(set.union(*found)) == 5


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"x": PICTURES / 255}, BadValue, r"LP207: .*x is float64\n  why: the device gets raw integers"),
        ({"x": PICTURES[:, 0]}, OutOfRange, r"LP203: .*x is \(60, 8\) of uint8\n  fix: sounds need `sample_rate`"),
        ({"x": PICTURES[:0], "y": Y[:0]}, BadTask, "LP103: .*x has no items"),
        ({"y": Y[:-1]}, OutOfRange, "59 values of y for 60 items of x"),
        ({"y": Y * 0}, BadTask, "LP103: .* has one class, '0'"),
        ({"y": np.where(Y == 2, 1, Y), "labels": np.array(["a", "b", "c"])}, BadTask, "class 'c' has 0 items"),
        (
            {"y": Y + 1, "labels": np.array(["a", "b", "c"])},
            OutOfRange,
            r"y goes from 1 to 3\n  why: there are 3 labels",
        ),
        ({"split": np.zeros(60, int)}, OutOfRange, r"split has the values \[0\]"),
        ({"split": np.zeros(6, int)}, OutOfRange, "6 values of split for 60 items"),
        ({"group": np.zeros(60, int)}, BadTask, "1 groups\n  why: three splits need three groups"),
        ({"sample_rate": np.int32(8000)}, OutOfRange, r"sounds are \(N, T\) of int16"),
    ],
)
def test_arrays_that_make_no_task_are_named(
    change: dict[str, np.ndarray], error: type[LilliputError], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        get_task(save(tmp_path, **{"x": PICTURES, "y": Y, **change}))
