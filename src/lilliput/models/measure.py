"""What networks cost on this machine and on paper, side by side."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import torch

from lilliput.models.cost import count_macs, count_params
from lilliput.models.entry import create_model, example_input
from lilliput.models.memory import activation_count, inference_bytes
from lilliput.models.shapes import shapes_only

_ROUNDS = 5
_WARM = 2


@dataclass(frozen=True)
class Measured:
    """One network.

    Args:
        name: registered name.
        input_shape: of one item.
        params, macs: trainable numbers; multiply-accumulates of one inference.
        activations: elements that convolutions and linear layers give.
        peak_bytes: float32 activations alive at once in one inference of one item, as PyTorch computes.
        per_second: items a second in batches, the middle of five rounds; none where it was not run.
    """

    name: str
    input_shape: tuple[int, ...]
    params: int
    macs: int
    activations: int
    peak_bytes: int
    per_second: float | None


def counts_of(name: str, **changes: object) -> tuple[int, int]:
    """Trainable parameters, and multiply-accumulates of one inference: what is known of a network in a moment.

    Raises:
        UnknownName, BadSetting: LP100, LP101, as `create_model`.
    """
    with shapes_only():
        model = create_model(name, **changes).eval()  # type: ignore[arg-type]
    return count_params(model).trainable, count_macs(model, model.config.input_shape)  # type: ignore[arg-type, union-attr]


def measure_model(name: str, *, batch: int = 32, seconds: float = 1.0, run: bool = True, **changes: object) -> Measured:
    """Costs of a registered network.

    Args:
        name: of the network.
        batch: items at once while it is timed.
        seconds: about how long the timing takes.
        run: whether it is timed at all; otherwise no weights are made, and a network of any size can be asked.
        **changes: values of its config.

    Raises:
        UnknownName, BadSetting: LP100, LP101, as `create_model`.
    """
    with shapes_only():
        model = create_model(name, **changes)  # type: ignore[arg-type]
    shape = tuple(model.config.input_shape)  # type: ignore[arg-type, union-attr]
    return Measured(
        name,
        shape,
        count_params(model).trainable,
        count_macs(model, shape),
        activation_count(model, shape),
        inference_bytes(model, shape),
        _per_second(name, changes, batch, seconds) if run else None,
    )


def _per_second(name: str, changes: dict[str, object], batch: int, seconds: float) -> float:
    model = create_model(name, **changes).eval()  # type: ignore[arg-type]
    x = example_input(model, batch)
    with torch.inference_mode():
        for _ in range(_WARM):
            start = time.perf_counter()
            model(x)
            once = time.perf_counter() - start
        count = max(1, round(seconds / _ROUNDS / once))
        rates = []
        for _ in range(_ROUNDS):
            start = time.perf_counter()
            for _ in range(count):
                model(x)
            rates.append(batch * count / (time.perf_counter() - start))
    return statistics.median(rates)
