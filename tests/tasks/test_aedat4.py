"""AEDAT 4 files, written here by the published schema."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import (
    BadName,
    BadValue,
    CutShort,
    ImpossibleSize,
    LilliputError,
    MissingExtra,
    NotThisFormat,
    OutOfRange,
)
from lilliput.tasks import aedat4
from lilliput.tasks.aedat4 import MAGIC, read_aedat4
from lilliput.tasks.events import Events
from tests.tasks.damage import accepted
from tests.tasks.test_events import some

flatbuffers = pytest.importorskip("flatbuffers")

XML = """<dv version="2.0"><node name="outInfo" path="/mainloop/Recorder/outInfo/">
<node name="0"><attr key="typeIdentifier" type="string">FRME</attr></node>
<node name="1"><attr key="compression" type="string">NONE</attr><attr key="typeIdentifier" type="string">EVTS</attr>
<node name="info"><attr key="sizeX" type="int">6</attr><attr key="sizeY" type="int">5</attr></node></node>
</node></dv>"""


def header(compression: int = 0, table: int = -1, text: str = XML) -> bytes:
    builder = flatbuffers.Builder(64)
    info = builder.CreateString(text)
    builder.StartObject(3)
    builder.PrependInt32Slot(0, compression, 0)
    builder.PrependInt64Slot(1, table, -1)
    builder.PrependUOffsetTRelativeSlot(2, info, 0)
    builder.FinishSizePrefixed(builder.EndObject(), b"IOHE")
    return bytes(builder.Output())


def packet(events: Events, rows: slice) -> bytes:
    builder = flatbuffers.Builder(64)
    part = list(zip(events.t[rows], events.x[rows], events.y[rows], events.p[rows], strict=True))
    builder.StartVector(16, len(part), 8)
    for t, x, y, p in reversed(part):
        builder.Prep(8, 16)
        builder.Pad(3)
        builder.PrependBool(bool(p))
        builder.PrependInt16(int(y))
        builder.PrependInt16(int(x))
        builder.PrependInt64(int(t) + 1_600_000_000_000_000)
    elements = builder.EndVector()
    builder.StartObject(1)
    builder.PrependUOffsetTRelativeSlot(0, elements, 0)
    builder.FinishSizePrefixed(builder.EndObject(), b"EVTS")
    return bytes(builder.Output())


def packed(data: bytes, kind: int) -> bytes:
    if kind in (1, 2):
        lz4 = pytest.importorskip("lz4.frame")
        return bytes(lz4.compress(data))
    if kind in (3, 4):
        zstandard = pytest.importorskip("zstandard")
        return bytes(zstandard.ZstdCompressor().compress(data))
    return data


def recording(events: Events, kind: int = 0, table: bool = False, text: str = XML) -> bytes:
    half = len(events) // 2
    bodies = [(1, packet(events, slice(half))), (0, b"a picture"), (1, packet(events, slice(half, None)))]
    parts = [struct.pack("<ii", stream, len(body)) + body for stream, body in ((s, packed(b, kind)) for s, b in bodies)]
    body = b"".join(parts)
    start = len(MAGIC) + len(header(kind, 1, text))
    return MAGIC + header(kind, start + len(body) if table else -1, text) + body + (b"the table" if table else b"")


@pytest.mark.parametrize("kind", range(5))
@pytest.mark.parametrize("table", [False, True])
def test_all_events_of_the_stream_come_back(tmp_path: Path, kind: int, table: bool) -> None:
    wanted, path = some(501), tmp_path / "a.aedat4"
    path.write_bytes(recording(wanted, kind, table))
    if table and kind == 0:  # without a table the header leaves the default away, and is shorter
        assert path.read_bytes()[-9:] == b"the table"
    found = read_aedat4(path)
    for key in ("x", "y", "p"):
        np.testing.assert_array_equal(getattr(found, key), getattr(wanted, key))
    np.testing.assert_array_equal(found.t, wanted.t - wanted.t[0])
    assert (found.height, found.width) == (5, 6)


def test_a_recording_without_events_is_empty_and_streams_are_chosen_by_number(tmp_path: Path) -> None:
    path = tmp_path / "a.aedat4"
    path.write_bytes(MAGIC + header())
    assert len(read_aedat4(path, 1)) == 0
    with pytest.raises(BadName, match=r"LP205: .*no stream 0 of events\n  why: streams of events: 1"):
        read_aedat4(path, 0)
    path.write_bytes(MAGIC + header(text=XML.replace("EVTS", "IMUS")))
    with pytest.raises(BadName, match=r"no stream of events\n  why: streams of events: none"):
        read_aedat4(path)


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"#!AER-DAT3.1\r\n", NotThisFormat, "LP200: .*begins with b'#!AER-DAT3.1"),
        (MAGIC, CutShort, "LP202: .*inside its header"),
        (MAGIC + struct.pack("<I", 1 << 31), CutShort, "LP202: .*inside its header of 2147483648 B"),
        (MAGIC + header().replace(b"IOHE", b"IOHF"), NotThisFormat, "LP200: .*not a IOHE flatbuffer"),
        (MAGIC + header(table=5), OutOfRange, "LP203: .*its table is said to be at 5"),
        (MAGIC + header(table=1 << 60), OutOfRange, "LP203"),
        (MAGIC + header() + b"\1\0", CutShort, "LP202: .*inside the head of a packet"),
        (MAGIC + header() + struct.pack("<ii", 1, -5), CutShort, "LP202: .*a packet of -5 B"),
        (MAGIC + header() + struct.pack("<ii", 1, 90) + b"abc", CutShort, "LP202: .*a packet of 90 B .* 3 B are left"),
        (MAGIC + header(9) + struct.pack("<ii", 1, 2) + b"ab", NotThisFormat, "LP200: .*has the number 9"),
        (MAGIC + header(1) + struct.pack("<ii", 1, 20) + b"ab" * 10, BadValue, "LP207: .*cannot be unpacked"),
        (MAGIC + header(3) + struct.pack("<ii", 1, 2) + b"ab", BadValue, "LP207: .*cannot be unpacked"),
        (MAGIC + header(text="<dv>"), BadValue, "LP207: .*no XML"),
        (MAGIC + header(text='<!DOCTYPE a [<!ENTITY b "c">]><dv/>'), BadValue, "LP207: .*declares entities"),
        (MAGIC + header(text=XML.replace(">6<", ">-6<")), BadValue, "LP207: .*says it has '-6'×'5' pixels"),
        (MAGIC + header(text=XML.replace(">6<", ">0<")), ImpossibleSize, "LP204: .*a sensor of 5×0 pixels"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, data: bytes, error: type[LilliputError], words: str) -> None:
    pytest.importorskip("lz4.frame")
    pytest.importorskip("zstandard")
    path = tmp_path / "a.aedat4"
    path.write_bytes(data)
    with pytest.raises(error, match=f"(?s){words}"):
        read_aedat4(path)


@pytest.mark.parametrize("kind", [1, 3])
def test_packets_that_unpack_to_too_much_or_end_early_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: int
) -> None:
    path, events = tmp_path / "a.aedat4", some(400)
    monkeypatch.setattr(aedat4, "MAX_PACKET", 1024)
    path.write_bytes(recording(events, kind))
    with pytest.raises((ImpossibleSize, BadValue), match="unpack"):
        read_aedat4(path)
    monkeypatch.undo()
    whole = packed(packet(events, slice(None)), kind)[:-9]
    path.write_bytes(MAGIC + header(kind) + struct.pack("<ii", 1, len(whole)) + whole)
    with pytest.raises(LilliputError, match=r"LP20[27]"):
        read_aedat4(path)


@pytest.mark.parametrize(("kind", "package", "word"), [(1, "lz4.frame", "LZ4"), (3, "zstandard", "Zstandard")])
def test_a_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: int, package: str, word: str
) -> None:
    path = tmp_path / "a.aedat4"
    path.write_bytes(recording(some(), kind))
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(MissingExtra, match=rf"LP601: .*{word}\n  fix: pip install \"lilliput\[events\]\""):
        read_aedat4(path)


@pytest.mark.parametrize("kind", [0, 1, 3])
def test_damaged_files_give_events_or_an_error_of_ours(tmp_path: Path, kind: int) -> None:
    taken, codes = accepted(read_aedat4, recording(some(80), kind), tmp_path / "a.aedat4", 200)
    assert taken > 3
    assert {"LP200", "LP202"} <= codes


def test_damage_of_a_packet_gives_events_or_an_error_of_ours(tmp_path: Path) -> None:
    body, path, refused = packet(some(40), slice(None)), tmp_path / "a.aedat4", 0
    rng = np.random.default_rng(0)
    for _ in range(200):
        bad = bytearray(body)
        for place in rng.integers(0, 64, 2):
            bad[place] = int(rng.choice([0, 1, 127, 255]))
        path.write_bytes(MAGIC + header() + struct.pack("<ii", 1, len(bad)) + bad)
        try:
            read_aedat4(path)
        except LilliputError:
            refused += 1
    assert refused > 100
