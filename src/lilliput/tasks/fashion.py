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
from lilliput.tasks.task import Array, Split, Task, register_task

LABELS = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
_SEED = 0
_PACKED = "fashion_mnist_12k.npz"
_FIX = f"or put {_PACKED} there"
_BUNDLED = Path(__file__).parent / "data" / "fashion" / "images.npz"
_ARRAYS = {"x_train": ("i", 3), "y_train": ("i", 1), "x_test": ("i", 3), "y_test": ("i", 1)}


@register_task("fashion")
def fashion(data: Path | None) -> Task:
    """Pictures of clothing, 28×28, ten classes; the bundled part, or all of a folder's idx files or NPZ."""
    x, y, x_test, y_test = _read(data or _BUNDLED)
    rows, held = stratified(y, (0.9, 0.1), _SEED)
    splits = {
        "train": Split(x[rows], y[rows]),
        "validation": Split(x[held], y[held]),
        "test": Split(x_test, y_test),
    }
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


def _read(data: Path) -> tuple[Array, Array, Array, Array]:
    packed = data if data.is_file() else data / _PACKED
    if packed.is_file():
        arrays = read_npz(packed, _ARRAYS)
        x, y, x_test, y_test = (arrays[name] for name in _ARRAYS)
        place = packed
    else:
        x, x_test = (read_idx(find_idx(data, f"{part}-images-idx3-ubyte", _FIX), 3) for part in ("train", "t10k"))
        y, y_test = (read_idx(find_idx(data, f"{part}-labels-idx1-ubyte", _FIX), 1) for part in ("train", "t10k"))
        place = data
    for images, labels, part in ((x, y, "training"), (x_test, y_test, "test")):
        check_labelled(place, part, images, labels, size=(28, 28), classes=len(LABELS))
    return x, y.astype(np.int64), x_test, y_test.astype(np.int64)
