"""MNIST from idx files."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import MissingFile, OutOfRange
from lilliput.tasks import get_task
from tests.tasks.test_idx import idx

Y = np.resize(np.arange(10, dtype=np.uint8), 100)
X = np.random.default_rng(0).integers(0, 256, (100, 28, 28), dtype=np.uint8)


def publish(folder: Path, labels: np.ndarray = Y) -> Path:
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(X)))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx(labels))
    return folder


def test_the_four_published_files_become_a_task(tmp_path: Path) -> None:
    task = get_task("mnist", publish(tmp_path))
    assert [len(split) for split in task.load().values()] == [90, 10, 100]
    np.testing.assert_array_equal(task.load()["test"].x, X)
    assert task.labels == tuple("0123456789")


def test_what_is_missing_or_does_not_belong_together_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="mnist needs its pictures"):
        get_task("mnist")
    with pytest.raises(OutOfRange, match=r"training label 12 is not in \[0, 10\)"):
        get_task("mnist", publish(tmp_path, Y + 3))
