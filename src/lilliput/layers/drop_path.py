"""Stochastic depth: while training, the branch of a residual block is left out for some rows of a batch.

Source: Deep Networks with Stochastic Depth (arXiv:1603.09382).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class DropPath(nn.Module):
    """Nothing in evaluation; in training each row is zero with probability `rate`, else divided by 1 - `rate`.

    Args:
        rate: in [0, 1).

    Shapes:
        (B, ...) -> (B, ...).

    Raises:
        ValueError: `rate` is outside.
    """

    def __init__(self, rate: float = 0.0) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"`rate` must be in [0, 1), got {rate}")
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.rate:
            return x
        kept = torch.empty(len(x), *[1] * (x.ndim - 1), dtype=x.dtype, device=x.device).bernoulli_(1 - self.rate)
        return x * kept / (1 - self.rate)

    def extra_repr(self) -> str:
        return f"rate={self.rate}"
