"""`digits`: the 1797 handwritten digits of 8×8 pixels, grey values 0 to 16, that come with scikit-learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lilliput.core.errors import BadSetting, MissingExtra
from lilliput.features import Affine
from lilliput.tasks.task import Split, Task, register_task

_SEED = 0
_SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}


@register_task("digits")
def digits(data: Path | None) -> Task:
    """The set that scikit-learn installs; `data` is not taken."""
    if data is not None:
        raise BadSetting(f"digits takes no data, got {data}", why="scikit-learn brings the set")
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingExtra("digits needs scikit-learn", fix="pip install 'lilliput[data]'") from error
    source = load_digits()
    x, y = source.images.astype(np.uint8), source.target.astype(np.int64)
    rows = stratified(y, tuple(_SHARES.values()), _SEED)
    splits = {name: Split(x[part], y[part]) for name, part in zip(_SHARES, rows, strict=True)}
    return Task(
        name="digits",
        title="Handwritten digits of 8×8 pixels",
        labels=tuple(str(n) for n in range(10)),
        metric="accuracy",
        licence="CC-BY-4.0",
        source="scikit-learn load_digits: test part of Optical Recognition of Handwritten Digits (UCI)",
        citation="E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, 1998, doi:10.24432/C50P49",
        preprocess=Affine((8, 8), "uint8", (8.0,), (8.0,), 2.0**-6, 0),  # 0 … 16 become -1 … 1
        default_model="ds_cnn",
        model_changes={"stem_frames": 3, "stem_bands": 3, "stride_frames": 1, "stride_bands": 1},
        loader=lambda: splits,
    )


def stratified(y: np.ndarray, shares: tuple[float, ...], seed: int) -> list[np.ndarray]:
    """Sorted row numbers of each part, so that each class is shared out alike; the same for the same seed."""
    rng = np.random.default_rng(seed)
    parts: list[list[np.ndarray]] = [[] for _ in shares]
    ends = np.cumsum(shares) / sum(shares)
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        for part, piece in zip(parts, np.split(rows, np.rint(ends[:-1] * len(rows)).astype(int)), strict=True):
            part.append(piece)
    return [np.sort(np.concatenate(part)) for part in parts]
