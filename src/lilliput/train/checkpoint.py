"""Checkpoints: one folder a step, made whole by one rename, so that a kill leaves the last one or the new one.

    checkpoints/step-00000310/state.json          counters, settings, history, best figure
                              tensors.safetensors  network, moving average, best weights, optimiser

Two are kept. No generator state is stored, because the loop has none (see loop.py).
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from lilliput.core.errors import BadSetting, WrongChecksum
from lilliput.core.files import new_folder, read_bytes, read_json, read_tensors, write_bytes, write_json
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
class Checkpoint:
    """All that a training needs to go on.

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
        tensors: part (`model`, `average`, `best`, `optimiser`) → name → tensor.
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
        flat = {f"{part}.{name}": t for part, tensors in checkpoint.tensors.items() for name, t in tensors.items()}
        weights = safetensors.torch.save(flat)
        state = {f.name: getattr(checkpoint, f.name) for f in dataclasses.fields(checkpoint) if f.name != "tensors"}
        state["best"] = dataclasses.asdict(checkpoint.best) if checkpoint.best else None
        state["history"] = [dataclasses.asdict(row) for row in checkpoint.history]
        state["tensors_sha256"] = hashlib.sha256(weights).hexdigest()
        target = self.folder / f"step-{checkpoint.step:08d}"
        with new_folder(target) as folder:
            write_bytes(folder / "tensors.safetensors", weights)
            write_json(folder / "state.json", "checkpoint", state)
        for old in self._all()[:-_KEPT]:
            shutil.rmtree(old)
        return target

    def load(self, settings: Mapping[str, Any], items: int) -> Checkpoint | None:
        """The newest checkpoint, or None where there is none yet.

        Args:
            settings: of the training that wants to go on; they must be those of the checkpoint.
            items: how many training items it has.

        Raises:
            BadSetting: LP101, the checkpoint is of a training with other settings or data.
            FileError: LP2xx, the checkpoint is damaged.
        """
        newest = self.newest()
        if newest is None:
            return None
        state = read_json(newest / "state.json", "checkpoint")
        weights = read_bytes(newest / "tensors.safetensors")
        digest = hashlib.sha256(weights).hexdigest()
        if digest != state["tensors_sha256"]:
            raise WrongChecksum(
                f"{newest / 'tensors.safetensors'} has SHA-256 {digest[:12]}…, not {str(state['tensors_sha256'])[:12]}…",
                fix=f"rm -r {newest}, and the training goes on from the one before",
            )
        self._check_same(newest, {**state["settings"], "items": state["items"]}, {**settings, "items": items})
        return _from_plain(state, read_tensors(weights))

    def _all(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if _NAME.fullmatch(path.name))

    def _check_same(self, path: Path, then: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        plain = {key: list(value) if isinstance(value, tuple) else value for key, value in now.items()}
        differ = [key for key in plain if key not in _FREE and then.get(key) != plain[key]]
        if differ:
            what = ", ".join(f"{key} {then.get(key)!r} then, {plain[key]!r} now" for key in differ[:3])
            raise BadSetting(
                f"the checkpoint {path} is of another training: {what}",
                fix="the same settings as then, or another folder",
            )


# Where a training runs does not change what it is.
_FREE = frozenset({"device", "threads"})


def _from_plain(state: Mapping[str, Any], flat: Mapping[str, Tensor]) -> Checkpoint:
    tensors: dict[str, dict[str, Tensor]] = {part: {} for part in _PARTS}
    for name, tensor in flat.items():
        part, key = name.split(".", 1)
        tensors[part][key] = tensor
    return Checkpoint(
        step=state["step"],
        epoch=state["epoch"],
        items=state["items"],
        stale=state["stale"],
        loss_sum=state["loss_sum"],
        best=Measure(**state["best"]) if state["best"] else None,
        best_epoch=state["best_epoch"],
        history=tuple(EpochRecord(**row) for row in state["history"]),
        settings=state["settings"],
        tensors=tensors,
    )
