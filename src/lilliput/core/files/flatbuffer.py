"""Read a flatbuffer from a stranger: every offset, size and alignment is checked before it is followed.

A flatbuffer is little-endian. A table starts with a signed offset back to its vtable, which lists where each field
lies; strings, vectors and sub-tables are reached by unsigned offsets forward. The checks are those of a verifier, made
at each access: nothing outside the buffer is read, nothing nests deeper than `MAX_DEPTH`, and a file that refers to the
same table many times cannot make the reader work for long (`MAX_TABLES`).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadName, CutShort, NotThisFormat, OutOfRange, TooDeep

MAX_DEPTH = 16
MAX_TABLES = 200_000

T = TypeVar("T")
Array = NDArray[Any]


@dataclass
class _Buffer:
    data: bytes
    tables: int = field(default=0)

    def number(self, code: str, at: int, path: str) -> int:
        size = struct.calcsize(code)
        if at < 0 or at + size > len(self.data):
            raise OutOfRange(f"{path}: offset {at} lies outside the {len(self.data)} bytes of the file")
        if at % size:
            raise OutOfRange(f"{path}: offset {at} is not aligned to {size}")
        return int(struct.unpack_from("<" + code, self.data, at)[0])


class Table:
    """One table. `field` numbers are those of the schema; an absent field gives the default.

    Raises, by any method: OutOfRange (LP203), CutShort (LP202), TooDeep (LP206), BadName (LP205).
    """

    def __init__(self, buffer: _Buffer, at: int, path: str, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise TooDeep(f"{path}: tables nest deeper than {MAX_DEPTH}")
        buffer.tables += 1
        if buffer.tables > MAX_TABLES:
            raise TooDeep(f"{path}: the file has more than {MAX_TABLES} tables, or refers to some of them in a circle")
        self._buffer, self._at, self.path, self._depth = buffer, at, path, depth
        vtable = at - buffer.number("i", at, f"{path}: vtable")
        size = buffer.number("H", vtable, f"{path}: vtable")
        self._size = buffer.number("H", vtable + 2, f"{path}: vtable")
        if size < 4 or size % 2 or vtable + size > len(buffer.data):
            raise OutOfRange(f"{path}: a vtable of {size} bytes at {vtable} does not fit the file")
        if self._size < 4 or at + self._size > len(buffer.data):
            raise CutShort(f"{path}: a table of {self._size} bytes at {at} ends after the file's {len(buffer.data)}")
        self._fields = struct.unpack_from(f"<{(size - 4) // 2}H", buffer.data, vtable + 4)

    def _where(self, number: int, size: int) -> int | None:
        offset = self._fields[number] if number < len(self._fields) else 0
        if not offset:
            return None
        if offset < 4 or offset + size > self._size:
            raise OutOfRange(f"{self.path}: field {number} at {offset} lies outside its table of {self._size} bytes")
        return self._at + offset

    def scalar(self, number: int, code: str, default: int = 0) -> int:
        """An integer field; `code` is its struct code: b B h H i I q Q ?."""
        at = self._where(number, struct.calcsize(code))
        return default if at is None else self._buffer.number(code, at, f"{self.path}: field {number}")

    def real(self, number: int, default: float = 0.0) -> float:
        """A float32 field."""
        at = self._where(number, 4)
        if at is None:
            return default
        self._buffer.number("I", at, f"{self.path}: field {number}")
        return float(struct.unpack_from("<f", self._buffer.data, at)[0])

    def table(self, number: int, name: str) -> Table | None:
        """A sub-table, None when absent."""
        target = self._target(number)
        return None if target is None else Table(self._buffer, target, f"{self.path}.{name}", self._depth + 1)

    def text(self, number: int, name: str) -> str:
        """A string, empty when absent."""
        raw = self.bytes(number, name)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise BadName(f"{self.path}.{name} is not UTF-8: {raw[:24]!r}") from None

    def bytes(self, number: int, name: str) -> bytes:
        """A vector of bytes, empty when absent."""
        start, count = self._vector(number, 1, name)
        return self._buffer.data[start : start + count]

    def array(self, number: int, dtype: str, name: str) -> Array:
        """A vector of numbers, empty when absent."""
        kind = np.dtype(dtype).newbyteorder("<")
        start, count = self._vector(number, kind.itemsize, name)
        return np.frombuffer(self._buffer.data, kind, count, start).astype(dtype)

    def structs(self, number: int, kind: np.dtype[np.void], alignment: int, name: str) -> NDArray[np.void]:
        """A vector of structs of one layout, empty when absent; a view, little-endian as `kind` says."""
        start, count = self._vector(number, kind.itemsize, name, alignment)
        return np.frombuffer(self._buffer.data, kind, count, start)

    def each(self, number: int, name: str, read: Callable[[Table], T]) -> list[T]:
        """`read` applied to each table of a vector."""
        start, count = self._vector(number, 4, name)
        found = []
        for index in range(count):
            path = f"{self.path}.{name}[{index}]"
            at = start + 4 * index
            target = at + self._buffer.number("I", at, path)
            found.append(read(Table(self._buffer, target, path, self._depth + 1)))
        return found

    def _target(self, number: int) -> int | None:
        at = self._where(number, 4)
        if at is None:
            return None
        return at + self._buffer.number("I", at, f"{self.path}: field {number}")

    def _vector(self, number: int, itemsize: int, name: str, alignment: int = 0) -> tuple[int, int]:
        target = self._target(number)
        if target is None:
            return 0, 0
        path = f"{self.path}.{name}"
        count = self._buffer.number("I", target, path)
        start = target + 4
        if count * itemsize > len(self._buffer.data) - start:
            room = len(self._buffer.data) - start
            raise CutShort(f"{path}: {count} items of {itemsize} bytes at {start}, {room} bytes are left")
        if count and start % (alignment or itemsize):
            raise OutOfRange(f"{path}: items of {itemsize} bytes start at {start}, not aligned")
        return start, count


def root_table(data: bytes, identifier: bytes, name: str, *, has_size: bool = False) -> Table:
    """The root table of a file.

    Args:
        data: the whole file.
        identifier: the four bytes that this kind of file carries at offset 4, after its size where it has one.
        name: what the file is called in messages.
        has_size: four bytes with the size of the rest come first.

    Raises:
        NotThisFormat: LP200, the identifier is not there. CutShort: LP202, another size than the bytes have.
    """
    start = 4 if has_size else 0
    if has_size and len(data) >= 4 and int.from_bytes(data[:4], "little") != len(data) - 4:
        raise CutShort(f"{name} says it has {int.from_bytes(data[:4], 'little')} bytes, and has {len(data) - 4}")
    if len(data) < start + 8 or data[start + 4 : start + 8] != identifier:
        raise NotThisFormat(
            f"{name} is not a {identifier.decode()} flatbuffer: it has {len(data)} bytes and begins with {data[:8]!r}"
        )
    buffer = _Buffer(data)
    return Table(buffer, start + buffer.number("I", start, name), name, 0)
