"""Tasks whose items are frames of events: `nmnist`, and any folder of recordings.

    folder/Train/0/00002.bin  folder/Test/7/00001.bin       `nmnist`, as published, or an NPZ of it
    folder/wave/a.aedat4  folder/clap/b.bin                 `events`: a folder a class

An item is (H, W, 2 · T) of uint8, frame by frame, OFF and ON: channel 2 t counts what went darker in frame t. Networks
get the counts as they are; `lilliput.spiking.encoders.frames` gives the frames their own axis again.

Axes: N items, T frames, H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadRecording, BadTask, ImpossibleSize, MissingFile, OutOfRange
from lilliput.features import Affine
from lilliput.tasks.digits import stratified
from lilliput.tasks.events import ENDINGS, Events, events_of, read_events, read_nmnist, shrunk, to_frames
from lilliput.tasks.npz import Wanted, read_npz
from lilliput.tasks.splitting import split_items
from lilliput.tasks.task import SPLITS, Split, Task, register_task

FRAMES = 10
MARGIN = 6  # pixels that N-MNIST's camera saw more than a digit has
LARGEST = 64  # pixels a side; larger sensors are made coarser
MIN_ITEMS, MAX_BYTES = 5, 4 << 30
_SEED = 0
_PACKED = "nmnist_800.npz"
_ARRAYS: dict[str, Wanted] = dict.fromkeys(("x", "y", "p", "dt_us", "offsets", "label", "split"), ("i", 1))


def frames_task(
    *, name: str, title: str, labels: Sequence[str], licence: str, source: str, citation: str,
    shape: tuple[int, int, int], loader: Callable[[], Mapping[str, Split]], notes: Sequence[str],
) -> Task:  # fmt: skip
    """A task of frames: what all of them have in common."""
    channels = shape[2]
    return Task(
        name=name,
        title=title,
        labels=tuple(labels),
        metric="accuracy",
        licence=licence,
        source=source,
        citation=citation,
        # Counts as they are, up to 31: an event stays 1, and none stays 0.
        preprocess=Affine(shape, "uint8", (0.0,) * channels, (1.0,) * channels, 0.125, -128),
        default_model="resnet8",
        notes=(f"{channels // 2} frames of OFF and ON counts, channel by channel", *notes),
        loader=loader,
    )


def item_of(events: Events, frames: int = FRAMES) -> NDArray[np.uint8]:
    """(H, W, 2 · T) of one recording; counts above 255 stay 255."""
    made = to_frames(events, frames)
    return np.moveaxis(made.reshape(-1, *made.shape[2:]), 0, -1).clip(0, 255).astype(np.uint8)


@register_task("nmnist")
def nmnist(data: Path | None) -> Task:
    """Digits as a moving event camera saw them (N-MNIST); the published folder with Train and Test, or an NPZ of it."""
    if data is None:
        raise MissingFile(
            "nmnist needs its recordings",
            why="they are not bundled",
            fix="get it from garrickorchard.com/datasets/n-mnist and name the folder of Train and Test with --data",
        )
    packed = data if data.is_file() else data / _PACKED
    x, y, x_test, y_test = _from_npz(packed) if packed.is_file() else _from_folders(data)
    rows, held = stratified(y, (0.9, 0.1), _SEED)
    splits = {
        "train": Split(x[rows], y[rows]),
        "validation": Split(x[held], y[held]),
        "test": Split(x_test, y_test),
    }
    return frames_task(
        name="nmnist",
        title="N-MNIST: digits seen by a moving event camera",
        labels=[str(digit) for digit in range(10)],
        licence="CC-BY-SA-4.0",
        source="https://www.garrickorchard.com/datasets/n-mnist",
        citation="Orchard, Jayawant, Cohen, Thakor: Converting Static Image Datasets to Spiking Neuromorphic Datasets "
        "Using Saccades (Frontiers in Neuroscience 2015, 9:437)",
        shape=x.shape[1:],
        loader=lambda: splits,
        notes=(),
    )


_Part = tuple[NDArray[np.uint8], NDArray[np.int64]]


def _from_folders(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
    parts: list[_Part] = []
    for part in ("Train", "Test"):
        places = [folder / part / str(digit) for digit in range(10)]
        absent = next((place for place in places if not place.is_dir()), None)
        if absent is not None:
            raise MissingFile(f"{absent} is not there", fix=f"name the folder that holds Train and Test, or {_PACKED}")
        files = [(path, digit) for digit, place in enumerate(places) for path in sorted(place.glob("*.bin"))]
        if not files:
            raise BadTask(f"{folder / part} has no .bin files")
        items = np.stack([item_of(read_nmnist(path)) for path, _ in files])
        parts.append((items, np.array([digit for _, digit in files], np.int64)))
    return (*parts[0], *parts[1])


def _from_npz(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
    """Events one after another, `offsets` (N + 1) between the items, `dt_us` since the item's event before."""
    found = read_npz(path, _ARRAYS)
    offsets, label, split = (found[key].astype(np.int64) for key in ("offsets", "label", "split"))
    events = [found[key] for key in ("x", "y", "dt_us", "p")]
    count = len(offsets) - 1
    is_whole = count >= 1 and offsets[0] == 0 and (np.diff(offsets) >= 0).all() and offsets[-1] == len(events[0])
    if not is_whole or any(len(a) != len(events[0]) for a in events) or not len(label) == len(split) == count:
        raise OutOfRange(f"{path}: offsets, label and split do not fit {len(events[0])} events")
    if not (label >= 0).all() or not (label < 10).all():
        raise OutOfRange(f"{path}: label {label.max()} is no digit")
    items = []
    for start, end in pairwise(offsets):
        x, y, step, p = (a[start:end] for a in events)
        items.append(item_of(events_of(x, y, np.cumsum(step.astype(np.int64)), p, (34, 34), str(path))))
    made, is_test = np.stack(items), split == SPLITS.index("test")
    if is_test.all() or not is_test.any():
        raise BadTask(f"{path}: {int(is_test.sum())} of {count} items are for testing")
    return made[~is_test], label[~is_test], made[is_test], label[is_test]


@register_task("events")
def event_folder(data: Path | None) -> Task:
    """Recordings of an event camera in a folder of the user's, one folder a class: .aedat4, .bin or .npz."""
    if data is None:
        raise MissingFile("events needs recordings", fix="name a folder with one folder a class with --data")
    if not data.is_dir():
        raise MissingFile(f"{data} is no folder", fix="name a folder with one folder a class")
    places = sorted(p for p in data.iterdir() if p.is_dir() and not p.name.startswith("."))
    if len(places) < 2:
        raise BadTask(f"{data} has {len(places)} class folders", why="at least two are needed")
    files = [(path, number) for number, place in enumerate(places) for path in _recordings(place)]
    y = np.array([number for _, number in files], np.int64)
    x = _items([path for path, _ in files])
    split = split_items([path.relative_to(data).as_posix() for path, _ in files], y)
    splits = {name: Split(x[split == i], y[split == i]) for i, name in enumerate(SPLITS)}
    return frames_task(
        name="events",
        title=f"Events of {data.resolve().name}: {len(places)} classes, {x.shape[1]}×{x.shape[2]} pixels",
        labels=[place.name for place in places],
        licence="unknown",
        source=data.name,
        citation="",
        shape=x.shape[1:],
        loader=lambda: splits,
        notes=("split by file",),
    )


def _recordings(place: Path) -> list[Path]:
    found = sorted(p for p in place.rglob("*") if p.is_file() and not p.name.startswith("."))
    for path in found:
        if path.suffix.lower() not in ENDINGS:
            raise BadRecording(f"{path} is no recording of events", fix=f"files end in {', '.join(ENDINGS)}")
    if len(found) < MIN_ITEMS:
        raise BadTask(f"class {place.name!r} has {len(found)} recordings", why=f"at least {MIN_ITEMS} are needed")
    return found


def _items(paths: Sequence[Path]) -> NDArray[np.uint8]:
    """All of one size: that of the largest sensor, made coarser by a whole number where it has more than 64 a side."""
    recordings = [read_events(path) for path in paths]
    height, width = (max(getattr(events, side) for events in recordings) for side in ("height", "width"))
    factor = -(-max(height, width) // LARGEST)
    height, width = -(-height // factor), -(-width // factor)
    if len(paths) * height * width * 2 * FRAMES > MAX_BYTES:
        raise ImpossibleSize(f"{len(paths)} recordings of {height}×{width} pixels", why=f"the limit is {MAX_BYTES} B")
    made = np.zeros((len(paths), height, width, 2 * FRAMES), np.uint8)
    for place, events in zip(made, recordings, strict=True):
        item = item_of(shrunk(events, factor))
        place[: item.shape[0], : item.shape[1]] = item
    return made
