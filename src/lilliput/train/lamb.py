r"""LAMB: Adam whose step of each tensor is as long as the tensor's own norm asks for, for very large batches.

    m ← β₁ m + (1 − β₁) g,   v ← β₂ v + (1 − β₂) g²
    u = (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε) + λ w
    w ← w − η · φ · u,       φ = ‖w‖ / ‖u‖, at most 1 where `trust_clip`

φ is 1 where a norm is zero and where nothing decays: biases and normalisations take Adam's step.

Source: Large Batch Optimization for Deep Learning (arXiv:1904.00962), algorithm 2. Image libraries also cut the norm of
all gradients to 1 in the optimiser; here that is the training's own setting `grad_clip`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class Lamb(torch.optim.Optimizer):
    """The rule of the file's head.

    Args:
        params: tensors, or groups of them.
        lr: η, above 0.
        betas: β₁ and β₂, in [0, 1).
        eps: ε.
        weight_decay: λ, at least 0.
        trust_clip: keep φ at most 1.

    Raises:
        ValueError: one of them is out of range.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        trust_clip: bool = True,
    ) -> None:
        if not lr > 0:
            raise ValueError(f"`lr` must be above 0, got {lr}")
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"`betas` must be in [0, 1), got {betas}")
        if not weight_decay >= 0:
            raise ValueError(f"`weight_decay` must be at least 0, got {weight_decay}")
        given = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "trust_clip": trust_clip}
        super().__init__(params, given)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step of each tensor that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.add_(self._change(p, p.grad, group), alpha=-group["lr"])
        return loss

    def _change(self, p: Tensor, grad: Tensor, group: dict[str, Any]) -> Tensor:
        """φ · u."""
        state = self.state[p]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32)
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(p), torch.zeros_like(p)
        first, second = group["betas"]
        state["step"] += 1
        done = float(state["step"])
        m, v = state["exp_avg"], state["exp_avg_sq"]
        m.lerp_(grad, 1 - first)
        v.mul_(second).addcmul_(grad, grad, value=1 - second)
        change: Tensor = (m / (1 - first**done)) / ((v / (1 - second**done)).sqrt_().add_(group["eps"]))
        if not group["weight_decay"]:
            return change
        change.add_(p, alpha=group["weight_decay"])
        trust = p.norm() / change.norm()
        # A zero norm says nothing about the length that a step should have.
        trust = torch.where(torch.isfinite(trust) & (trust > 0), trust, torch.ones_like(trust))
        return change.mul_(trust.clamp(max=1) if group["trust_clip"] else trust)
