"""Strings of spoken digits: real recordings of single digits, one behind another, and what was said.

    strings = dates(500, seed=0)                         day, month and year, eight digits
    audio = spoken(strings, clips, seed=0)               one speaker a string

Each digit of a string is another recording of the same speaker, cut to what is heard and brought to the same loudness,
with a short pause before the next. Recordings are those of `spoken_digits`; the strings are ours, nobody said them so.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lilliput.tasks.spoken_digits import DIGITS_FRONT, LABELS, RATE, Clips

DIGITS = 8
SAMPLES = 6 * RATE
FRONT = type(DIGITS_FRONT)(
    RATE, SAMPLES, frame=256, hop=160, fft=256, bands=20, low_hz=100, high_hz=3900, floor=-4, top=10
)
"""The front end of single digits, over a whole string."""
_FIRST, _DAYS = datetime.date(1990, 1, 1), 40 * 365
_LONGEST, _PAUSE = int(0.62 * RATE), (int(0.02 * RATE), int(0.1 * RATE))
_HEARD = 0.03  # of the loudest sample
_LOUD = 3000.0


def dates(count: int, *, seed: int = 0) -> NDArray[np.int64]:
    """Random days of 1990 to 2029 as digits DDMMYYYY: (count, 8)."""
    days = np.random.default_rng((seed, 1)).integers(0, _DAYS, count)
    texts = [(_FIRST + datetime.timedelta(days=int(day))).strftime("%d%m%Y") for day in days]
    return np.array([[int(letter) for letter in text] for text in texts], np.int64)


def any_digits(count: int, *, seed: int = 0) -> NDArray[np.int64]:
    """Eight random digits each: (count, 8)."""
    return np.random.default_rng((seed, 2)).integers(0, len(LABELS), (count, DIGITS))


def spoken(
    strings: NDArray[np.int64], clips: Clips, speakers: Sequence[str], *, change: float = 0.0, seed: int = 0
) -> NDArray[np.int16]:
    """Recordings of strings, each by one of the speakers.

    Args:
        strings: (N, digits).
        clips: recordings of single digits.
        speakers: who may say them; each must have said each digit.
        change: by how much the speed of a digit, and its pitch with it, is changed at random: 0.2 is 0.8 to 1.2.
        seed: of who says what, and of the pauses.

    Shapes:
        -> (N, `SAMPLES`).
    """
    rng = np.random.default_rng((seed, 3))
    heard = {n: _heard(clips.x[n]) for n in range(len(clips.x)) if clips.speaker[n] in speakers}
    takes = {
        (speaker, digit): [n for n in heard if clips.speaker[n] == speaker and clips.y[n] == digit]
        for speaker in speakers
        for digit in range(len(LABELS))
    }
    audio = np.zeros((len(strings), SAMPLES), np.int16)
    for row, string in zip(audio, strings, strict=True):
        speaker, place = speakers[int(rng.integers(len(speakers)))], int(rng.integers(*_PAUSE))
        for digit in string:
            some = takes[speaker, int(digit)]
            sound = _faster(heard[some[int(rng.integers(len(some)))]], 1 + change * float(rng.uniform(-1, 1)))
            kept = sound[: max(0, SAMPLES - place)]
            row[place : place + len(kept)] = kept
            place += len(kept) + int(rng.integers(*_PAUSE))
    return audio


def _faster(sound: NDArray[np.int16], by: float) -> NDArray[np.int16]:
    if by == 1:
        return sound
    at = np.arange(0, len(sound) - 1, by)
    made: NDArray[np.int16] = np.round(np.interp(at, np.arange(len(sound)), sound)).astype(np.int16)
    return made


def words(string: Sequence[int] | NDArray[np.int64]) -> str:
    """A string as text: `one nine`."""
    return " ".join(LABELS[int(digit)] for digit in string)


def _heard(clip: NDArray[np.int16]) -> NDArray[np.int16]:
    loud = np.abs(clip.astype(np.float64))
    at = np.flatnonzero(loud > _HEARD * loud.max())
    cut = clip[at[0] : at[-1] + 1][:_LONGEST].astype(np.float64) if len(at) else clip[:1].astype(np.float64)
    size = np.sqrt((cut**2).mean()) or 1.0
    louder: NDArray[np.int16] = np.clip(np.round(cut * (_LOUD / size)), -32768, 32767).astype(np.int16)
    return louder
