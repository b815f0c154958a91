"""Tables and classifiers that tests of tables share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.tasks.table import Column, Table


def made_table(rows: int = 90, seed: int = 0, classes: int = 2) -> Table:
    """The class follows from `sum` alone; `word` tells a little, `noise` nothing, `same` is constant."""
    rng = np.random.default_rng(seed)
    total = rng.normal(size=rows)
    y = np.digitize(total, np.quantile(total, np.arange(1, classes) / classes)).astype(np.int64)
    words = np.where(rng.random(rows) < 0.8, np.array(["a", "b", "c"])[np.minimum(y, 2)], "d")
    columns = (
        Column("sum", "number", total + 0.05 * rng.normal(size=rows)),
        Column("word", "category", words),
        Column("noise", "number", rng.normal(size=rows)),
        Column("same", "number", np.full(rows, 3.0)),
    )
    return Table("made", columns, y, tuple(str(k) for k in range(classes)), group=np.where(total > 0.1, "x", "z"))


class Certain:
    """Says the class by the sign of one feature, with a probability of its own."""

    def __init__(self, sure: float = 0.9) -> None:
        self.sure = sure

    def probabilities(self, x: NDArray[Any]) -> NDArray[np.float64]:
        second = np.where(x[:, 0] > 0, self.sure, 1 - self.sure)
        return np.stack([1 - second, second], axis=1)
