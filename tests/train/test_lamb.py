"""LAMB against its rule worked out by hand, and in a training."""

from __future__ import annotations

import math

import pytest
import torch

from lilliput.train.lamb import Lamb


def _after(steps: int, *, weight_decay: float, clip: bool, start: float = 3.0) -> list[float]:
    p = torch.nn.Parameter(torch.tensor([start, -4.0]))
    optimiser = Lamb([p], lr=0.1, weight_decay=weight_decay, trust_clip=clip)
    for step in range(steps):
        p.grad = torch.tensor([1.0, 2.0]) * (step + 1)
        optimiser.step()
    return p.tolist()


def _by_hand(steps: int, weight_decay: float, clip: bool) -> list[float]:
    w, m, v = [3.0, -4.0], [0.0, 0.0], [0.0, 0.0]
    for t in range(1, steps + 1):
        g = [1.0 * t, 2.0 * t]
        m = [0.9 * a + 0.1 * b for a, b in zip(m, g, strict=True)]
        v = [0.999 * a + 0.001 * b * b for a, b in zip(v, g, strict=True)]
        u = [
            a / (1 - 0.9**t) / (math.sqrt(b / (1 - 0.999**t)) + 1e-6) + weight_decay * c
            for a, b, c in zip(m, v, w, strict=True)
        ]
        trust = math.hypot(*w) / math.hypot(*u) if weight_decay else 1.0
        trust = min(trust, 1.0) if clip else trust
        w = [a - 0.1 * trust * b for a, b in zip(w, u, strict=True)]
    return w


@pytest.mark.parametrize("clip", [True, False])
@pytest.mark.parametrize("weight_decay", [0.0, 0.05])
def test_it_is_the_rule(weight_decay: float, clip: bool) -> None:
    assert _after(4, weight_decay=weight_decay, clip=clip) == pytest.approx(_by_hand(4, weight_decay, clip), rel=1e-5)


def test_the_clip_shortens_steps_of_long_tensors() -> None:
    free, clipped = (_after(1, weight_decay=0.05, clip=clip)[0] for clip in (False, True))
    assert 3 - free > 2 * (3 - clipped)


def test_a_tensor_of_zeros_can_leave_zero() -> None:
    p = torch.nn.Parameter(torch.zeros(3))
    optimiser = Lamb([p], lr=0.1, weight_decay=0.05)
    p.grad = torch.ones(3)
    optimiser.step()
    torch.testing.assert_close(p.detach(), torch.full((3,), -0.1), atol=1e-5, rtol=1e-5)


def test_what_is_out_of_range_is_refused() -> None:
    p = [torch.nn.Parameter(torch.zeros(1))]
    for changes, words in (
        ({"lr": 0.0}, "`lr` must be above 0, got 0.0"),
        ({"betas": (0.9, 1.0)}, r"`betas` must be in \[0, 1\), got \(0.9, 1.0\)"),
        ({"weight_decay": -1.0}, "`weight_decay` must be at least 0, got -1.0"),
    ):
        with pytest.raises(ValueError, match=words):
            Lamb(p, **changes)  # type: ignore[arg-type]
