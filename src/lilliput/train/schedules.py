"""The learning rate as a function of the step alone, so that nothing has to be stored to go on with a training."""

from __future__ import annotations

import math

from lilliput.train.settings import TrainSettings


def learning_rate(settings: TrainSettings, step: int, steps_per_epoch: int) -> float:
    """The rate of step `step`, counted from 0.

    With `lr_every="epoch"` all steps of an epoch have the rate of its first. Warm-up, over `warmup_epochs`,
        linear    from `warmup_lr` up to `lr`, whose first step is already above `warmup_lr` (its first epoch is not)
        inverse   lr / (epochs of the warm-up still to go)
    after it
        cosine    min_lr + (lr - min_lr) · (1 + cos(π·t)) / 2,  t from 0 to 1 over what is left, or over all epochs with
                  `cosine_from="start"`, in both cases without the `cooldown_epochs`, which have min_lr
        step      lr · step_factor^floor(epochs gone / step_epochs)
        constant  lr
    """
    if settings.lr_every == "epoch":
        step -= step % steps_per_epoch
    warmup = round(settings.warmup_epochs * steps_per_epoch)
    if step < warmup:
        return _warming(settings, step, warmup, steps_per_epoch)
    match settings.schedule:
        case "cosine":
            start = warmup if settings.cosine_from == "warmup" else 0
            end = round((settings.epochs - settings.cooldown_epochs) * steps_per_epoch)
            share = min((step - start) / max(end - start, 1), 1.0)
            return settings.min_lr + (settings.lr - settings.min_lr) * (1 + math.cos(math.pi * share)) / 2
        case "step":
            return settings.lr * settings.step_factor ** math.floor(step / steps_per_epoch / settings.step_epochs)
        case "constant":
            return settings.lr


def _warming(settings: TrainSettings, step: int, warmup: int, steps_per_epoch: int) -> float:
    if settings.warmup == "inverse":
        return settings.lr / max((warmup - step) / steps_per_epoch, 1.0)
    done = step if settings.lr_every == "epoch" else step + 1
    return settings.warmup_lr + (settings.lr - settings.warmup_lr) * done / warmup
