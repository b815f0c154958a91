r"""Training a network with heads and decoders on the way: each of them has its share in the loss.

With n early heads, and reconstructions R_i of the picture I after each of them,

    L = Σ_i (1 - i/n) · f · BCE(R_i, I) + (i + 1)/(n + 1) · c · CE(y_i, t)   +   CE(y, t)

so that the first columns are held to keep the picture, and the later ones to know the class.

Source: Reversible Column Networks (arXiv:2212.11696), section 2.3; weights of the published settings.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.train.losses import Objective, cross_entropy

RECONSTRUCTION, CLASSES = 3.0, 0.7
_DARK, _BRIGHT = 0.01, 0.99


class Quarters(Protocol):
    """What a network gives with supervision."""

    @property
    def logits(self) -> list[Tensor]:
        """(B, classes) of each head, the last one the network's own."""

    @property
    def pictures(self) -> list[Tensor]:
        """(B, C, H, W) of each decoder, before a sigmoid."""


def compound_loss(
    out: Quarters,
    picture: Tensor,
    target: Tensor,
    *,
    reconstruction: float = RECONSTRUCTION,
    classes: float = CLASSES,
    smoothing: float = 0.0,
) -> Tensor:
    """The loss of the file's head.

    Args:
        out: of a network with one decoder for each head but the last.
        picture: I in [0, 1]; kept a hundredth away from both ends.
        target: classes, as `cross_entropy`.
        reconstruction: f.
        classes: c.
        smoothing: of labels.

    Shapes:
        picture (B, C, H, W), target (B,) or (B, K) -> scalar.

    Raises:
        ValueError: a picture outside of [0, 1], for which binary cross-entropy has no lowest value.
    """
    low, high = float(picture.min()), float(picture.max())
    if low < -1e-3 or high > 1 + 1e-3:
        raise ValueError(f"`picture` lies in [{low:.3g}, {high:.3g}]; undo its normalisation: [0, 1] is needed")
    aim = picture.clamp(_DARK, _BRIGHT)
    count = len(out.pictures)
    loss = cross_entropy(out.logits[-1], target, smoothing=smoothing)
    for i, (drawn, logits) in enumerate(zip(out.pictures, out.logits, strict=False)):
        loss = loss + (1 - i / count) * reconstruction * F.binary_cross_entropy_with_logits(drawn, aim)
        loss = loss + (i + 1) / (count + 1) * classes * cross_entropy(logits, target, smoothing=smoothing)
    return loss


def compound(
    low: float | Tensor,
    high: float | Tensor,
    *,
    reconstruction: float = RECONSTRUCTION,
    classes: float = CLASSES,
    smoothing: float = 0.0,
) -> Objective:
    """`compound_loss` as the loop's objective, for a network that takes `supervised=True`.

    Args:
        low: what black is in the network's input, one value or (C, 1, 1).
        high: what white is.
        reconstruction: as `compound_loss`.
        classes: as `compound_loss`.
        smoothing: as `compound_loss`.
    """

    def objective(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        out: Any = model(x, supervised=True)
        dark, bright = (torch.as_tensor(value, dtype=x.dtype, device=x.device) for value in (low, high))
        picture = ((x - dark) / (bright - dark)).clamp(0, 1)
        return compound_loss(out, picture, target, reconstruction=reconstruction, classes=classes, smoothing=smoothing)

    return objective
