"""Arabic commands from the published layout and from an NPZ."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import BadName, CutShort, LilliputError, MissingFile, NotThisFormat, OutsideFolder
from lilliput.tasks import get_task
from tests.tasks.shared_data import shared
from tests.tasks.test_spoken_digits import recording

WORDS = ("no", "yes")
SPEAKERS = {"train": range(1, 7), "val": range(7, 9), "test": range(9, 11)}


def publish(folder: Path, tables: tuple[str, ...] = ("train", "val", "test")) -> Path:
    for table in tables:
        lines = ["file,class"]
        for word, speaker in itertools.product(WORDS, SPEAKERS[table]):
            name = f"dataset/{word}/{speaker:08d}_NO_01.wav"
            (folder / "dataset").mkdir(exist_ok=True)
            rng = np.random.default_rng(speaker)
            recording(folder / name, rng.integers(-900, 900, 16000), 16000)
            lines.append(f"{name},{word}")
        (folder / f"{table}.csv").write_text("\n".join(lines) + "\n")
    return folder


def speakers(task_splits: object) -> list[set[str]]:
    return [set(split.group) for split in task_splits.values()]  # type: ignore[attr-defined]


def test_the_published_tables_are_the_splits(tmp_path: Path) -> None:
    task = get_task("arabic-commands", publish(tmp_path))
    assert task.labels == WORDS
    assert [len(split) for split in task.load().values()] == [12, 4, 4]
    assert speakers(task.load())[2] == {"00000009", "00000010"}


def test_without_the_test_table_validation_speakers_are_the_test(tmp_path: Path) -> None:
    splits = get_task("arabic-commands", publish(tmp_path, ("train", "val"))).load()
    train, validation, test = speakers(splits)
    assert test == {"00000007", "00000008"}
    assert validation == {"00000001", "00000006"}
    assert train == {f"{n:08d}" for n in range(2, 6)}


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        (
            "../secret/00000001_NO_01.wav,yes",
            OutsideFolder,
            r"LP209: .*names '\.\./secret/0.*', outside",
        ),
        ("/etc/00000001_NO_01.wav,yes", OutsideFolder, "LP209"),
        ("dataset/no/00000001_NO_01.wav,yes", BadName, r"LP205: .*is not dataset/yes/<speaker>_NO_<round>.wav"),
        ("dataset/yes/anna.wav,yes", BadName, "LP205"),
        ("dataset/yes/00000099_NO_01.wav,yes", MissingFile, r"LP221: .*00000099_NO_01.wav: No such file"),
        ("dataset/yes/00000001_NO_01.wav", NotThisFormat, r"LP200: .*train.csv must have the columns file,class"),
    ],
)
def test_a_wrong_line_is_named(line: str, error: type[LilliputError], message: str, tmp_path: Path) -> None:
    table = publish(tmp_path) / "train.csv"
    table.write_text(table.read_text() + line + "\n")
    with pytest.raises(error, match=message):
        get_task("arabic-commands", tmp_path)


def test_a_damaged_recording_and_a_missing_table_are_named(tmp_path: Path) -> None:
    path = publish(tmp_path) / "dataset/yes/00000003_NO_01.wav"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CutShort, match=r"LP202: .*00000003_NO_01.wav has 1000 B"):
        get_task("arabic-commands", tmp_path)
    (tmp_path / "val.csv").unlink()
    with pytest.raises(MissingFile, match=r"LP221: .*val.csv is not there"):
        get_task("arabic-commands", tmp_path)


@pytest.mark.shared
def test_the_packed_subset_keeps_speakers_apart() -> None:
    task = get_task("arabic-commands", shared("arabic_commands10_16k.npz").parent)
    assert [len(split) for split in task.load().values()] == [560, 160, 240]
    train, validation, test = speakers(task.load())
    assert not train & validation
    assert not (train | validation) & test
    assert len(task.labels) == 10
