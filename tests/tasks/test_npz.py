"""The NPZ reader: only the arrays asked for, and nothing on trust."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import BadName, BadValue, CutShort, ImpossibleSize, MissingFile, NotThisFormat
from lilliput.tasks.npz import read_npz
from tests.tasks.damage import accepted

WANTED: dict[str, tuple[str, int | tuple[int, ...]]] = {"a": ("i", 2), "b": ("f", 1), "c": ("U", 1)}
ARRAYS = {
    "a": np.arange(6, dtype=np.int16).reshape(2, 3),
    "b": np.array([0.5, -1], np.float32),
    "c": np.array(["yes", "nö"]),
}


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("pickle-was-run"),))


def save(folder: Path, **arrays: np.ndarray) -> Path:
    path = folder / "data.npz"
    np.savez_compressed(path, **arrays)
    return path


def packed(folder: Path, **members: bytes) -> Path:
    path = folder / "data.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return path


def npy(header: bytes, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


def test_gives_the_arrays_asked_for_and_no_other(tmp_path: Path) -> None:
    made = read_npz(save(tmp_path, **ARRAYS, more=np.zeros(3)), WANTED)
    assert list(made) == ["a", "b", "c"]
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(made[name], array)


def test_optional_arrays_may_be_missing_and_foreign_order_is_read(tmp_path: Path) -> None:
    path = save(tmp_path, a=np.asfortranarray(ARRAYS["a"].astype(">i4")))
    made = read_npz(path, {"a": ("i", 2)}, {"b": ("f", 1)})
    assert list(made) == ["a"]
    np.testing.assert_array_equal(made["a"], ARRAYS["a"])


def test_python_objects_are_refused_and_never_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "data.npz", a=np.array([[Bomb()]], dtype=object))
    with pytest.raises(BadValue, match=r"LP207: .*array 'a' is of type object\n  why: it must hold integers"):
        read_npz(tmp_path / "data.npz", {"a": ("i", 2)})
    assert not (tmp_path / "pickle-was-run").exists()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"a": None}, BadName, "LP205: .*data.npz has no array 'a'\n  why: it has b, c"),
        ({"a": np.zeros((2, 3))}, BadValue, "array 'a' is of type float64\n  why: it must hold integers"),
        ({"a": np.zeros(3, int)}, BadValue, r"array 'a' has shape \(3,\)\n  why: it must have 2 axes"),
        ({"b": np.array([0, np.nan])}, BadValue, r"array 'b' is nan at \[1\]"),
        ({"c": np.zeros(3)}, BadValue, "it must hold text"),
    ],
)
def test_a_wrong_array_is_named(
    change: dict[str, np.ndarray | None], error: type[Exception], message: str, tmp_path: Path
) -> None:
    arrays = {name: array for name, array in {**ARRAYS, **change}.items() if array is not None}
    with pytest.raises(error, match=message):
        read_npz(save(tmp_path, **arrays), WANTED)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (b"", NotThisFormat, "array 'b' is not in NumPy's format"),
        (npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (9,)}\n"), ImpossibleSize, r"says \(9,\) of float32"),
        (npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}\n"), NotThisFormat, "LP200"),
        (npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,)}\n"), ImpossibleSize, "LP204"),
        (npy(b"__import__('os').mkdir('x')\n"), NotThisFormat, "LP200"),
        (npy(b"(" * 9000), NotThisFormat, "LP200"),
        (npy(b"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (0,)}\n"), NotThisFormat, "LP200"),
    ],
)
def test_a_header_that_lies_is_refused(data: bytes, error: type[Exception], message: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=message):
        read_npz(packed(tmp_path, b=data), {"b": ("f", 1)})


def test_the_unpacked_size_is_limited_before_anything_is_unpacked(tmp_path: Path) -> None:
    path = save(tmp_path, b=np.zeros(10_000_000))
    assert path.stat().st_size < 200_000
    with pytest.raises(ImpossibleSize, match=r"LP204: .*80000128 B unpacked, the limit is 1000 B"):
        read_npz(path, {"b": ("f", 1)}, max_bytes=1000)


def test_an_array_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.save(stream, ARRAYS["b"])
    path = tmp_path / "data.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("b.npy", stream.getvalue())
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("b.npy", stream.getvalue())
    with pytest.raises(BadName, match=r"LP205: .*has 2 arrays 'b'"):
        read_npz(path, {"b": ("f", 1)})


def test_what_is_no_npz_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    path.write_bytes(b"hello")
    with pytest.raises(NotThisFormat, match=r"LP200: .*data.npz is not a whole NPZ file"):
        read_npz(path, WANTED)
    with pytest.raises(MissingFile, match="LP221"):
        read_npz(tmp_path / "none.npz", WANTED)


def test_damaged_bytes_give_arrays_or_one_of_our_errors(tmp_path: Path) -> None:
    good = save(tmp_path, **ARRAYS).read_bytes()
    taken, codes = accepted(lambda path: read_npz(path, WANTED), good, tmp_path / "data.npz", 600)
    assert taken > 0
    assert codes >= {CutShort.code, NotThisFormat.code}
