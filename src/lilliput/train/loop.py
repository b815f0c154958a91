"""The training loop, the only one of the project.

A training is a chain of steps. All chance of step k comes from (seed, k), (seed, epoch) or (seed, epoch, item), never
from a generator that runs along; so a checkpoint holds tensors and counters only, and a training that was killed
and resumed ends with the same bits as one that was not (same machine, same number of threads).
"""

from __future__ import annotations

import contextlib
import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lilliput.core.errors import BadSetting, Diverged, Interrupted
from lilliput.core.events import Emit, Event, silent
from lilliput.core.settings import resolved
from lilliput.train.checkpoint import Checkpoint, CheckpointFolder, EpochRecord, Progress
from lilliput.train.data import Source, TrainData
from lilliput.train.engine import Engine, engine_of
from lilliput.train.lamb import Lamb
from lilliput.train.losses import Objective, objective_of
from lilliput.train.metrics import Measure, evaluate
from lilliput.train.mixing import mixed, mixes
from lilliput.train.schedules import learning_rate
from lilliput.train.settings import TrainSettings

Judge = Callable[[nn.Module, Source], Measure]


@dataclass(frozen=True)
class TrainResult:
    """What came of a training; the network itself was changed in place.

    Args:
        best: validation figure of the weights of the best epoch.
        best_epoch: counted from 1.
        epochs: how many were done; fewer than asked for when it stopped early.
        steps: optimiser steps in all.
        resumed_from: step at which this call went on from a checkpoint; 0: from the start.
        seconds: time that this call took.
        history: one row an epoch.
        is_first: false in the other processes of a training on many devices, which must not write anything.
    """

    best: Measure
    best_epoch: int
    epochs: int
    steps: int
    resumed_from: int
    seconds: float
    history: tuple[EpochRecord, ...]
    is_first: bool = True


def fit(
    model: nn.Module,
    data: TrainData,
    settings: TrainSettings,
    *,
    emit: Emit = silent,
    checkpoint_dir: Path | None = None,
    objective: Objective | None = None,
    judge: Judge | None = None,
) -> TrainResult:
    """Train `model` in place; in the end it has the weights that `settings.keep` names, in evaluation mode.

    Args:
        model: any module; with `mixup_alpha` or `cutmix_alpha` its output must be (B, classes).
        data: what to learn from, and what to choose the best epoch by.
        settings: all that can be chosen.
        emit: receives progress.
        checkpoint_dir: where checkpoints go; a training with the same settings that was stopped goes on from there.
        objective: replaces the loss that the settings name, e.g. `distilled(teacher)` or a fake-quantised forward.
        judge: replaces the figure that decides which epoch is best.

    Raises:
        BadSetting: LP101, the checkpoint belongs to other settings, or there are no items.
        Diverged: LP502, the loss or a weight is not finite.
        Interrupted: LP700, stopped from the keyboard while there is a checkpoint folder.
    """
    for name, source in (("training", data.train), ("validation", data.validation)):
        if len(source) == 0:
            raise BadSetting(f"there are no {name} items", fix="choose a task or a split with items")
    folder = CheckpointFolder(checkpoint_dir) if checkpoint_dir is not None else None
    with _surroundings(settings), _momentum(model, settings.norm_momentum):
        training = _Training(
            model,
            data,
            settings,
            engine=engine_of(settings),
            emit=emit,
            folder=folder,
            objective=objective or objective_of(settings),
            judge=judge or partial(evaluate, loss=settings.loss),
        )
        try:
            return training.run()
        except KeyboardInterrupt:
            if folder is None:
                raise
            raise Interrupted(
                f"training was stopped in epoch {training.epoch + 1} at step {training.step}",
                fix=f"the same command goes on from {folder.newest() or 'the start'}",
            ) from None


class _Training:
    """One training while it runs."""

    def __init__(
        self,
        model: nn.Module,
        data: TrainData,
        settings: TrainSettings,
        *,
        engine: Engine,
        emit: Emit,
        folder: CheckpointFolder | None,
        objective: Objective,
        judge: Judge,
    ) -> None:
        self.model, self.data, self.settings, self.engine = model, data, settings, engine
        self.emit = emit if engine.rank == 0 else silent
        self.folder, self.objective, self.judge = folder, objective, judge
        # The layout that convolutions on a CPU are fastest in: about twice as fast for the depthwise ones.
        model.to(engine.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(model).requires_grad_(False) if settings.ema_decay else None
        # A network may hold its weights within bounds of its own after each change of them.
        self.after_step: Callable[[], None] | None = getattr(model, "after_step", None)
        self.forward, self.optimiser = engine.prepare(model, _optimiser(model, settings))
        # Whole batches only: a last batch of one item would break batch statistics.
        self.steps = max(1, len(data.train) // settings.batch_size)
        self.step = self.epoch = self.stale = self.resumed_from = 0
        self.loss_sum = 0.0
        self.history: list[EpochRecord] = []
        self.best: Measure | None = None
        self.best_epoch = 0
        self.best_state: dict[str, Tensor] = {}
        self.classes = self._count_classes() if mixes(settings) else 0

    def run(self) -> TrainResult:
        started = time.monotonic()
        self._resume()
        settings = self.settings
        self.emit(Event("started", "train", total=settings.epochs * self.steps, step=self.step))
        while self.epoch < settings.epochs and not self._is_patience_over():
            self._train_epoch()
            self._close_epoch()
        self._keep()
        assert self.best is not None
        self.emit(Event("done", "train", step=self.step, value=self.best.value))
        return TrainResult(
            best=self.best,
            best_epoch=self.best_epoch,
            epochs=self.epoch,
            steps=self.step,
            resumed_from=self.resumed_from,
            seconds=time.monotonic() - started,
            history=tuple(self.history),
            is_first=self.engine.rank == 0,
        )

    def _train_epoch(self) -> None:
        self.forward.train()
        order = _order(self.settings.seed, self.epoch, len(self.data.train))
        size, every = self.settings.batch_size, self.settings.checkpoint_steps
        for k in range(self.step - self.epoch * self.steps, self.steps):
            items = order[k * size : (k + 1) * size][self.engine.rank :: self.engine.world]
            self._step(items)
            if every and self.step % every == 0 and k + 1 < self.steps:
                self._save()

    def _step(self, items: NDArray[np.intp]) -> None:
        settings = self.settings
        chance = np.random.SeedSequence([settings.seed, self.step, self.engine.rank])
        torch.manual_seed(int(chance.generate_state(1, np.uint64)[0]))  # of dropout
        x, target = self._batch(items, np.random.default_rng(chance))
        rate = learning_rate(settings, self.step, self.steps)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        with self.engine.precision():
            loss = self.objective(self.forward, x, target)
        value = self.engine.mean(float(loss.detach()))
        if not math.isfinite(value):
            self._diverged(f"the loss is {value}")
        self.optimiser.zero_grad(set_to_none=True)
        self.engine.backward(loss)
        if settings.grad_clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), settings.grad_clip)
        self.optimiser.step()
        if self.after_step is not None:
            self.after_step()
        self.step += 1
        self.loss_sum += value
        self._update_average()
        self.emit(Event("step", "train", step=self.step, total=settings.epochs * self.steps, value=value))

    def _batch(self, items: NDArray[np.intp], rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        x, target = self.data.train.batch(items, self.epoch)
        x, target = x.to(self.engine.device), target.to(self.engine.device)
        x, target = mixed(x, target, self.settings, self.epoch, self.classes, rng)
        return (x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x), target

    def _update_average(self) -> None:
        if self.average is None:
            return
        # While few steps are behind it, the average must forget its random start faster than later on.
        decay = min(self.settings.ema_decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, now in zip(self.average.state_dict().values(), self.model.state_dict().values(), strict=True):
                if mean.is_floating_point():
                    mean.lerp_(now, 1 - decay)
                else:
                    mean.copy_(now)

    def _close_epoch(self) -> None:
        broken = next((n for n, p in self.model.state_dict().items() if not torch.isfinite(p).all()), None)
        if broken is not None:
            self._diverged(f"{broken} holds a value that is not finite")
        judged = self.average or self.model
        measure = self.engine.from_first(lambda: self.judge(judged, self.data.validation))
        self.epoch += 1
        rate = learning_rate(self.settings, self.step - 1, self.steps)
        self.history.append(EpochRecord(self.epoch, self.step, rate, self.loss_sum / self.steps, measure.value))
        self.loss_sum, self.stale = 0.0, self.stale + 1
        if measure.beats(self.best):
            self.best, self.best_epoch, self.stale = measure, self.epoch, 0
            self.best_state = _copied(judged)
        self.emit(Event("metric", "train", step=self.step, name="loss", value=self.history[-1].loss))
        self.emit(Event("metric", "train", step=self.step, name=f"validation {measure.name}", value=measure.value))
        self._save()

    def _is_patience_over(self) -> bool:
        return 0 < self.settings.early_stop_patience <= self.stale

    def _keep(self) -> None:
        state = self.best_state if self.settings.keep == "best" else _copied(self.average or self.model)
        self.model.load_state_dict(state)
        self.model.to("cpu").to(memory_format=torch.contiguous_format).eval()  # type: ignore[call-overload]

    def _count_classes(self) -> int:
        x, _ = self.data.train.batch(np.zeros(1, np.intp), 0)
        self.model.eval()
        with torch.no_grad():
            return int(self.model(x.to(self.engine.device)).shape[1])

    def _diverged(self, what: str) -> None:
        good = self.folder.newest() if self.folder else None
        raise Diverged(
            f"{what} at step {self.step + 1} (epoch {self.epoch + 1})",
            why=f"the learning rate was {learning_rate(self.settings, self.step, self.steps):.3g}; "
            + (f"the last good checkpoint is {good}" if good else "there is no checkpoint before it"),
            fix=f"--set train.lr={self.settings.lr / 10:.3g}, or --set train.grad_clip=1",
        )

    def _save(self) -> None:
        if self.folder is None or self.engine.rank:
            return
        progress = Progress(
            step=self.step,
            epoch=self.epoch,
            items=len(self.data.train),
            stale=self.stale,
            loss_sum=self.loss_sum,
            best=self.best,
            best_epoch=self.best_epoch,
            history=tuple(self.history),
            settings=resolved(self.settings),
        )
        tensors = {
            "model": _copied(self.model),
            "average": _copied(self.average) if self.average else {},
            "best": self.best_state,
            "optimiser": _optimiser_state(self.optimiser),
        }
        self.folder.save(Checkpoint(progress, tensors))

    def _resume(self) -> None:
        saved = self.folder.load(resolved(self.settings), len(self.data.train)) if self.folder else None
        if saved is None:
            return
        self.model.load_state_dict(saved.tensors["model"])
        if self.average is not None:
            self.average.load_state_dict(saved.tensors["average"])
        _load_optimiser(self.optimiser, saved.tensors["optimiser"])
        self.best_state = saved.tensors["best"]
        done = saved.progress
        self.step, self.epoch, self.stale, self.loss_sum = done.step, done.epoch, done.stale, done.loss_sum
        self.best, self.best_epoch, self.history = done.best, done.best_epoch, list(done.history)
        self.resumed_from = done.step
        self.emit(Event("note", "train", step=self.step, text=f"going on from step {self.step}"))


def _optimiser(model: nn.Module, settings: TrainSettings) -> torch.optim.Optimizer:
    """Weight decay holds for matrices and kernels: on a bias or a normalisation it would only bend the function."""
    learnt = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in learnt if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in learnt if p.ndim <= 1], "weight_decay": 0.0},
    ]
    match settings.optimiser:
        case "sgd":
            return torch.optim.SGD(groups, lr=settings.lr, momentum=settings.momentum, nesterov=settings.nesterov)
        case "adam":
            return torch.optim.Adam(groups, lr=settings.lr)
        case "adamw":
            return torch.optim.AdamW(groups, lr=settings.lr)
        case "rmsprop":  # the constants of MobileNet's and EfficientNet's trainings
            return torch.optim.RMSprop(groups, lr=settings.lr, alpha=0.9, momentum=settings.momentum, eps=1e-3)
        case "lamb":
            return Lamb(groups, lr=settings.lr)


def _optimiser_state(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    state = optimiser.state_dict()["state"]
    return {f"{i}.{key}": value.detach().cpu().clone() for i, row in state.items() for key, value in row.items()}


def _load_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    for name, value in tensors.items():
        index, key = name.split(".", 1)
        p = parameters[int(index)]
        # In the parameter's own memory layout, so that the arithmetic takes the same path as before.
        optimiser.state[p][key] = torch.empty_like(p).copy_(value) if value.shape == p.shape else value.clone()


def _copied(model: nn.Module) -> dict[str, Tensor]:
    return {
        key: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for key, value in model.state_dict().items()
    }


def _order(seed: int, epoch: int, items: int) -> NDArray[np.intp]:
    """The order of an epoch's items."""
    return np.random.default_rng((seed, epoch)).permutation(items)


@contextlib.contextmanager
def _surroundings(settings: TrainSettings) -> Iterator[None]:
    """The caller's random state and threads are the same after as before; convolutions are deterministic inside."""
    threads = torch.get_num_threads()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    try:
        with torch.random.fork_rng(), torch.backends.cudnn.flags(deterministic=True, benchmark=False):
            yield
    finally:
        torch.set_num_threads(threads)


@contextlib.contextmanager
def _momentum(model: nn.Module, share: float) -> Iterator[None]:
    """Running statistics follow the weights at the pace of `share` for the time of a training.

    The published 0.01 suits trainings of 10⁵ steps: after a few hundred the statistics would still be those of the
    first weights, and the network worthless in evaluation mode.
    """
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)] if share else []
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = share
    try:
        yield
    finally:
        for norm, value in zip(norms, before, strict=True):
            norm.momentum = value
