"""What one training step keeps in memory, counted from storages, and how long it takes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import torch

from lilliput.core.settings import resolved
from lilliput.models import create_model, example_input
from lilliput.models.memory import LiveBytes

_ROUNDS = 3


@dataclass(frozen=True)
class StepMemory:
    """One network, one step.

    Args:
        name: registered name.
        config: its settings.
        batch: items.
        kept_bytes: what the forward pass leaves for the backward pass; input and parameters are not counted.
        peak_bytes: the most that is held during the backward pass, gradients of parameters left out.
        seconds: forward and backward, the fastest of three.
    """

    name: str
    config: dict[str, Any]
    batch: int
    kept_bytes: int
    peak_bytes: int
    seconds: float


def measure_step(name: str, *, batch: int = 8, **changes: object) -> StepMemory:
    """Bytes and time of one training step of a registered network, its outputs added up as the loss.

    Raises:
        UnknownName, BadSetting: LP100, LP101, as `create_model`.
    """
    torch.manual_seed(0)
    model = create_model(name, **changes).train()  # type: ignore[arg-type]
    x = example_input(model, batch)
    parameters = list(model.parameters())
    with LiveBytes([*parameters, *model.buffers(), x]) as counted:
        loss = model(x).sum()
        kept, counted.peak = counted.live, counted.live
        loss.backward()
        peak = counted.peak - sum(p.grad.nbytes for p in parameters if p.grad is not None)
    times = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        model(x).sum().backward()
        times.append(time.perf_counter() - start)
    return StepMemory(name, resolved(model.config), batch, kept, max(peak, kept), min(times))
