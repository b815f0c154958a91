"""`mnist`: handwritten digits of 28×28 pixels, from the user's folder with the four idx files as published, or an NPZ.

Validation is a tenth of the training images, the same share of each class. An NPZ may hold a part of the set; its test
is then not the published one, and figures of it are not "MNIST test accuracy".
"""

from __future__ import annotations

from pathlib import Path

from lilliput.core.errors import MissingFile
from lilliput.features import Affine
from lilliput.tasks.fashion import read_splits
from lilliput.tasks.task import Task, register_task

_PACKED = "mnist_t10k_8k.npz"


@register_task("mnist")
def mnist(data: Path | None) -> Task:
    """Handwritten digits, 28×28, ten classes; the idx files of a folder, or an NPZ."""
    if data is None:
        raise MissingFile(
            "mnist needs its pictures",
            why="they are not bundled; the bundled digits of 8×8 pixels are the task `digits`",
            fix="name a folder with train-images-idx3-ubyte.gz and the three other files with --data",
        )
    splits = read_splits(data, _PACKED)
    return Task(
        name="mnist",
        title="MNIST: handwritten digits in 28×28 grey pixels",
        labels=tuple(str(digit) for digit in range(10)),
        metric="accuracy",
        licence="CC-BY-SA-3.0",
        source="http://yann.lecun.com/exdb/mnist",
        citation="Y. LeCun, C. Cortes, The MNIST database of handwritten digits",
        preprocess=Affine.fit(splits["train"].x),
        default_model="resnet8",
        loader=lambda: splits,
    )
