"""The bytes of an ONNX file before they are taken apart: whether they are well-formed, and how much they unfold to.

An ONNX file is a Protocol Buffers message without a magic number, a length or a checksum. A few bytes of it can unfold
to large objects and nest without end, so its fields are walked and counted first, with the published message
descriptions, and only a file within the limits is parsed.
"""

from __future__ import annotations

from typing import Any

from lilliput.core.errors import BadName, CutShort, ImpossibleSize, NotThisFormat, TooDeep

MAX_FIELDS = 2_000_000
"""Each takes some hundred bytes once parsed. Weights stored in one piece are one field."""
MAX_DEPTH = 24
MAX_NAME_BYTES = 4096

_NAMES = frozenset({"name", "op_type", "input", "output", "domain", "dim_param", "key", "ref_attr_name"})
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def check_wire(data: bytes, message: Any, name: str) -> None:
    """Return when `data` is a well-formed message within the limits.

    Args:
        data: the bytes of a file, from anywhere.
        message: the description of the outermost message.
        name: of the file, for messages.

    Raises:
        NotThisFormat: LP200, the bytes are no such message.
        CutShort: LP202, a field reaches past the end of its message.
        ImpossibleSize: LP204, more than `MAX_FIELDS` fields.
        BadName: LP205, a text is not UTF-8, or a name is longer than `MAX_NAME_BYTES`.
        TooDeep: LP206, messages nest deeper than `MAX_DEPTH`.
    """
    if not data:
        raise NotThisFormat(f"{name} has 0 bytes", fix="name an ONNX file")
    fields, waiting = 0, [(message, 0, len(data), 0)]
    while waiting:
        kind, at, end, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise TooDeep(f"{name} nests more than {MAX_DEPTH} messages")
        while at < end:
            fields += 1
            if fields > MAX_FIELDS:
                raise ImpossibleSize(
                    f"{name} has more than {MAX_FIELDS} fields", fix="store the weights as raw data, as exporters do"
                )
            key, at = _varint(data, at, end, name)
            start, at = _payload(data, at, end, key & 7, name)
            known = kind.fields_by_number.get(key >> 3)
            if key >> 3 == 0:
                raise NotThisFormat(f"{name} is not an ONNX file: a field has the number 0")
            if key & 7 != _LENGTH or known is None:
                continue
            if known.message_type is not None:
                waiting.append((known.message_type, start, at, depth + 1))
            elif known.type == known.TYPE_STRING:
                _check_text(data[start:at], known.name, name)


def _payload(data: bytes, at: int, end: int, wire: int, name: str) -> tuple[int, int]:
    """Where the content of a field begins and ends."""
    if wire == _VARINT:
        return at, _varint(data, at, end, name)[1]
    if wire == _LENGTH:
        length, at = _varint(data, at, end, name)
    elif wire in (_FIXED64, _FIXED32):
        length = 8 if wire == _FIXED64 else 4
    else:
        raise NotThisFormat(f"{name} is not an ONNX file: a field has the wire type {wire}")
    if length > end - at:
        raise CutShort(f"{name}: a field at byte {at} takes {length} bytes, {end - at} are left")
    return at, at + length


def _varint(data: bytes, at: int, end: int, name: str) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            raise CutShort(f"{name} ends within a number at byte {at}")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise NotThisFormat(f"{name} is not an ONNX file: a number at byte {at} is longer than 64 bits")


def _check_text(text: bytes, field: str, name: str) -> None:
    if field in _NAMES and len(text) > MAX_NAME_BYTES:
        raise BadName(f"{name}: a {field} has {len(text)} bytes, the limit is {MAX_NAME_BYTES}")
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        raise BadName(f"{name}: a {field} is not UTF-8: {text[:20]!r}") from None
