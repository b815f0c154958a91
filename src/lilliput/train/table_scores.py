"""What predictions for rows of a table are worth, by the figures of the field. Axes: N rows, K classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.train.metrics import auc, confusion
from lilliput.train.tabular import log_loss

Array = NDArray[Any]
HIGHER_IS_BETTER: Mapping[str, bool] = {
    "accuracy": True, "f1": True, "precision": True, "recall": True, "auc": True, "kappa": True, "mcc": True,
    "log loss": False, "brier": False,
}  # fmt: skip


def table_scores(probabilities: Array, y: NDArray[np.integer[Any]]) -> dict[str, float]:
    """Figures by the names of `HIGHER_IS_BETTER`.

    The answer is the class of the highest probability. "f1", "precision" and "recall" are means over classes, a class
    that is never answered counts 0; "auc" is of the second class, or the mean of each class against all others; where
    a class has no row it is left out. "kappa" is Cohen's, "mcc" Matthews' correlation in Gorodkin's form for K classes,
    0 where one class is all that is answered. "brier" is the mean square over classes, summed.

    Shapes:
        probabilities (N, K), y (N,), N at least 1.
    """
    p = np.asarray(probabilities, dtype=np.float64)
    classes = p.shape[1]
    if p.ndim != 2 or len(p) != len(y) or not len(y):
        raise ValueError(f"`probabilities` {p.shape} and `y` {y.shape} must have as many rows, at least one")
    cells = confusion(p.argmax(1), np.asarray(y), classes).astype(np.float64)
    right, truth, said = np.diag(cells), cells.sum(1), cells.sum(0)
    precision, recall = _share(right, said), _share(right, truth)
    total, hits = cells.sum(), right.sum()
    chance = (truth * said).sum() / total**2
    agreed = hits / total
    spread = np.sqrt((total**2 - (said**2).sum()) * (total**2 - (truth**2).sum()))
    return {
        "accuracy": float(agreed),
        "f1": float(_share(2 * right, said + truth).mean()),
        "precision": float(precision.mean()),
        "recall": float(recall.mean()),
        "auc": _auc(p, np.asarray(y)),
        "kappa": float((agreed - chance) / (1 - chance)) if chance < 1 else 0.0,
        "mcc": float((hits * total - (truth * said).sum()) / spread) if spread > 0 else 0.0,
        "log loss": log_loss(p, y),
        "brier": float(((p - np.eye(classes)[y]) ** 2).sum(1).mean()),
    }


def reliability(second: Array, truth: NDArray[np.bool_], bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean probability, share that it is true of, rows) of each bin of even width that has rows.

    Shapes:
        second (N,): a probability; truth (N,): whether what it is the probability of is so.
    """
    p = np.asarray(second, dtype=np.float64)
    if p.shape != truth.shape or p.ndim != 1 or bins < 1:
        raise ValueError(f"needs as many probabilities as rows and a bin, got {p.shape}, {truth.shape}, {bins}")
    places = np.minimum((p * bins).astype(np.intp), bins - 1)
    return [
        (float(p[places == b].mean()), float(truth[places == b].mean()), int((places == b).sum()))
        for b in np.unique(places)
    ]


def calibration_error(second: Array, truth: NDArray[np.bool_], bins: int = 10) -> float:
    """Mean distance of probability and share over the bins of `reliability`, weighted by their rows."""
    found = reliability(second, truth, bins)
    return sum(n * abs(mean - share) for mean, share, n in found) / len(truth)


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _auc(p: Array, y: Array) -> float:
    if p.shape[1] == 2:
        return auc(p[:, 1], y == 1) if 0 < y.sum() < len(y) else 0.5
    found = [auc(p[:, label], y == label) for label in range(p.shape[1]) if 0 < (y == label).sum() < len(y)]
    return float(np.mean(found)) if found else 0.5
