r"""Training a network that predicts its own states: classes, small errors, and two codes that say different things.

    L = CE(y_T, t) + p · mean_t Σ_l mean(e_l²) / (var(r_l) + 10⁻⁴)
        + d · ‖C‖² / (D_what · D_where) + a · mean_t CE(y_t, t)

with e_l the error of the prediction of area l, whose own state is not moved by it, and C the covariance of the two
codes, each standardised over the batch.

Source: a reconstruction for VCNet (arXiv:2508.02995), whose loss is not public; predictive terms after the Predify
family of networks (arXiv:2106.02749).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from lilliput.train.losses import Objective, cross_entropy

_LEAST_VARIANCE = 1e-4


def prediction_loss(errors: list[list[Tensor]], states: list[list[Tensor]]) -> Tensor:
    """Errors through the variance of what they are errors of; the states themselves are taken as given.

    Args:
        errors: by step and area, the prediction less the state.
        states: by step and area; one more area than errors.

    Shapes:
        -> scalar, 1 for each area whose prediction is no better than its mean.
    """
    total = torch.zeros(())
    for now, areas in zip(errors, states, strict=True):
        for error, state in zip(now, areas, strict=False):
            fixed = (error + state) - state.detach()
            total = total + fixed.square().mean() / (state.detach().var() + _LEAST_VARIANCE)
    return total / len(errors)


def shared_information(what: Tensor, where: Tensor) -> Tensor:
    """How much two codes vary together, from 0 to 1: the mean square of their correlations.

    Shapes:
        what (B, D), where (B, E) -> scalar.
    """
    a, b = ((z - z.mean(0)) / (z.std(0) + 1e-3) for z in (what, where))
    covariance = a.T @ b / max(len(a) - 1, 1)
    return covariance.square().mean()


def predictive(
    *, prediction: float = 0.1, apart: float = 0.01, any_time: float = 0.0, smoothing: float = 0.05
) -> Objective:
    """The loss of the file's head as the loop's objective, for a network that takes `trace=True`.

    Args:
        prediction: p.
        apart: d.
        any_time: a.
        smoothing: of labels.
    """

    def objective(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        out: Any = model(x, trace=True)
        loss = cross_entropy(out.logits[-1], target, smoothing=smoothing)
        if prediction:
            loss = loss + prediction * prediction_loss(out.errors, out.states)
        if apart and len(x) > 1:
            loss = loss + apart * shared_information(out.what, out.where)
        if any_time:
            each = [cross_entropy(logits, target, smoothing=smoothing) for logits in out.logits]
            loss = loss + any_time * torch.stack(each).mean()
        return loss

    return objective
