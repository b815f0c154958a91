"""`skeleton-actions`: what a person does, by the joints of the body. Windows of 16 frames at 15 Hz, or whole clips.

Bundled are 32 recordings of seven actions from the CMU Motion Capture Database, 28 joints relative to the hip. The last
recording of each action is the test and the one before validation; where there are only two, validation is the last
quarter of the other. Windows to learn from are two frames apart, the others eight. Speed over ground is lost, as the
hip stands still.

A folder or NPZ of your own (formats in `skeletons.py`) gives whole clips, resampled to 32 frames; no subject is in two
splits.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from lilliput.core.errors import BadTask
from lilliput.features import Affine
from lilliput.tasks.skeletons import Clip, Clips, read_clips, read_joints
from lilliput.tasks.splitting import split_groups
from lilliput.tasks.task import SPLITS, Split, Task, register_task

WINDOW = 16
HOPS = {"train": 2, "validation": 8, "test": 8}
FRAMES = 32
_LEAST = 3  # recordings of an action, so that one of them is for validation


@register_task("skeleton-actions")
def skeleton_actions(data: Path | None) -> Task:
    """Seven actions by motion capture, bundled; or the user's recordings of joints, split by subject."""
    if data is None:
        splits = recordings(bundled_clips(), -1)
        labels, title = bundled_clips().class_names, "Seven actions by the joints of the body, 16 frames at 15 Hz"
    else:
        clips = read_clips(data)
        splits, labels = _by_subject(clips, data), clips.class_names
        title = f"Actions by the joints of the body, {len(clips)} clips of {data.name}"
    ours = data is None
    return Task(
        name="skeleton-actions",
        title=title,
        labels=labels,
        metric="accuracy",
        licence="LicenseRef-CMU-MoCap" if ours else "unknown",
        source="http://mocap.cs.cmu.edu" if ours else data.name if data else "",
        citation="mocap.cs.cmu.edu, created with funding from NSF EIA-0196217" if ours else "",
        preprocess=Affine.fit(splits["train"].x),
        default_model="skeleton_base",
        augment=("turn",),
        loader=lambda: splits,
        notes=("windows of one recording overlap: count recordings, not windows",) if ours else (),
    )


def bundled_clips() -> Clips:
    """The 32 recordings, 15 frames a second."""
    with as_file(files("lilliput.tasks").joinpath("data/skeletons/cmu7.npz")) as path:
        return read_joints(path)


def recordings(clips: Clips, fold: int, frames: int = WINDOW) -> dict[str, Split]:
    """Windows of whole recordings for each split.

    Args:
        clips: some recordings of each action.
        fold: which recording of each action is the test, modulo their number; the one before it is validation.
        frames: of a window.
    """
    place = np.zeros(len(clips), np.intp)
    for label in range(len(clips.class_names)):
        rows = np.flatnonzero(clips.y == label)
        if len(rows) >= _LEAST:
            place[rows[(fold - 1) % len(rows)]] = 1
        if len(rows) > 1:
            place[rows[fold % len(rows)]] = 2
    parts = {name: list(clips.at(np.flatnonzero(place == number)).clips) for number, name in enumerate(SPLITS)}
    for label in range(len(clips.class_names)):
        if sum(clips.y == label) == 2:
            _halve(parts, label)
    return {
        name: _split(replace(clips, clips=tuple(part)).windows(frames, HOPS[name]), frames)
        for name, part in parts.items()
    }


def _halve(parts: dict[str, list[Clip]], label: int) -> None:
    """The end of an action's only recording to learn from becomes validation."""
    at = next(i for i, clip in enumerate(parts["train"]) if clip.label == label)
    whole = parts["train"][at]
    cut = len(whole) - len(whole) // 4
    parts["train"][at] = replace(whole, xyz=whole.xyz[:cut], frame=whole.frame[:cut])
    end = replace(whole, xyz=whole.xyz[cut:], frame=whole.frame[cut:], subject=f"end of {whole.subject}")
    parts["validation"].append(end)


def _by_subject(clips: Clips, place: Path) -> dict[str, Split]:
    try:
        part = split_groups(clips.subjects)
    except ValueError as error:
        raise BadTask(f"{place}: {error}", why="recordings of one subject stay together") from error
    return {name: _split(clips.at(np.flatnonzero(part == number)), FRAMES) for number, name in enumerate(SPLITS)}


def _split(clips: Clips, frames: int) -> Split:
    x = np.stack([clip.resampled(frames) for clip in clips.clips])
    return Split(x, clips.y, np.array(clips.subjects))
