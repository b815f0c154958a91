"""From a recording of any length to one clip of a fixed length, and what is remarkable about it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadSetting
from lilliput.features import LogMel
from lilliput.tasks.resample import resample
from lilliput.tasks.wav import read_wav

_SILENT_RMS = 8.0  # counts of 16 bits: the front end brings nothing quieter up to level
_CLIPPED_SHARE = 0.01


def read_clip(path: Path, rate: int, samples: int) -> NDArray[np.int16]:
    """The clip of a WAV file: mixed to one channel, at `rate` Hz, `samples` long.

    Raises:
        FileError: LP2xx, as `read_wav`.
    """
    recording = read_wav(path)
    x = resample(recording.samples, recording.rate, rate)
    return fit_clip(np.clip(np.rint(x * 32768), -32768, 32767).astype(np.int16), samples)


def fit_clip(x: NDArray[np.int16], samples: int) -> NDArray[np.int16]:
    """`samples` of a recording: of a longer one the stretch with the most energy, a shorter one in the middle of zeros.

    The first of several equal stretches is taken.
    """
    if len(x) > samples:
        energy = np.concatenate([[0], np.cumsum(np.square(x.astype(np.int64)))])
        start = int(np.argmax(energy[samples:] - energy[:-samples]))
        return x[start : start + samples].copy()
    clip = np.zeros(samples, np.int16)
    before = (samples - len(x)) // 2
    clip[before : before + len(x)] = x
    return clip


def fit_clips(audio: NDArray[np.int16], offsets: NDArray[Any], samples: int) -> NDArray[np.int16]:
    """(N, samples): item i is `audio[offsets[i]:offsets[i + 1]]`."""
    return np.stack([fit_clip(audio[start:end], samples) for start, end in itertools.pairwise(offsets)])


def log_mel_for(rate: int, samples: int) -> LogMel:
    """The front end for sounds of that rate: about 32 ms windows every 20 ms, 20 bands up to 7.6 kHz.

    Raises:
        BadSetting: LP101, more samples than the device's front end takes.
    """
    frame = 1 << (max(16, int(rate * 0.032)) - 1).bit_length()
    if not frame <= samples <= 65535:
        raise BadSetting(f"{samples} samples at {rate} Hz", why=f"a clip must have {frame} to 65535 samples")
    high = min(7600.0, rate * 0.4875)
    return LogMel(rate, samples, frame=frame, hop=round(rate * 0.02), fft=frame, bands=20, low_hz=100, high_hz=high)


def remarks(x: NDArray[np.int16], names: list[str]) -> tuple[str, ...]:
    """What a user should know of his recordings: which are silent, which are clipped. (N, samples) and their names."""
    wide = x.astype(np.float64)
    silent = np.flatnonzero(wide.std(axis=1) < _SILENT_RMS)
    ends = ((x == 32767) | (x == -32768)).mean(axis=1)
    clipped = np.flatnonzero(ends > _CLIPPED_SHARE)
    found = []
    for which, what in ((silent, "silent or nearly so"), (clipped, "clipped (over 1 % of samples at the limit)")):
        if len(which):
            some = ", ".join(names[i] for i in which[:3]) + (", …" if len(which) > 3 else "")
            found.append(f"{len(which)} of {len(x)} recordings {'is' if len(which) == 1 else 'are'} {what}: {some}")
    return tuple(found)
