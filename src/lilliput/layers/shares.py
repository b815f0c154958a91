"""Shares of classes, of several networks, as one answer. Axes: B batch, K classes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def product_of_shares(logits: Sequence[Tensor], weights: Sequence[float] | None = None) -> Tensor:
    r"""Logarithms of the product of the networks' shares, to the power of their weights, made to add up to one.

        log softmax(Σ_m w_m · log softmax(z_m))

    which stays finite where the product itself would be 0.

    Shapes:
        each (B, K) -> (B, K).
    """
    each = [w * F.log_softmax(z, 1) for w, z in zip(weights or [1.0] * len(logits), logits, strict=True)]
    return torch.stack(each).sum(0).log_softmax(1)
