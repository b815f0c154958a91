"""Simulated: what a camera that reports changes would see of a still picture that it looks at in three jerks.

These are no recordings. A picture moves along the three sides of a triangle, as the camera of N-MNIST did, and each
pixel sends an event whenever the logarithm of its brightness has moved by `threshold` since its last one. There is no
noise, no refractory time and no spread of thresholds.

Axes: N pictures, T frames, H rows, W columns; channel 0 counts OFF, channel 1 ON.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadSetting
from lilliput.tasks.event_frames import MARGIN, frames_task
from lilliput.tasks.events import Events
from lilliput.tasks.fashion import fashion
from lilliput.tasks.task import Split, Task, register_task

DURATION = 300_000  # microseconds of the three jerks together, as in N-MNIST
_CORNERS = np.array([(0.0, 0.0), (0.5, 1.0), (1.0, 0.0), (0.0, 0.0)])  # of the way, in shares of MARGIN: column, row
_DARK = np.float32(16)  # counts added before the logarithm: a black pixel still has light
FRAMES, LOOKS = 10, 30


def saccades(
    pictures: NDArray[np.uint8], *, margin: int = MARGIN, looks: int = LOOKS, threshold: float = 0.4
) -> NDArray[np.int8]:
    """Changes that a camera would report, look by look.

    Args:
        pictures: grey, (N, h, w).
        margin: pixels that the camera sees more than a picture has, in height and in width; the way is as wide.
        looks: moments at which the brightness is looked at, a multiple of 3.
        threshold: of the natural logarithm of brightness, at least 0.03.

    Shapes:
        -> (N, looks, h + margin, w + margin): how many events, below 0 for darker.

    Raises:
        ValueError: arguments out of range.
    """
    if pictures.ndim != 3 or pictures.dtype != np.uint8:
        raise ValueError(f"`pictures` must be (N, h, w) of uint8, got {pictures.shape} of {pictures.dtype}")
    if margin < 1 or looks < 3 or looks % 3 or not threshold >= 0.03:
        given = f"{margin}, {looks} and {threshold}"
        raise ValueError(f"`margin`, `looks` and `threshold` must be at least 1, 3 (or 6, 9 …) and 0.03, got {given}")
    height, width = pictures.shape[1] + margin, pictures.shape[2] + margin
    made = np.zeros((len(pictures), looks, height, width), np.int8)
    # Counts fit int8: between black and white lie 2.8 in the logarithm, and a threshold below 0.03 is refused.
    sent = np.log(_seen(pictures, _CORNERS[0] * margin, height, width) + _DARK)
    for look in range(looks):
        side, share = divmod((look + 1) * 3 / looks, 1)
        start, end = (_CORNERS[min(int(side) + step, 3)] for step in (0, 1))
        now = np.log(_seen(pictures, (start + share * (end - start)) * margin, height, width) + _DARK)
        now -= sent
        now /= np.float32(threshold)
        np.trunc(now, out=now)
        made[:, look] = now
        sent += now * np.float32(threshold)
    return made


def _seen(pictures: NDArray[np.uint8], place: NDArray[np.float64], height: int, width: int) -> NDArray[np.float32]:
    """Pictures on a black ground, moved by a part of a pixel where needed: bilinear."""
    (left, right), (top, down) = (divmod(float(v), 1) for v in place)
    made = np.zeros((len(pictures), height + 1, width + 1), np.float32)
    rows, columns = slice(int(top), int(top) + pictures.shape[1]), slice(int(left), int(left) + pictures.shape[2])
    below, beside = slice(rows.start + 1, rows.stop + 1), slice(columns.start + 1, columns.stop + 1)
    for some, share in ((rows, 1 - down), (below, down)):
        made[:, some, columns] += pictures * np.float32(share * (1 - right))
        made[:, some, beside] += pictures * np.float32(share * right)
    return made[:, :height, :width]


def saccade_events(picture: NDArray[np.uint8], *, looks: int = LOOKS, threshold: float = 0.4) -> Events:
    """The simulated events of one picture (h, w), each at the time of its look."""
    changes = saccades(picture[None], looks=looks, threshold=threshold)[0]
    look, y, x = np.nonzero(changes)
    often = np.abs(changes[look, y, x]).astype(np.int64)
    t = (look + 1) * DURATION // looks - DURATION // looks
    p = changes[look, y, x] > 0
    x, y, t, p = (np.repeat(a, often) for a in (x, y, t, p))
    return Events(x.astype(np.int64), y.astype(np.int64), t.astype(np.int64), p, *changes.shape[1:])


@register_task("fashion-saccades")
def fashion_saccades(data: Path | None) -> Task:
    """Simulated events of Fashion-MNIST seen in three jerks, no recordings; bundled pictures, or those of a folder."""
    pictures = fashion(data)
    if pictures.preprocess.input_shape != (28, 28):
        raise BadSetting(f"pictures of {pictures.preprocess.input_shape}")
    side = 28 + MARGIN
    return frames_task(
        name="fashion-saccades",
        title="Fashion-MNIST as simulated events of a moving camera",
        labels=pictures.labels,
        licence=pictures.licence,
        source=f"{pictures.source}, events simulated",
        citation=pictures.citation,
        shape=(side, side, 2 * FRAMES),
        loader=lambda: {name: _frames(split) for name, split in pictures.load().items()},
        notes=("the events are simulated from still pictures: a result on them is none on a camera",),
    )


def _frames(split: Split, chunk: int = 64) -> Split:
    made = []
    for start in range(0, len(split), chunk):
        changes = saccades(split.x[start : start + chunk])
        both = np.zeros((len(changes), FRAMES, 2, *changes.shape[2:]), np.uint8)
        for look in range(LOOKS):
            frame, now = look * FRAMES // LOOKS, changes[:, look]
            both[:, frame, 0] += (-np.minimum(now, 0)).astype(np.uint8)
            both[:, frame, 1] += np.maximum(now, 0).astype(np.uint8)
        made.append(np.moveaxis(both.reshape(len(both), -1, *both.shape[3:]), 1, -1))
    return Split(np.concatenate(made), split.y, split.group)
