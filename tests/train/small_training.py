"""A training of a second or two, used by the tests of the loop; as a program it trains and is killed on the way.

    python -m tests.train.small_training FOLDER STEP [saving]

kills itself with SIGKILL after STEP, or with `saving` half-way through writing the first checkpoint after STEP.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lilliput.core.events import Event
from lilliput.models import create_model_for
from lilliput.train import checkpoint
from lilliput.train.data import Features, TrainData
from lilliput.train.loop import TrainResult, fit
from lilliput.train.settings import TrainSettings

SETTINGS = TrainSettings(
    epochs=3,
    batch_size=8,
    lr=5e-3,
    augment=("speed", "noise", "specaugment"),
    mixup_alpha=0.3,
    label_smoothing=0.1,
    ema_decay=0.9,
    grad_clip=1.0,
    checkpoint_steps=3,
    threads=1,
)


class Tones:
    """Raw items and their preprocessing: tones of three pitches, with their spectrum as features."""

    def __init__(self, items: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.y = rng.integers(0, 3, items)
        time = np.arange(16 * 16)
        pitch = np.array([0.5, 1.0, 1.8])[self.y] * rng.uniform(0.9, 1.1, items)
        self.x = (3000 * np.sin(pitch[:, None] * time + rng.uniform(0, 6, (items, 1)))).astype(np.int16)

    def integer(self, raw: np.ndarray) -> np.ndarray:
        power = np.abs(np.fft.rfft(raw.reshape(len(raw), 16, 16).astype(np.float64), axis=2))[:, :, 1:]
        return np.clip(np.log(power + 1) * 16 - 128, -128, 127).astype(np.int8)[..., None]

    def dequantise(self, q: np.ndarray) -> np.ndarray:
        return q.astype(np.float32) / 64


def data(settings: TrainSettings = SETTINGS) -> TrainData:
    train, validation = Tones(90, seed=0), Tones(60, seed=1)
    return TrainData(
        Features(train, train, augment=settings.augment, seed=settings.seed), Features(validation, validation)
    )


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return create_model_for("ds_cnn", (1, 16, 8), 3, width=8, blocks=1)


def train(folder: Path | None = None, **changes: object) -> tuple[nn.Module, TrainResult]:
    settings = replace(SETTINGS, **changes)
    model = network()
    return model, fit(model, data(settings), settings, checkpoint_dir=folder)


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _main(folder: str, step: str, where: str = "") -> None:
    def emit(event: Event) -> None:
        if event.kind == "step" and event.step >= int(step):
            if where == "saving":
                checkpoint.write_json = lambda *_: _kill()  # type: ignore[assignment]
            else:
                _kill()

    fit(network(), data(), SETTINGS, checkpoint_dir=Path(folder), emit=emit)


if __name__ == "__main__":
    _main(*sys.argv[1:])
