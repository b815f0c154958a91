"""Read a WAV file strictly: PCM of 8, 16, 24 or 32 bits or 32-bit float, one or two channels, 1 kHz to 192 kHz."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadRecording, BadValue, CutShort, ImpossibleSize, MissingFile, NotThisFormat

Array = NDArray[Any]

MAX_BYTES = 256 << 20
RATES = (1000, 192_000)
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


class Recording(NamedTuple):
    """Samples as float64 in [-1, 1) for PCM, channels already mixed, and their rate in Hz."""

    samples: NDArray[np.float64]
    rate: int


class _Format(NamedTuple):
    tag: int
    channels: int
    rate: int
    block: int
    bits: int


def read_wav(path: Path) -> Recording:
    """One recording; two channels are averaged.

    Raises:
        MissingFile: LP221, not there or not readable.
        NotThisFormat: LP200, not a RIFF WAVE file.
        CutShort: LP202, empty, cut short, or longer than it says.
        ImpossibleSize: LP204, larger than the limit.
        BadValue: LP207, NaN or infinity.
        BadRecording: LP220, a coding, rate or number of channels that is not read here, or no samples.
    """
    form, data = _chunks(path, _read(path))
    samples = _decode(path, form, data).reshape(-1, form.channels)
    if not np.isfinite(samples).all():
        at = int(np.argwhere(~np.isfinite(samples))[0][0])
        raise BadValue(f"{path}: sample {at} is {samples[at].tolist()}", fix="export it again, as 16-bit PCM")
    if len(samples) == 0:
        raise BadRecording(f"{path} has no samples")
    return Recording(samples.mean(axis=1), form.rate)


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ImpossibleSize(f"{path}: {size} B, the limit is {MAX_BYTES} B")
        return path.read_bytes()
    except OSError as error:
        raise MissingFile(f"{path}: {error.strerror}") from error


def _chunks(path: Path, raw: bytes) -> tuple[_Format, bytes]:
    if not raw:
        raise CutShort(f"{path} is empty")
    if raw[:4] != b"RIFF"[: len(raw)] or raw[8:12] != b"WAVE"[: max(len(raw) - 8, 0)]:
        raise NotThisFormat(f"{path} is not a WAV file", why=f"it begins with {raw[:12]!r}")
    if len(raw) < 12:
        raise CutShort(f"{path} ends at byte {len(raw)}, inside its first header")
    declared = struct.unpack_from("<I", raw, 4)[0] + 8
    if len(raw) not in (declared, declared + declared % 2):  # chunks are padded to even sizes
        raise CutShort(f"{path} has {len(raw)} B", why=f"its header says {declared}")
    form: _Format | None = None
    at = 12
    while at < declared:
        if at + 8 > declared:
            raise CutShort(f"{path} ends at byte {declared}, inside a chunk header")
        name, size = raw[at : at + 4], struct.unpack_from("<I", raw, at + 4)[0]
        if at + 8 + size > declared:
            raise CutShort(f"{path} ends at byte {declared}", why=f"chunk {name!r} says it goes to {at + 8 + size}")
        body = raw[at + 8 : at + 8 + size]
        if name == b"fmt ":
            form = _format(path, body)
        elif name == b"data":
            if form is None:
                raise BadRecording(f"{path} has samples before it says of what format")
            return form, body
        at += 8 + size + size % 2
    raise BadRecording(f"{path} has no {'format' if form is None else 'data'} chunk")


def _format(path: Path, body: bytes) -> _Format:
    if len(body) < 16:
        raise CutShort(f"{path}: format chunk of {len(body)} B, it needs 16")
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE and len(body) >= 40 and body[26:40] == _GUID_TAIL:
        tag = struct.unpack_from("<H", body, 24)[0]
    fix = "export it as 16-bit PCM"
    if (tag, bits) not in [(_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32)]:
        raise BadRecording(f"{path} is coded as format {tag} with {bits} bits", fix=fix)
    if channels not in (1, 2):
        raise BadRecording(f"{path} has {channels} channels", why="one or two are read", fix=fix)
    if not RATES[0] <= rate <= RATES[1]:
        raise BadRecording(f"{path} has {rate} samples a second", why=f"{RATES[0]} to {RATES[1]} are read")
    if block != channels * bits // 8:
        raise BadRecording(
            f"{path}: {block} B a sample, {channels} channels of {bits} bits need {channels * bits // 8}"
        )
    return _Format(tag, channels, rate, block, bits)


def _decode(path: Path, form: _Format, data: bytes) -> NDArray[np.float64]:
    if len(data) % form.block:
        raise CutShort(f"{path}: {len(data)} B of samples is no multiple of {form.block}")
    values: Array
    if form.tag == _FLOAT:
        return np.frombuffer(data, "<f4").astype(np.float64)
    if form.bits == 8:
        values = np.frombuffer(data, np.uint8).astype(np.float64) - 128
    elif form.bits == 24:
        octets = np.zeros((len(data) // 3, 4), np.uint8)
        octets[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        values = (octets.view("<i4")[:, 0] >> 8).astype(np.float64)
    else:
        values = np.frombuffer(data, f"<i{form.bits // 8}").astype(np.float64)
    return values / 2.0 ** (form.bits - 1)
