"""Events of a camera that reports changes: what they are, how they are read, and frames made of them.

    recording = read_events(Path("a.aedat4"))             .aedat4, .bin (N-MNIST) or .npz
    frames = to_frames(recording, 10)                     (10, 2, H, W): how often each pixel went darker, and brighter

Axes: N events, T frames, H rows, W columns; channel 0 counts OFF, channel 1 ON.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import CutShort, ImpossibleSize, NotThisFormat, OutOfRange
from lilliput.core.files.reading import read_bytes
from lilliput.tasks.npz import Wanted, read_npz

MAX_EVENTS = 100_000_000
MAX_SIDE = 8192
NMNIST_SIDE = 34
_NMNIST_BYTES = 5
_CLOCK_ROW, _CLOCK_TURN = 240, 1 << 13  # an event in that row is none: the clock has turned, by so many microseconds

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Events:
    """One recording, in the order of time.

    Args:
        x: column of each event, (N,).
        y: row, (N,).
        t: microseconds since the first one, (N,), rising.
        p: whether the pixel went brighter, (N,).
        height: rows of the sensor.
        width: columns of the sensor.
    """

    x: Counts
    y: Counts
    t: Counts
    p: NDArray[np.bool_]
    height: int
    width: int

    def __len__(self) -> int:
        return len(self.t)


def events_of(x: Any, y: Any, t: Any, p: Any, size: tuple[int, int] | None, name: str) -> Events:
    """Events from arrays as they stand in a file, checked and put into the order of time.

    Args:
        x: columns.
        y: rows.
        t: microseconds from any start.
        p: 0 or 1, or -1 and 1.
        size: (height, width) of the sensor; None: as far as there are events.
        name: of the file, for errors.

    Raises:
        OutOfRange: LP203, lengths differ, or an event lies outside of the sensor. ImpossibleSize: LP204.
    """
    columns, rows, times, signs = (np.asarray(a).astype(np.int64) for a in (x, y, t, p))
    if len({len(a) for a in (columns, rows, times, signs)}) != 1:
        raise OutOfRange(f"{name} has {len(columns)} x, {len(rows)} y, {len(times)} t and {len(signs)} p")
    if len(times) > MAX_EVENTS:
        raise ImpossibleSize(f"{name} has {len(times)} events, the limit is {MAX_EVENTS}")
    if size is None:
        size = (int(rows.max(initial=-1)) + 1 or 1, int(columns.max(initial=-1)) + 1 or 1)
    if not all(1 <= side <= MAX_SIDE for side in size):
        raise ImpossibleSize(f"{name}: a sensor of {size[0]}×{size[1]} pixels", why=f"1 to {MAX_SIDE} a side are taken")
    for what, values, limit in (("x", columns, size[1]), ("y", rows, size[0])):
        if len(values) and not (values.min() >= 0 and values.max() < limit):
            at = int(np.flatnonzero((values < 0) | (values >= limit))[0])
            raise OutOfRange(f"{name}: event {at} has {what} = {values[at]}, the sensor has {limit}")
    if len(times) and not (np.diff(times) >= 0).all():
        order = np.argsort(times, kind="stable")
        columns, rows, times, signs = columns[order], rows[order], times[order], signs[order]
    start = times[0] if len(times) else 0
    return Events(columns, rows, times - start, signs > 0, *size)


def read_events(path: Path) -> Events:
    """The events of a file, by its ending.

    Raises:
        MissingFile: LP221, not there. NotThisFormat, CutShort, OutOfRange, ImpossibleSize, BadName, BadValue: LP2xx, it
            is damaged or of another kind. MissingExtra: LP601, what unpacks it is not installed.
    """
    ending = path.suffix.lower()
    if ending == ".bin":
        return read_nmnist(path)
    if ending == ".npz":
        return read_events_npz(path)
    if ending == ".aedat4":
        from lilliput.tasks.aedat4 import read_aedat4

        return read_aedat4(path)
    raise NotThisFormat(f"{path} is no recording of events", fix=f"files end in {', '.join(ENDINGS)}")


ENDINGS = (".aedat4", ".bin", ".npz")


def read_nmnist(path: Path, size: tuple[int, int] = (NMNIST_SIDE, NMNIST_SIDE)) -> Events:
    """A file of N-MNIST or N-Caltech101: 40 bits an event, most significant first: x 8, y 8, p 1, t 23.

    Args:
        path: the file.
        size: (height, width) of the sensor.

    Raises:
        MissingFile: LP221. CutShort: LP202, no whole number of events. OutOfRange: LP203, outside of the sensor.

    Source: Converting Static Image Datasets to Spiking Neuromorphic Datasets Using Saccades (Frontiers in Neuroscience
    2015, 9:437), and the format on the page of the data set.
    """
    raw = np.frombuffer(read_bytes(path, limit=_NMNIST_BYTES * MAX_EVENTS), np.uint8)
    if len(raw) % _NMNIST_BYTES:
        raise CutShort(f"{path} has {len(raw)} B, which is no whole number of events of {_NMNIST_BYTES} B")
    fields = raw.reshape(-1, _NMNIST_BYTES).astype(np.int64)
    times = (fields[:, 2] & 0x7F) << 16 | fields[:, 3] << 8 | fields[:, 4]
    is_turn = fields[:, 1] == _CLOCK_ROW
    times = times + _CLOCK_TURN * np.cumsum(is_turn)
    kept = ~is_turn
    x, y, p = fields[kept, 0], fields[kept, 1], fields[kept, 2] >> 7
    return events_of(x, y, times[kept], p, size, str(path))


_ARRAYS: dict[str, Wanted] = {"x": ("i", 1), "y": ("i", 1), "t": ("f", 1), "p": ("i", 1)}
_SIZES: dict[str, Wanted] = {"height": ("i", 0), "width": ("i", 0)}


def read_events_npz(path: Path) -> Events:
    """An NPZ with x, y, t (microseconds) and p, one number an event; the sensor's height and width if they are known.

    Raises:
        MissingFile, NotThisFormat, CutShort, ImpossibleSize, BadName, BadValue, OutOfRange: LP2xx.
    """
    found = read_npz(path, _ARRAYS, _SIZES)
    size = (int(found["height"]), int(found["width"])) if {"height", "width"} <= set(found) else None
    return events_of(found["x"], found["y"], found["t"], found["p"], size, str(path))


def to_frames(
    events: Events, frames: int, *, by: Literal["time", "count"] = "time", duration: int | None = None
) -> NDArray[np.int32]:
    """How often each pixel changed, frame by frame.

    Args:
        events: the recording.
        frames: T, at least 1.
        by: "time": frames of one length; "count": frames of as many events each.
        duration: microseconds that T frames of one length take; later events are left out. None: up to the last event.

    Shapes:
        -> (T, 2, H, W).

    Raises:
        ValueError: no frames, an unknown way, or a duration that is not above 0.
    """
    if frames < 1:
        raise ValueError(f"`frames` must be at least 1, got {frames}")
    if by not in ("time", "count"):
        raise ValueError(f"`by` must be time or count, got {by!r}")
    if duration is not None and not duration > 0:
        raise ValueError(f"`duration` must be above 0 microseconds, got {duration}")
    whole = duration if duration is not None else (int(events.t[-1]) + 1 if len(events) else 1)
    place, end = (events.t, whole) if by == "time" else (np.arange(len(events)), max(len(events), 1))
    number = place * frames // end
    kept = number < frames
    made = np.zeros((frames, 2, events.height, events.width), np.int32)
    np.add.at(made, (number[kept], events.p[kept].astype(np.int64), events.y[kept], events.x[kept]), 1)
    return made


def shrunk(events: Events, factor: int) -> Events:
    """The same events on a sensor with pixels of `factor` by `factor` of its own.

    Raises:
        ValueError: `factor` is below 1.
    """
    if factor < 1:
        raise ValueError(f"`factor` must be at least 1, got {factor}")
    size = (-(-events.height // factor), -(-events.width // factor))
    return Events(events.x // factor, events.y // factor, events.t, events.p, *size)
