"""Several classifiers of the same items as one: late fusion, what the members add, and whether they differ at all.

Axes: M members, N items, K classes.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from lilliput.layers.shares import product_of_shares

WEIGHTS = (0.0, 0.5, 1.0)
"""What a member can weigh in `fusion_weights`."""


def fuse_mean(logits: Mapping[str, Tensor]) -> Tensor:
    """Logarithms of the mean of shares.

    Shapes:
        each (N, K) -> (N, K).
    """
    return torch.stack([F.log_softmax(z, 1) for z in logits.values()]).logsumexp(0) - float(np.log(len(logits)))


def fusion_weights(logits: Mapping[str, Tensor], y: Tensor) -> dict[str, float]:
    """The weights of `WEIGHTS` with which the product of shares is likeliest for these items; not all are 0.

    The items must be others than those that the fusion is judged by. Of equally good weights the evener ones are taken.

    Shapes:
        each (N, K), y (N,).
    """
    best, found = float("inf"), dict.fromkeys(logits, 1.0)
    for chosen in sorted(itertools.product(WEIGHTS, repeat=len(logits)), key=lambda w: (-min(w), -sum(w))):
        if any(chosen):
            loss = float(F.nll_loss(product_of_shares([*logits.values()], chosen), y))
            if loss < best:
                best, found = loss, dict(zip(logits, chosen, strict=True))
    return found


def disagreement(first: Tensor, second: Tensor) -> float:
    """Share of items on which two members' answers differ.

    Shapes:
        (N, K), (N, K) -> in [0, 1].
    """
    return float((first.argmax(1) != second.argmax(1)).double().mean())


def mean_recall(predicted: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """Share told right of each class that occurs, averaged: what accuracy hides where classes differ in number.

    Shapes:
        predicted (N,), truth (N,) -> in [0, 1].
    """
    return float(np.mean([np.mean(predicted[truth == label] == label) for label in np.unique(truth)]))
