"""Tasks of events: N-MNIST from its folder and from an NPZ, folders of recordings, and simulated jerks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lilliput.core.errors import BadRecording, BadTask, MissingFile, OutOfRange
from lilliput.spiking import encoders
from lilliput.tasks import get_task
from lilliput.tasks.events import to_frames
from lilliput.tasks.saccades import saccade_events, saccades
from tests.tasks.shared_data import shared
from tests.tasks.test_events import nmnist_bytes


def digit(number: int, seed: int) -> bytes:
    """Events in the row of the digit."""
    rng = np.random.default_rng(seed)
    t = np.sort(rng.integers(0, 300_000, 80))
    return nmnist_bytes([(int(x), 3 * number, int(p), int(s)) for x, p, s in zip(
        rng.integers(0, 34, 80), rng.integers(0, 2, 80), t, strict=True)])  # fmt: skip


def publish(folder: Path, items: int = 10) -> Path:
    for part, count in (("Train", items), ("Test", 2)):
        for number in range(10):
            place = folder / part / str(number)
            place.mkdir(parents=True)
            for item in range(count):
                (place / f"{item:05}.bin").write_bytes(digit(number, 100 * number + item + (part == "Test") * 10_000))
    return folder


def test_the_published_folder_becomes_a_task(tmp_path: Path) -> None:
    task = get_task("nmnist", publish(tmp_path))
    splits = task.load()
    assert {name: len(split) for name, split in splits.items()} == {"train": 90, "validation": 10, "test": 20}
    train = splits["train"]
    assert train.x.shape[1:] == (34, 34, 20)
    rows = train.x.sum((2, 3)).argmax(1)
    np.testing.assert_array_equal(rows, 3 * train.y)
    assert (train.x.sum((1, 2, 3)) == 80).all()


def test_networks_get_the_counts_and_the_frames_in_order(tmp_path: Path) -> None:
    task = get_task("nmnist", publish(tmp_path))
    raw = task.load()["test"].x
    real = task.preprocess.dequantise(task.preprocess.integer(raw))
    np.testing.assert_array_equal(real, raw)
    inputs = torch.from_numpy(np.ascontiguousarray(real.transpose(0, 3, 1, 2)))
    frames = encoders.frames(inputs)
    assert frames.shape == (10, 20, 2, 34, 34)
    from lilliput.tasks.events import read_nmnist

    path = sorted((tmp_path / "Test" / "0").iterdir())[0]
    np.testing.assert_array_equal(frames[:, 0].numpy(), to_frames(read_nmnist(path), 10))
    with pytest.raises(ValueError, match="no whole number of frames of 3 channels"):
        encoders.frames(inputs, 3)


def test_what_is_missing_of_the_published_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"LP221: nmnist needs its recordings.*\n.*\n.*garrickorchard.com"):
        get_task("nmnist")
    (tmp_path / "Train" / "0").mkdir(parents=True)
    with pytest.raises(MissingFile, match="Train/1 is not there"):
        get_task("nmnist", tmp_path)


def arrays() -> dict[str, np.ndarray]:
    count, each = 120, 30
    rng = np.random.default_rng(0)
    label = np.arange(count) % 10
    return {
        "x": rng.integers(0, 34, count * each).astype(np.uint8),
        "y": np.repeat(3 * label, each).astype(np.uint8),
        "p": rng.integers(0, 2, count * each).astype(np.uint8),
        "dt_us": rng.integers(0, 9000, count * each).astype(np.uint32),
        "offsets": np.arange(count + 1) * each,
        "label": label.astype(np.uint8),
        "split": (2 * (np.arange(count) >= 100)).astype(np.uint8),
    }


def test_an_npz_with_times_between_events_becomes_the_same_task(tmp_path: Path) -> None:
    np.savez(tmp_path / "nmnist_800.npz", **arrays())
    for data in (tmp_path, tmp_path / "nmnist_800.npz"):
        splits = get_task("nmnist", data).load()
        assert {name: len(split) for name, split in splits.items()} == {"train": 90, "validation": 10, "test": 20}
        np.testing.assert_array_equal(splits["test"].x.sum((2, 3)).argmax(1), 3 * splits["test"].y)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"offsets": np.arange(40) * 30}, "offsets, label and split do not fit 3600 events"),
        ({"label": np.full(120, 10)}, "label 10 is no digit"),
        ({"x": np.zeros(3, int)}, "do not fit 3 events"),
        ({"x": np.full(3600, 99)}, "event 0 has x = 99, the sensor has 34"),
    ],
)
def test_an_npz_that_does_not_fit_is_refused(tmp_path: Path, change: dict[str, np.ndarray], words: str) -> None:
    path = tmp_path / "nmnist_800.npz"
    np.savez(path, **{**arrays(), **change})
    with pytest.raises(OutOfRange, match=f"LP203: .*{words}"):
        get_task("nmnist", path)


@pytest.mark.shared
def test_real_recordings_tell_their_digit() -> None:
    """The reference from event counts is 0.80; here a linear reading of the frames."""
    splits = get_task("nmnist", shared("nmnist_800.npz")).load()
    assert {name: len(split) for name, split in splits.items()} == {"train": 631, "validation": 69, "test": 100}
    train, test = (np.sqrt(splits[k].x.reshape(len(splits[k]), 34, 34, 10, 2).sum((3, 4))).reshape(-1, 34 * 34)
                   for k in ("train", "test"))  # fmt: skip
    train, test = (np.c_[part / 10, np.ones(len(part))] for part in (train, test))
    target = np.eye(10)[splits["train"].y]
    weights = np.linalg.solve(train.T @ train + 5 * np.eye(train.shape[1]), train.T @ target)
    assert ((test @ weights).argmax(1) == splits["test"].y).mean() > 0.75


def test_a_folder_of_recordings_becomes_a_task(tmp_path: Path) -> None:
    for number, word in enumerate(("clap", "wave")):
        (tmp_path / word).mkdir()
        for item in range(6):
            (tmp_path / word / f"{item}.bin").write_bytes(digit(5 * number, item))
    large = dict(zip("xytp", (np.array([99]), np.array([79]), np.array([5]), np.array([1])), strict=True))
    np.savez(tmp_path / "wave" / "large.npz", **large, height=np.int64(80), width=np.int64(100))
    task = get_task("events", tmp_path)
    splits = task.load()
    assert task.labels == ("clap", "wave")
    assert splits["train"].x.shape[1:] == (40, 50, 20)  # two pixels of the largest sensor are one
    assert sum(len(split) for split in splits.values()) == 13
    assert sum(int(split.x.astype(int).sum()) for split in splits.values()) == 12 * 80 + 1
    (tmp_path / "wave" / "notes.txt").touch()
    with pytest.raises(BadRecording, match=r"LP220: .*notes.txt is no recording of events"):
        get_task("events", tmp_path)
    with pytest.raises(BadTask, match="has 0 class folders"):
        get_task("events", tmp_path / "clap")
    with pytest.raises(MissingFile, match="events needs recordings"):
        get_task("events")


def test_a_jerk_to_the_right_darkens_behind_and_brightens_before() -> None:
    picture = np.zeros((1, 8, 8), np.uint8)
    picture[0, 2:6, 2:6] = 255
    changes = saccades(picture, looks=30)
    assert changes.shape == (1, 30, 14, 14)
    first = changes[0, :10].sum(0)  # to the right by 3 and down by 6: corner (0.5, 1) of 6
    assert first[8:12, 5:9].min() > 0
    assert (first[2:6, 2:5] < 0).all()
    # The camera comes back to where it began, so that in the end every pixel has sent as much up as down.
    whole = changes[0].astype(int).sum(0)
    assert np.abs(whole).max() <= 1
    assert not saccades(np.full((1, 4, 4), 0, np.uint8)).any()


def test_a_lower_threshold_sends_more_events_and_events_are_the_changes() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (12, 12)).astype(np.uint8)
    few, many = (saccade_events(picture, threshold=level) for level in (0.8, 0.2))
    assert len(many) > 2 * len(few) > 0
    frames = to_frames(few, 30, duration=300_000)
    changes = saccades(picture[None], threshold=0.8)[0]
    np.testing.assert_array_equal(frames[:, 1].astype(int) - frames[:, 0], changes)
    with pytest.raises(ValueError, match=r"must be at least 1, 3 .* got 6, 4 and 0.4"):
        saccades(picture[None], looks=4)
    with pytest.raises(ValueError, match=r"`pictures` must be \(N, h, w\) of uint8"):
        saccades(picture)


def test_simulated_events_say_that_they_are() -> None:
    task = get_task("fashion-saccades")
    assert "simulated" in task.title
    assert any("simulated" in note for note in task.notes)
    assert "simulated" in task.source
