"""A network that was named, and the items that it is counted on: what `lilliput energy` asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lilliput.core.errors import BadSetting
from lilliput.models import create_model, create_model_for, example_input
from lilliput.models.package import load_model
from lilliput.spiking import encoders
from lilliput.spiking.balancing import BALANCES
from lilliput.spiking.conversion import convert
from lilliput.spiking.graph import SpikingGraph
from lilliput.spiking.nir import import_nir
from lilliput.spiking.report import described, measured
from lilliput.tasks import Task, get_task
from lilliput.train.data import Features

CALIBRATION = 256  # items of the training split


@dataclass(frozen=True, eq=False)
class Subject:
    """What is counted.

    Args:
        network: it.
        x: items, (N, ...), as the network takes them.
        calibration: items to set thresholds by.
        run: how a batch of items is run.
        steps: of time, where it was asked for; None: the network's own.
        notes: what is to be known of the figures, one sentence each.
    """

    network: nn.Module
    x: Tensor
    calibration: Tensor
    steps: int
    run: Callable[[Tensor], object] | None = None
    is_stepped: bool = False
    notes: tuple[str, ...] = field(default=())

    def converted(self, balance: str, start: float) -> Subject:
        """Its spiking form.

        Raises:
            BadSetting: LP101, an unknown rule or start. NoSpikingRule: LP320, a part without a rule.
        """
        if balance not in BALANCES or not 0 <= start < 1 or isinstance(self.network, SpikingGraph):
            what = "a .nir file is spiking already" if isinstance(self.network, SpikingGraph) else ""
            raise BadSetting(
                what or f"balance {balance} and start {start:g}",
                fix=f"balance is {', '.join(BALANCES)}, start from 0 to below 1",
            )
        network = convert(self.network, self.calibration, balance=balance, start=start)  # type: ignore[arg-type]
        return replace(self, network=network, run=lambda x: network(x, self.steps), is_stepped=True)

    def describe(self) -> dict[str, Any]:
        """How it was counted, as plain values."""
        return {"input": list(self.x.shape[1:]), "steps": self.steps if self.is_stepped else None,
                "notes": list(self.notes)}  # fmt: skip

    def count(self) -> dict[str, Any]:
        """What `lilliput.spiking.report.described` says of it."""
        return described(measured(self.network, self.x, self.run))


def subject_of(
    name: str, *, task: str, data: Path | None, items: int, steps: int, dt: float, seed: int,
    changes: Mapping[str, object],
) -> Subject:  # fmt: skip
    """What a command names.

    Args:
        name: a folder that a training or `save_model` wrote, a `.nir` file, or a registered name.
        task: whose test items are run; "": random numbers.
        data: of the task.
        items: how many.
        steps: of time, for what has no number of its own.
        dt: seconds of a step, for `.nir`.
        seed: of weights and random numbers.
        changes: of a registered name's config.

    Raises:
        LilliputError: the network, the task or its data are not there, or do not fit each other.
    """
    torch.manual_seed(seed)
    chosen = get_task(task, data) if task else None
    if name.endswith(".nir"):
        return _graph(import_nir(name, dt=dt), chosen, items, steps, seed)
    folder = next((place for place in (Path(name), Path(name) / "model") if (place / "config.json").is_file()), None)
    notes: tuple[str, ...] = ()
    if folder is not None:
        if changes:
            raise BadSetting(f"--set {next(iter(changes))}", why=f"{folder} holds a network that is made already")
        network = load_model(folder)
    elif chosen is not None:
        network = create_model_for(name, _shape(chosen), len(chosen.labels), **changes).eval()
    else:
        network = create_model(name, **changes).eval()  # type: ignore[arg-type]
    if folder is None:
        notes = ("the weights are untrained: how often neurons fire says nothing of a trained network",)
    shape = tuple(network.config.input_shape)  # type: ignore[union-attr, arg-type]
    if chosen is None:
        x = example_input(network, items)
        return Subject(network, x, x, steps, notes=(*notes, _RANDOM))
    x, calibration = (_items(chosen, split, shape, count) for split, count in (("test", items), ("train", CALIBRATION)))
    return Subject(network, x, calibration, steps, notes=notes)


_RANDOM = "the input is random numbers: --task names real items"


def _shape(task: Task) -> tuple[int, ...]:
    height, width, channels = task.preprocess.output_shape
    return channels, height, width


def _items(task: Task, split: str, shape: tuple[int, ...], count: int) -> Tensor:
    """The first items of a split as the network takes them."""
    own = _shape(task)
    if shape != own and not (len(shape) == 1 and shape[0] == np.prod(own)):
        raise BadSetting(f"the network takes {shape}, items of {task.name} are {own}")
    chosen = task.load()[split]
    source = Features(chosen, task.preprocess, shape=shape)
    return source.batch(np.arange(min(count, len(chosen))), 0)[0]


def _graph(network: SpikingGraph, task: Task | None, items: int, steps: int, seed: int) -> Subject:
    """A NIR file: its input is spikes or currents step by step."""
    shape = network.input_shape
    if task is None:
        x = torch.rand(items, *shape, generator=torch.Generator().manual_seed(seed))
        notes: tuple[str, ...] = ("the input is spikes by chance, one in two at most: --task names real items",)
        chance = torch.Generator().manual_seed(seed)
        run = lambda some: network(encoders.rate(some / 2, steps, generator=chance))  # noqa: E731
        return Subject(network, x, x, steps, run, is_stepped=True, notes=notes)
    own = _shape(task)
    if len(shape) == 3 and own[1:] == shape[1:] and own[0] % shape[0] == 0 and own[0] > shape[0]:
        x = _items(task, "test", own, items)
        frames = own[0] // shape[0]
        return Subject(network, x, x, frames, lambda some: network(encoders.frames(some, shape[0])), is_stepped=True)
    x = _items(task, "test", shape, items)
    return Subject(network, x, x, steps, lambda some: network(encoders.direct(some, steps)), is_stepped=True)
