"""A whole training as one call: a task and a network by name in, a folder with the trained network out.

out/training.json   what is trained: task, network, all settings
out/checkpoints/    so that the same call goes on after a kill
out/model/          the network (models/package.py)
out/results.json    what it came to
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from lilliput.core.errors import BadOutput, BadSetting
from lilliput.core.events import Emit, Event, silent
from lilliput.core.files import read_json, write_json
from lilliput.core.settings import load_settings, resolved
from lilliput.models import models
from lilliput.models.package import save_model
from lilliput.tasks import Task
from lilliput.train.checkpoint import RUNS_ANYWHERE
from lilliput.train.data import Features, TrainData
from lilliput.train.loop import TrainResult, fit
from lilliput.train.metrics import Measure, evaluate
from lilliput.train.settings import TrainSettings


@dataclass(frozen=True)
class TrainJob:
    """What is to be trained: made by `plan_training`, done by `train_on`.

    Args:
        task: the data.
        model: registered name of the network.
        config: the network's config, made to fit the task.
        settings: of the training.
    """

    task: Task
    model: str
    config: Any
    settings: TrainSettings

    def build(self) -> nn.Module:
        """The network with new weights, by the settings' seed; the caller's random state stays."""
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(self.settings.seed)
            return models[self.model](**vars(self.config))

    def describe(self) -> dict[str, Any]:
        """Plain values: all that decides what comes out."""
        return {
            "task": self.task.name,
            "model": self.model,
            "config": resolved(self.config),
            "settings": resolved(self.settings),
        }


@dataclass(frozen=True)
class Trained:
    """A network with its figures.

    Args:
        model: in evaluation mode, with its final weights.
        training: how it went; `training.best` is the validation figure that chose the epoch.
        test: the figure on the test split, which nothing was chosen by.
    """

    model: nn.Module
    training: TrainResult
    test: Measure


class _Settings(Protocol):
    train: TrainSettings
    model: Any


def plan_training(
    task: Task,
    model: str | None = None,
    *,
    base: Mapping[str, object] | None = None,
    file: Path | None = None,
    overrides: Sequence[str] = (),
    seed: int = 0,
) -> TrainJob:
    """Settings from the task's own, a TOML file and texts `train.lr=0.01`, `model.width=32`; later wins.

    Args:
        task: the data.
        model: registered name; None takes the task's default.
        base: settings of the training that win over the task's own, such as those of a published training.
        file: TOML with the sections `train` and `model`.
        overrides: texts `section.key=value`.
        seed: of the training, where neither file nor overrides name one.

    Raises:
        UnknownName: LP100, no such network. BadSetting: LP101, an unknown key or a value that cannot be.
    """
    name = model or task.default_model
    entry = models[name]
    height, width, channels = task.preprocess.output_shape
    try:
        fitting = dict(entry.defaults.fit_to((channels, height, width), len(task.labels)))
    except ValueError as error:
        raise BadSetting(f"{name} cannot take the features of {task.name}: {error}") from error
    own = task.model_changes if name == task.default_model else {}
    start = {
        "train": {"augment": list(task.augment), **task.train, **(base or {}), "seed": seed},
        "model": {**resolved(entry.defaults), **fitting, **own},
    }
    kind = dataclasses.make_dataclass(
        "Settings",
        [("train", TrainSettings), ("model", type(entry.defaults))],
        frozen=True,
    )
    settings: _Settings = load_settings(kind, file=file, overrides=overrides, base=start)
    return TrainJob(task, name, settings.model, settings.train)


def train_on(job: TrainJob, out: Path, *, emit: Emit = silent) -> Trained:
    """Train, or go on with, a job in the folder `out`.

    Raises:
        BadOutput: LP104, `out` holds another training or something else.
        Diverged: LP502. Interrupted: LP700, the same call goes on.
    """
    _claim(out, job)
    splits, front = job.task.load(), job.task.preprocess
    model = job.build()
    # A network that takes rows gets its features end to end.
    flat = job.config.input_shape if len(job.config.input_shape) == 1 else None
    train = Features(splits["train"], front, augment=job.settings.augment, seed=job.settings.seed, shape=flat)
    validation = Features(splits["validation"], front, shape=flat)
    training = fit(model, TrainData(train, validation), job.settings, emit=emit, checkpoint_dir=out / "checkpoints")
    test = evaluate(model, Features(splits["test"], front, shape=flat), loss=job.settings.loss)
    trained = Trained(model, training, test)
    if training.is_first:
        save_model(model, out / "model")
        write_json(out / "results.json", "results", {**job.describe(), **figures(trained)})
        emit(Event("artifact", "train", text=str(out / "model")))
    return trained


def figures(trained: Trained) -> dict[str, Any]:
    """What a training came to, as plain values; the same for the same settings on the same machine."""
    training = trained.training
    return {
        "best_epoch": training.best_epoch,
        "epochs": training.epochs,
        "steps": training.steps,
        "metrics": [
            {"split": split, **dataclasses.asdict(measure)}
            for split, measure in (("validation", training.best), ("test", trained.test))
        ],
        "history": [dataclasses.asdict(row) for row in training.history],
    }


def _claim(out: Path, job: TrainJob) -> None:
    """Mark `out` as the folder of this job, or find that it is already."""
    mark = out / "training.json"
    if not mark.exists():
        if out.is_dir() and next(out.iterdir(), None) is not None:
            raise BadOutput(f"{out} holds something that this command did not make", fix="choose another --out")
        write_json(mark, "training", job.describe())
        return
    then, now = read_json(mark, "training"), job.describe()
    differ = [key for key in ("task", "model", "config") if then.get(key) != now[key]]
    before = then.get("settings")
    if not isinstance(before, dict):
        before = {}
    differ += [f"train.{k}" for k, v in now["settings"].items() if k not in RUNS_ANYWHERE and before.get(k) != v]
    if differ:
        raise BadOutput(
            f"{out} holds another training: {', '.join(differ[:5])} differ",
            fix=f"choose another --out, or the settings in {mark} to go on with that one",
        )
