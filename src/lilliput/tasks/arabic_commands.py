"""`arabic-commands`: Arabic Speech Commands, speakers apart, from the user's folder. 16 kHz, one second.

The folder is the repository's own layout, `dataset/<word>/*.wav` with `train.csv`, `val.csv` and `test.csv`
(`file,class`), or an NPZ with audio, label, speaker, split and words. Where the official test recordings are not
there, the official validation speakers are the test, and every fifth training speaker becomes validation.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadName, BadTask, MissingFile, NotThisFormat, OutOfRange, OutsideFolder
from lilliput.features import LogMel
from lilliput.tasks.clip import fit_clip, read_clip, remarks
from lilliput.tasks.npz import read_npz
from lilliput.tasks.task import Array, Split, Task, register_task

RATE, SAMPLES = 16000, 16000
COMMANDS_FRONT = LogMel(RATE, SAMPLES, frame=512, hop=320, fft=512, bands=20, low_hz=100, high_hz=7600)

_ARRAYS = {"audio": ("i", 2), "label": ("i", 1), "speaker": ("i", 1), "split": ("i", 1), "words": ("U", 1)}
_SPEAKER = re.compile(r"([0-9]+)_")
_CSV_LIMIT = 16 << 20


class _Part(NamedTuple):
    x: NDArray[np.int16]
    word: Array
    speaker: Array
    names: list[str]


@register_task("arabic-commands")
def arabic_commands(data: Path | None) -> Task:
    """Arabic commands by speakers that were never heard in training; the recordings of a folder or NPZ."""
    if data is None:
        raise MissingFile(
            "arabic-commands needs its recordings",
            why="they are not bundled",
            fix="get github.com/abdulkaderghandoura/arabic-speech-commands-dataset and name its folder with --data",
        )
    parts = _read(data)
    labels = tuple(sorted({str(word) for part in parts.values() for word in part.word}))
    if len(labels) < 2:
        raise BadTask(f"{data} holds {len(labels)} words", why="at least two are needed")
    number = {label: i for i, label in enumerate(labels)}
    splits = {
        name: Split(part.x, np.array([number[str(word)] for word in part.word], np.int64), part.speaker)
        for name, part in parts.items()
    }
    everything = np.concatenate([part.x for part in parts.values()])
    return Task(
        name="arabic-commands",
        title="Spoken Arabic commands, speakers that were never heard in training",
        labels=labels,
        metric="accuracy",
        licence="CC-BY-4.0",
        source="Arabic Speech Commands, https://github.com/abdulkaderghandoura/arabic-speech-commands-dataset",
        citation="Ghandoura, Hjabo, Al Dakkak: Building and Benchmarking an Arabic Speech Commands Dataset for "
        "Small-Footprint Keyword Spotting, 2021",
        preprocess=COMMANDS_FRONT,
        default_model="ds_cnn",
        augment=("shift", "noise", "speed"),
        notes=remarks(everything, [name for part in parts.values() for name in part.names]),
        loader=lambda: splits,
    )


def _read(data: Path) -> Mapping[str, _Part]:
    packed = data if data.is_file() else data / "arabic_commands10_16k.npz"
    parts = _from_npz(packed) if packed.is_file() else _from_csv(data)
    if "test" in parts:
        return {name: parts[name] for name in ("train", "validation", "test")}
    speakers = np.unique(parts["train"].speaker)
    held = np.isin(parts["train"].speaker, speakers[::5])
    train, validation = _rows(parts["train"], ~held), _rows(parts["train"], held)
    return {"train": train, "validation": validation, "test": parts["validation"]}


def _rows(part: _Part, rows: NDArray[np.bool_]) -> _Part:
    names = [name for name, taken in zip(part.names, rows, strict=True) if taken]
    return _Part(part.x[rows], part.word[rows], part.speaker[rows], names)


def _from_npz(path: Path) -> dict[str, _Part]:
    arrays = read_npz(path, _ARRAYS)
    audio, label, speaker, split = (arrays[name] for name in ("audio", "label", "speaker", "split"))
    if audio.dtype != np.int16 or not len(audio) == len(label) == len(speaker) == len(split):
        raise OutOfRange(f"{path}: audio {audio.shape} of {audio.dtype} for {len(label)} labels; int16 is needed")
    if len(label) == 0 or label.min() < 0 or label.max() >= len(arrays["words"]):
        raise OutOfRange(f"{path}: label must be in [0, {len(arrays['words'])})")
    whole = _Part(
        np.stack([fit_clip(row, SAMPLES) for row in audio]),
        arrays["words"][label.astype(np.int64)],
        np.array([f"{s:08d}" for s in speaker]),
        [f"recording {i}" for i in range(len(label))],
    )
    numbers = {"train": 0, "validation": 1, "test": 2}
    return {name: _rows(whole, split == n) for name, n in numbers.items() if (split == n).any()}


def _from_csv(folder: Path) -> dict[str, _Part]:
    tables = {"train": "train.csv", "validation": "val.csv", "test": "test.csv"}
    for needed in ("train.csv", "val.csv"):
        if not (folder / needed).is_file():
            raise MissingFile(f"{folder / needed} is not there", fix="name the folder that has train.csv and dataset/")
    return {name: _table(folder, folder / table) for name, table in tables.items() if (folder / table).is_file()}


def _table(folder: Path, table: Path) -> _Part:
    if table.stat().st_size > _CSV_LIMIT:
        raise NotThisFormat(f"{table} is too large for a list of recordings")
    try:
        rows = list(csv.reader(table.read_text(encoding="utf-8").splitlines()))
    except (UnicodeDecodeError, csv.Error) as error:
        raise NotThisFormat(f"{table} is not a table of text", why=str(error)) from error
    if not rows or rows[0] != ["file", "class"] or any(len(row) != 2 for row in rows):
        raise NotThisFormat(f"{table} must have the columns file,class", why=f"it begins with {rows[:1]}")
    clips, words, speakers = [], [], []
    root = folder.resolve()
    for file, word in rows[1:]:
        path = (folder / file).resolve()
        if not path.is_relative_to(root):
            raise OutsideFolder(f"{table} names {file!a}, outside {folder}")
        speaker = _SPEAKER.match(path.name)
        if speaker is None or path.parent.name != word:
            raise BadName(f"{table}: {file!a} is not dataset/{word}/<speaker>_NO_<round>.wav")
        clips.append(read_clip(path, RATE, SAMPLES))
        words.append(word)
        speakers.append(speaker[1])
    if not clips:
        raise BadTask(f"{table} lists no recordings")
    return _Part(np.stack(clips), np.array(words), np.array(speakers), [row[0] for row in rows[1:]])
