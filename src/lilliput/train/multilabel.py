"""Items with any number of labels: a margin for rare ones, and the figures of the field. Axes: N items, K labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.tasks.words import PADDING
from lilliput.train.data import Source
from lilliput.train.losses import Objective
from lilliput.train.metrics import Measure, auc, predict

Scores = NDArray[np.float32]
Marks = NDArray[np.bool_]
STEPS = 100
"""Thresholds that `best_threshold` looks at."""


def margins(counts: Sequence[int] | NDArray[np.int64], strength: float = 3.0) -> Tensor:
    r"""The margin of each label, :math:`\Delta_k = C / n_k^{1/4}`: the rarer, the larger. One never seen counts as one.

    Args:
        counts: how many training items have each label.
        strength: C, at least 0; 0 is no margin.

    Raises:
        ValueError: a negative strength.

    Source: Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss (arXiv:1906.07413), as TransICD
    takes it for many labels.
    """
    if not strength >= 0:
        raise ValueError(f"`strength` must be at least 0, got {strength}")
    return strength / torch.as_tensor(np.maximum(counts, 1), dtype=torch.float32) ** 0.25


def many_labels(margin: Tensor | None = None) -> Objective:
    r"""Binary cross-entropy of each label; with a margin, on :math:`z_k - y_k \Delta_k`.

    Shapes:
        the network gives (B, K), the target is (B, K) of 0 and 1.
    """

    def objective(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        logits = model(x)
        if margin is not None:
            logits = logits - target * margin.to(logits)
        return F.binary_cross_entropy_with_logits(logits, target.to(logits.dtype))

    return objective


class NumberedTexts:
    """Texts as numbers of words with several labels each; a batch is as wide as its longest text.

    Args:
        words: (N, T) int64, `PADDING` behind the end.
        y: (N, K).
    """

    def __init__(self, words: NDArray[np.int64], y: Marks) -> None:
        if len(words) != len(y):
            raise ValueError(f"{len(words)} texts and {len(y)} rows of labels")
        self.words, self.y = torch.from_numpy(words), torch.from_numpy(y)
        self.lengths = (words != PADDING).sum(1)

    def __len__(self) -> int:
        return len(self.words)

    def batch(self, items: NDArray[np.intp], epoch: int) -> tuple[Tensor, Tensor]:
        longest = max(1, int(self.lengths[items].max()))
        at = torch.from_numpy(items)
        return self.words[at, :longest], self.y[at].float()


def judge_many(model: nn.Module, source: Source) -> Measure:
    """Micro AUC, to choose an epoch by; without an interval."""
    if not isinstance(source, NumberedTexts):
        raise TypeError(f"`source` must be NumberedTexts, got {type(source).__name__}")
    value = auc(scores_of(model, source).ravel(), source.y.numpy().ravel())
    return Measure("micro auc", value, value, value, len(source))


def scores_of(model: nn.Module, source: Source) -> Scores:
    """Logits of all items, (N, K)."""
    return predict(model, source, batch_size=32)


@dataclass(frozen=True)
class LabelFigures:
    """Figures of one set of scores.

    Args:
        auc_micro, auc_macro: area under the ROC curve over all pairs, and the mean of the labels'.
        f1_micro: of all decisions together.
        f1_macro: mean of the labels' F1.
        f1_macro_harmonic: harmonic mean of macro precision and macro recall, which others call macro F1.
        exact: share of items with all labels right.
        precision_at: share of right ones among the k highest, by k.
        left_out: labels without a positive, or without a negative: they have no AUC.
    """

    auc_micro: float
    auc_macro: float
    f1_micro: float
    f1_macro: float
    f1_macro_harmonic: float
    exact: float
    precision_at: dict[int, float]
    left_out: tuple[int, ...]


def label_figures(scores: Scores, truth: Marks, *, threshold: float, at: Sequence[int] = (1, 5)) -> LabelFigures:
    """All figures; decisions are scores at or above the threshold, areas and ranks need none.

    Labels without a positive have an F1 of 0 where anything is told for them, and 1 where nothing is: none is left out.

    Args:
        scores: higher is likelier.
        truth: which labels each item has.
        threshold: in the unit of the scores.
        at: k of precision at k.

    Shapes:
        scores (N, K), truth (N, K).

    Raises:
        ValueError: other shapes, or scores that are not finite.
    """
    if scores.shape != truth.shape or scores.ndim != 2 or not np.isfinite(scores).all():
        raise ValueError(f"`scores` {scores.shape} must be finite and of the shape of `truth`, {truth.shape}")
    told, labels = scores >= threshold, truth.shape[1]
    both = [k for k in range(labels) if truth[:, k].any() and not truth[:, k].all()]
    right, said, real = (told & truth).sum(0), told.sum(0), truth.sum(0)
    f1 = np.where(said + real > 0, 2 * right / np.maximum(said + real, 1), 1.0)
    precision = float(np.mean(np.where(said > 0, right / np.maximum(said, 1), 0.0)))
    recall = float(np.mean(np.where(real > 0, right / np.maximum(real, 1), 0.0)))
    order = np.argsort(-scores, axis=1, kind="stable")
    return LabelFigures(
        auc_micro=auc(scores.ravel(), truth.ravel()),
        auc_macro=float(np.mean([auc(scores[:, k], truth[:, k]) for k in both])) if both else float("nan"),
        f1_micro=float(2 * right.sum() / max(int((said + real).sum()), 1)),
        f1_macro=float(f1.mean()),
        f1_macro_harmonic=2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        exact=float((told == truth).all(1).mean()),
        precision_at={k: float(np.take_along_axis(truth, order[:, :k], 1).mean()) for k in at if k <= labels},
        left_out=tuple(k for k in range(labels) if k not in both),
    )


def best_threshold(scores: Scores, truth: Marks) -> float:
    """The threshold of all labels with the highest micro F1, among `STEPS` quantiles of the scores.

    The items must be others than those that are judged by it.
    """
    tried = np.unique(np.quantile(scores, np.linspace(0.0, 1.0, STEPS + 1)[1:-1]))
    real = truth.sum()
    f1 = [2 * (truth & (scores >= t)).sum() / max(int((scores >= t).sum() + real), 1) for t in tried]
    return float(tried[int(np.argmax(f1))])
