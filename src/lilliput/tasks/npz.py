"""Read arrays from an NPZ that may be damaged or hostile. Nothing in it can run code, and nothing is read on trust."""

from __future__ import annotations

import math
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadName, BadValue, CutShort, ImpossibleSize, MissingFile, NotThisFormat

Array = NDArray[Any]

Wanted = tuple[str, int | tuple[int, ...]]

MAX_BYTES = 2 << 30  # of all arrays that are read together
# The one form that NumPy writes. Its own reader also tries the forms of old Pythons, through a tokenizer that lets
# exceptions of its own out.
_HEAD = re.compile(
    rb"\x93NUMPY(?:\x01\x00..|[\x02\x03]\x00....)"
    rb"\{'descr': '(?P<type>[<>|=][a-zA-Z][0-9]{0,9})', 'fortran_order': (?P<fortran>True|False), "
    rb"'shape': \((?P<shape>|[0-9]{1,19},|[0-9]{1,19}(?:, [0-9]{1,19}){1,7})\),? ?\} *\n",
    re.DOTALL,
)
_KINDS = {"i": "iu", "f": "iuf", "U": "U"}
_WORDS = {"i": "integers", "f": "numbers", "U": "text"}


def read_npz(
    path: Path,
    wanted: Mapping[str, Wanted],
    optional: Mapping[str, Wanted] | None = None,
    *,
    max_bytes: int = MAX_BYTES,
) -> dict[str, Array]:
    """The named arrays of an NPZ, in that order; others in it are not looked at.

    Args:
        path: the file.
        wanted: name → (kinds, axes): kinds of "i" for integers, "f" for numbers, "U" for text.
        optional: the same for arrays that may be missing; they are then missing in the result.
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
            asked = {**wanted, **(optional or {})}
            members = _members(path, archive, wanted, optional or {})
            total = sum(info.file_size for info in members.values())
            if total > max_bytes:
                raise ImpossibleSize(f"{path}: {total} B unpacked, the limit is {max_bytes} B")
            return {name: _array(path, name, archive.read(info), *asked[name]) for name, info in members.items()}
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise MissingFile(f"{path}: {error.strerror}") from error
    except zipfile.BadZipFile as error:
        raise NotThisFormat(f"{path} is not a whole NPZ file", why=str(error)) from error
    except (zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, struct.error) as error:
        raise CutShort(f"{path} is damaged", why=str(error)) from error


def _members(
    path: Path, archive: zipfile.ZipFile, wanted: Mapping[str, object], optional: Mapping[str, object]
) -> dict[str, zipfile.ZipInfo]:
    names = [info.filename for info in archive.infolist()]
    found = {}
    for name in [*wanted, *optional]:
        count = names.count(f"{name}.npy")
        if count == 0 and name in optional:
            continue
        if count != 1:
            have = ", ".join(sorted({ascii(n.removesuffix(".npy"))[1:-1][:40] for n in names})[:12])
            what = f"{path} has no array {name!r}" if count == 0 else f"{path} has {count} arrays {name!r}"
            raise BadName(what, why=f"it has {have}" if have else "it is empty")
        found[name] = archive.getinfo(f"{name}.npy")
    return found


def _array(path: Path, name: str, data: bytes, kinds: str, axes: int | tuple[int, ...]) -> Array:
    head = _HEAD.match(data)
    if head is None:
        raise NotThisFormat(f"{path}: array {name!r} is not in NumPy's format", why=f"it begins with {data[:16]!r}")
    shape = tuple(int(n) for n in head["shape"].split(b",") if n.strip())
    try:
        dtype = np.dtype(head["type"].decode())
    except (TypeError, ValueError, OverflowError) as error:
        raise BadValue(f"{path}: array {name!r} is of no type that NumPy has", why=str(error)) from error
    if dtype.hasobject or dtype.kind not in "".join(_KINDS[k] for k in kinds):
        words = " or ".join(_WORDS[k] for k in kinds)
        raise BadValue(f"{path}: array {name!r} is of type {dtype}", why=f"it must hold {words}")
    if len(shape) not in (axes if isinstance(axes, tuple) else (axes,)):
        raise BadValue(f"{path}: array {name!r} has shape {shape}", why=f"it must have {axes} axes")
    left = len(data) - head.end()
    if dtype.itemsize == 0 or math.prod(shape) * dtype.itemsize != left:
        raise ImpossibleSize(f"{path}: array {name!r} says {shape} of {dtype}, and has {left} B")
    order: Any = "F" if head["fortran"] == b"True" else "C"
    array = np.frombuffer(data, dtype, offset=head.end()).reshape(shape, order=order)
    if dtype.kind == "f" and not np.isfinite(array).all():
        at = np.argwhere(~np.isfinite(array))[0].tolist()
        raise BadValue(f"{path}: array {name!r} is {array[tuple(at)]} at {at}")
    return array.astype(dtype.newbyteorder("="), copy=False)
