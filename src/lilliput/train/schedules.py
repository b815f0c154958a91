"""The learning rate as a function of the step alone, so that nothing has to be stored to go on with a training."""

from __future__ import annotations

import math

from lilliput.train.settings import TrainSettings


def learning_rate(settings: TrainSettings, step: int, steps_per_epoch: int) -> float:
    """The rate of step `step`, counted from 0.

    Warm-up rises in a line to `lr`; after it
        cosine    lr · (1 + cos(π·t)) / 2,  t from 0 to 1 over what is left
        step      lr · step_factor^floor(epochs gone / step_epochs)
        constant  lr
    """
    warmup = round(settings.warmup_epochs * steps_per_epoch)
    if step < warmup:
        return settings.lr * (step + 1) / warmup
    match settings.schedule:
        case "cosine":
            left = max(settings.epochs * steps_per_epoch - warmup, 1)
            return settings.lr * (1 + math.cos(math.pi * min((step - warmup) / left, 1.0))) / 2
        case "step":
            return settings.lr * settings.step_factor ** math.floor(step / steps_per_epoch / settings.step_epochs)
        case "constant":
            return settings.lr
