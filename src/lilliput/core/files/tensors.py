"""Weights in safetensors: read with every check that the format leaves out, written so that the bytes repeat.

The published reader accepts a key twice in the header, and NaN, and its errors name no tensor. So the header (8 bytes
of length, JSON, data) is read here, under the limits of our JSON; the tests hold both ways to the published package.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadName, BadValue, CutShort, ImpossibleSize, NotThisFormat, OutOfRange, WrongWeights
from lilliput.core.files.atomic import write_bytes
from lilliput.core.files.documents import parse_json
from lilliput.core.files.reading import DEFAULT_LIMIT, read_bytes

_DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8",
    "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip
_CODES = {dtype: code for code, dtype in _DTYPES.items()}
_HEADER_LIMIT = 16 * 1024**2  # bytes
_RANK_LIMIT = 8
_NAME_LIMIT = 1000  # characters
_SHOWN = 5

Array = NDArray[np.generic]
Expected = Mapping[str, tuple[tuple[int, ...], str]]


def read_tensors(
    source: Path | bytes, *, expect: Expected | None = None, finite: bool = True, limit: int = DEFAULT_LIMIT
) -> dict[str, Array]:
    """Name → array, from a safetensors file or its bytes; the arrays are writable copies, names sorted.

    Args:
        source: the file, or its content.
        expect: name → (shape, dtype) that must all be there, and nothing else; dtype as numpy names it.
        finite: refuse NaN and infinity.
        limit: largest size of a file, bytes.

    Raises:
        MissingFile: LP221. NotThisFormat: LP200. CutShort: LP202. OutOfRange: LP203, an offset. ImpossibleSize:
            LP204. BadName: LP205, a name twice. TooDeep: LP206. BadValue: LP207, a value that is not finite.
            WrongWeights: LP208, not what `expect` says.
    """
    name = str(source) if isinstance(source, Path) else "the tensors"
    data = read_bytes(source, limit=limit) if isinstance(source, Path) else source
    header, body = _header(data, name)
    tensors = {key: _tensor(key, header[key], body, name) for key in sorted(header)}
    _check_layout(header, len(body), name)
    if expect is not None:
        _check_expected(tensors, expect, name)
    if finite:
        for key, tensor in tensors.items():
            _check_finite(key, tensor, name)
    return tensors


def write_tensors(path: Path, tensors: Mapping[str, Array], *, metadata: Mapping[str, str] | None = None) -> None:
    """Write a safetensors file, whole or not at all; the same tensors give the same bytes.

    Raises:
        ValueError: a dtype that safetensors does not have. BadOutput: LP104. NoRoom: LP604.
    """
    write_bytes(path, tensors_to_bytes(tensors, metadata=metadata))


def tensors_to_bytes(tensors: Mapping[str, Array], *, metadata: Mapping[str, str] | None = None) -> bytes:
    """The bytes that `write_tensors` writes.

    Our own writer, because the published one leaves metadata in an order that changes from call to call.
    """
    # Widest type first keeps each tensor aligned to its own size without gaps, which the format forbids.
    order = sorted(tensors, key=lambda key: (-tensors[key].dtype.itemsize, key))
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))} if metadata else {}
    pieces, offset = [], 0
    for key in order:
        array = tensors[key]
        code = _CODES.get(array.dtype.name)
        if code is None:
            raise ValueError(f"safetensors has no type {array.dtype.name}, of {key!r}")
        piece = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
        offsets = [offset, offset + len(piece)]
        header[key] = {"dtype": code, "shape": list(array.shape), "data_offsets": offsets}
        pieces.append(piece)
        offset += len(piece)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *pieces])


def _header(data: bytes, name: str) -> tuple[dict[str, object], memoryview]:
    if len(data) < 8:
        raise CutShort(f"{name} has {len(data)} bytes; a safetensors file begins with 8 bytes of length")
    length = int.from_bytes(data[:8], "little")
    if length > _HEADER_LIMIT:
        raise NotThisFormat(
            f"{name} is not safetensors: its header would have {length} bytes, the limit is {_HEADER_LIMIT}",
            why=f"it begins with {data[:8]!r}",
        )
    if 8 + length > len(data):
        raise CutShort(f"{name} ends at byte {len(data)}, its header at byte {8 + length}")
    text = data[8 : 8 + length]
    if not text.startswith(b"{"):
        raise NotThisFormat(f"{name} is not safetensors: its header begins with {text[:8]!r}")
    header = parse_json(text, name=f"the header of {name}", depth_limit=4)
    if not isinstance(header, dict):
        raise NotThisFormat(f"{name} is not safetensors: its header is not an object")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise NotThisFormat(f"{name} has metadata that is not text")
    return header, memoryview(data)[8 + length :]


def _tensor(key: str, entry: object, body: memoryview, name: str) -> Array:
    if not key or len(key) > _NAME_LIMIT or "\0" in key:
        raise BadName(f"{name} has a tensor with the name {key[:40]!r} of {len(key)} characters")
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise NotThisFormat(f"{name}: {key!r} must have dtype, shape and data_offsets, and nothing else")
    dtype = _DTYPES.get(str(entry["dtype"]))
    if dtype is None:
        raise NotThisFormat(
            f"{name}: {key!r} has type {str(entry['dtype'])[:20]!r}, which is not read here",
            fix=f"types are {', '.join(_DTYPES)}",
        )
    shape, offsets = _integers(entry["shape"]), _integers(entry["data_offsets"])
    if shape is None or offsets is None or len(offsets) != 2:
        raise OutOfRange(f"{name}: {key!r} has a shape or offsets that are not lists of whole numbers from 0 up")
    if len(shape) > _RANK_LIMIT:
        raise ImpossibleSize(f"{name}: {key!r} has {len(shape)} axes, the limit is {_RANK_LIMIT}")
    begin, end = offsets
    if begin > end:
        raise OutOfRange(f"{name}: {key!r} lies at bytes {begin} to {end}")
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size != end - begin:
        raise ImpossibleSize(f"{name}: {key!r} of shape {list(shape)} needs {size} bytes and has {end - begin}")
    if end > len(body):
        raise CutShort(f"{name}: {key!r} ends at byte {end} of the data, which has {len(body)}")
    array = np.frombuffer(body[begin:end], dtype=np.dtype(dtype).newbyteorder("<")).reshape(shape)
    if dtype == "bool" and size and np.frombuffer(body[begin:end], dtype=np.uint8).max() > 1:
        raise BadValue(f"{name}: {key!r} holds a truth value that is neither 0 nor 1")
    return array.astype(dtype, copy=True)


def _integers(value: object) -> tuple[int, ...] | None:
    if not isinstance(value, list) or not all(type(item) is int and item >= 0 for item in value):
        return None
    return tuple(value)


def _check_layout(header: Mapping[str, object], size: int, name: str) -> None:
    """The tensors fill the data without a hole or an overlap."""
    spans = sorted((tuple(entry["data_offsets"]), key) for key, entry in header.items())  # type: ignore[index]
    reached = 0
    for (begin, end), key in spans:
        if begin != reached:
            kind = "overlaps what is before it" if begin < reached else "leaves a hole before it"
            raise OutOfRange(f"{name}: {key!r} at byte {begin} {kind} (byte {reached} was reached)")
        reached = end
    if reached != size:
        raise CutShort(f"{name} has {size} bytes of data, its tensors use {reached}")


def _check_expected(tensors: Mapping[str, Array], expect: Expected, name: str) -> None:
    missing = [key for key in expect if key not in tensors]
    unexpected = [key for key in tensors if key not in expect]
    wrong = []
    for key, (shape, dtype) in expect.items():
        found = tensors.get(key)
        if found is not None and (found.shape != tuple(shape) or found.dtype != np.dtype(dtype)):
            wrong.append(f"{key} is {found.dtype.name} {list(found.shape)}, needed {dtype} {list(shape)}")
    parts = [
        f"{label}: {', '.join(keys[:_SHOWN])}" + (f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else "")
        for label, keys in (("missing", missing), ("unexpected", unexpected), ("wrong", wrong))
        if keys
    ]
    if parts:
        raise WrongWeights(
            f"{name} does not hold the weights of this network",
            why="; ".join(parts),
            fix="was it made by another model?",
        )


def _check_finite(key: str, tensor: Array, name: str) -> None:
    if not np.issubdtype(tensor.dtype, np.floating):
        return
    bad = ~np.isfinite(tensor)
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        raise BadValue(
            f"{name}: {key!r} holds {tensor[index]} at {list(index)}",
            why=f"{int(bad.sum())} of {tensor.size} values are not finite",
        )
