"""Wrist activity: windows inside logs, splits by log, the bundle."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import OutOfRange
from lilliput.tasks import get_task
from lilliput.tasks.wrist_activity import LABELS
from tests.tasks.shared_data import shared

PLACE = files("lilliput.tasks").joinpath("data/wrist_activity")


def test_the_bundle_is_under_1_mib_and_its_licences_lie_beside_it() -> None:
    assert len(PLACE.joinpath("logs.npz").read_bytes()) < 1 << 20
    notice = PLACE.joinpath("LICENSE.txt").read_text()
    for part in ("Copyright (c) 2019, STMicroelectronics", "CC BY 4.0", "10.24432/C5NW2H", "What was changed"):
        assert part in notice


@pytest.mark.shared
def test_the_bundle_is_the_source_rounded_to_a_thousandth_of_g() -> None:
    with np.load(shared("har_wrist_pamap2.npz")) as source, np.load(str(PLACE.joinpath("logs.npz"))) as made:
        assert np.abs(made["x"] - source["x"]).max() <= 0.5005
        for name in ("offsets", "label", "log"):
            np.testing.assert_array_equal(made[name], source[name])


def test_no_log_is_in_two_splits_and_logs_8_and_9_are_the_test() -> None:
    logs = {name: set(split.group) for name, split in get_task("wrist-activity").load().items()}  # type: ignore[arg-type]
    assert logs["test"] == {f"{label}-{log}" for label in LABELS for log in (8, 9)}
    assert logs["validation"] == {f"{label}-{log}" for label in LABELS for log in (1, 4)}
    assert len(logs["train"]) == 24


def counted(folder: Path, lengths: list[int], logs: list[int]) -> Path:
    """Logs whose samples say which log they are of, and which row."""
    rows = [np.stack([np.full(n, i), np.arange(n), np.zeros(n)], axis=1) for i, n in enumerate(lengths)]
    np.savez(
        folder / "logs.npz",
        x=np.concatenate(rows).astype(np.float32),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        label=np.arange(len(lengths)) % 4,
        log=np.array(logs),
    )
    return folder / "logs.npz"


def test_windows_never_cross_logs_and_only_training_overlaps(tmp_path: Path) -> None:
    lengths, logs = [200, 89, 100, 150] * 3, [0] * 4 + [1] * 4 + [8] * 4
    lengths[1] = lengths[9] = 95
    splits = get_task("wrist-activity", counted(tmp_path, lengths, logs)).load()
    for split in splits.values():
        assert (split.x[:, :, 0] == split.x[:, :1, 0]).all()
        assert (np.diff(split.x[:, :, 1], axis=1) == 1).all()
    assert splits["train"].x[:4, 0, 1].tolist() == [0, 30, 60, 90]
    assert splits["test"].x[:2, 0, 1].tolist() == [0, 90]
    assert len(splits["validation"]) == 2 + 0 + 1 + 1


@pytest.mark.shared
def test_window_means_and_spreads_tell_the_activities_apart() -> None:
    ensemble = pytest.importorskip("sklearn.ensemble")
    task = get_task("wrist-activity")
    train, test = task.load()["train"], task.load()["test"]
    made = []
    for split in (train, test):
        q = task.preprocess.integer(split.x).astype(float)[:, :, 0]
        made.append(np.concatenate([q.mean(1), q.std(1), np.abs(np.diff(q, axis=1)).mean(1)], axis=1))
    model = ensemble.RandomForestClassifier(50, random_state=0).fit(made[0], train.y)
    assert model.score(made[1], test.y) > 0.9  # 0.96 when this was written


def test_a_file_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    path = counted(tmp_path, [100] * 4, [0] * 4)
    arrays = dict(np.load(path))
    for change, message in (
        ({"offsets": arrays["offsets"] + 1}, "LP203: .*offsets must rise from 0 to 400"),
        ({"label": arrays["label"] + 1}, "4 logs need a label in"),
        ({"x": arrays["x"][:, :2]}, "x must have 3 axes"),
        ({"x": arrays["x"] + 40000}, "within ±32767 milli-g"),
    ):
        np.savez(path, **{**arrays, **change})
        with pytest.raises(OutOfRange, match=message):
            get_task("wrist-activity", path)
