"""`spots10`: SPOTS-10, grey 32×32 patches of the coats of ten animals, from the user's folder of its four idx files.

The published parts are kept: 40 000 patches to learn from, 10 000 to test on. Validation is a tenth of the training
patches, the same share of each class, so that nothing is chosen by the test part, as the published scripts do.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lilliput.core.errors import MissingFile
from lilliput.features import Affine
from lilliput.tasks.digits import stratified
from lilliput.tasks.idx import check_labelled, find_idx, read_idx
from lilliput.tasks.task import Array, Split, Task, register_task

LABELS = (
    *("cheetah", "deer", "giraffe", "hyena", "jaguar"),
    *("leopard", "tapir calf", "tiger", "whale shark", "zebra"),
)
SIZE = (32, 32)
_SEED = 0
_FILES = ("images-idx3-ubyte", "labels-idx1-ubyte")
_FIX = "name the folder of the four published files: train-images-idx3-ubyte.gz and so on"


@register_task("spots10")
def spots10(data: Path | None) -> Task:
    """Coats of ten animals in 32×32 grey pixels; the four published files of a folder, or of `dataset` in it.

    Source: SPOTS-10 (arXiv:2410.21044). Shapes: x (N, 32, 32) uint8.
    """
    if data is None:
        raise MissingFile(
            "spots10 needs its patches",
            why="they are not bundled",
            fix="get github.com/Amotica/SPOTS-10 and name its folder `dataset` with --data",
        )
    (x, y), (x_test, y_test) = (_read(data, part, word) for part, word in (("train", "training"), ("test", "test")))
    rows, held = stratified(y, (0.9, 0.1), _SEED)
    splits = {
        "train": Split(x[rows], y[rows]),
        "validation": Split(x[held], y[held]),
        "test": Split(x_test, y_test),
    }
    return Task(
        name="spots10",
        title="SPOTS-10: coats of ten animals in 32×32 grey pixels",
        labels=LABELS,
        metric="accuracy",
        licence="unknown",
        source="https://github.com/Amotica/SPOTS-10",
        citation="SPOTS-10: Animal Pattern Benchmark Dataset for Machine Learning Algorithms (arXiv:2410.21044)",
        preprocess=Affine.fit(splits["train"].x),
        default_model="resnet8",
        augment=("flip", "crop"),
        loader=lambda: splits,
        notes=(
            "patches of one photo overlap: only the published parts can be compared with others' figures",
            "the photos are under CC BY, CC BY-SA and CDLA-Permissive; the repository names no licence of its own",
        ),
    )


def _read(data: Path, part: str, word: str) -> tuple[Array, Array]:
    inner = data / "dataset"
    folder = inner if inner.is_dir() else data
    images, labels = (
        read_idx(find_idx(folder, f"{part}-{name}", _FIX), axes) for name, axes in zip(_FILES, (3, 1), strict=True)
    )
    check_labelled(folder, word, images, labels, size=SIZE, classes=len(LABELS))
    return images, labels.astype(np.int64)
