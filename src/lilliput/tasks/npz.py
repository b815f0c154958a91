"""Read arrays from an NPZ that may be damaged or hostile. Nothing in it can run code, and nothing is read on trust."""

from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from lilliput.core.errors import BadName, BadValue, CutShort, ImpossibleSize, MissingFile, NotThisFormat

Array = NDArray[Any]

MAX_BYTES = 2 << 30  # of all arrays that are read together
_HEADER_LIMIT = 10_000
_KINDS = {"i": "iu", "f": "iuf", "U": "U"}


def read_npz(path: Path, wanted: Mapping[str, tuple[str, int]], *, max_bytes: int = MAX_BYTES) -> dict[str, Array]:
    """The named arrays of an NPZ; others in it are not looked at.

    Args:
        path: the file.
        wanted: name → (kind, axes): kind "i" for integers, "f" for numbers, "U" for text.
        max_bytes: limit on the unpacked size.

    Raises:
        MissingFile: LP221, not there or not readable.
        NotThisFormat: LP200, not an NPZ, or an array is not in NumPy's format.
        CutShort: LP202, damaged or incomplete.
        ImpossibleSize: LP204, above the limit, or a size that does not fit the bytes.
        BadName: LP205, an array is missing or there twice.
        BadValue: LP207, an array of another kind, of Python objects, of other axes, or with NaN or infinity.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(path, archive, wanted)
            total = sum(info.file_size for info in members.values())
            if total > max_bytes:
                raise ImpossibleSize(f"{path}: {total} B unpacked, the limit is {max_bytes} B")
            return {name: _array(path, name, archive.read(info), *wanted[name]) for name, info in members.items()}
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise MissingFile(f"{path}: {error.strerror}") from error
    except zipfile.BadZipFile as error:
        raise NotThisFormat(f"{path} is not a whole NPZ file", why=str(error)) from error
    except (zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, struct.error) as error:
        raise CutShort(f"{path} is damaged", why=str(error)) from error


def _members(path: Path, archive: zipfile.ZipFile, wanted: Mapping[str, object]) -> dict[str, zipfile.ZipInfo]:
    names = [info.filename for info in archive.infolist()]
    found = {}
    for name in wanted:
        count = names.count(f"{name}.npy")
        if count != 1:
            have = ", ".join(sorted({ascii(n.removesuffix(".npy"))[1:-1][:40] for n in names})[:12])
            what = f"{path} has no array {name!r}" if count == 0 else f"{path} has {count} arrays {name!r}"
            raise BadName(what, why=f"it has {have}" if have else "it is empty")
        found[name] = archive.getinfo(f"{name}.npy")
    return found


def _array(path: Path, name: str, data: bytes, kind: str, axes: int) -> Array:
    stream = io.BytesIO(data)
    try:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(stream, max_header_size=_HEADER_LIMIT)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError, UnicodeError) as error:
        raise NotThisFormat(f"{path}: array {name!r} is not in NumPy's format", why=str(error)[:200]) from error
    if dtype.hasobject or dtype.kind not in _KINDS[kind] or dtype.fields is not None:
        raise BadValue(f"{path}: array {name!r} is of type {dtype}", why=f"it must be of kind {kind!r}")
    if len(shape) != axes:
        raise BadValue(f"{path}: array {name!r} has shape {shape}", why=f"it must have {axes} axes")
    left = len(data) - stream.tell()
    if any(n < 0 for n in shape) or math.prod(shape) * dtype.itemsize != left:
        raise ImpossibleSize(f"{path}: array {name!r} says {shape} of {dtype}, and has {left} B")
    array = np.frombuffer(data, dtype, offset=stream.tell()).reshape(shape, order="F" if fortran else "C")
    if dtype.kind == "f" and not np.isfinite(array).all():
        at = np.argwhere(~np.isfinite(array))[0].tolist()
        raise BadValue(f"{path}: array {name!r} is {array[tuple(at)]} at {at}")
    return array.astype(dtype.newbyteorder("="), copy=False)
