"""Batch normalisation whose running statistics are right from the first batch on.

A moving average that starts at mean 0 and variance 1 is wrong for as many batches as its momentum takes to forget
them. Where a threshold stands behind the normalisation, as in spiking networks, currents then stay below it, and a
network that was trained for a few batches is silent in evaluation. Here the share of the newest batch is 1/n for the
n-th one until that falls below the momentum: a plain mean first, the usual moving average afterwards.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class DebiasedBatchNorm2d(nn.BatchNorm2d):
    """`BatchNorm2d` with the same arguments, weights and outputs in training; only running statistics differ.

    Shapes:
        (B, C, H, W) -> (B, C, H, W).
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.momentum is None or self.num_batches_tracked is None:
            return super().forward(x)
        self.num_batches_tracked.add_(1)
        share = max(self.momentum, 1 / float(self.num_batches_tracked))
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, True, share, self.eps)
