"""SPOTS-10 from files of its published form."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import MissingFile, NotThisFormat, OutOfRange
from lilliput.tasks import get_task
from tests.tasks.test_idx import idx

RNG = np.random.default_rng(0)
Y, Y_TEST = np.repeat(np.arange(10, dtype=np.uint8), 20), np.repeat(np.arange(10, dtype=np.uint8), 2)  # sorted
X = RNG.integers(0, 256, (200, 32, 32), dtype=np.uint8)
X_TEST = RNG.integers(0, 256, (20, 32, 32), dtype=np.uint8)


def publish(folder: Path, *, images: np.ndarray = X, labels: np.ndarray = Y) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels)))
    (folder / "test-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(X_TEST)))
    (folder / "test-labels-idx1-ubyte").write_bytes(idx(Y_TEST))
    return folder


def test_the_published_parts_stay_and_validation_is_of_the_training(tmp_path: Path) -> None:
    task = get_task("spots10", publish(tmp_path))
    splits = task.load()
    assert [len(split) for split in splits.values()] == [180, 20, 20]
    np.testing.assert_array_equal(splits["test"].x, X_TEST)
    np.testing.assert_array_equal(splits["test"].y, Y_TEST)
    known = {x.tobytes(): y for x, y in zip(X, Y, strict=True)}
    seen = [(x.tobytes(), y) for name in ("train", "validation") for x, y in zip(*_of(splits[name]), strict=True)]
    assert dict(seen) == known
    assert np.bincount(splits["validation"].y).tolist() == [2] * 10
    assert (task.labels[0], task.labels[6], task.labels[9]) == ("cheetah", "tapir calf", "zebra")


def _of(split) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[no-untyped-def]
    return split.x, split.y


def test_the_folder_of_the_repository_is_found_too(tmp_path: Path) -> None:
    publish(tmp_path / "dataset")
    assert len(get_task("spots10", tmp_path).load()["train"]) == 180


def test_files_that_are_not_as_published_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutOfRange, match=r"training images are \(200, 28, 28\) of uint8 for 200 labels, \(N, 32, 32\)"):
        get_task("spots10", publish(tmp_path, images=X[:, :28, :28]))
    with pytest.raises(OutOfRange, match=r"training label 12 is not in \[0, 10\)"):
        get_task("spots10", publish(tmp_path, labels=Y + 3))
    publish(tmp_path)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(Y)))
    with pytest.raises(NotThisFormat, match=r"LP200: .*begins with 0x00000801\n  why: .* begin 0x00000803"):
        get_task("spots10", tmp_path)
    (tmp_path / "test-labels-idx1-ubyte").unlink()
    publish(tmp_path)
    (tmp_path / "test-images-idx3-ubyte.gz").unlink()
    with pytest.raises(MissingFile, match=r"neither test-images-idx3-ubyte nor .*\n  fix: name the folder"):
        get_task("spots10", tmp_path)
