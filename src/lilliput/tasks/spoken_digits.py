"""`spoken-digits`: the Free Spoken Digit Dataset, split by speaker. English digits, six speakers, 8 kHz.

Bundled are takes 0 to 24 of each digit and speaker, 1500 recordings. A folder brings the full set: the repository's
own layout, `recordings/{digit}_{speaker}_{take}.wav`, or an NPZ with audio, offsets, label, speaker, speaker_names.
Trained on four speakers, validated on lucas, tested on theo: a split inside a speaker is much easier, and tells
nothing about the next person. Two speakers are ten times quieter than the others, so that the level has to go.
"""

from __future__ import annotations

import re
from importlib.resources import as_file, files
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadName, BadTask, OutOfRange
from lilliput.features import LogMel
from lilliput.tasks.clip import fit_clips, read_clip, remarks
from lilliput.tasks.npz import read_npz
from lilliput.tasks.task import Array, Split, Task, register_task

RATE, SAMPLES = 8000, 8000
TEST_SPEAKER, VALIDATION_SPEAKER = "theo", "lucas"
LABELS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

# 32 ms windows every 20 ms: 49 frames. Of 10, 16, 20, 28 and 40 bands, with a DS-CNN of width 48, 10 lose two to
# eight points on unseen speakers and more than 20 gain nothing that two seeds show; the network costs a band each.
# Floor and top were chosen on the validation speaker: 0.90 with -10 and 12, 0.92 with -4 and 10, three seeds each.
DIGITS_FRONT = LogMel(RATE, SAMPLES, frame=256, hop=160, fft=256, bands=20, low_hz=100, high_hz=3900, floor=-4, top=10)

_FILE_NAME = re.compile(r"([0-9])_([A-Za-z]+)_([0-9]+)\.wav")
_ARRAYS = {"audio": ("i", 1), "offsets": ("i", 1), "label": ("i", 1), "speaker": ("i", 1), "speaker_names": ("U", 1)}


class Clips(NamedTuple):
    """Recordings of digits: x (N, 8000) int16, y (N,) int64, speaker (N,) text, and a name for each."""

    x: NDArray[np.int16]
    y: NDArray[np.int64]
    speaker: Array
    names: list[str]


def bundled_clips() -> Clips:
    """The 1500 recordings that come with the package."""
    place = files("lilliput.tasks").joinpath("data/spoken_digits/clips.npz")
    with as_file(place) as path:
        return _from_npz(path)


@register_task("spoken-digits")
def spoken_digits(data: Path | None) -> Task:
    """The bundled recordings, or those of a folder or NPZ."""
    clips = bundled_clips() if data is None else _from_user(data)
    return Task(
        name="spoken-digits",
        title="Spoken English digits, speakers that were never heard in training",
        labels=LABELS,
        metric="accuracy",
        licence="CC-BY-SA-4.0",
        source="Free Spoken Digit Dataset, https://github.com/Jakobovski/free-spoken-digit-dataset",
        citation="Z. Jackson et al., Free Spoken Digit Dataset, doi:10.5281/zenodo.1342401",
        preprocess=DIGITS_FRONT,
        default_model="ds_cnn",
        train={"epochs": 25, "mixup_alpha": 0.2},
        augment=("shift", "noise", "speed"),
        notes=remarks(clips.x, clips.names),
        loader=lambda: _by_speaker(clips),
    )


def _by_speaker(clips: Clips) -> dict[str, Split]:
    test, validation = clips.speaker == TEST_SPEAKER, clips.speaker == VALIDATION_SPEAKER
    chosen = {"train": ~test & ~validation, "validation": validation, "test": test}
    return {name: Split(clips.x[rows], clips.y[rows], clips.speaker[rows]) for name, rows in chosen.items()}


def _from_user(data: Path) -> Clips:
    if data.is_file():
        return _from_npz(data)
    packed = data / "fsdd_8k.npz"
    if packed.is_file():
        return _from_npz(packed)
    folder = data / "recordings" if (data / "recordings").is_dir() else data
    paths = sorted(folder.glob("*.wav"))
    if not paths:
        raise BadTask(f"{data} holds no spoken digits", fix="name a folder with recordings/0_theo_0.wav and so on")
    matches = [_FILE_NAME.fullmatch(path.name) for path in paths]
    for path, match in zip(paths, matches, strict=True):
        if match is None:
            raise BadName(f"{path} is not named after a digit, a speaker and a take", fix="for example 7_theo_12.wav")
    known = [match for match in matches if match is not None]
    return Clips(
        np.stack([read_clip(path, RATE, SAMPLES) for path in paths]),
        np.array([int(match[1]) for match in known], np.int64),
        np.array([match[2] for match in known]),
        [path.name for path in paths],
    )


def _from_npz(path: Path) -> Clips:
    arrays = read_npz(path, _ARRAYS)
    audio, offsets, label, speaker = (arrays[name] for name in ("audio", "offsets", "label", "speaker"))
    names = arrays["speaker_names"]
    if audio.dtype != np.int16:
        raise OutOfRange(f"{path}: audio is {audio.dtype}, int16 is needed")
    if (
        len(offsets) < 2
        or offsets[0] != 0
        or offsets[-1] != len(audio)
        or (np.diff(offsets.astype(np.int64)) <= 0).any()
    ):
        raise OutOfRange(f"{path}: offsets must rise from 0 to {len(audio)}, the length of audio")
    for what, values, limit in (("label", label, 10), ("speaker", speaker, len(names))):
        if len(values) != len(offsets) - 1:
            raise OutOfRange(f"{path}: {len(values)} values of {what} for {len(offsets) - 1} recordings")
        if values.min() < 0 or values.max() >= limit:
            raise OutOfRange(f"{path}: {what} goes from {values.min()} to {values.max()}, must be in [0, {limit})")
    x = fit_clips(audio, offsets.astype(np.int64), SAMPLES)
    who = names[speaker.astype(np.int64)]
    labels = [f"{digit}_{person} ({i})" for i, (digit, person) in enumerate(zip(label, who, strict=True))]
    return Clips(x, label.astype(np.int64), who, labels)
