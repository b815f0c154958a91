"""Fashion-MNIST from idx files and from an NPZ."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import MissingFile, OutOfRange
from lilliput.tasks import get_task
from tests.tasks.shared_data import shared
from tests.tasks.test_idx import idx

RNG = np.random.default_rng(0)
Y, Y_TEST = np.resize(np.arange(10, dtype=np.uint8), 100), np.arange(10, dtype=np.uint8)
X = RNG.integers(0, 256, (100, 28, 28), dtype=np.uint8)
X_TEST = RNG.integers(0, 256, (10, 28, 28), dtype=np.uint8)


def publish(folder: Path, *, images: np.ndarray = X, labels: np.ndarray = Y) -> Path:
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels)))
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx(X_TEST))
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(Y_TEST))
    return folder


def test_the_four_published_files_become_a_task(tmp_path: Path) -> None:
    splits = get_task("fashion", publish(tmp_path)).load()
    assert [len(split) for split in splits.values()] == [90, 10, 10]
    np.testing.assert_array_equal(splits["test"].x, X_TEST)
    both = {
        x.tobytes(): y for name in ("train", "validation") for x, y in zip(splits[name].x, splits[name].y, strict=True)
    }
    assert both == {x.tobytes(): y for x, y in zip(X, Y, strict=True)}


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutOfRange, match=r"LP203: .*training images are \(100, 28, 28\) of uint8 for 99 labels"):
        get_task("fashion", publish(tmp_path, labels=Y[1:]))
    with pytest.raises(OutOfRange, match=r"training label 11 is not in \[0, 10\)"):
        get_task("fashion", publish(tmp_path, labels=Y + 2))
    (tmp_path / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(MissingFile, match="has neither train-labels-idx1-ubyte nor"):
        get_task("fashion", tmp_path)


def test_a_part_is_bundled() -> None:
    splits = get_task("fashion").load()
    assert [len(split) for split in splits.values()] == [3600, 400, 1000]
    assert np.bincount(splits["train"].y).tolist() == [360] * 10


@pytest.mark.shared
def test_the_bundled_part_is_of_the_packed_one() -> None:
    whole, part = get_task("fashion", shared("fashion_mnist_12k.npz")).load(), get_task("fashion").load()
    known = {x.tobytes(): y for split in whole.values() for x, y in zip(split.x, split.y, strict=True)}
    assert all(known[x.tobytes()] == y for split in part.values() for x, y in zip(split.x, split.y, strict=True))


@pytest.mark.shared
def test_the_packed_subset_is_read() -> None:
    task = get_task("fashion", shared("fashion_mnist_12k.npz").parent)
    assert [len(split) for split in task.load().values()] == [9000, 1000, 2000]
    assert np.bincount(task.load()["validation"].y).tolist() == [100] * 10
