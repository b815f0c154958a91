"""JSON of ours: every file says its format and version, keys are sorted, the same content gives the same bytes.

Reading takes text from strangers: size and depth are limited, a key may come once, numbers are finite.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

from lilliput.core.errors import BadName, BadValue, CutShort, ImpossibleSize, NewerFormat, NotThisFormat, TooDeep
from lilliput.core.files.reading import read_bytes
from lilliput.core.units import exact_bytes, format_bytes

SIZE_LIMIT = 64 * 1024**2  # bytes
DEPTH_LIMIT = 64

# A string (the closing quote may be missing, so that the scan stays linear on broken text), or one bracket.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


def read_json(path: Path, kind: str, *, version: int = 1, size_limit: int = SIZE_LIMIT) -> dict[str, object]:
    """The object in a file of format `lilliput/<kind>`, with its header fields.

    Raises:
        MissingFile: LP221. NotThisFormat: LP200, not JSON, or of another kind. NewerFormat: LP201, a version above
            `version`. CutShort: LP202. ImpossibleSize: LP204, larger than `size_limit` bytes. BadName: LP205, a key
            twice. TooDeep: LP206. BadValue: LP207, NaN or infinity.
    """
    document = parse_json(read_bytes(path, limit=size_limit), name=str(path), size_limit=size_limit)
    return checked_header(document, kind, version=version, name=str(path))


def write_json(path: Path, kind: str, content: dict[str, object], *, version: int = 1) -> None:
    """Write `content` with the header of `lilliput/<kind>`, whole or not at all.

    Raises:
        ValueError: NaN or infinity in `content`, or a header field of its own that differs.
        BadOutput: LP104. NoRoom: LP604.
    """
    from lilliput.core.files.atomic import write_bytes

    write_bytes(path, document_bytes(kind, content, version=version))


def document_bytes(kind: str, content: dict[str, object], *, version: int = 1) -> bytes:
    """The bytes that `write_json` writes."""
    header = {"format": f"lilliput/{kind}", "version": version}
    for key, value in header.items():
        if content.get(key, value) != value:
            raise ValueError(f"`content` has {key} = {content[key]!r}, the header says {value!r}")
    return to_json({**content, **header}).encode("utf-8")


def to_json(value: object) -> str:
    """JSON with sorted keys, two spaces of indent and a newline at its end.

    Raises:
        ValueError: NaN, infinity, or a lone surrogate. TypeError: a value that JSON does not have.
    """
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    text.encode("utf-8")
    return text


def parse_json(
    data: bytes, *, name: str = "the text", depth_limit: int = DEPTH_LIMIT, size_limit: int = SIZE_LIMIT
) -> object:
    """The value that the JSON text `data` holds; `name` stands in the messages.

    Raises:
        FileError: as `read_json`, but for the header.
    """
    if len(data) > size_limit:
        raise ImpossibleSize(f"{name} has {exact_bytes(len(data))}, the limit is {format_bytes(size_limit)}")
    _check_depth(data, depth_limit, name)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotThisFormat(f"{name} is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}") from None
    reader = _Reader(name)
    try:
        value: object = json.loads(
            text, object_pairs_hook=reader.pairs, parse_constant=reader.refuse_constant, parse_float=reader.real,
            parse_int=reader.whole,
        )  # fmt: skip
    except json.JSONDecodeError as error:
        if not text[error.pos :].strip() or error.msg.startswith("Unterminated string"):
            raise CutShort(f"{name} ends at byte {len(data)}, in the middle of its JSON: {error.msg}") from None
        raise NotThisFormat(
            f"{name} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}",
            why=f"it begins with {data[:16]!r}",
        ) from None
    if b"\\ud" in data.lower():
        _check_text(value, name)
    return value


def checked_header(document: object, kind: str, *, version: int = 1, name: str = "the text") -> dict[str, object]:
    """`document`, when it is an object of format `lilliput/<kind>` and of a version up to `version`.

    Raises:
        NotThisFormat: LP200. NewerFormat: LP201.
    """
    if not isinstance(document, dict):
        raise NotThisFormat(f"{name} holds a {_json_type(document)}, not an object of format lilliput/{kind}")
    found, number = document.get("format"), document.get("version")
    if found != f"lilliput/{kind}":
        raise NotThisFormat(f"{name} says format {str(found)[:80]!r}, not 'lilliput/{kind}'")
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise NotThisFormat(f"{name} says version {str(number)[:80]!r}, which is not a number from 1 up")
    if number > version:
        raise NewerFormat(
            f"{name} is lilliput/{kind} version {number}; this program knows versions up to {version}",
            fix="install a newer Lilliput: pip install --upgrade lilliput",
        )
    return document


class _Reader:
    """The hooks of one parse."""

    def __init__(self, name: str) -> None:
        self.name = name

    def pairs(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        result = dict(pairs)
        if len(result) != len(pairs):
            seen: set[str] = set()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise BadName(f"{self.name} has the key {twice[:80]!r} twice in one object")
        return result

    def refuse_constant(self, text: str) -> object:
        raise BadValue(f"{self.name} holds the number {text}; numbers are finite")

    def real(self, text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            raise BadValue(f"{self.name} holds the number {text[:40]}, which is too large")
        return value

    def whole(self, text: str) -> int:
        if len(text) > 40:
            raise BadValue(f"{self.name} holds a whole number of {len(text)} digits")
        return int(text)


def _check_depth(data: bytes, limit: int, name: str) -> None:
    """Count brackets outside strings before parsing: the parser itself goes down one stack frame a level."""
    depth = 0
    for token in _TOKEN.finditer(data):
        char = data[token.start()]
        if char in b"[{":
            depth += 1
            if depth > limit:
                raise TooDeep(f"{name} nests deeper than {limit} levels at byte {token.start()}")
        elif char in b"]}":
            depth -= 1


def _check_text(value: object, name: str) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, str):
            try:
                item.encode("utf-8")
            except UnicodeEncodeError:
                raise BadName(f"{name} holds half of a surrogate pair in {item[:40]!a}") from None


def _json_type(value: object) -> str:
    names = {list: "list", str: "string", bool: "truth value", int: "number", float: "number", type(None): "null"}
    return names.get(type(value), "value")
