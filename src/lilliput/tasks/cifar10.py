"""`cifar10`: 60 000 colour pictures of 32×32, from the user's folder of the published binary files.

The form for Python is made of pickles, which are never read here; the binary form holds the same: by picture one byte
of class and 3072 of red, green and blue planes. Validation is a tenth of the training pictures, the same share of each
class.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lilliput.core.errors import CutShort, MissingFile, OutOfRange
from lilliput.core.files import read_bytes
from lilliput.features import Affine
from lilliput.tasks.digits import stratified
from lilliput.tasks.task import Array, Split, Task, register_task

LABELS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_SIDE, _COLOURS = 32, 3
_RECORD = 1 + _COLOURS * _SIDE * _SIDE
_LIMIT = 10_000 * _RECORD
_TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
_SEED = 0


@register_task("cifar10")
def cifar10(data: Path | None) -> Task:
    """Ten kinds of things in 32×32 colour pixels; the folder `cifar-10-batches-bin`, or the one that holds it."""
    if data is None:
        raise MissingFile(
            "cifar10 needs its pictures",
            why="they are not bundled",
            fix="unpack cifar-10-binary.tar.gz and name the folder with --data",
        )
    inner = data / "cifar-10-batches-bin"
    folder = inner if inner.is_dir() else data
    parts = [_read(folder / name) for name in _TRAIN]
    x, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    x_test, y_test = _read(folder / "test_batch.bin")
    rows, held = stratified(y, (0.9, 0.1), _SEED)
    splits = {"train": Split(x[rows], y[rows]), "validation": Split(x[held], y[held]), "test": Split(x_test, y_test)}
    return Task(
        name="cifar10",
        title="CIFAR-10: ten kinds of things in 32×32 colour pixels",
        labels=LABELS,
        metric="accuracy",
        licence="unknown",
        source="https://www.cs.toronto.edu/~kriz/cifar.html",
        citation="A. Krizhevsky: Learning multiple layers of features from tiny images, 2009",
        preprocess=Affine.fit(splits["train"].x),
        default_model="resnet8",
        augment=("flip",),
        loader=lambda: splits,
    )


def _read(path: Path) -> tuple[Array, Array]:
    """Pictures (N, 32, 32, 3) uint8 and classes (N,) int64 of one file."""
    raw = np.frombuffer(read_bytes(path, limit=_LIMIT), np.uint8)
    if not len(raw) or len(raw) % _RECORD:
        raise CutShort(f"{path} has {len(raw)} B", why=f"each picture takes {_RECORD}")
    records = raw.reshape(-1, _RECORD)
    y = records[:, 0].astype(np.int64)
    if y.max() >= len(LABELS):
        raise OutOfRange(f"{path}: class {y.max()} is not in [0, {len(LABELS)})")
    planes = records[:, 1:].reshape(-1, _COLOURS, _SIDE, _SIDE)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), y
