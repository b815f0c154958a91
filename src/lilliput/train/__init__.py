"""The one training of the project: `fit` for a module and tensors, `train_on` for a task and a network by name."""

from __future__ import annotations

from lilliput.train.data import Features, Source, Tensors, TrainData
from lilliput.train.job import Trained, TrainJob, plan_training, train_on
from lilliput.train.loop import TrainResult, fit
from lilliput.train.metrics import Measure, evaluate, predict
from lilliput.train.settings import TrainSettings

__all__ = [
    "Features",
    "Measure",
    "Source",
    "Tensors",
    "TrainData",
    "TrainJob",
    "TrainResult",
    "TrainSettings",
    "Trained",
    "evaluate",
    "fit",
    "plan_training",
    "predict",
    "train_on",
]
