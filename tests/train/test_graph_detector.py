"""Detectors: features that are frequent, thresholds from validation alone, the same scores from a folder."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lilliput.core.errors import BadTask, BadValue, WrongChecksum
from lilliput.core.files import MANIFEST
from lilliput.tasks.graphs import GraphSet
from lilliput.train.anomalies import anomaly_figures, best_threshold
from lilliput.train.graph_detector import (
    TRAINING,
    Detector,
    DetectorSettings,
    common_features,
    load_detector,
    save_detector,
    train_detector,
)
from tests.train.small_graphs import joined, made_graphs, one_graph

BRIEF = DetectorSettings(
    changes={"hidden": 16}, train=dataclasses.replace(TRAINING, epochs=6, batch_size=32, lr=1e-2), fewest=3
)


@pytest.fixture(scope="module")
def parts() -> dict[str, GraphSet]:
    return made_graphs(160).split(seed=0)


@pytest.fixture(scope="module")
def detector(parts: dict[str, GraphSet]) -> Detector:
    return train_detector(parts["train"], parts["validation"], BRIEF)


def test_rare_labels_are_no_features() -> None:
    graphs = joined(made_graphs(8), one_graph("aac", [(0, 1)]))
    has_c = len(np.unique(graphs.graph[graphs.columns[:, 0] == 2]))
    assert common_features(graphs, 1) == ("a", "b", "c")
    assert common_features(graphs, has_c) == ("a", "b", "c")
    assert common_features(graphs, has_c + 1) == ("a", "b")
    real = dataclasses.replace(graphs, attributes=np.ones((len(graphs.columns), 1), np.float32),
                               features=("a", "b", "c", "mass"))  # fmt: skip
    assert common_features(real, 99) == ("mass",)
    with pytest.raises(BadTask, match="joined: no label is in 99 training graphs"):
        common_features(graphs, 99)


def test_it_learns_and_decides_on_validation_alone(detector: Detector, parts: dict[str, GraphSet]) -> None:
    known = detector.scores(parts["validation"])
    assert detector.threshold == best_threshold(known, parts["validation"].y)
    normal = known[~parts["validation"].y]
    assert (normal >= detector.alarm).mean() <= 0.05
    test = parts["test"]
    figures = anomaly_figures(detector.scores(test), test.y, threshold=detector.threshold)
    assert figures.auc > 0.9
    assert detector.training is not None
    assert detector.training.epochs == 6


def test_labels_of_the_test_part_change_nothing(detector: Detector, parts: dict[str, GraphSet]) -> None:
    shuffled = dataclasses.replace(parts["test"], y=np.random.default_rng(1).permutation(parts["test"].y))
    again = train_detector(parts["train"], parts["validation"], BRIEF)
    assert (again.threshold, again.alarm) == (detector.threshold, detector.alarm)
    np.testing.assert_array_equal(again.scores(shuffled), detector.scores(parts["test"]))


def test_a_seed_is_another_network(detector: Detector, parts: dict[str, GraphSet]) -> None:
    other = dataclasses.replace(BRIEF, train=dataclasses.replace(BRIEF.train, seed=1, epochs=1))
    assert not np.array_equal(
        train_detector(parts["train"], parts["validation"], other).scores(parts["test"]), detector.scores(parts["test"])
    )


def test_other_sets_are_scored_by_the_names_of_their_labels(detector: Detector) -> None:
    graphs = one_graph("aabb", [(0, 1), (1, 2), (2, 3)])
    wider = dataclasses.replace(graphs, columns=graphs.columns + 1, features=("new", "a", "b"))
    np.testing.assert_array_equal(detector.scores(wider), detector.scores(graphs))
    with pytest.raises(BadTask, match="has the attributes mass"):
        detector.scores(
            dataclasses.replace(graphs, attributes=np.ones((4, 1), np.float32), features=("a", "b", "mass"))
        )


class TestFolder:
    def test_it_gives_the_same_scores(self, detector: Detector, parts: dict[str, GraphSet], tmp_path: Path) -> None:
        save_detector(detector, tmp_path / "d")
        again = load_detector(tmp_path / "d")
        np.testing.assert_array_equal(again.scores(parts["test"]), detector.scores(parts["test"]))
        for name in ("features", "attributes", "threshold", "alarm"):
            assert getattr(again, name) == getattr(detector, name)

    def test_what_was_changed_is_noticed(self, detector: Detector, tmp_path: Path) -> None:
        save_detector(detector, tmp_path / "d")
        path = tmp_path / "d" / "detector.json"
        path.write_text(path.read_text().replace('"alarm"', '"alarms"'))
        with pytest.raises(WrongChecksum):
            load_detector(tmp_path / "d")

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"features": "a"}, "features are 'a'"),
            ({"features": ["a"]}, r"1 features\n.*the network takes 3"),
            ({"attributes": 7}, "attributes = 7"),
            ({"threshold": None}, "must be finite numbers"),
            ({"alarm": "high"}, "must be finite numbers"),
        ],
    )
    def test_what_cannot_be(self, detector: Detector, tmp_path: Path, change: dict[str, Any], said: str) -> None:
        save_detector(detector, tmp_path / "d")
        (tmp_path / "d" / MANIFEST).unlink()
        path = tmp_path / "d" / "detector.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
        with pytest.raises(BadValue, match=said):
            load_detector(tmp_path / "d")


def test_a_set_smaller_than_a_batch_is_learnt_from() -> None:
    parts = made_graphs(40).split(seed=0)
    settings = dataclasses.replace(BRIEF, train=dataclasses.replace(BRIEF.train, epochs=1, batch_size=512))
    found = train_detector(parts["train"], parts["validation"], settings).training
    assert found is not None
    assert found.steps == 1
