"""Bundled digits as networks of the comparison take them: 8×8, in [0, 1]."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from lilliput.spiking.networks.answering import Answering, in_batches
from lilliput.tasks import get_task

CLASSES = 10
BRIGHTEST = 16


@lru_cache
def digits(part: str, count: int | None = None) -> tuple[Tensor, Tensor]:
    """Pictures (N, 8, 8) and class numbers (N,) of "train" or "test"."""
    split = get_task("digits").load()[part]
    return torch.from_numpy(split.x[:count]).float() / BRIGHTEST, torch.from_numpy(split.y[:count])


def accuracy(net: Answering, steps: int | None = None) -> float:
    """On the test part."""
    x, y = digits("test")
    return float((in_batches(net, x, net.steps if steps is None else steps).argmax(1) == y).double().mean())
