"""A detector of anomalous graphs as one thing: the network, the features that it knows, its thresholds.

    detector = train_detector(parts["train"], parts["validation"], DetectorSettings())
    detector.scores(graphs) >= detector.threshold
    save_detector(detector, folder); load_detector(folder)

Features are the labels that enough training graphs have; a node with another label has none. Thresholds are chosen on
the validation part. Axes: G graphs.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lilliput.core.errors import BadTask, BadValue
from lilliput.core.events import Emit, silent
from lilliput.core.files import read_json, write_folder, write_json
from lilliput.models import create_model
from lilliput.models.package import load_model, write_model
from lilliput.tasks.graphs import GraphSet
from lilliput.train.anomalies import alarm_threshold, best_threshold
from lilliput.train.data import TrainData
from lilliput.train.focal import class_balanced_focal
from lilliput.train.graphs import GraphSource, judge_graphs, operator_of, score_graphs
from lilliput.train.loop import TrainResult, fit
from lilliput.train.settings import TrainSettings

FALSE_ALARMS = 0.05
TRAINING = TrainSettings(
    epochs=60, batch_size=128, optimiser="adam", lr=1e-3, weight_decay=0.0, warmup_epochs=0.0, grad_clip=1.0,
)  # fmt: skip


@dataclass(frozen=True)
class DetectorSettings:
    """What is trained, and how.

    Args:
        model: registered name of a network on graphs.
        changes: values of its config; the features follow from the graphs.
        train: of the training.
        beta, gamma: of the class-balanced focal loss.
        judge: what the epoch is chosen by on validation.
        fewest: training graphs that a label needs to become a feature.
    """

    model: str = "rqgnn"
    changes: Mapping[str, Any] = field(default_factory=lambda: {"dropout": 0.1})
    train: TrainSettings = TRAINING
    beta: float = 0.999
    gamma: float = 1.5
    judge: Literal["auc", "f1"] = "auc"
    fewest: int = 10


@dataclass(frozen=True, eq=False)
class Detector:
    """A trained network with what belongs to it.

    Args:
        model: in evaluation mode.
        features: names of the features that it takes, in order.
        attributes: how many of the last ones are real numbers.
        threshold: of the highest macro F1 on validation; at or above it a graph is told.
        alarm: the threshold at which at most 5 % of the normal validation graphs are told.
        training: how it went; None for a detector from a folder.
    """

    model: nn.Module
    features: tuple[str, ...]
    attributes: int
    threshold: float
    alarm: float
    training: TrainResult | None = None

    def scores(self, graphs: GraphSet) -> NDArray[np.float64]:
        """Probability of an anomaly, (G,).

        Raises:
            BadTask: LP103, other attributes than those of the training graphs.
        """
        return score_graphs(self.model, graphs.with_features(self.features))


def common_features(graphs: GraphSet, fewest: int) -> tuple[str, ...]:
    """Names of the labels that at least so many graphs have, and of all attributes.

    Raises:
        BadTask: LP103, there are none.
    """
    labels = len(graphs.features) - graphs.attributes.shape[1]
    pairs = [np.stack([graphs.graph, column], 1)[column >= 0] for column in graphs.columns.T]
    counts = np.zeros(labels, np.int64)
    if pairs:
        counts += np.bincount(np.unique(np.concatenate(pairs), axis=0)[:, 1], minlength=labels)
    found = (*(graphs.features[k] for k in range(labels) if counts[k] >= fewest), *graphs.features[labels:])
    if not found:
        raise BadTask(f"{graphs.name}: no label is in {fewest} training graphs", fix="ask for fewer")
    return found


def train_detector(
    train: GraphSet,
    validation: GraphSet,
    settings: DetectorSettings,
    *,
    emit: Emit = silent,
    folder: Path | None = None,
) -> Detector:
    """Train a network and choose its thresholds; no other graph is looked at.

    Args:
        train: learnt from.
        validation: the epoch and the thresholds are chosen by it.
        settings: what is trained; the seed is the training's.
        emit: takes the events of the training.
        folder: of checkpoints.

    Raises:
        BadTask: LP103, no feature is frequent enough. BadSetting: LP101, a setting that the network does not know.
        ValueError: a part without a graph of a class.
    """
    features = common_features(train, settings.fewest)
    train, validation = (part.with_features(features) for part in (train, validation))
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.train.seed)
        model = create_model(settings.model, **{**settings.changes, "features": len(features), "classes": 2})
    operator = operator_of(model)
    data = TrainData(GraphSource(train, operator), GraphSource(validation, operator))
    # A set smaller than a batch would give none: the loop takes whole batches only.
    wanted = dataclasses.replace(settings.train, batch_size=min(settings.train.batch_size, len(train)))
    objective = class_balanced_focal(train.counts, beta=settings.beta, gamma=settings.gamma)
    training = fit(
        model, data, wanted, emit=emit, objective=objective, judge=judge_graphs(settings.judge), checkpoint_dir=folder
    )
    known = score_graphs(model, validation)
    return Detector(
        model, features, train.attributes.shape[1], best_threshold(known, validation.y),
        alarm_threshold(known, validation.y, FALSE_ALARMS), training,
    )  # fmt: skip


def save_detector(detector: Detector, folder: Path) -> None:
    """Write it; the folder is whole or not there.

    Raises:
        BadOutput: LP104, the folder cannot be written, or holds something else. NoRoom: LP604.
    """
    with write_folder(folder) as made:
        write_model(detector.model, made)
        told = {name: getattr(detector, name) for name in ("attributes", "threshold", "alarm")}
        write_json(made / "detector.json", "graph-detector", {"features": list(detector.features), **told})


def load_detector(folder: Path) -> Detector:
    """The detector that `save_detector` wrote.

    Raises:
        FileError: LP2xx, a file is missing, damaged or of another form; WrongChecksum: LP210, changed since.
    """
    model = load_model(folder)
    path = folder / "detector.json"
    head = read_json(path, "graph-detector")
    features, attributes = head.get("features"), head.get("attributes")
    if not isinstance(features, list) or not all(isinstance(name, str) for name in features):
        raise BadValue(f"{path}: features are {features!r}", why="they must be a list of names")
    if not isinstance(attributes, int) or not 0 <= attributes <= len(features):
        raise BadValue(f"{path}: attributes = {attributes!r}", why=f"there are {len(features)} features")
    limits = [head.get(name) for name in ("threshold", "alarm")]
    if not all(isinstance(limit, int | float) and math.isfinite(limit) for limit in limits):
        raise BadValue(f"{path}: thresholds are {limits}", why="they must be finite numbers")
    wanted = getattr(getattr(model, "config", None), "features", None)
    if wanted != len(features):
        raise BadValue(f"{path}: {len(features)} features", why=f"the network takes {wanted}")
    return Detector(model, tuple(features), attributes, float(limits[0]), float(limits[1]))  # type: ignore[arg-type]
