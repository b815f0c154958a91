"""Checkpoints: one folder a step, made whole by one rename, so that a kill leaves the last one or the new one.

    checkpoints/step-00000310/state.json          counters, settings, history, best figure
                              tensors.safetensors  network, moving average, best weights, optimiser

Two are kept. No generator state is stored, because the loop has none (see loop.py).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from lilliput.core.errors import BadSetting, BadValue
from lilliput.core.files import check_folder, read_json, write_folder, write_json
from lilliput.core.files.tensors import read_tensors, write_tensors
from lilliput.core.settings import resolved
from lilliput.train.metrics import Measure

_KEPT = 2
_NAME = re.compile(r"step-(\d{8,})")
_PARTS = ("model", "average", "best", "optimiser")


@dataclass(frozen=True)
class EpochRecord:
    """One epoch: its number from 1, the steps done at its end, its last rate, mean loss, validation figure."""

    epoch: int
    step: int
    lr: float
    loss: float
    value: float


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Args:
        step: optimiser steps done.
        epoch: epochs done; `step` may be inside the next one.
        items: how many training items there were.
        stale: epochs since the best one.
        loss_sum: of the steps of the open epoch.
        best: best validation figure yet, and
        best_epoch: its epoch, from 1.
        history: one row an epoch done.
        settings: the training's settings as plain values.
    """

    step: int
    epoch: int
    items: int
    stale: int
    loss_sum: float
    best: Measure | None
    best_epoch: int
    history: tuple[EpochRecord, ...]
    settings: Mapping[str, Any]


class Checkpoint(NamedTuple):
    """All that a training needs to go on; tensors by part (`model`, `average`, `best`, `optimiser`) and name."""

    progress: Progress
    tensors: Mapping[str, dict[str, Tensor]]


class CheckpointFolder:
    """The checkpoints of one training.

    Args:
        folder: made when the first checkpoint is saved.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def newest(self) -> Path | None:
        """The folder of the newest whole checkpoint."""
        found = self._all()
        return found[-1] if found else None

    def save(self, checkpoint: Checkpoint) -> Path:
        """Write a checkpoint, then remove the ones that are too old.

        Raises:
            BadOutput: LP104, the folder cannot be written. NoRoom: LP604, the disk is full.
        """
        flat = {f"{part}.{name}": t.numpy() for part, found in checkpoint.tensors.items() for name, t in found.items()}
        target = self.folder / f"step-{checkpoint.progress.step:08d}"
        with write_folder(target) as folder:
            write_tensors(folder / "tensors.safetensors", flat)
            write_json(folder / "state.json", "checkpoint", resolved(checkpoint.progress))
        for old in self._all()[:-_KEPT]:
            shutil.rmtree(old)
        return target

    def load(self, settings: Mapping[str, Any], items: int) -> Checkpoint | None:
        """The newest checkpoint, or None where there is none yet.

        Args:
            settings: of the training that wants to go on, as plain values; they must be those of the checkpoint.
            items: how many training items it has.

        Raises:
            BadSetting: LP101, the checkpoint is of a training with other settings or data.
            FileError: LP2xx, the checkpoint is damaged.
        """
        newest = self.newest()
        if newest is None:
            return None
        check_folder(newest)
        checkpoint = _read(newest)
        then = checkpoint.progress
        _check_same(newest, {**then.settings, "items": then.items}, {**settings, "items": items})
        return checkpoint

    def _all(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if _NAME.fullmatch(path.name))


# Where a training runs does not change what it is.
RUNS_ANYWHERE = frozenset({"device", "threads"})


def _check_same(path: Path, then: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    differ = [key for key in now if key not in RUNS_ANYWHERE and then.get(key) != now[key]]
    if differ:
        what = ", ".join(f"{key} {then.get(key)!r} then, {now[key]!r} now" for key in differ[:3])
        raise BadSetting(
            f"the checkpoint {path} is of another training: {what}",
            fix="the same settings as then, or another folder",
        )


def _read(folder: Path) -> Checkpoint:
    path = folder / "state.json"
    tensors: dict[str, dict[str, Tensor]] = {part: {} for part in _PARTS}
    try:
        for name, array in read_tensors(folder / "tensors.safetensors").items():
            part, key = name.split(".", 1)
            tensors[part][key] = torch.from_numpy(array)
        head = read_json(path, "checkpoint")
        state = {key: value for key, value in head.items() if key not in ("format", "version")}
        return Checkpoint(TypeAdapter(Progress).validate_python(state), tensors)
    except (ValidationError, KeyError, ValueError) as error:
        first = str(error).split("\n")[0]
        raise BadValue(f"{path} is not the state of a training: {first}", fix=f"rm -r {folder}") from None
