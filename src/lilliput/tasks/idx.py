"""Read the idx-ubyte files that MNIST and its kin are published in, plain or gzipped."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadTask, CutShort, ImpossibleSize, MissingFile, NotThisFormat, OutOfRange

MAX_BYTES = 1 << 30
_GZIP = b"\x1f\x8b"


def read_idx(path: Path, axes: int) -> NDArray[np.uint8]:
    """The array of one file: big-endian, unsigned bytes, `axes` of them (3 for images, 1 for labels).

    Raises:
        MissingFile: LP221, not there or not readable.
        NotThisFormat: LP200, another magic number, type of values or number of axes.
        CutShort: LP202, shorter or longer than its counts say.
        ImpossibleSize: LP204, above the limit.
    """
    raw = _bytes(path)
    if len(raw) < 4:
        raise CutShort(f"{path} ends at byte {len(raw)}, inside its magic number")
    if raw[:2] != b"\0\0" or raw[2] != 8 or raw[3] != axes:
        magic = f"0x{raw[:4].hex()}"
        raise NotThisFormat(
            f"{path} begins with {magic}", why=f"unsigned bytes with {axes} axes begin 0x000008{axes:02x}"
        )
    start = 4 + 4 * axes
    if len(raw) < start:
        raise CutShort(f"{path} ends at byte {len(raw)}, inside its sizes")
    shape = struct.unpack_from(f">{axes}I", raw, 4)
    size = math.prod(shape)
    if size > MAX_BYTES:
        raise ImpossibleSize(f"{path} says {shape}, {size} B; the limit is {MAX_BYTES} B")
    if len(raw) != start + size:
        raise CutShort(f"{path} has {len(raw)} B", why=f"its sizes {shape} need {start + size}")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)


def find_idx(folder: Path, name: str, fix: str = "") -> Path:
    """The file of that name, plain or gzipped.

    Raises:
        MissingFile: LP221, neither is there; `fix` says what to do.
    """
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise MissingFile(f"{folder} has neither {name} nor {name}.gz", fix=fix)


def check_labelled(
    place: Path, part: str, images: NDArray[Any], labels: NDArray[Any], *, size: tuple[int, int], classes: int
) -> None:
    """Refuse images and labels that do not belong together.

    Args:
        place: where they are from, for the message.
        part: of the data, for the message: "training" or "test".
        images: (N, H, W).
        labels: (N,), integers.
        size: (H, W) that the images must have.
        classes: number of labels that there are.

    Raises:
        OutOfRange: LP203, other counts, sizes or labels. BadTask: LP103, there are none.
    """
    if len(images) != len(labels) or images.dtype != np.uint8 or images.shape[1:] != size:
        shape, wanted = f"{images.shape} of {images.dtype}", f"(N, {size[0]}, {size[1]}) of uint8"
        raise OutOfRange(f"{place}: {part} images are {shape} for {len(labels)} labels, {wanted} needed")
    if len(labels) == 0:
        raise BadTask(f"{place}: there are no {part} images")
    if labels.max() >= classes or labels.min() < 0:
        raise OutOfRange(f"{place}: {part} label {labels.max()} is not in [0, {classes})")


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
        with gzip.open(path) if packed else path.open("rb") as file:
            raw = file.read(MAX_BYTES + 64)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CutShort(f"{path} is damaged gzip", why=str(error)) from error
    except OSError as error:
        raise MissingFile(f"{path}: {error.strerror}") from error
    if len(raw) > MAX_BYTES + 32:
        raise ImpossibleSize(f"{path} unpacks to more than {MAX_BYTES} B")
    return raw
