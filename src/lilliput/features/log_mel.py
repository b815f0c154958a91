"""Log-mel energies of a clip in integers: framing, Hann window, FFT, mel bands, log2. Bit for bit the same in C.

Axes: B clip, F frame, N sample of a frame, K bin of the spectrum, W band.

Per clip, for level="clip":
    T       = n·Σx² - (Σx)²                          n² times the variance of the n samples, below 2^62
    level   = log2(max(T, quiet)) · 1024             quiet: as if the clip had a standard deviation of 8 counts
Per frame:
    s       = leading zeros of the 16-bit magnitudes' union: quiet frames are shifted up before anything is rounded
    v[N]    = (x · 2^s · window) >> 6                window Q15, |v| ≤ 2^24; zeros from `frame` up to `fft`
    X[K]    = real_fft(v)                            fixed_fft.py: int32, |X| < 2^31
    h       = leading zeros of the 31-bit magnitudes' union over the bins of the bands
    P[K]    = ((re · 2^h)² + (im · 2^h)²) >> 32      0 … 2^31: 93 dB below the frame's strongest bin
    E[W]    = Σ rise·P + Σ (2^15 - rise)·P + 2^15    triangle of band W, its two slopes; Q15, below 2^57
    y       = log2(E) · 1024 - 2048·(s + h) - level + bias
    q[F, W] = clamp(((y · mult + 2^(shift - 1)) >> shift) + zero_point, -128, 127)

The magnitudes' union of int values is the bitwise or of x ^ (x >> 31), with the lowest bit set, so that it is never 0:
all zeros come out as -128 like anything else that is far below the floor. Two of the same recording at ten times the
level differ by rounding only (and by what the converter of the quiet one has lost).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from lilliput.features.fixed_fft import MAX_POINTS, MIN_POINTS, bit_reversal, halvings, real_fft, twiddles
from lilliput.features.fixed_log2 import log2_q10, log2_table
from lilliput.features.preprocess import Array, Preprocess, RawType, check_fields, to_float32

_CHUNK_FRAMES = 512  # frames at a time: (256, 512) int32 is half a MiB, which the second cache level holds
_QUIET_COUNTS = 8
_OCTAVES_A_UNIT = 4  # of the real value, so that it is about as large as a network likes its input


@dataclass(frozen=True)
class LogMel(Preprocess):
    """Log energy in mel bands, (frames, bands, 1), of `samples` int16 samples.

    The real value of an output is in units of 4 octaves of power (12 dB). With level="clip", 0 is the energy that
    white noise of the clip's own variance has in a bin; with level="none", noise of variance 2^30, full scale squared.

    Args:
        sample_rate: Hz.
        samples: of one clip, at least one frame, at most 65535.
        frame: samples of a window, at most `fft`.
        hop: samples from one frame to the next.
        fft: points of the transform, a power of two in [16, 2048].
        bands: triangles, equally wide on the mel scale 2595·log10(1 + f/700), each with at least part of a bin.
        low_hz: lower foot of the first triangle.
        high_hz: upper foot of the last, at most half the sample rate.
        level: "clip" takes the clip's own level away, "none" keeps it.
        floor: octaves of power that become -128; all below it is -128 too.
        top: octaves of power that become 127.

    Raises:
        ValueError: a value out of its range; the message gives it.

    Cost: about fft·log2(fft)·2 + 4·fft multiplications a frame; `scratch_bytes` is 4 bytes a point.
    """

    sample_rate: int
    samples: int
    frame: int
    hop: int
    fft: int
    bands: int
    low_hz: float
    high_hz: float
    level: Literal["clip", "none"] = "clip"
    floor: float = -10.0
    top: float = 12.0

    kind: ClassVar[str] = "log_mel"

    def __post_init__(self) -> None:
        check_fields(self, dict.fromkeys(("sample_rate", "samples", "frame", "hop", "fft", "bands"), int))
        check_fields(self, {**dict.fromkeys(("low_hz", "high_hz", "floor", "top"), float), "level": str})
        if self.fft & (self.fft - 1) or not MIN_POINTS <= self.fft <= MAX_POINTS:
            raise ValueError(f"`fft` must be a power of two in [{MIN_POINTS}, {MAX_POINTS}], got {self.fft}")
        for name, low, high in (
            ("sample_rate", 1, 1_000_000),
            ("frame", 8, self.fft),
            ("samples", self.frame, 65535),
            ("hop", 1, 65535),
            ("bands", 1, 256),
            ("low_hz", 0, self.high_hz),
            ("high_hz", 0, self.sample_rate / 2),
            ("floor", -64, 64),
            ("top", self.floor + 1, 64),
        ):
            if not low <= getattr(self, name) <= high:  # false for NaN too
                raise ValueError(f"`{name}` must be in [{low}, {high}], got {getattr(self, name)}")
        if self.level not in ("clip", "none"):
            raise ValueError(f"`level` must be 'clip' or 'none', got {self.level!r}")
        if not -128 <= self.output_zero_point <= 127:
            raise ValueError(f"0 must lie between `floor` {self.floor} and `top` {self.top}")
        empty = np.flatnonzero(self.triangles().sum(axis=1) == 0)
        if len(empty):
            raise ValueError(f"`bands` {self.bands} is too many for `fft` {self.fft}: no bin in band {empty[0]}")

    @property
    def frames(self) -> int:
        """Frames that lie in the clip whole."""
        return 1 + (self.samples - self.frame) // self.hop

    @property
    def input_shape(self) -> tuple[int, ...]:
        return (self.samples,)

    @property
    def input_dtype(self) -> RawType:
        return "int16"

    @property
    def output_shape(self) -> tuple[int, int, int]:
        return (self.frames, self.bands, 1)

    @property
    def output_scale(self) -> float:
        return to_float32((self.top - self.floor) / 255 / _OCTAVES_A_UNIT)

    @property
    def output_zero_point(self) -> int:
        return -128 - round(self.floor * 255 / (self.top - self.floor))

    @property
    def kernel(self) -> str:
        return "lp_log_mel_s16"

    def scratch_bytes(self) -> int:
        """One frame of complex numbers."""
        return 4 * self.fft

    def triangles(self) -> NDArray[np.float64]:
        """(bands, fft/2) Weight of each bin in each band, real; the integer weights are these in Q15."""
        rise, edges = self._slopes()
        weights = np.zeros((self.bands, self.fft // 2))
        for band in range(self.bands):
            start, middle, end = (int(edge) for edge in edges[band : band + 3])
            weights[band, start:middle] = rise[start - edges[0] : middle - edges[0]]
            weights[band, middle:end] = 1 - rise[middle - edges[0] : end - edges[0]]
        return weights

    def _slopes(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Each bin's way from the foot below it to the one above, [0, 1), and the first bin at or above each foot."""
        mel = np.linspace(_mel(self.low_hz), _mel(self.high_hz), self.bands + 2)
        feet = 700 * (10 ** (mel / 2595) - 1) * self.fft / self.sample_rate
        edges = np.clip(np.ceil(feet - 1e-9), 1, self.fft // 2).astype(np.int64)
        bins = np.arange(edges[0], edges[-1])
        segment = np.searchsorted(edges, bins, side="right") - 1
        rise = (bins - feet[segment]) / (feet[segment + 1] - feet[segment])
        return np.clip(rise, 0, 1), edges

    def constants(self) -> dict[str, Array]:
        return {
            "window": self._window,
            "twiddle": self._tables[0],
            "reverse": self._tables[1],
            "rise": self._bands[0],
            "edge": self._bands[1],
            "log2": log2_table(),
        }

    def parameters(self) -> dict[str, int]:
        mult, shift = self._step
        return {
            "samples": self.samples,
            "frame": self.frame,
            "hop": self.hop,
            "fft": self.fft,
            "frames": self.frames,
            "bands": self.bands,
            "level": int(self.level == "clip"),
            "quiet": (self.samples * _QUIET_COUNTS) ** 2,
            "bias": self._bias,
            "mult": mult,
            "shift": shift,
            "zero_point": self.output_zero_point,
        }

    def integer(self, raw: Array) -> NDArray[np.int8]:
        mult, shift = self._step
        steps = (self.log_q10(raw) * np.int32(mult) + (1 << (shift - 1))) >> shift
        q = np.clip(steps + self.output_zero_point, -128, 127)
        items: NDArray[np.int8] = q.astype(np.int8).reshape(len(raw), *self.output_shape)
        return items

    def log_q10(self, raw: Array) -> NDArray[np.int32]:
        """y of the file's head before it becomes int8: (B, F, W), 1024 steps an octave of power."""
        x = np.ascontiguousarray(self._checked(raw))
        frames = np.lib.stride_tricks.sliding_window_view(x, self.frame, axis=1)[:, :: self.hop]
        y = np.empty((len(x), self.frames, self.bands), np.int32)
        clips = max(1, _CHUNK_FRAMES // self.frames)
        for start in range(0, len(x), clips):
            part = frames[start : start + clips].reshape(-1, self.frame)
            y[start : start + clips] = self._frames_q10(part).reshape(-1, self.frames, self.bands)
        y += (self._bias - self._level_q10(x))[:, None, None]
        return y

    def _level_q10(self, x: Array) -> Array:
        """Level of each clip, (B,); zeros for level="none"."""
        if self.level == "none":
            return np.zeros(len(x), np.int32)
        wide = x.astype(np.int64)
        total = self.samples * np.einsum("bn,bn->b", wide, wide) - wide.sum(axis=1) ** 2
        return log2_q10(np.maximum(total, self.parameters()["quiet"]), log2_table())

    def _frames_q10(self, frames: Array) -> Array:
        """log2(E)·1024 - 2048·(s + h) of (F, frame) int16 samples: (F, W)."""
        union = np.bitwise_or.reduce(frames ^ (frames >> 15), axis=1).astype(np.int32) | 1
        up = 15 - _bit_length(union)
        v = np.zeros((self.fft, len(frames)), np.int32)
        np.multiply(frames.T, self._window[:, None].astype(np.int32), out=v[: self.frame], dtype=np.int32)
        v[: self.frame] = (v[: self.frame] << up) >> 6
        re, im = real_fft(v, *self._tables)
        first, last = int(self._bands[1][0]) - 1, int(self._bands[1][-1]) - 1
        re, im = re[first:last], im[first:last]
        union = np.bitwise_or.reduce((re ^ (re >> 31)) | (im ^ (im >> 31)), axis=0) | 1
        gain = 31 - _bit_length(union)
        power = _square(re << gain) + _square(im << gain)
        energy = self._mel((power >> 32).astype(np.int64))
        rows: Array = log2_q10(energy, log2_table()) - 2048 * (up + gain)
        return rows.T

    def _mel(self, power: Array) -> Array:
        """E of the file's head: (K, F) int64 below 2^32 -> (W, F) int64."""
        rise, edge = self._bands
        starts = edge - edge[0]
        rising = power * rise[:, None].astype(np.int64)
        slopes = np.zeros((2, len(edge) - 1, power.shape[1]), np.int64)
        for i, (start, end) in enumerate(itertools.pairwise(starts)):
            np.sum(rising[start:end], axis=0, out=slopes[0, i])
            np.sum(power[start:end], axis=0, out=slopes[1, i])
        up, whole = slopes
        energy: Array = up[:-1] + (whole[1:] << 15) - up[1:] + (1 << 15)
        return energy

    @cached_property
    def _window(self) -> Array:
        """Hann, periodic: its transform is three bins wide and no more."""
        angle = 2 * np.pi * np.arange(self.frame) / self.frame
        window: Array = np.minimum(np.rint((0.5 - 0.5 * np.cos(angle)) * 32768), 32767).astype(np.int16)
        return window

    @cached_property
    def _tables(self) -> tuple[Array, Array]:
        return twiddles(self.fft), bit_reversal(self.fft)

    @cached_property
    def _bands(self) -> tuple[Array, Array]:
        rise, edges = self._slopes()
        return np.rint(rise * 32768).astype(np.uint16), edges.astype(np.uint16)

    @cached_property
    def _bias(self) -> int:
        """What brings log2(E) to octaves against the reference of `level`: the powers of two that were lost or gained
        on the way, the n² of T, and the energy of the window."""
        gained = 2 * (15 - 6 - halvings(self.fft)) - 32 + 15
        reference = -2 * math.log2(self.samples) if self.level == "clip" else 30.0
        window = math.log2(float(np.square(self._window.astype(np.float64) / 32768).sum()))
        return round(1024 * (-gained - reference - window))

    @cached_property
    def _step(self) -> tuple[int, int]:
        """mult in [2^12, 2^13) and shift with mult / 2^shift = steps of q in 1/1024 octave; |y| < 2^17 is proved by
        the ranges of s, h, E, level and bias."""
        real = 255 / (self.top - self.floor) / 1024
        shift = 13 - math.frexp(real)[1]
        return min(round(real * 2**shift), 8191), shift


def _mel(hz: float) -> float:
    return 2595 * math.log10(1 + hz / 700)


def _bit_length(x: Array) -> Array:
    return np.frexp(x.astype(np.float64))[1].astype(np.int32)


def _square(x: Array) -> Array:
    """Exact, in 64 bits without a sign: two of them can reach 2^63."""
    wide = x.astype(np.int64)
    return (wide * wide).astype(np.uint64)
