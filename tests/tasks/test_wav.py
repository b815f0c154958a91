"""The WAV reader: every coding it takes, and what it says of bad files."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import BadRecording, BadValue, CutShort, ImpossibleSize, MissingFile, NotThisFormat
from lilliput.tasks import wav
from lilliput.tasks.wav import read_wav
from tests.tasks.damage import accepted

RAMP = np.array([-1.0, -0.5, 0.0, 0.25, 0.5])


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def form(tag: int = 1, channels: int = 1, rate: int = 8000, bits: int = 16, block: int | None = None) -> bytes:
    block = channels * bits // 8 if block is None else block
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits))


def encode(x: np.ndarray, bits: int) -> bytes:
    whole = np.rint(x * 2.0 ** (bits - 1)).astype(np.int64)
    if bits == 8:
        return (whole + 128).astype(np.uint8).tobytes()
    return b"".join(int(v).to_bytes(bits // 8, "little", signed=True) for v in whole)


def save(folder: Path, raw: bytes) -> Path:
    path = folder / "take.wav"
    path.write_bytes(raw)
    return path


GOOD = riff(form(), chunk(b"data", encode(RAMP, 16)))


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_pcm_of_every_width_gives_the_same_samples(bits: int, tmp_path: Path) -> None:
    recording = read_wav(save(tmp_path, riff(form(bits=bits), chunk(b"data", encode(RAMP, bits)))))
    np.testing.assert_array_equal(recording.samples, RAMP)
    assert recording.rate == 8000


def test_float_and_extensible_headers_are_read(tmp_path: Path) -> None:
    data = chunk(b"data", RAMP.astype("<f4").tobytes())
    np.testing.assert_array_equal(read_wav(save(tmp_path, riff(form(3, bits=32), data))).samples, RAMP)
    tail = struct.pack("<HHIH", 22, 16, 4, 1) + bytes.fromhex("000000001000800000aa00389b71")
    extensible = chunk(b"fmt ", struct.pack("<HHIIHH", 0xFFFE, 1, 8000, 16000, 2, 16) + tail)
    recording = read_wav(save(tmp_path, riff(extensible, chunk(b"data", encode(RAMP, 16)))))
    np.testing.assert_array_equal(recording.samples, RAMP)


def test_two_channels_are_averaged_and_other_chunks_passed_over(tmp_path: Path) -> None:
    both = np.stack([RAMP, np.zeros(5)], axis=1).ravel()
    raw = riff(chunk(b"LIST", b"odd"), form(channels=2), chunk(b"data", encode(both, 16)), chunk(b"cue ", b"1234"))
    np.testing.assert_array_equal(read_wav(save(tmp_path, raw)).samples, RAMP / 2)


def test_reads_what_the_standard_library_writes(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44100)
        file.writeframes(np.array([[100, 300], [-7, 7]], "<i2").tobytes())
    recording = read_wav(path)
    assert recording.rate == 44100
    assert (recording.samples * 32768).tolist() == [200, 0]


@pytest.mark.parametrize(
    ("raw", "error", "message"),
    [
        (b"", CutShort, "LP202: .*take.wav is empty"),
        (b"RIFF\0", CutShort, "LP202: .*take.wav ends at byte 5, inside its first header"),
        (b"ID3\x04" + b"\0" * 40, NotThisFormat, r"LP200: .*take.wav is not a WAV file\n  why: it begins with b'ID3"),
        (GOOD[:-3], CutShort, r"LP202: .*take.wav has 51 B\n  why: its header says 54"),
        (GOOD + b"more", CutShort, r"has 58 B\n  why: its header says 54"),
        (riff(form(), b"da"), CutShort, "inside a chunk header"),
        (riff(form(), b"data" + struct.pack("<I", 2**32 - 1)), CutShort, r"chunk b'data' says it goes to 4294967339"),
        (riff(form(), chunk(b"data", b"")), BadRecording, "LP220: .*take.wav has no samples"),
        (riff(form()), BadRecording, "has no data chunk"),
        (riff(), BadRecording, "has no format chunk"),
        (riff(chunk(b"data", b"1234")), BadRecording, "samples before it says of what format"),
        (riff(chunk(b"fmt ", b"12")), CutShort, "format chunk of 2 B, it needs 16"),
        (riff(form(), chunk(b"data", b"123")), CutShort, "3 B of samples is no multiple of 2"),
        (riff(form(6, bits=8), chunk(b"data", b"1")), BadRecording, "format 6 with 8 bits\n  fix: export it as 16"),
        (riff(form(bits=12), chunk(b"data", b"1")), BadRecording, "format 1 with 12 bits"),
        (riff(form(channels=6), chunk(b"data", b"1")), BadRecording, "has 6 channels"),
        (riff(form(channels=0), chunk(b"data", b"1")), BadRecording, "has 0 channels"),
        (riff(form(rate=0), chunk(b"data", b"1")), BadRecording, "has 0 samples a second"),
        (riff(form(block=3), chunk(b"data", b"")),
         BadRecording, "3 B a sample, 1 channels of 16 bits need 2"),
        (riff(form(3, bits=32), chunk(b"data", np.array([0, np.nan], "<f4").tobytes())), BadValue,
         r"LP207: .*take.wav: sample 1 is \[nan\]"),
        (riff(form(3, bits=32), chunk(b"data", np.array([np.inf], "<f4").tobytes())), BadValue, r"sample 0 is \[inf\]"),
    ],
)  # fmt: skip
def test_a_bad_file_is_named_with_what_is_wrong(
    raw: bytes, error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        read_wav(save(tmp_path, raw))


def test_missing_and_huge_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingFile, match=r"LP221: .*none.wav: No such file"):
        read_wav(tmp_path / "none.wav")
    monkeypatch.setattr(wav, "MAX_BYTES", 10)
    with pytest.raises(ImpossibleSize, match=r"LP204: .*54 B, the limit is 10 B"):
        read_wav(save(tmp_path, GOOD))


def test_damaged_bytes_give_samples_or_one_of_our_errors(tmp_path: Path) -> None:
    taken, codes = accepted(read_wav, GOOD, tmp_path / "take.wav", 600)
    assert taken > 0
    assert codes >= {"LP200", "LP202", "LP220"}
