"""Recognisers of strings: what they learn by, and the lists of strings that they may have heard.

Source: Connectionist Temporal Classification (Graves and others, ICML 2006); prefix search by beams (Hannun and others,
arXiv:1408.2873), without a language model.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.train.data import Source
from lilliput.train.metrics import Measure

END = -1
"""Behind the last symbol of a shorter string."""


class StringItems:
    """Sounds and their strings, for the training loop.

    Args:
        x: (N, 1, frames, bands), float32.
        y: (N, symbols), `END` behind the last one.
    """

    def __init__(self, x: Tensor, y: NDArray[np.int64]) -> None:
        self.x, self.y = x, torch.from_numpy(y)

    def __len__(self) -> int:
        return len(self.x)

    def batch(self, items: NDArray[np.intp], epoch: int) -> tuple[Tensor, Tensor]:
        """x (B, 1, frames, bands) and y (B, symbols)."""
        at = torch.from_numpy(items)
        return self.x[at], self.y[at]


def ctc_objective(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """The mean over strings of the negative logarithm of their probability, by symbol."""
    shares = model(x).log_softmax(2).transpose(0, 1)
    steps = torch.full((len(x),), len(shares), dtype=torch.int64)
    return F.ctc_loss(shares, y.clamp(min=0), steps, (y != END).sum(1), blank=shares.shape[2] - 1, zero_infinity=True)


def judge_strings(model: nn.Module, source: Source) -> Measure:
    """Share of the strings that the most likely symbols give exactly."""
    model.eval()
    right = 0
    with torch.no_grad():
        for start in range(0, len(source), 64):
            x, y = source.batch(np.arange(start, min(start + 64, len(source))), 0)
            logits = model(x)
            for row, said in zip(logits.argmax(2), y, strict=True):
                right += _collapsed(row, logits.shape[2] - 1) == [symbol for symbol in said.tolist() if symbol != END]
    share = right / len(source)
    return Measure("strings right", share, share, share, len(source), higher_is_better=True)


def _collapsed(symbols: Tensor, nothing: int) -> list[int]:
    kept = torch.unique_consecutive(symbols).tolist()
    return [symbol for symbol in kept if symbol != nothing]


def n_best(
    shares: NDArray[np.floating], count: int, *, beam: int = 16, least: float = 1e-4
) -> list[tuple[tuple[int, ...], float]]:
    """The most likely strings, best first, each with the logarithm of its probability.

    Args:
        shares: (steps, symbols + 1), probabilities; the last is of nothing.
        count: strings, at most.
        beam: prefixes that are kept from step to step.
        least: symbols with less than this in a step are not tried there.

    Raises:
        ValueError: fewer than one string or prefix is asked for.
    """
    if count < 1 or beam < count:
        raise ValueError(f"`beam` must be at least `count`, and that at least 1, got {beam} and {count}")
    nothing = shares.shape[1] - 1
    kept: dict[tuple[int, ...], tuple[float, float]] = {
        (): (1.0, 0.0)
    }  # probability with nothing last, and with a symbol
    scale = 0.0
    for step in shares:
        made: dict[tuple[int, ...], list[float]] = {}
        tried: list[int] = np.flatnonzero(step[:nothing] >= least).tolist()
        for prefix, (ended, going) in kept.items():
            here = made.setdefault(prefix, [0.0, 0.0])
            here[0] += (ended + going) * float(step[nothing])
            if prefix:
                here[1] += going * float(step[prefix[-1]])
            for symbol in tried:
                after = made.setdefault((*prefix, symbol), [0.0, 0.0])
                again = bool(prefix) and prefix[-1] == symbol
                after[1] += (ended if again else ended + going) * float(step[symbol])
        best = sorted(made.items(), key=lambda one: -sum(one[1]))[:beam]
        total = sum(best[0][1])
        scale += math.log(total)
        kept = {prefix: (a / total, b / total) for prefix, (a, b) in best}
    found = sorted(kept.items(), key=lambda one: -sum(one[1]))[:count]
    return [(prefix, scale + math.log(sum(both) or 1e-300)) for prefix, both in found]
