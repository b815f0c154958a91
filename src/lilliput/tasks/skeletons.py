"""Recordings of body joints: readers of the published formats, and clips of equal length made of them.

    NTU RGB+D       SsssCcccPpppRrrrAaaa.skeleton    25 joints of a Kinect v2, up to two bodies, metres
    UT-Kinect       joints_sSS_eEE.txt, actionLabel.txt    20 joints of a Kinect v1, metres, frame numbers with gaps
    MSR Action3D    aAA_sSS_eEE_skeleton3D.txt       20 joints, four numbers each, metres
    ours            NPZ: xyz_mm (frames, joints, 3), offsets, label, class_names; split or subject

Axes: T frames, P bodies, J joints.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadTask, BadValue, CutShort, MissingFile, NotThisFormat, OutOfRange
from lilliput.tasks.npz import read_npz

MILLIMETRES = 1000.0
NTU_JOINTS, KINECT_JOINTS = 25, 20
_NTU_NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})")
_UT_NAME = re.compile(r"joints_(s\d{2})_(e\d{2})")
_MSR_NAME = re.compile(r"a(\d{2})_s(\d{2})_e(\d{2})_skeleton3D")
_ARRAYS = {"xyz_mm": ("i", 3), "offsets": ("i", 1), "label": ("i", 1), "class_names": ("U", 1)}
_BODIES = 2


@dataclass(frozen=True, eq=False)
class Clip:
    """One recording of one action.

    Args:
        xyz: (T, P, J, 3) float32, metres; zeros where a body is absent.
        frame: (T,) numbers of the frames, rising; they may have gaps.
        label: number of the action.
        subject: who acts, or what recording it is: clips of one subject stay in one split.
        name: for messages.

    Raises:
        BadValue: LP207, no frame, or not a number.
    """

    xyz: NDArray[np.float32]
    frame: NDArray[np.int64]
    label: int
    subject: str
    name: str

    def __post_init__(self) -> None:
        if len(self.xyz) == 0 or self.xyz.ndim != 4 or len(self.frame) != len(self.xyz):
            raise BadValue(f"{self.name}: a clip needs frames, got {self.xyz.shape} for {len(self.frame)} numbers")
        bad = ~np.isfinite(self.xyz).all((1, 2, 3))
        if bad.any():
            raise BadValue(f"{self.name}: frame {int(self.frame[bad][0])} holds what is no number")

    def __len__(self) -> int:
        return len(self.xyz)

    def resampled(self, frames: int) -> NDArray[np.int16]:
        """(frames, P · J · 3) millimetres: read at equal times from the first frame to the last, by straight lines."""
        at = np.linspace(self.frame[0], self.frame[-1], frames)
        rows = self.xyz.reshape(len(self), -1).astype(np.float64) * MILLIMETRES
        return _whole(np.stack([np.interp(at, self.frame, row) for row in rows.T], 1), self.name)

    def padded(self, frames: int) -> NDArray[np.int16]:
        """(frames, P · J · 3) millimetres: as recorded, zeros behind; a longer clip is resampled, not cut."""
        if len(self) > frames:
            return self.resampled(frames)
        rows = _whole(self.xyz.reshape(len(self), -1) * MILLIMETRES, self.name)
        return np.concatenate([rows, np.zeros((frames - len(self), rows.shape[1]), np.int16)])

    def windows(self, frames: int, hop: int) -> Iterator[Clip]:
        """Parts of so many frames, `hop` apart; none where the clip is shorter."""
        for start in range(0, len(self) - frames + 1, hop):
            part = slice(start, start + frames)
            yield replace(self, xyz=self.xyz[part], frame=self.frame[part])


def _whole(millimetres: NDArray[Any], name: str) -> NDArray[np.int16]:
    limit = np.iinfo(np.int16).max
    if np.abs(millimetres).max() > limit:
        raise OutOfRange(f"{name}: a joint is {np.abs(millimetres).max() / MILLIMETRES:.0f} m away", why="at most 32 m")
    whole: NDArray[np.int16] = np.rint(millimetres).astype(np.int16)
    return whole


@dataclass(frozen=True, eq=False)
class Clips:
    """Recordings of the same bodies.

    Args:
        clips: all with the same number of bodies and joints.
        class_names: of the labels.

    Raises:
        BadTask: LP103, no clips, other bodies, or a label without a name.
    """

    clips: tuple[Clip, ...]
    class_names: tuple[str, ...]

    def __post_init__(self) -> None:
        shapes = {clip.xyz.shape[1:3]: clip.name for clip in self.clips}
        if len(shapes) != 1:
            found = " and ".join(f"{j} joints of {p} bodies in {name}" for (p, j), name in list(shapes.items())[:2])
            raise BadTask(f"clips must have one number of joints: {found or 'there are none'}")
        for clip in self.clips:
            if not 0 <= clip.label < len(self.class_names):
                raise BadTask(f"{clip.name}: label {clip.label} is not in [0, {len(self.class_names)})")

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def y(self) -> NDArray[np.int64]:
        """(N,) labels."""
        return np.array([clip.label for clip in self.clips], np.int64)

    @property
    def subjects(self) -> list[str]:
        """(N,) of whom."""
        return [clip.subject for clip in self.clips]

    def at(self, rows: Sequence[int] | NDArray[np.intp]) -> Clips:
        """Some of them."""
        return replace(self, clips=tuple(self.clips[int(row)] for row in rows))

    def windows(self, frames: int, hop: int) -> Clips:
        """Parts of so many frames each."""
        return replace(self, clips=tuple(part for clip in self.clips for part in clip.windows(frames, hop)))


def read_clips(place: Path) -> Clips:
    """A folder in one of the published formats, or an NPZ.

    Raises:
        MissingFile: LP221, nothing that is known. FileError: LP2xx, a file is damaged; it is named.
    """
    if place.is_file():
        return read_joints(place)
    names = sorted(path.name for path in place.rglob("*") if path.is_file())
    if any(name.endswith(".skeleton") for name in names):
        return read_ntu_folder(place)
    if "actionLabel.txt" in names:
        return read_utkinect(place)
    if any(_MSR_NAME.match(name) for name in names):
        return read_msr(place)
    raise MissingFile(
        f"{place} holds no recordings of joints",
        fix="NTU's .skeleton files, UT-Kinect's joints_*.txt with actionLabel.txt, MSR's *_skeleton3D.txt, or an NPZ",
    )


def read_joints(path: Path) -> Clips:
    """An NPZ: xyz_mm (frames, joints, 3) integers, offsets, label, class_names; optional subject, text.

    Raises:
        OutOfRange: LP203, offsets or labels that do not fit. FileError: LP2xx, not such a file.
    """
    arrays = read_npz(path, _ARRAYS, {"subject": ("U", 1)})
    xyz, offsets, label = (arrays[name] for name in ("xyz_mm", "offsets", "label"))
    steps = np.diff(offsets.astype(np.int64))
    if len(offsets) < 2 or offsets[0] != 0 or offsets[-1] != len(xyz) or (steps <= 0).any() or xyz.shape[2] != 3:
        raise OutOfRange(f"{path}: xyz_mm is {xyz.shape}; offsets must rise from 0 to its length")
    subject = arrays.get("subject", np.array([str(i) for i in range(len(steps))]))
    if not len(label) == len(subject) == len(steps):
        raise OutOfRange(f"{path}: {len(steps)} clips need a label each, and a subject each where there are any")
    clips = []
    for i, (start, end) in enumerate(pairwise(offsets)):
        metres = (xyz[start:end] / MILLIMETRES).astype(np.float32)[:, None]
        clips.append(Clip(metres, np.arange(end - start), int(label[i]), str(subject[i]), f"{path.name} clip {i}"))
    return Clips(tuple(clips), tuple(str(name) for name in arrays["class_names"]))


def read_ntu(path: Path) -> Clip:
    """One `.skeleton` file; frames with more than two bodies are zeros, as in the published code.

    Raises:
        NotThisFormat: LP200, another name. CutShort: LP202, fewer lines than it says. BadValue: LP207, a line that is
            not as published.
    """
    named = _NTU_NAME.fullmatch(path.stem)
    if named is None:
        raise NotThisFormat(f"{path} is not named as SsssCcccPpppRrrrAaaa.skeleton")
    lines = _Lines(path)
    frames = np.zeros((lines.count(1 << 20), _BODIES, NTU_JOINTS, 3), np.float32)
    for frame in frames:
        bodies = []
        for _ in range(lines.count(64)):
            lines.numbers(10)
            joints = lines.count(64)
            if joints != NTU_JOINTS:
                raise BadValue(f"{path} line {lines.at}: {joints} joints, {NTU_JOINTS} expected")
            bodies.append([lines.numbers(12)[:3] for _ in range(joints)])
        if len(bodies) <= _BODIES:
            for place, body in zip(frame, bodies, strict=False):
                place[:] = body
    _, _, subject, _, action = (int(number) for number in named.groups())
    return Clip(frames, np.arange(len(frames)), action - 1, f"P{subject:03d}", path.name)


def read_ntu_folder(folder: Path, *, skip: Sequence[str] = ()) -> Clips:
    """All `.skeleton` files but those of the names in `skip`, the published list of recordings without skeletons.

    Files without any frame are left out.
    """
    left_out = set(skip)
    paths = [path for path in sorted(folder.rglob("*.skeleton")) if path.stem not in left_out]
    clips = [read_ntu(path) for path in paths if _Lines(path).count(1 << 20)]
    if not clips:
        raise MissingFile(f"{folder} holds no .skeleton file with frames")
    return Clips(tuple(clips), tuple(f"A{i + 1:03d}" for i in range(max(clip.label for clip in clips) + 1)))


def read_utkinect(folder: Path) -> Clips:
    """The `joints` folder and `actionLabel.txt`; repeated frames are dropped, segments without numbers left out.

    Raises:
        MissingFile: LP221. BadValue: LP207, a line that is not as published; it is named.
    """
    labels = next(folder.rglob("actionLabel.txt"))
    names: list[str] = []
    clips, rows, take = list[Clip](), np.zeros((0, 1 + 3 * KINECT_JOINTS)), ""
    for number, line in enumerate(labels.read_text(encoding="utf-8").split("\n"), 1):
        words = line.replace(":", " ").split()
        if len(words) == 1:
            take = words[0]
            rows = _joint_rows(next(iter(sorted(folder.rglob(f"joints_{take}.txt"))), folder / f"joints_{take}.txt"))
        elif len(words) == 3 and take:
            action, *ends = words
            names += [] if action in names else [action]
            if "NaN" in ends:
                continue
            if not all(end.isdigit() for end in ends):
                raise BadValue(f"{labels} line {number}: {line!r}: an action, its first and its last frame expected")
            inside = (rows[:, 0] >= int(ends[0])) & (rows[:, 0] <= int(ends[1]))
            part = rows[inside][np.unique(rows[inside, 0], return_index=True)[1]]
            xyz = part[:, 1:].reshape(-1, 1, KINECT_JOINTS, 3).astype(np.float32)
            where = f"joints_{take}.txt, {action}"
            clips.append(Clip(xyz, part[:, 0].astype(np.int64), names.index(action), take.split("_")[0], where))
        elif words:
            raise BadValue(f"{labels} line {number}: {line!r} is neither a recording nor an action with two frames")
    return Clips(tuple(clips), tuple(names))


def _joint_rows(path: Path) -> NDArray[np.float64]:
    if not path.is_file():
        raise MissingFile(f"{path} is not there", why="actionLabel.txt names it")
    lines, rows = _Lines(path), []
    while lines.left():
        rows.append(lines.numbers(1 + 3 * KINECT_JOINTS))
    return np.array(rows).reshape(-1, 1 + 3 * KINECT_JOINTS)


def read_msr(folder: Path) -> Clips:
    """All `aAA_sSS_eEE_skeleton3D.txt`; actions are called by their numbers.

    Raises:
        CutShort: LP202, a frame without all its joints. BadValue: LP207, a line that is not as published.
    """
    clips = []
    for path in sorted(folder.rglob("*_skeleton3D.txt")):
        named, lines, rows = _MSR_NAME.fullmatch(path.stem), _Lines(path), []
        if named is None:
            continue
        while lines.left():
            rows.append(lines.numbers(4)[:3])
        if len(rows) % KINECT_JOINTS:
            raise CutShort(f"{path} has {len(rows)} lines", why=f"{KINECT_JOINTS} joints a frame are expected")
        xyz = np.array(rows, np.float32).reshape(-1, 1, KINECT_JOINTS, 3)
        clips.append(Clip(xyz, np.arange(len(xyz)), int(named[1]) - 1, f"s{named[2]}", path.name))
    return Clips(tuple(clips), tuple(f"a{i + 1:02d}" for i in range(max((c.label for c in clips), default=-1) + 1)))


class _Lines:
    """Numbers of a text file, line by line; empty lines are passed over."""

    def __init__(self, path: Path) -> None:
        self.path, self.at = path, 0
        try:
            self._lines = path.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise NotThisFormat(f"{path} cannot be read as text", why=str(error)) from error

    def left(self) -> bool:
        """Whether a line with anything on it comes."""
        while self.at < len(self._lines) and not self._lines[self.at].strip():
            self.at += 1
        return self.at < len(self._lines)

    def numbers(self, count: int) -> list[float]:
        """So many numbers of the next line, which must have them."""
        if not self.left():
            raise CutShort(f"{self.path} ends after {self.at} lines")
        words = self._lines[self.at].split()
        self.at += 1
        try:
            values = [float(word) for word in words]
        except ValueError:
            raise BadValue(f"{self.path} line {self.at}: {words[:4]} are no numbers") from None
        if len(values) != count:
            raise BadValue(f"{self.path} line {self.at}: {len(values)} numbers, {count} expected")
        return values

    def count(self, most: int) -> int:
        """A whole number of its own line, from 0 to `most`."""
        (value,) = self.numbers(1)
        if value != int(value) or not 0 <= value <= most:
            raise BadValue(f"{self.path} line {self.at}: {value:g} is no count up to {most}")
        return int(value)
