"""MNIST from idx files and from an NPZ; what can be wrong with them is tested in test_fashion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import MissingFile
from lilliput.tasks import get_task
from tests.tasks.shared_data import shared
from tests.tasks.test_fashion import X_TEST, publish


def test_the_four_published_files_become_a_task(tmp_path: Path) -> None:
    task = get_task("mnist", publish(tmp_path))
    assert task.labels == tuple("0123456789")
    assert [len(split) for split in task.load().values()] == [90, 10, 10]
    np.testing.assert_array_equal(task.load()["test"].x, X_TEST)


def test_without_data_it_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="mnist needs its pictures"):
        get_task("mnist")
    with pytest.raises(MissingFile, match=r"has neither train-images-idx3-ubyte nor[^!]*mnist_t10k_8k.npz"):
        get_task("mnist", tmp_path)


@pytest.mark.shared
def test_a_part_of_it_is_read() -> None:
    task = get_task("mnist", shared("mnist_t10k_8k.npz"))
    assert [len(split) for split in task.load().values()] == [5399, 600, 2001]
    assert task.load()["train"].x.max() == 255
