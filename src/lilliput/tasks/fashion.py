"""`fashion`: Fashion-MNIST: 5 000 bundled pictures, or the user's folder with the four idx files as published.

Validation is a tenth of the training images, the same share of each class.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lilliput.features import Affine
from lilliput.tasks.digits import stratified
from lilliput.tasks.idx import check_labelled, find_idx, read_idx
from lilliput.tasks.npz import read_npz
from lilliput.tasks.task import Split, Task, register_task

LABELS = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
_SEED = 0
_PACKED = "fashion_mnist_12k.npz"
_BUNDLED = Path(__file__).parent / "data" / "fashion" / "images.npz"
_ARRAYS = {"x_train": ("i", 3), "y_train": ("i", 1), "x_test": ("i", 3), "y_test": ("i", 1)}


@register_task("fashion")
def fashion(data: Path | None) -> Task:
    """Pictures of clothing, 28×28, ten classes; the bundled part, or all of a folder's idx files or NPZ."""
    splits = read_splits(data or _BUNDLED, _PACKED)
    return Task(
        name="fashion",
        title="Fashion-MNIST: clothing in 28×28 grey pixels",
        labels=LABELS,
        metric="accuracy",
        licence="MIT",
        source="https://github.com/zalandoresearch/fashion-mnist",
        citation="Xiao, Rasul, Vollgraf: Fashion-MNIST (arXiv:1708.07747)",
        preprocess=Affine.fit(splits["train"].x),
        default_model="resnet8",
        augment=("flip",),
        loader=lambda: splits,
    )


def read_splits(data: Path, packed_name: str) -> dict[str, Split]:
    """Pictures of 28×28 in ten classes, from the four idx files of a folder or from an NPZ; MNIST has the same form.

    Args:
        data: a folder, or an NPZ with x_train, y_train, x_test and y_test.
        packed_name: of an NPZ to look for in the folder first.

    Raises:
        FileError: LP2xx, a file is missing or damaged, or two do not belong together.
        BadTask: LP103, there is nothing in one.
    """
    packed = data if data.is_file() else data / packed_name
    if packed.is_file():
        arrays = read_npz(packed, _ARRAYS)
        x, y, x_test, y_test = (arrays[name] for name in _ARRAYS)
        place = packed
    else:
        fix = f"or put {packed_name} there"
        x, x_test = (read_idx(find_idx(data, f"{part}-images-idx3-ubyte", fix), 3) for part in ("train", "t10k"))
        y, y_test = (read_idx(find_idx(data, f"{part}-labels-idx1-ubyte", fix), 1) for part in ("train", "t10k"))
        place = data
    for images, labels, part in ((x, y, "training"), (x_test, y_test, "test")):
        check_labelled(place, part, images, labels, size=(28, 28), classes=len(LABELS))
    y, y_test = y.astype(np.int64), y_test.astype(np.int64)
    rows, held = stratified(y, (0.9, 0.1), _SEED)
    return {"train": Split(x[rows], y[rows]), "validation": Split(x[held], y[held]), "test": Split(x_test, y_test)}
