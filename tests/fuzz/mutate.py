"""Ways to damage a file, the same ones for the same seed."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np

_NUMBERS = (0, 1, -1, 2, 3, 4, 7, 8, 127, 128, 255, 256, -128, 32767, 65535, 2**31 - 1, -(2**31), 2**20, 2**24)
_WORDS = (
    b"true",
    b"null",
    b"-1",
    b"0",
    b"1e999",
    b"[]",
    b"{}",
    b'""',
    b"[[[[[[[[",
    b'"aten.conv2d.default"',
    b"9" * 40,
)


def mutant(data: bytes, rng: np.random.Generator) -> bytes:
    """`data` with one to eight changes. A zip archive is changed inside a member as often as outside."""
    if data[:2] == b"PK" and rng.random() < 0.8:
        return _in_member(data, rng)
    made = bytearray(data)
    for _ in range(int(rng.integers(1, 9))):
        made = _CHANGES[int(rng.integers(len(_CHANGES)))](made, rng)
        if not made:
            return b""
    return bytes(made)


def _in_member(data: bytes, rng: np.random.Generator) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    texts = [name for name, content in members.items() if content[:1] in (b"{", b"[")]
    pool = texts if rng.random() < 0.8 else [each for each, content in members.items() if content]
    name = pool[int(rng.integers(len(pool)))]
    content = bytearray(members[name])
    for _ in range(int(rng.integers(1, 5))):
        if not content:
            break
        change = _word if name in texts and rng.random() < 0.7 else _CHANGES[int(rng.integers(len(_CHANGES)))]
        content = change(content, rng) or content
    members[name] = bytes(content)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for each, content_of in members.items():
            archive.writestr(each, content_of)
    return made.getvalue()


def _place(data: bytearray, rng: np.random.Generator, align: int = 1) -> int:
    """Any byte; the beginning, where the structure is, more often than the weights."""
    span = len(data) if rng.random() < 0.5 else max(1, min(len(data), 2048))
    return int(rng.integers(span)) // align * align


def _flip(data: bytearray, rng: np.random.Generator) -> bytearray:
    data[_place(data, rng)] ^= 1 << int(rng.integers(8))
    return data


def _byte(data: bytearray, rng: np.random.Generator) -> bytearray:
    data[_place(data, rng)] = int(rng.integers(256))
    return data


def _number(data: bytearray, rng: np.random.Generator) -> bytearray:
    at, code = _place(data, rng, 2), "<hiq"[int(rng.integers(1, 4))]
    size = struct.calcsize("<" + code)
    number = _NUMBERS[int(rng.integers(len(_NUMBERS)))]
    half = 1 << (8 * size - 1)
    data[at : at + size] = struct.pack("<" + code, (number + half) % (2 * half) - half)
    return data


def _step(data: bytearray, rng: np.random.Generator) -> bytearray:
    at = _place(data, rng)
    data[at] = (data[at] + int(rng.integers(-4, 5))) % 256
    return data


def _cut(data: bytearray, rng: np.random.Generator) -> bytearray:
    return data[: int(rng.integers(len(data)))] if rng.random() < 0.2 else data


def _drop(data: bytearray, rng: np.random.Generator) -> bytearray:
    at = _place(data, rng)
    del data[at : at + int(rng.integers(1, 9))]
    return data


def _copy(data: bytearray, rng: np.random.Generator) -> bytearray:
    source, target, count = _place(data, rng, 4), _place(data, rng, 4), 4 * int(rng.integers(1, 9))
    data[target : target + count] = data[source : source + count]
    return data


def _word(data: bytearray, rng: np.random.Generator) -> bytearray:
    """One number, word or text of a JSON document becomes another."""
    import re

    found = list(re.finditer(rb'-?\d+|true|false|null|"[^"]{0,40}"', bytes(data)))
    if not found:
        return data
    one = found[int(rng.integers(len(found)))]
    other = found[int(rng.integers(len(found)))]
    word = other.group() if rng.random() < 0.5 else _WORDS[int(rng.integers(len(_WORDS)))]
    return data[: one.start()] + word + data[one.end() :]


_CHANGES = (_flip, _byte, _number, _number, _step, _cut, _drop, _copy)
