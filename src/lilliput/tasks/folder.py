"""Tasks from the user's own data: a folder with one folder a class, or an NPZ with `x` and `y`.

    folder/yes/a.wav  folder/no/b.wav        sounds: mixed to one channel, resampled, cut to one length
    folder/cat/a.png  folder/dog/b.jpg       pictures: brought to one size
    folder/yes/anna/a.wav                    a folder below the class is a group: no group is in two splits
    folder/yes/speaker_anna_1.wav            so is what stands between `speaker_` and the next `_`, if all have it
    folder/task.toml                         optional: rate, seconds (sounds); height, width, channels (pictures)

Which items are for training, validation and test follows from the hash of their names (splitting.py). Files whose
names begin with a dot are not looked at; any other file that is not a sound or a picture is an error that names it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadName, BadRecording, BadSetting, BadTask, ImpossibleSize, MissingFile
from lilliput.features import Affine
from lilliput.tasks.clip import log_mel_for, read_clip, remarks
from lilliput.tasks.images import ENDINGS as PICTURES
from lilliput.tasks.images import read_images
from lilliput.tasks.npz_task import task_from_npz
from lilliput.tasks.splitting import MIN_GROUPS, split_groups, split_items
from lilliput.tasks.task import SPLITS, Array, Split, Task
from lilliput.tasks.wav import read_wav

MIN_ITEMS = 5  # of each class: three splits need three, and one to learn from is too few
MAX_ITEMS, MAX_BYTES = 1_000_000, 4 << 30
SOUNDS = (".wav",)
_SPEAKER = re.compile(r"(speaker_[^_]+)_")
_SETTINGS = {
    "rate": (4000, 48000),
    "seconds": (0.1, 10.0),
    "height": (4, 512),
    "width": (4, 512),
    "channels": (1, 3),
}


class _Item(NamedTuple):
    path: Path
    name: str  # relative, with forward slashes: what is hashed
    label: str
    group: str | None


def task_from_path(path: Path) -> Task:
    """A task from the user's folder or NPZ.

    Raises:
        MissingFile: LP221, nothing is there.
        BadTask: LP103, fewer than two classes, too few items, no items, or sounds beside pictures.
        BadSetting: LP101, task.toml has a key or a value that is not known.
        FileError: LP2xx, a file is damaged or is not what it claims to be; the message names it.
    """
    if path.is_file():
        return task_from_npz(path)
    if not path.is_dir():
        raise MissingFile(f"{path} is not there", fix="name a folder with one folder a class, or an NPZ with x and y")
    settings = _settings(path / "task.toml")
    items = _items(path)
    labels = tuple(sorted({item.label for item in items}))
    y = np.array([labels.index(item.label) for item in items], np.int64)
    kinds = {item.path.suffix.lower() in SOUNDS for item in items}
    if len(kinds) == 2:
        raise BadTask(f"{path} has sounds and pictures", fix="keep one kind in the folder")
    make = _sounds if kinds.pop() else _pictures
    return make(path, items, labels, y, settings)


def _items(folder: Path) -> list[_Item]:
    classes = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not classes:
        fix = f"put each class into its own folder: {folder / 'yes'}, {folder / 'no'}"
        raise BadTask(f"{folder} has no class folders", fix=fix)
    if len(classes) < 2:
        raise BadTask(f"{folder} has one class, {classes[0].name!r}", why="there is nothing to tell apart")
    items: list[_Item] = []
    for place in classes:
        if not place.name.isprintable():
            raise BadName(f"the class folder {place.name!a} cannot be printed", fix="rename it")
        found = _files(place)
        if len(found) < MIN_ITEMS:
            raise BadTask(f"class {place.name!r} has {len(found)} items", why=f"at least {MIN_ITEMS} are needed")
        items += [_item(folder, place, path) for path in found]
    if len(items) > MAX_ITEMS:
        raise ImpossibleSize(f"{folder} has {len(items)} items, the limit is {MAX_ITEMS}")
    return items


def _files(place: Path) -> list[Path]:
    found = []
    for path in sorted(place.rglob("*")):
        if path.is_dir() or any(part.startswith(".") for part in path.relative_to(place).parts):
            continue
        if path.suffix.lower() not in (*SOUNDS, *PICTURES):
            fix = f"convert it, or take it out of {place}"
            raise BadRecording(f"{path} is neither {', '.join((*SOUNDS, *PICTURES))}", fix=fix)
        found.append(path)
    return found


def _item(folder: Path, place: Path, path: Path) -> _Item:
    below = path.relative_to(place).parts
    speaker = _SPEAKER.match(path.name)
    group = below[0] if len(below) > 1 else speaker[1] if speaker else None
    return _Item(path, path.relative_to(folder).as_posix(), place.name, group)


def _settings(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadSetting(f"{path} is not TOML", why=str(error)) from error
    for key, value in values.items():
        if key not in _SETTINGS:
            raise BadSetting(f"{path} has the key {key!r}", fix=f"the keys are {', '.join(_SETTINGS)}")
        low, high = _SETTINGS[key]
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not (whole or (key == "seconds" and isinstance(value, float))) or not low <= value <= high:
            raise BadSetting(f"{path}: {key} = {value!r}", why=f"it must be a number in [{low}, {high}]")
    if values.get("channels") == 2 or ("height" in values) != ("width" in values):
        raise BadSetting(f"{path}: channels is 1 or 3, and height and width go together")
    return values


def _sounds(
    path: Path, items: list[_Item], labels: tuple[str, ...], y: NDArray[np.int64], settings: Mapping[str, Any]
) -> Task:
    heard = [(recording.rate, len(recording.samples)) for recording in (read_wav(item.path) for item in items)]
    rates = [rate for rate, _ in heard]
    rate = int(settings.get("rate", 16000 if np.median(rates) >= 16000 else 8000))
    seconds = settings.get("seconds", 1)
    samples = round(rate * seconds)
    longer = sum(length > at * seconds * 1.001 for at, length in heard)
    _check_room(path, len(items), samples * 2)
    x = np.stack([read_clip(item.path, rate, samples) for item in items])
    split, note = _split(items, y)
    notes = [*remarks(x, [item.name for item in items]), *note]
    if longer:
        notes.append(f"{longer} of {len(items)} recordings are longer than {seconds} s: the loudest stretch is used")
    if set(rates) != {rate}:
        notes.append(f"recordings of {', '.join(str(r) for r in sorted(set(rates)))} Hz are resampled to {rate} Hz")
    splits = _share(x, y, items, split)
    return Task(
        **_own(path, labels, notes),
        title=f"Sounds of {path.name}: {len(labels)} classes, {seconds} s at {rate} Hz",
        preprocess=log_mel_for(rate, samples),
        default_model="ds_cnn",
        augment=("shift", "noise", "speed"),
        loader=lambda: splits,
    )


def _pictures(
    path: Path, items: list[_Item], labels: tuple[str, ...], y: NDArray[np.int64], settings: Mapping[str, Any]
) -> Task:
    size = (int(settings["height"]), int(settings["width"])) if "height" in settings else None
    x = read_images([item.path for item in items], size=size, channels=settings.get("channels"))
    split, note = _split(items, y)
    splits = _share(x, y, items, split)
    shape = "×".join(str(n) for n in x.shape[1:])
    return Task(
        **_own(path, labels, [f"all pictures are brought to {shape}", *note]),
        title=f"Pictures of {path.name}: {len(labels)} classes, {shape}",
        preprocess=Affine.fit(splits["train"].x),
        default_model="resnet8" if max(x.shape[1:3]) <= 48 else "mobilenet_v1_025",
        augment=("crop",),  # not flip: whether left is right depends on the pictures
        loader=lambda: splits,
    )


def _own(path: Path, labels: tuple[str, ...], notes: list[str]) -> dict[str, Any]:
    name = re.sub(r"[^a-z0-9]+", "-", path.resolve().name.lower()).strip("-") or "task"
    return {
        "name": name,
        "labels": labels,
        "metric": "accuracy",
        "licence": "unknown",
        "source": path.name,
        "citation": "",
        "notes": tuple(notes),
    }


def _split(items: list[_Item], y: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[str]]:
    groups = [item.group for item in items if item.group is not None]
    if len(groups) == len(items) and len(set(groups)) >= MIN_GROUPS:
        split = split_groups(groups)
        if set(y[split == 0]) == set(y):
            return split, [f"split by group: {len(set(groups))} groups"]
    note = "split by file: the same person may be in training and test" if groups else "split by file"
    return split_items([item.name for item in items], y), [note]


def _share(x: Array, y: NDArray[np.int64], items: list[_Item], split: NDArray[np.int64]) -> dict[str, Split]:
    groups = np.array([item.group or "" for item in items])
    known = all(item.group is not None for item in items)
    return {
        name: Split(x[split == i], y[split == i], groups[split == i] if known else None)
        for i, name in enumerate(SPLITS)
    }


def _check_room(path: Path, items: int, item_bytes: int) -> None:
    if items * item_bytes > MAX_BYTES:
        raise ImpossibleSize(f"{path}: {items} items of {item_bytes} B", why=f"the limit is {MAX_BYTES} B in all")
