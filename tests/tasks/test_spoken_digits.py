"""Spoken digits: the bundle, the split by speaker, and the full set from a folder."""

from __future__ import annotations

import wave
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import BadName, BadTask, OutOfRange
from lilliput.tasks import get_task
from lilliput.tasks.clip import fit_clips
from lilliput.tasks.spoken_digits import bundled_clips
from tests.tasks.shared_data import shared

PLACE = files("lilliput.tasks").joinpath("data/spoken_digits")


def test_speakers_are_apart() -> None:
    groups = {name: set(split.group) for name, split in get_task("spoken-digits").load().items()}  # type: ignore[arg-type]
    assert groups == {
        "train": {"george", "jackson", "nicolas", "yweweler"},
        "validation": {"lucas"},
        "test": {"theo"},
    }


def test_there_are_25_takes_of_each_digit_and_speaker() -> None:
    clips = bundled_clips()
    assert clips.x.shape == (1500, 8000)
    _, counts = np.unique([f"{y} {who}" for y, who in zip(clips.y, clips.speaker, strict=True)], return_counts=True)
    assert counts.tolist() == [25] * 60


def test_the_bundle_is_under_8_mib_and_its_licence_lies_beside_it() -> None:
    assert len(PLACE.joinpath("clips.npz").read_bytes()) < 8 << 20
    notice = PLACE.joinpath("LICENSE.txt").read_text()
    for part in ("CC BY-SA 4.0", "github.com/Jakobovski/free-spoken-digit-dataset", "What was changed"):
        assert part in notice


@pytest.mark.shared
def test_the_bundle_is_the_first_half_of_the_set_unchanged() -> None:
    with np.load(shared("fsdd_8k.npz")) as full:
        takes, offsets, whole = full["take"] < 25, full["offsets"], full["audio"]  # each look unpacks the array
        starts, ends = offsets[:-1][takes], offsets[1:][takes]
        audio = np.concatenate([whole[a:b] for a, b in zip(starts, ends, strict=True)])
        expected = fit_clips(audio, np.concatenate([[0], np.cumsum(ends - starts)]), 8000)
        np.testing.assert_array_equal(bundled_clips().x, expected)
        np.testing.assert_array_equal(bundled_clips().y, full["label"][takes])


@pytest.mark.shared
def test_the_full_set_comes_from_its_npz() -> None:
    splits = get_task("spoken-digits", shared("fsdd_8k.npz").parent).load()
    assert [len(split) for split in splits.values()] == [2000, 500, 500]


@pytest.mark.shared
def test_a_linear_model_recognises_digits_of_a_speaker_it_never_heard() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    task = get_task("spoken-digits")
    train, test = task.load()["train"], task.load()["test"]
    x, x_test = (task.preprocess.dequantise(task.preprocess.integer(s.x)).reshape(len(s), -1) for s in (train, test))
    model = linear_model.LogisticRegression(C=0.003, max_iter=300).fit(x, train.y)
    assert model.score(x_test, test.y) > 0.75  # 0.82 when this was written; chance is 0.1, absolute levels give 0.4


def recording(path: Path, x: np.ndarray, rate: int = 8000) -> None:
    path.parent.mkdir(exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(x.astype("<i2").tobytes())


def test_the_published_layout_gives_the_same_clips_as_the_bundle(tmp_path: Path) -> None:
    clips = bundled_clips()
    chosen = [i for i in range(0, 1500, 25) if clips.y[i] < 2]
    for i in chosen:
        recording(tmp_path / "recordings" / f"{clips.y[i]}_{clips.speaker[i]}_0.wav", clips.x[i])
    task = get_task("spoken-digits", tmp_path)
    with pytest.raises(BadTask, match="LP103: task spoken-digits: nothing to learn class 'two' from"):
        task.load()
    for digit in range(2, 10):
        recording(tmp_path / "recordings" / f"{digit}_george_0.wav", clips.x[0])
    test = get_task("spoken-digits", tmp_path / "recordings").load()["test"]
    theo = [i for i in chosen if clips.speaker[i] == "theo"]
    np.testing.assert_array_equal(test.x, clips.x[theo])
    np.testing.assert_array_equal(test.y, [0, 1])


def test_a_mislabelled_recording_names_itself(tmp_path: Path) -> None:
    recording(tmp_path / "recordings" / "ten_theo_0.wav", np.ones(100))
    with pytest.raises(BadName, match=r"LP205: .*ten_theo_0.wav is not named after a digit, a speaker and a take"):
        get_task("spoken-digits", tmp_path)


def test_a_folder_without_recordings_says_what_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(BadTask, match=r"LP103: .* holds no spoken digits\n  fix: name a folder with recordings"):
        get_task("spoken-digits", tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"offsets": np.array([0, 9, 5])}, "LP203: .*offsets must rise from 0 to 20"),
        ({"offsets": np.array([0, 9, 30])}, "offsets must rise"),
        ({"label": np.array([0, 10])}, r"label goes from 0 to 10, must be in \[0, 10\)"),
        ({"label": np.array([0])}, "1 values of label for 2 recordings"),
        ({"speaker": np.array([-1, 0])}, "speaker goes from -1 to 0"),
        ({"audio": np.zeros(20, np.int32)}, "audio is int32, int16 is needed"),
    ],
)
def test_an_npz_that_contradicts_itself_is_refused(change: dict[str, np.ndarray], message: str, tmp_path: Path) -> None:
    good = {
        "audio": np.zeros(20, np.int16), "offsets": np.array([0, 9, 20]), "label": np.array([1, 2]),
        "speaker": np.array([0, 0]), "speaker_names": np.array(["theo"]),
    }  # fmt: skip
    np.savez(tmp_path / "fsdd_8k.npz", **{**good, **change})
    with pytest.raises(OutOfRange, match=message):
        get_task("spoken-digits", tmp_path)
