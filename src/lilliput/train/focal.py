"""A loss for a class that is rare: the focal loss, weighted by how many items of each class there are.

Source: Class-Balanced Loss Based on Effective Number of Samples (arXiv:1901.05555), as RQGNN takes it
(arXiv:2310.02861). Axes: B batch, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.train.losses import Objective


def class_weights(counts: Sequence[int], beta: float = 0.999) -> Tensor:
    r"""Weights :math:`(1 - \beta) / (1 - \beta^{n_k})`, scaled so that their sum is K.

    Args:
        counts: n_k, training items of each class, at least 1.
        beta: in [0, 1); 0 weighs all classes alike, near 1 by the inverse of their counts.

    Raises:
        ValueError: a class without items, or beta out of range.

    Shapes:
        -> (K,), float32.
    """
    if min(counts, default=0) < 1:
        raise ValueError(f"each class needs a training item, got {tuple(counts)}")
    if not 0 <= beta < 1:
        raise ValueError(f"`beta` must be in [0, 1), got {beta}")
    weights = (1 - beta) / (1 - beta ** torch.tensor(counts, dtype=torch.float64))
    return (weights / weights.sum() * len(counts)).float()


def balanced_focal(logits: Tensor, target: Tensor, weights: Tensor, gamma: float = 1.5) -> Tensor:
    r"""Sum over classes of :math:`w_t\, e^{-\gamma (y z + \log(1 + e^{-z}))}\, BCE(z, y)`, y one-hot; mean over items.

    The factor is :math:`(1 - p)^\gamma` of the probability p that the logit gives to the truth: what is told with
    confidence counts little. Any logit is fine: the logarithm never overflows.

    Shapes:
        logits (B, K), target (B,) of class numbers, weights (K,) -> scalar.
    """
    y = F.one_hot(target, logits.shape[1]).to(logits.dtype)
    easy = torch.exp(-gamma * (y * logits + F.softplus(-logits)))
    loss = easy * F.binary_cross_entropy_with_logits(logits, y, reduction="none")
    return (weights.to(logits)[target, None] * loss).sum() / len(logits)


def class_balanced_focal(counts: Sequence[int], *, beta: float = 0.999, gamma: float = 1.5) -> Objective:
    """The objective for training items of those counts.

    Args:
        counts: training items of each class.
        beta: as in `class_weights`.
        gamma: as in `balanced_focal`, at least 0; 0 weighs easy and hard items alike.

    Raises:
        ValueError: as `class_weights`, or a negative gamma.
    """
    if not gamma >= 0:
        raise ValueError(f"`gamma` must be at least 0, got {gamma}")
    weights = class_weights(counts, beta)

    def objective(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        return balanced_focal(model(x), target, weights, gamma)

    return objective
