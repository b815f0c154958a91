r"""Sets of classes that hold the true one with a promised share. Axes: N calibration rows, M rows, K classes.

Split-conformal prediction with the score 1 - p(class): of n calibration rows the score of rank ⌈(n + 1)(1 - α)⌉ is the
limit, and a class is in the set of a row where its own score is not above it. Whatever the network, and however wrong
its probabilities, the set then holds the true class with probability at least 1 - α, over calibration rows and row
drawn alike. That holds only if the network has not seen the calibration rows: `calibrate` asks for the numbers of all,
and refuses rows that are in both. The "class-wise" (Mondrian) form has a limit for each class, and the promise too.

Source: Vovk, Gammerman, Shafer, Algorithmic Learning in a Random World, 2005. Of KACQ-DCNN (arXiv:2410.07446), which
        published sets of about 0.80 coverage where 0.90 was promised, as calibration on training rows gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadTask

Array = NDArray[Any]
Predict = Callable[[Array], Array]


class ConformalClassifier:
    """Prediction sets around any classifier.

    Args:
        predict: x -> probabilities (M, K).
        mondrian: one limit a class, so that the promise holds for rows of each class, and not only for all together.
    """

    def __init__(self, predict: Predict, *, mondrian: bool = False) -> None:
        self.predict, self.mondrian = predict, mondrian
        self._scores: tuple[NDArray[np.float64], ...] = ()

    def calibrate(
        self, x: Array, y: NDArray[np.integer[Any]], *, rows: Iterable[int], trained_rows: Iterable[int]
    ) -> ConformalClassifier:
        """Learn the limits from rows that nothing was trained or chosen by; gives itself back.

        Args:
            x: what `predict` takes.
            y: (N,) class numbers.
            rows: (N,) numbers of these rows.
            trained_rows: numbers of all rows that the classifier was trained or chosen by.

        Raises:
            BadTask: LP103, a calibration row was trained on, there are none, or (class-wise) none of some class.
        """
        mine = list(rows)
        both = sorted(set(mine) & set(trained_rows))
        if both:
            raise BadTask(
                f"{len(both)} calibration rows were trained on, such as row {both[0]}",
                why="a network is surer of rows that it knows, and the sets would hold less than they promise",
                fix="keep rows apart that are neither trained on nor chosen by",
            )
        if len(mine) != len(y) or len(set(mine)) != len(mine):
            raise ValueError(f"{len(y)} calibration rows need as many different numbers, got {len(mine)}")
        self._scores = conformal_scores(self.predict(x), y, mondrian=self.mondrian)
        return self

    @property
    def scores(self) -> tuple[NDArray[np.float64], ...]:
        """Sorted calibration scores: of all rows, once a class; or of each class."""
        if not self._scores:
            raise ValueError("`calibrate` comes first")
        return self._scores

    def p_values(self, x: Array) -> NDArray[np.float64]:
        """(M, K): the share of calibration scores at least as strange as the row would be with that class."""
        return conformal_p_values(self.predict(x), self.scores)

    def limits(self, alpha: float) -> NDArray[np.float64]:
        """(K,): the largest score that is still in the set; infinite where there are too few rows to leave any out."""
        return conformal_limits(self.scores, alpha)

    def predict_sets(self, x: Array, alpha: float = 0.1) -> NDArray[np.bool_]:
        """(M, K): whether each class is in the row's set.

        Args:
            x: what `predict` takes.
            alpha: promised share of rows whose set may miss the true class, in (0, 1).
        """
        return 1 - _checked(self.predict(x)) <= self.limits(alpha)


def conformal_scores(
    probabilities: Array, y: NDArray[np.integer[Any]], *, mondrian: bool = False
) -> tuple[NDArray[np.float64], ...]:
    """K sorted arrays of calibration scores 1 - p(true class): each of all rows, or of the rows of its class.

    Raises:
        BadTask: LP103, no rows, or (class-wise) none of some class.
    """
    p = _checked(probabilities)
    classes = p.shape[1]
    if not len(y):
        raise BadTask("there are no calibration rows")
    scores = 1 - p[np.arange(len(y)), y]
    if not mondrian:
        ordered: NDArray[np.float64] = np.sort(scores)
        return tuple(ordered for _ in range(classes))
    for label in range(classes):
        if not (y == label).any():
            raise BadTask(
                f"no calibration row is of class {label}",
                why="class-wise limits need rows of each class",
                fix="calibrate on more rows, or with mondrian=False",
            )
    return tuple(np.sort(scores[y == label]) for label in range(classes))


def conformal_limits(scores: tuple[NDArray[np.float64], ...], alpha: float) -> NDArray[np.float64]:
    """(K,): of n sorted scores the one of rank ⌈(n + 1)(1 - α)⌉; infinite where that is more than n."""
    if not 0 < alpha < 1:
        raise ValueError(f"`alpha` must be in (0, 1), got {alpha}")
    # (n + 1)(1 - α) is often whole; it must not become the next number by rounding.
    ranks = [math.ceil(round((len(each) + 1) * (1 - alpha), 9)) for each in scores]
    return np.array([each[rank - 1] if rank <= len(each) else np.inf for each, rank in zip(scores, ranks, strict=True)])


def conformal_p_values(probabilities: Array, scores: tuple[NDArray[np.float64], ...]) -> NDArray[np.float64]:
    """(M, K): (calibration scores not below the class's score, and one) / (n + 1)."""
    strange = 1 - _checked(probabilities)
    columns = [
        (len(each) - np.searchsorted(each, strange[:, label], side="left") + 1) / (len(each) + 1)
        for label, each in enumerate(scores)
    ]
    return np.stack(columns, axis=1)


def coverage(sets: NDArray[np.bool_], y: NDArray[np.integer[Any]]) -> float:
    """Share of rows whose set holds their class."""
    return float(sets[np.arange(len(y)), y].mean())


def _checked(probabilities: Array) -> NDArray[np.float64]:
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 2 or not np.isfinite(p).all() or p.min(initial=0) < 0 or p.max(initial=0) > 1 + 1e-6:
        raise ValueError(f"probabilities must be (rows, classes) in [0, 1], got {p.shape}")
    return p
