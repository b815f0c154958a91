"""Networks on the rows of a table: a class with `fit` and `probabilities`, as the field's other classifiers have.

What a network is chosen by is carved out of the rows that `fit` is given, so that no test row can be looked at: whoever
holds test rows back has nothing more to do. Axes: N rows, F features, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.core.errors import BadTask
from lilliput.core.events import Emit, silent
from lilliput.models import create_model
from lilliput.tasks.digits import stratified
from lilliput.train.data import Source, Tensors, TrainData
from lilliput.train.loop import TrainResult, fit
from lilliput.train.metrics import Measure, predict
from lilliput.train.settings import TrainSettings

Array = NDArray[Any]
Link = Literal["logit", "expectation"]
SMALLEST = 1e-7  # probability that log loss is counted with
BY_ADAM = TrainSettings(
    epochs=30, batch_size=64, optimiser="adam", lr=6e-3, weight_decay=0.0, early_stop_patience=8
)  # fmt: skip


@dataclass(frozen=True)
class NetworkSettings:
    """What is trained, and how.

    Args:
        model: registered name of a network that takes rows.
        changes: values of its config; features and outputs follow from the table.
        link: what its output is: "logit", or "expectation" in [-1, 1], trained by squares against ±1.
        train: of the training.
        validation: share of the given rows that the best epoch is chosen by.
        draws: where above 0, rows drawn with replacement an epoch: the trainings of pure circuits count steps, not
            epochs.
    """

    model: str = "kacq_micro"
    changes: Mapping[str, Any] = field(default_factory=dict)
    link: Link = "logit"
    train: TrainSettings = BY_ADAM
    validation: float = 0.15
    draws: int = 0


class NetworkClassifier:
    """A network as a classifier of rows; `fit` leaves the trained network in `model`.

    Args:
        settings: of the network and its training; the seed is the training's.
        emit: takes the events of the training.
    """

    def __init__(self, settings: NetworkSettings, *, emit: Emit = silent) -> None:
        self.settings, self.emit = settings, emit
        self.model: nn.Module | None = None
        self.training: TrainResult | None = None

    def fit(self, x: Array, y: NDArray[np.integer[Any]], *, classes: int | None = None) -> NetworkClassifier:
        """Train a new network on these rows; gives itself back.

        Args:
            x: (N, F), finite.
            y: (N,) class numbers.
            classes: K, where rows of some class may be missing here.

        Raises:
            BadSetting: LP101, the network cannot take so many features.
            BadTask: LP103, more than two classes for a network with one expectation.
        """
        s, count = self.settings, classes or int(y.max()) + 1
        if s.link == "expectation" and count > 2:
            raise BadTask(f"{s.model} gives one expectation, which tells two classes apart, not {count}")
        learn, judge = stratified(np.asarray(y), (1 - s.validation, s.validation), s.train.seed)
        rows, numbers = torch.from_numpy(np.asarray(x, dtype=np.float32)), torch.from_numpy(np.asarray(y, np.int64))
        shape: dict[str, object] = {"features": x.shape[1]}
        if s.link == "logit":
            shape["outputs"] = 1 if count == 2 else count
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(s.train.seed)
            model = create_model(s.model, **{**shape, **s.changes})
        source = Tensors(rows[learn], numbers[learn])
        data = TrainData(
            Drawn(source, s.draws, s.train.seed) if s.draws else source, Tensors(rows[judge], numbers[judge])
        )
        objective = square_to_sign if s.link == "expectation" else row_loss
        self.training = fit(
            model,
            data,
            s.train,
            emit=self.emit,
            objective=objective,
            judge=lambda m, held: log_loss_of(m, held, s.link),
        )
        self.model = model
        return self

    def probabilities(self, x: Array) -> NDArray[np.float64]:
        """(N, F) -> (N, K)."""
        if self.model is None:
            raise ValueError("`fit` comes first")
        return network_probabilities(self.model, x, self.settings.link)


class Drawn:
    """Rows of another source drawn with replacement, other ones in each epoch.

    Args:
        source: of rows.
        count: rows an epoch.
        seed: chance comes from (seed, epoch).
    """

    def __init__(self, source: Source, count: int, seed: int) -> None:
        self.source, self.count, self.seed = source, count, seed

    def __len__(self) -> int:
        return self.count

    def batch(self, items: NDArray[np.intp], epoch: int) -> tuple[Tensor, Tensor]:
        drawn = np.random.default_rng((self.seed, epoch)).integers(len(self.source), size=self.count)
        return self.source.batch(drawn[items], epoch)


def row_loss(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy: of one logit of the second of two classes, or of one logit a class."""
    logits = model(x)
    if logits.shape[1] == 1:
        return F.binary_cross_entropy_with_logits(logits[:, 0], target.to(logits.dtype))
    return F.cross_entropy(logits, target)


def square_to_sign(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """Mean square of an expectation against -1 for the first class, 1 for the second."""
    gap: Tensor = model(x)[:, 0] - (2 * target - 1)
    return gap.square().mean()


def network_probabilities(model: nn.Module, x: Array, link: Link = "logit") -> NDArray[np.float64]:
    """(N, F) -> (N, K): what a network's outputs say as probabilities."""
    rows = torch.from_numpy(np.asarray(x, dtype=np.float32))
    outputs = torch.from_numpy(predict(model, Tensors(rows, torch.zeros(len(rows), dtype=torch.int64)))).double()
    if link == "expectation":
        second = ((outputs + 1) / 2).clamp(0, 1)
    elif outputs.shape[1] == 1:
        second = outputs.sigmoid()
    else:
        shares: NDArray[np.float64] = outputs.softmax(1).numpy()
        return shares
    both: NDArray[np.float64] = torch.cat([1 - second, second], 1).numpy()
    return both


def log_loss_of(model: nn.Module, source: Source, link: Link = "logit") -> Measure:
    """Mean -log p(true class): what decides which epoch is best; smaller is better."""
    x, y = source.batch(np.arange(len(source)), 0)
    value = log_loss(network_probabilities(model, x.numpy(), link), y.numpy())
    return Measure("log loss", value, value, value, len(source), higher_is_better=False)


def log_loss(probabilities: Array, y: NDArray[np.integer[Any]]) -> float:
    """Mean -log p(true class), with p at least 1e-7."""
    return float(-np.log(np.clip(probabilities[np.arange(len(y)), y], SMALLEST, 1)).mean())
