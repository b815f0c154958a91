"""The idx reader."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import CutShort, ImpossibleSize, MissingFile, NotThisFormat
from lilliput.tasks.idx import read_idx
from tests.tasks.damage import accepted

IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def idx(array: np.ndarray, kind: int = 8) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape) + array.tobytes()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_plain_and_gzipped_files_give_the_array(pack, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "images").write_bytes(pack(idx(IMAGES)))
    np.testing.assert_array_equal(read_idx(tmp_path / "images", 3), IMAGES)


@pytest.mark.parametrize(
    ("raw", "error", "message"),
    [
        (b"", CutShort, "LP202: .*images ends at byte 0, inside its magic number"),
        (idx(IMAGES)[:9], CutShort, "inside its sizes"),
        (idx(IMAGES)[:-1], CutShort, r"has 39 B\n  why: its sizes \(2, 3, 4\) need 40"),
        (idx(IMAGES) + b"x", CutShort, "has 41 B"),
        (idx(IMAGES, kind=13), NotThisFormat, r"LP200: .*begins with 0x00000d03\n  why: .* begin 0x00000803"),
        (idx(IMAGES[0]), NotThisFormat, "begins with 0x00000802"),
        (struct.pack(">HBB3I", 0, 8, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1), ImpossibleSize, "LP204"),
        (gzip.compress(idx(IMAGES), mtime=0)[:-6], CutShort, "is damaged gzip"),
        (gzip.compress(idx(IMAGES), mtime=0)[:12] + b"\xff" * 30, CutShort, "is damaged gzip"),
    ],
)
def test_a_bad_file_is_named(raw: bytes, error: type[Exception], message: str, tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(raw)
    with pytest.raises(error, match=message):
        read_idx(tmp_path / "images", 3)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"LP221: .*images: No such file"):
        read_idx(tmp_path / "images", 3)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_damaged_bytes_give_an_array_or_one_of_our_errors(pack, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    _, codes = accepted(lambda path: read_idx(path, 3), pack(idx(IMAGES)), tmp_path / "images", 300)
    assert codes >= {"LP200", "LP202"}
