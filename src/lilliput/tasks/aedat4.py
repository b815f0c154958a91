"""Recordings in AEDAT 4 (`.aedat4`), as the cameras of iniVation write them: the polarity events of one stream.

    "#!AER-DAT4.0\\r\\n"     14 bytes
    IOHeader               flatbuffer with its size before it: compression, place of the table at the end, an XML text
                           that says what each stream is
    packets                stream i32, size i32, then that many bytes: packed, a flatbuffer with its size before it
    FileDataTable          only if IOHeader gives its place; it repeats what the packets say, and is not read

Nothing is read on trust: every offset is checked, and sizes before anything is unpacked.

Source: https://docs.inivation.com/software/software-advanced-usage/file-formats/aedat-4.0.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from lilliput.core.errors import BadName, BadValue, CutShort, ImpossibleSize, MissingExtra, NotThisFormat, OutOfRange
from lilliput.core.files.flatbuffer import root_table
from lilliput.core.files.reading import read_bytes
from lilliput.tasks.events import MAX_EVENTS, Events, events_of

MAGIC = b"#!AER-DAT4.0\r\n"
EVENT = np.dtype(
    {"names": ["t", "x", "y", "p"], "formats": ["<i8", "<i2", "<i2", "?"], "offsets": [0, 8, 10, 12], "itemsize": 16}
)
"""One event: microseconds i64, x i16, y i16, on bool, three bytes of nothing."""

MAX_BYTES = 4 << 30
MAX_PACKET = 256 << 20  # bytes of one packet, unpacked
_MAX_HEADER = 4 << 20
_NONE, _LZ4, _LZ4_HIGH, _ZSTD, _ZSTD_HIGH = range(5)
_PACKET = struct.Struct("<ii")


@dataclass(frozen=True)
class _Stream:
    number: int
    height: int
    width: int


def read_aedat4(path: Path, stream: int | None = None) -> Events:
    """All events of one stream.

    Args:
        path: the file.
        stream: its number; None: the first stream of events.

    Raises:
        MissingFile: LP221. NotThisFormat: LP200. CutShort: LP202. OutOfRange: LP203, an offset, or an event outside of
            the sensor. ImpossibleSize: LP204. TooDeep: LP206. BadName: LP205, there is no such stream. BadValue: LP207,
            a packet cannot be unpacked.
        MissingExtra: LP601, it is packed, and what unpacks it is not installed.
    """
    data = read_bytes(path, limit=MAX_BYTES)
    name = str(path)
    if data[: len(MAGIC)] != MAGIC:
        raise NotThisFormat(f"{name} begins with {data[:14]!r}", why="AEDAT 4 begins with '#!AER-DAT4.0'")
    start = len(MAGIC)
    size = int.from_bytes(data[start : start + 4], "little")
    if len(data) < start + 4 or size > len(data) - start - 4:
        raise CutShort(f"{name} ends at byte {len(data)}, inside its header of {size} B")
    if size > _MAX_HEADER:
        raise ImpossibleSize(f"{name} has a header of {size} B, the limit is {_MAX_HEADER} B")
    end = start + 4 + size
    header = root_table(data[start:end], b"IOHE", name, has_size=True)
    table = header.scalar(1, "q", -1)
    if table != -1 and not end <= table <= len(data):
        raise OutOfRange(f"{name}: its table is said to be at {table} of {len(data)} B")
    chosen = _chosen(_streams(header.text(2, "infoNode"), name), stream, name)
    found, total = [], 0
    for number, packed in _packets(data, end, len(data) if table == -1 else table, name):
        if number != chosen.number:
            continue
        packet = root_table(_unpacked(packed, header.scalar(0, "i"), name), b"EVTS", name, has_size=True)
        found.append(packet.structs(0, EVENT, 8, "elements"))
        total += len(found[-1])
        if total > MAX_EVENTS:
            raise ImpossibleSize(f"{name} has more than {MAX_EVENTS} events")
    events = np.concatenate(found) if found else np.empty(0, EVENT)
    return events_of(events["x"], events["y"], events["t"], events["p"], (chosen.height, chosen.width), name)


def _packets(data: bytes, start: int, end: int, name: str) -> Iterator[tuple[int, bytes]]:
    at = start
    while at < end:
        if end - at < _PACKET.size:
            raise CutShort(f"{name} ends at byte {end}, inside the head of a packet")
        number, size = _PACKET.unpack_from(data, at)
        at += _PACKET.size
        if size < 0 or size > end - at:
            raise CutShort(f"{name}: a packet of {size} B at {at}, {end - at} B are left")
        yield number, data[at : at + size]
        at += size


def _streams(text: str, name: str) -> list[_Stream]:
    """The streams of events that the XML lists."""
    if "<!" in text:
        raise BadValue(f"{name}: its description declares entities", why="that could unpack to anything")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise BadValue(f"{name}: its description is no XML", why=str(error)) from error
    info = root if root.get("name") == "outInfo" else root.find("node[@name='outInfo']")
    found = []
    for node in info.findall("node") if info is not None else []:
        if _attribute(node, "typeIdentifier") != "EVTS":
            continue
        inner = node.find("node[@name='info']")
        sizes = [_attribute(inner, key) if inner is not None else "" for key in ("sizeY", "sizeX")]
        number = node.get("name", "")
        if not all(word.isascii() and word.isdigit() and len(word) < 7 for word in (number, *sizes)):
            raise BadValue(f"{name}: stream {number!a} of events says it has {sizes[1]!a}×{sizes[0]!a} pixels")
        found.append(_Stream(int(number), int(sizes[0]), int(sizes[1])))
    return found


def _attribute(node: ElementTree.Element, key: str) -> str:
    for item in node.findall("attr"):
        if item.get("key") == key:
            return (item.text or "").strip()
    return ""


def _chosen(streams: list[_Stream], number: int | None, name: str) -> _Stream:
    for stream in streams:
        if number is None or stream.number == number:
            return stream
    there = ", ".join(str(stream.number) for stream in streams) or "none"
    asked = "no stream of events" if number is None else f"no stream {number} of events"
    raise BadName(f"{name} has {asked}", why=f"streams of events: {there}")


def _unpacked(packed: bytes, kind: int, name: str) -> bytes:
    if kind == _NONE:
        return packed
    if kind in (_LZ4, _LZ4_HIGH):
        return _from_lz4(packed, name)
    if kind in (_ZSTD, _ZSTD_HIGH):
        return _from_zstd(packed, name)
    raise NotThisFormat(f"{name} is packed in a way that has the number {kind}", why="0 to 4 are known")


def _from_lz4(packed: bytes, name: str) -> bytes:
    try:
        import lz4.frame
    except ImportError as error:
        raise MissingExtra(f"{name} is packed with LZ4", fix='pip install "lilliput[events]"') from error
    unpacker = lz4.frame.LZ4FrameDecompressor()
    try:
        made: bytes = unpacker.decompress(packed, max_length=MAX_PACKET)
    except (RuntimeError, EOFError, ValueError) as error:
        raise BadValue(f"{name}: a packet cannot be unpacked", why=str(error)) from error
    return _whole(made, unpacker.eof, name)


def _from_zstd(packed: bytes, name: str) -> bytes:
    try:
        import zstandard
    except ImportError as error:
        raise MissingExtra(f"{name} is packed with Zstandard", fix='pip install "lilliput[events]"') from error
    try:
        with zstandard.ZstdDecompressor(max_window_size=MAX_PACKET).stream_reader(packed) as reader:
            made: bytes = reader.read(MAX_PACKET + 1)
    except (zstandard.ZstdError, ValueError) as error:
        raise BadValue(f"{name}: a packet cannot be unpacked", why=str(error)) from error
    return _whole(made, len(made) <= MAX_PACKET, name)


def _whole(made: bytes, is_end: bool, name: str) -> bytes:
    if not is_end and len(made) >= MAX_PACKET:
        raise ImpossibleSize(f"{name}: a packet unpacks to more than {MAX_PACKET} B")
    if not is_end or not made:
        raise CutShort(f"{name}: a packet ends before it is unpacked")
    return made
