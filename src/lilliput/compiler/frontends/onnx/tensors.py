"""Stored tensors as arrays: from the file itself, or from files beside it, never from outside its folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from lilliput.compiler.graph import Array, checked_bytes
from lilliput.core.errors import (
    BadValue,
    CutShort,
    ImpossibleSize,
    MissingFile,
    OutOfRange,
    OutsideFolder,
    UnsupportedAttribute,
)
from lilliput.core.files import read_bytes

MAX_FILE_BYTES = 256 << 20
MAX_RANK = 8

DTYPES: Mapping[int, str] = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16",
    11: "float64", 12: "uint32", 13: "uint64",
}  # fmt: skip
TYPE_NAMES: Mapping[int, str] = {
    0: "undefined", 8: "string", 14: "complex64", 15: "complex128", 16: "bfloat16", 17: "float8e4m3fn",
    18: "float8e4m3fnuz", 19: "float8e5m2", 20: "float8e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4e2m1",
}  # fmt: skip

_FIELDS = {
    "float32": "float_data", "float64": "double_data", "int64": "int64_data", "uint32": "uint64_data",
    "uint64": "uint64_data",
}  # fmt: skip
_EXTERNAL = 1


class Beside:
    """The files beside a model, each read once.

    Args:
        folder: where the model lies; None for bytes that have no place, which may not refer to files.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder, self._read, self._total = folder, dict[str, bytes](), 0

    def part(self, location: str, offset: int, length: int, what: str) -> memoryview:
        """`length` bytes from `offset` of the file at `location`, a path relative to the folder.

        Raises:
            OutsideFolder: LP209, the path is absolute, climbs, or is a link out of the folder.
            MissingFile: LP221. ImpossibleSize: LP204, the files are too large. OutOfRange: LP203, past the end.
        """
        content = self._content(location, what)
        if offset + length > len(content):
            raise OutOfRange(
                f"{what}: bytes {offset} to {offset + length} of {location!r}, which has {len(content)} bytes"
            )
        return memoryview(content)[offset : offset + length]

    def _content(self, location: str, what: str) -> bytes:
        if location not in self._read:
            content = read_bytes(self._inside(location, what), limit=MAX_FILE_BYTES)
            self._total += len(content)
            if self._total > MAX_FILE_BYTES:
                raise ImpossibleSize(f"{what}: the files beside the model have over {MAX_FILE_BYTES} bytes together")
            self._read[location] = content
        return self._read[location]

    def _inside(self, location: str, what: str) -> Path:
        if self._folder is None:
            raise MissingFile(f"{what} lies in another file, {location!r}, and there is none beside these bytes")
        parts = PurePosixPath(location).parts
        plain = bool(parts) and not re.search(r"[\\\0:]", location) and not location.startswith("/")
        if not plain or ".." in parts:
            raise OutsideFolder(
                f"{what} refers to the file {location!r}", why="only files inside the model's own folder are read"
            )
        folder = self._folder.resolve()
        path = (folder / location).resolve()
        if not path.is_relative_to(folder):
            raise OutsideFolder(f"{what} refers to {location!r}, a link to {path}, outside the model's folder")
        return path


def array_of(tensor: Any, beside: Beside, what: str) -> Array:
    """The array that a TensorProto holds.

    Args:
        tensor: the parsed message.
        beside: where other files are found.
        what: names the tensor in messages.

    Raises:
        FileError: LP2xx, its sizes, its bytes or its place do not fit each other, or its values cannot be weights.
        UnsupportedAttribute: LP302, a type that nothing here computes with.
    """
    dtype = dtype_of(tensor.data_type, what)
    shape = tuple(int(axis) for axis in tensor.dims)
    size = _bytes_of(shape, np.dtype(dtype).itemsize, what)
    if tensor.data_location == _EXTERNAL:
        array = _little_endian(_external(tensor, beside, size, what), dtype)
    elif tensor.HasField("raw_data"):
        if len(tensor.raw_data) != size:
            raise CutShort(f"{what} has {len(tensor.raw_data)} bytes, {dtype}{list(shape)} takes {size}")
        array = _little_endian(memoryview(tensor.raw_data), dtype)
    else:
        array = _typed(tensor, dtype, size, what)
    return _checked(array.reshape(shape), what)


def dtype_of(number: int, what: str) -> str:
    """NumPy's name of a type number. Raises UnsupportedAttribute, LP302."""
    if number not in DTYPES:
        raise UnsupportedAttribute(
            f"{what} has the type {TYPE_NAMES.get(number, f'number {number}')}, which has no kernels"
        )
    return DTYPES[number]


def _bytes_of(shape: tuple[int, ...], itemsize: int, what: str) -> int:
    if len(shape) > MAX_RANK:
        raise ImpossibleSize(f"{what} has {len(shape)} axes, the most is {MAX_RANK}")
    if 0 in shape and all(0 <= axis < 1 << 31 for axis in shape):
        return 0  # optional inputs are stored as empty tensors
    return checked_bytes(shape, itemsize, what)


def _external(tensor: Any, beside: Beside, size: int, what: str) -> memoryview:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    numbers = {}
    for key, default in (("offset", 0), ("length", size)):
        text = entries.get(key, str(default))
        if not re.fullmatch(r"[0-9]{1,18}", text):
            raise OutOfRange(f"{what}: its {key} in another file is {text[:40]!r}")
        numbers[key] = int(text)
    if numbers["length"] != size:
        raise CutShort(f"{what} has {numbers['length']} bytes in another file, its shape takes {size}")
    return beside.part(entries.get("location", ""), numbers["offset"], size, what)


def _little_endian(content: memoryview, dtype: str) -> Array:
    return np.frombuffer(content, np.dtype(dtype).newbyteorder("<")).astype(dtype, copy=False)


def _typed(tensor: Any, dtype: str, size: int, what: str) -> Array:
    stored = getattr(tensor, _FIELDS.get(dtype, "int32_data"))
    if len(stored) * np.dtype(dtype).itemsize != size:
        raise CutShort(f"{what} has {len(stored)} values, its shape takes {size // np.dtype(dtype).itemsize}")
    if dtype == "float16":
        return np.array(stored, np.int64).astype(np.uint16).view(np.float16)
    array = np.array(stored, _wide(dtype))
    if array.dtype.kind in "iu" and size and dtype != "bool":
        limits = np.iinfo(dtype)
        if int(array.min()) < limits.min or int(array.max()) > limits.max:
            raise BadValue(f"{what} holds {array.min()} to {array.max()}, its type is {dtype}")
    return array.astype(dtype)


def _wide(dtype: str) -> str:
    if dtype.startswith("float"):
        return dtype
    return "uint64" if dtype in ("uint32", "uint64") else "int64"


def _checked(array: Array, what: str) -> Array:
    if array.dtype.kind == "f" and (np.isnan(array).any() or (array.size > 1 and np.isinf(array).any())):
        raise BadValue(f"{what} holds NaN or infinity", fix="train again, or load good weights")
    return array
