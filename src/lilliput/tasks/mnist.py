"""`mnist`: handwritten digits of 28×28 grey pixels, from the user's folder of the four idx files as published.

Validation is a tenth of the training pictures, the same share of each class.
"""

from __future__ import annotations

from pathlib import Path

from lilliput.core.errors import MissingFile
from lilliput.features import Affine
from lilliput.tasks.digits import stratified
from lilliput.tasks.idx import check_labelled, find_idx, read_idx
from lilliput.tasks.task import Array, Split, Task, register_task

_SIZE = (28, 28)
_SEED = 0
_FIX = "name the folder of the four published files: train-images-idx3-ubyte.gz and so on"


@register_task("mnist")
def mnist(data: Path | None) -> Task:
    """Handwritten digits, 28×28, ten classes; the four published files of a folder."""
    if data is None:
        raise MissingFile("mnist needs its pictures", why="they are not bundled", fix=f"--data: {_FIX}")
    x, y = _read(data, "train")
    x_test, y_test = _read(data, "t10k")
    rows, held = stratified(y, (0.9, 0.1), _SEED)
    splits = {"train": Split(x[rows], y[rows]), "validation": Split(x[held], y[held]), "test": Split(x_test, y_test)}
    return Task(
        name="mnist",
        title="MNIST: handwritten digits in 28×28 grey pixels",
        labels=tuple(str(n) for n in range(10)),
        metric="accuracy",
        licence="CC-BY-SA-3.0",
        source="http://yann.lecun.com/exdb/mnist/",
        citation="Y. LeCun, C. Cortes, C. Burges: The MNIST database of handwritten digits",
        preprocess=Affine.fit(splits["train"].x),
        default_model="resnet8",
        loader=lambda: splits,
    )


def _read(data: Path, part: str) -> tuple[Array, Array]:
    x = read_idx(find_idx(data, f"{part}-images-idx3-ubyte", _FIX), 3)
    y = read_idx(find_idx(data, f"{part}-labels-idx1-ubyte", _FIX), 1)
    check_labelled(data, "training" if part == "train" else "test", x, y, size=_SIZE, classes=10)
    return x, y.astype("int64")
