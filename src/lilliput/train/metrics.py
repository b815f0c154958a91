"""What a network is worth, measured: a figure with its interval. Axes: N items, K classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lilliput.core.intervals import wilson
from lilliput.train.data import Source


@dataclass(frozen=True)
class Measure:
    """One figure. `low` and `high` bound it at 95 %; they are NaN-free and equal to `value` where none is known."""

    name: str
    value: float
    low: float
    high: float
    n: int
    higher_is_better: bool = True

    def beats(self, other: Measure | None) -> bool:
        """Whether this figure is strictly better than `other`; anything beats None."""
        if other is None:
            return True
        return self.value > other.value if self.higher_is_better else self.value < other.value


def accuracy(predicted: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]]) -> Measure:
    """Share of right answers with Wilson's 95 % interval.

    Shapes:
        predicted (N,), truth (N,), N at least 1.
    """
    if predicted.shape != truth.shape or truth.size == 0:
        raise ValueError(f"`predicted` {predicted.shape} and `truth` {truth.shape} must be of one shape, not empty")
    right = int((predicted == truth).sum())
    low, high = wilson(right, truth.size)
    return Measure("accuracy", right / truth.size, low, high, int(truth.size))


def confusion(predicted: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]], classes: int) -> NDArray[np.int64]:
    """Counts of answers.

    Shapes:
        predicted (N,), truth (N,) -> (classes, classes): row is the truth, column the answer.
    """
    cells = np.bincount(truth.astype(np.int64) * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes).astype(np.int64)


def auc(scores: NDArray[np.floating[Any]], positive: NDArray[np.bool_]) -> float:
    """Chance that a positive item scores above a negative one; ties count half (Mann and Whitney's U, scaled).

    Shapes:
        scores (N,), positive (N,), with at least one of each kind -> in [0, 1].
    """
    pairs = int(positive.sum()) * int((~positive).sum())
    if pairs == 0:
        raise ValueError("AUC needs positive and negative items, and there is one kind only")
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]  # the mean rank of equal scores
    above = ranks[positive].sum() - positive.sum() * (positive.sum() + 1) / 2
    return float(above / pairs)


def predict(model: nn.Module, source: Source, *, batch_size: int = 256) -> NDArray[np.float32]:
    """Outputs of the network in evaluation mode, in the order of `source`; its mode is put back after.

    Shapes:
        -> (N, K).
    """
    return _outputs(model, source, batch_size)[0]


def evaluate(model: nn.Module, source: Source, *, loss: str = "cross_entropy", batch_size: int = 256) -> Measure:
    """The figure that decides which epoch is best: accuracy, or for `loss="mse"` the mean squared error.

    Args:
        model: left in the mode it was in.
        source: at least one item.
        loss: `cross_entropy` or `mse`, as in the settings.
        batch_size: items at a time; it does not change the figure.
    """
    if loss == "mse":
        errors = reconstruction_errors(model, source, batch_size=batch_size)
        half = 1.96 * float(errors.std()) / len(errors) ** 0.5
        mean = float(errors.mean())
        return Measure("mse", mean, mean - half, mean + half, len(errors), higher_is_better=False)
    outputs, truth = _outputs(model, source, batch_size)
    return accuracy(outputs.argmax(1), truth)


def reconstruction_errors(model: nn.Module, source: Source, *, batch_size: int = 256) -> NDArray[np.float64]:
    """Mean squared error of each item: the anomaly score of an auto-encoder.

    Shapes:
        -> (N,).
    """
    errors = [(model_out - x).square().mean(1) for x, model_out, _ in _forward(model, source, batch_size)]
    return torch.cat(errors).double().numpy()


def _outputs(model: nn.Module, source: Source, batch_size: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    parts = list(_forward(model, source, batch_size))
    return torch.cat([y for _, y, _ in parts]).numpy(), torch.cat([t for _, _, t in parts]).numpy()


def _forward(model: nn.Module, source: Source, batch_size: int) -> list[tuple[Tensor, Tensor, Tensor]]:
    if len(source) == 0:
        raise ValueError("there are no items to measure on")
    was_training = model.training
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    parts = []
    model.eval()
    with torch.no_grad():
        for start in range(0, len(source), batch_size):
            x, target = source.batch(np.arange(start, min(start + batch_size, len(source))), epoch=0)
            parts.append((x.flatten(1), model(x.to(device)).float().cpu(), target))
    model.train(was_training)
    return parts
