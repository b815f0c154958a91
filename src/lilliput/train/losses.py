"""What training makes small. Axes: B batch, K classes.

An objective is a function (model, x, target) -> loss; the loop calls it and knows nothing else of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.train.settings import TrainSettings

Objective = Callable[[nn.Module, Tensor, Tensor], Tensor]


def objective_of(settings: TrainSettings) -> Objective:
    """The objective that the settings name."""
    if settings.loss == "mse":
        return lambda model, x, _: reconstruction(model(x), x)
    return lambda model, x, target: cross_entropy(model(x), target, smoothing=settings.label_smoothing)


def cross_entropy(logits: Tensor, target: Tensor, *, smoothing: float = 0.0) -> Tensor:
    r"""Mean of :math:`-\sum_k t_k \log \mathrm{softmax}(z)_k`, with :math:`t \leftarrow (1 - s)\,t + s / K`.

    Shapes:
        logits (B, K); target (B,) of class numbers, or (B, K) of shares that add up to one -> scalar.
    """
    return F.cross_entropy(logits, target, label_smoothing=smoothing)


def with_l1(objective: Objective, strength: float) -> Objective:
    """The objective and `strength` times the sum of the absolute weights of all convolutions."""

    def total(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        kernels = [m.weight.abs().sum() for m in model.modules() if isinstance(m, nn.Conv1d | nn.Conv2d)]
        return objective(model, x, target) + strength * torch.stack(kernels).sum()

    return total


def reconstruction(y: Tensor, x: Tensor) -> Tensor:
    """Mean squared error of a network that gives its input back.

    Shapes:
        y (B, features), x (B, ...) of as many values -> scalar.
    """
    return F.mse_loss(y, x.flatten(1))


def distill(student: Tensor, teacher: Tensor, *, temperature: float) -> Tensor:
    r"""Soft cross-entropy against a teacher,
    :math:`\tau^2\, KL(\mathrm{softmax}(t/\tau)\,\|\,\mathrm{softmax}(s/\tau))`.

    The factor keeps the gradient's size the same for every temperature.

    Args:
        student: logits of the network that learns.
        teacher: logits of the network that it learns from; no gradient flows into them.
        temperature: τ, above 0; higher shows more of how the teacher ranks the wrong classes.

    Shapes:
        student (B, K), teacher (B, K) -> scalar.

    Source: Distilling the Knowledge in a Neural Network (arXiv:1503.02531), section 2.
    """
    if not temperature > 0:
        raise ValueError(f"`temperature` must be above 0, got {temperature}")
    soft = F.log_softmax(student / temperature, dim=1)
    aim = F.log_softmax(teacher.detach() / temperature, dim=1)
    return F.kl_div(soft, aim, reduction="batchmean", log_target=True) * temperature**2


def distilled(teacher: nn.Module, *, temperature: float = 4.0, alpha: float = 0.5, smoothing: float = 0.0) -> Objective:
    """The objective α · distill + (1 − α) · cross-entropy. The teacher is put in evaluation mode and stays frozen.

    Args:
        teacher: a trained network of the same classes.
        temperature: as in `distill`.
        alpha: the teacher's share, in [0, 1].
        smoothing: of the labels' share.
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"`alpha` must be in [0, 1], got {alpha}")
    teacher.eval().requires_grad_(False)

    def objective(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        logits = model(x)
        with torch.no_grad():
            aim = teacher.to(x.device)(x)
        soft = distill(logits, aim, temperature=temperature)
        return alpha * soft + (1 - alpha) * cross_entropy(logits, target, smoothing=smoothing)

    return objective


def distilled_heads(
    teacher: nn.Module,
    *,
    kind: Literal["hard", "soft"] = "hard",
    temperature: float = 1.0,
    alpha: float = 0.5,
    smoothing: float = 0.1,
) -> Objective:
    """The objective of a network with two classifiers: one learns from the labels, the other from the teacher alone.

        (1 − α) · cross-entropy(first, labels) + α · cross-entropy(second, the teacher's class)     "hard"
        (1 − α) · cross-entropy(first, labels) + α · distill(second, teacher)                       "soft"

    The network is called with `heads=True` and gives `classes` and `teacher`. The teacher is put in evaluation mode and
    stays frozen.

    Args:
        teacher: a trained network of the same classes.
        kind: what the teacher tells.
        temperature: of "soft", as in `distill`.
        alpha: the teacher's share, in [0, 1].
        smoothing: of the labels' share.

    Raises:
        ValueError: another kind, or a share out of range.

    Source: Training data-efficient image transformers (arXiv:2012.12877), section 4; there the soft term is divided by
    the number of classes too.
    """
    if kind not in ("hard", "soft"):
        raise ValueError(f"`kind` must be hard or soft, got {kind!r}")
    if not 0 <= alpha <= 1:
        raise ValueError(f"`alpha` must be in [0, 1], got {alpha}")
    teacher.eval().requires_grad_(False)

    def objective(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        said = model(x, heads=True)
        with torch.no_grad():
            aim = teacher.to(x.device)(x)
        if kind == "hard":
            told = cross_entropy(said.teacher, aim.argmax(1))
        else:
            told = distill(said.teacher, aim, temperature=temperature)
        return alpha * told + (1 - alpha) * cross_entropy(said.classes, target, smoothing=smoothing)

    return objective
