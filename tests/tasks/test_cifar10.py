"""CIFAR-10 from its binary files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import CutShort, MissingFile, OutOfRange
from lilliput.tasks import get_task

RNG = np.random.default_rng(0)
Y = np.resize(np.arange(10, dtype=np.uint8), 20)


def publish(folder: Path, labels: np.ndarray = Y) -> np.ndarray:
    """The six files; -> the pictures of the last, (20, 32, 32, 3)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"):
        planes = RNG.integers(0, 256, (20, 3, 32, 32), dtype=np.uint8)
        (folder / name).write_bytes(np.concatenate([labels[:, None], planes.reshape(20, -1)], 1).tobytes())
    return planes.transpose(0, 2, 3, 1)


def test_the_six_published_files_become_a_task(tmp_path: Path) -> None:
    last = publish(tmp_path / "cifar-10-batches-bin")
    for folder in (tmp_path, tmp_path / "cifar-10-batches-bin"):
        splits = get_task("cifar10", folder).load()
        assert [len(split) for split in splits.values()] == [90, 10, 20]
        np.testing.assert_array_equal(splits["test"].x, last)
        np.testing.assert_array_equal(splits["test"].y, Y)


def test_damage_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="cifar10 needs its pictures"):
        get_task("cifar10")
    publish(tmp_path, Y + 3)
    with pytest.raises(OutOfRange, match=r"data_batch_1\.bin: class 12 is not in \[0, 10\)"):
        get_task("cifar10", tmp_path)
    publish(tmp_path)
    (tmp_path / "test_batch.bin").write_bytes(b"\0" * 3072)
    with pytest.raises(CutShort, match=r"test_batch\.bin has 3072 B"):
        get_task("cifar10", tmp_path)
    (tmp_path / "data_batch_3.bin").unlink()
    with pytest.raises(MissingFile, match=r"data_batch_3\.bin"):
        get_task("cifar10", tmp_path)
