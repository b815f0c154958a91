"""The user's own folders, good and bad."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import (
    BadRecording,
    BadSetting,
    BadTask,
    BadValue,
    CutShort,
    LilliputError,
    MissingFile,
    NotThisFormat,
)
from lilliput.tasks import Task, get_task
from tests.tasks.test_wav import chunk, form, riff


def sound(path: Path, seed: int, *, rate: int = 8000, channels: int = 1, seconds: float = 0.5) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    hz = 300 if path.parts[-2] == "no" or "no" in path.parts else 1500
    tone = np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate) * 8000
    x = np.repeat((tone + rng.normal(0, 50, len(tone))).astype("<i2"), channels)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(x.tobytes())


@pytest.fixture
def words(tmp_path: Path) -> Path:
    folder = tmp_path / "My words"
    for label in ("yes", "no"):
        for i in range(12):
            sound(folder / label / f"{i}.wav", i)
    return folder


def items(task: Task) -> dict[str, int]:
    return {name: len(split) for name, split in task.load().items()}


def test_sounds_by_class_folder_become_a_task(words: Path) -> None:
    task = get_task(words)
    assert (task.name, task.labels) == ("my-words", ("no", "yes"))
    assert sum(items(task).values()) == 24
    assert min(items(task).values()) >= 2
    assert task.preprocess.input_shape == (8000,)
    assert task.default_model == "ds_cnn"
    assert task.notes == ("split by file",)
    # The two tones are told apart by the band with the most energy: labels and sounds belong together.
    for split in task.load().values():
        loudest = task.preprocess.integer(split.x)[..., 0].max(axis=1).argmax(axis=1)
        np.testing.assert_array_equal(loudest > 8, split.y == 1)


def test_any_rate_and_two_channels_are_brought_to_one(words: Path) -> None:
    sound(words / "yes" / "stereo.wav", 5, rate=44100, channels=2)
    task = get_task(str(words))
    assert "recordings of 8000, 44100 Hz are resampled to 8000 Hz" in task.notes
    assert task.load()["train"].x.dtype == np.int16


def test_adding_a_file_moves_no_other(words: Path) -> None:
    before = {split: {x.tobytes() for x in part.x} for split, part in get_task(words).load().items()}
    for i in range(20, 28):
        sound(words / "no" / f"{i}.wav", i)
    after = {split: {x.tobytes() for x in part.x} for split, part in get_task(words).load().items()}
    assert all(before[name] <= after[name] for name in before)


def test_folders_below_a_class_are_groups_that_stay_together(tmp_path: Path) -> None:
    for label in ("yes", "no"):
        for person in ("ann", "bob", "cleo", "dan", "eve"):
            for i in range(3):
                sound(tmp_path / label / person / f"{i}.wav", i)
    task = get_task(tmp_path)
    groups = [set(split.group) for split in task.load().values() if split.group is not None]
    assert len(groups) == 3
    assert sum(len(g) for g in groups) == len(set.union(*groups)) == 5
    assert "split by group: 5 groups" in task.notes


def test_a_speaker_prefix_is_a_group(tmp_path: Path) -> None:
    for label in ("yes", "no"):
        for person in range(6):
            for i in range(2):
                sound(tmp_path / label / f"speaker_{person}_{i}.wav", i)
    assert "split by group: 6 groups" in get_task(tmp_path).notes


def test_task_toml_sets_rate_and_length(words: Path) -> None:
    (words / "task.toml").write_text("rate = 16000\nseconds = 0.25\n")
    task = get_task(words)
    assert task.preprocess.input_shape == (4000,)
    assert any("24 of 24 recordings are longer than 0.25 s" in note for note in task.notes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("speed = 1\n", r"LP101: .*task.toml has the key 'speed'\n  fix: the keys are rate, seconds"),
        ("rate = 'fast'\n", r"rate = 'fast'\n  why: it must be a number in \[4000, 48000\]"),
        ("rate = 16000.5\n", "it must be a number"),
        ("seconds = nan\n", "it must be a number"),
        ("height = 32\n", "height and width go together"),
        ("rate = \n", "is not TOML"),
    ],
)
def test_a_wrong_task_toml_is_refused(text: str, message: str, words: Path) -> None:
    (words / "task.toml").write_text(text)
    with pytest.raises(BadSetting, match=message):
        get_task(words)


def test_silence_and_clipping_are_said(words: Path) -> None:
    quiet, square = np.zeros(4000, "<i2"), np.resize(np.repeat(np.array([32767, -32768], "<i2"), 9), 4000)
    (words / "yes" / "quiet.wav").write_bytes(riff(form(), chunk(b"data", quiet.tobytes())))
    (words / "yes" / "square.wav").write_bytes(riff(form(), chunk(b"data", square.tobytes())))
    notes = get_task(words).notes
    assert "1 of 26 recordings is silent or nearly so: yes/quiet.wav" in notes
    assert "1 of 26 recordings is clipped (over 1 % of samples at the limit): yes/square.wav" in notes


@pytest.mark.parametrize(
    ("name", "raw", "error", "message"),
    [
        ("cut.wav", riff(form(), chunk(b"data", b"1234"))[:-1], CutShort, r"LP202: .*cut.wav has"),
        ("empty.wav", b"", CutShort, r"LP202: .*empty.wav is empty"),
        ("song.mp3", b"ID3", BadRecording, r"LP220: .*song.mp3 is neither .wav, .png"),
        ("song.wav", b"ID3\x04\0\0\0\0\0\0\0\0\0", NotThisFormat, r"LP200: .*song.wav is not a WAV file"),
        ("nan.wav", riff(form(3, bits=32), chunk(b"data", np.array([np.nan], "<f4").tobytes())), BadValue,
         r"LP207: .*nan.wav: sample 0"),
    ],
)  # fmt: skip
def test_a_bad_file_names_itself(name: str, raw: bytes, error: type[LilliputError], message: str, words: Path) -> None:
    (words / "yes" / name).write_bytes(raw)
    with pytest.raises(error, match=message):
        get_task(words)


def test_hidden_files_are_passed_over(words: Path) -> None:
    (words / "yes" / ".DS_Store").write_bytes(b"junk")
    (words / ".git").mkdir()
    assert sum(items(get_task(words)).values()) == 24


def test_a_folder_that_is_no_task_says_why(tmp_path: Path) -> None:
    with pytest.raises(BadTask, match=r"LP103: .* has no class folders\n  fix: put each class into its own folder"):
        get_task(tmp_path)
    for i in range(6):
        sound(tmp_path / "yes" / f"{i}.wav", i)
    with pytest.raises(BadTask, match=r"LP103: .* has one class, 'yes'\n  why: there is nothing to tell apart"):
        get_task(tmp_path)
    sound(tmp_path / "no" / "1.wav", 1)
    with pytest.raises(BadTask, match="LP103: class 'no' has 1 items\n  why: at least 5 are needed"):
        get_task(tmp_path)
    with pytest.raises(MissingFile, match=r"LP221: .*nowhere is not there"):
        get_task(tmp_path / "nowhere")


def test_pictures_by_class_folder_become_a_task(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    for label, base in (("dark", 40), ("light", 200)):
        (tmp_path / label).mkdir()
        for i in range(10):
            pixels = rng.integers(base - 30, base + 30, (12, 9, 3)).astype(np.uint8)
            image.fromarray(pixels).save(tmp_path / label / f"{i}.png")
    task = get_task(tmp_path)
    assert task.preprocess.output_shape == (12, 9, 3)
    assert task.default_model == "resnet8"
    assert "all pictures are brought to 12×9×3" in task.notes
    for split in task.load().values():
        np.testing.assert_array_equal(task.preprocess.integer(split.x).mean(axis=(1, 2, 3)) > 0, split.y == 1)
    sound(tmp_path / "dark" / "1.wav", 0)
    with pytest.raises(BadTask, match=r"LP103: .* has sounds and pictures"):
        get_task(tmp_path)
