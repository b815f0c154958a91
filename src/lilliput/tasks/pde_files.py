"""Fields from the files that operators are published with: `.mat` of either kind, `.npy` and `.npz`.

MATLAB's files before 7.3 are read by SciPy, those from 7.3 on are HDF5 and are read by h5py, with their axes the other
way round. Nothing in them can run code: objects and functions of MATLAB are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadName, BadValue, ImpossibleSize, MissingExtra, NotThisFormat
from lilliput.core.files.reading import read_bytes
from lilliput.tasks.npz import read_npz

Array = NDArray[Any]
HDF5 = b"\x89HDF\r\n\x1a\n"
LIMIT = 8 << 30  # bytes of one field: 1024 samples of 421x421 in float64 take 1.5 GB


def read_arrays(path: Path, names: Sequence[str]) -> dict[str, Array]:
    """The named arrays of a file, as float32.

    Args:
        path: `.mat` or `.npz`; or `.npy`, which holds one array without a name.
        names: of the arrays; for `.npy` one, which it gets.

    Raises:
        MissingFile: LP221, it is not there. NotThisFormat: LP200, another format, or damaged.
        BadName: LP205, an array is missing. BadValue: LP207, an array that holds no plain numbers, or one that is not
            finite. ImpossibleSize: LP204, too large. MissingExtra: LP601, the library that reads it is not installed.
    """
    if path.suffix == ".npz":
        found = read_npz(path, dict.fromkeys(names, ("f", (2, 3, 4, 5))), max_bytes=LIMIT)
    elif path.suffix == ".npy":
        found = {names[0]: _npy(path)}
    elif path.suffix == ".mat":
        found = _mat(path, names)
    else:
        raise NotThisFormat(f"{path}: fields are not read from {path.suffix or 'such files'}",
                            fix=".mat, .npy, .npz or .pt")  # fmt: skip
    return {name: _numbers(path, name, array) for name, array in found.items()}


def _numbers(path: Path, name: str, array: Array) -> Array:
    if array.dtype.kind not in "biuf":
        raise BadValue(f"{path}: {name} is of type {array.dtype}", why="it must hold plain numbers")
    made = array.astype(np.float32)
    if not np.isfinite(made).all():
        at = np.argwhere(~np.isfinite(made))[0].tolist()
        raise BadValue(f"{path}: {name} is {array[tuple(at)]} at {at}")
    return made


def _npy(path: Path) -> Array:
    import io

    data = read_bytes(path, limit=LIMIT)
    try:
        array: Array = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise NotThisFormat(f"{path} is no array of NumPy's", why=str(error)[:200]) from error
    return array


def _mat(path: Path, names: Sequence[str]) -> dict[str, Array]:
    head = read_bytes(path, limit=LIMIT)[:1024]
    # From version 7.3 on MATLAB puts 512 bytes of its own before the HDF5 superblock.
    return _mat73(path, names) if head.startswith(HDF5) or head[512:520] == HDF5 else _mat5(path, names)


def _mat5(path: Path, names: Sequence[str]) -> dict[str, Array]:
    try:
        import scipy.io
    except ModuleNotFoundError as error:
        raise MissingExtra("MATLAB files need SciPy", fix='pip install "lilliput[data]"') from error
    try:
        have = {name: shape for name, shape, _ in scipy.io.whosmat(path)}
        _check_names(path, names, list(have))
        found = scipy.io.loadmat(path, variable_names=list(names), mat_dtype=False)
    except (ValueError, TypeError, OSError, KeyError, IndexError, NotImplementedError, OverflowError) as error:
        raise NotThisFormat(f"{path} cannot be read as a MATLAB file", why=str(error)[:200]) from error
    except Exception as error:  # SciPy's own errors of damaged streams, which share no base
        if type(error).__module__.startswith(("scipy", "zlib")) or isinstance(error, EOFError):
            raise NotThisFormat(f"{path} cannot be read as a MATLAB file", why=str(error)[:200]) from error
        raise
    return {name: np.asarray(found[name]) for name in names}


def _mat73(path: Path, names: Sequence[str]) -> dict[str, Array]:
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise MissingExtra("MATLAB files of version 7.3 need h5py", fix='pip install "lilliput[data]"') from error
    found = {}
    try:
        with h5py.File(path, "r") as opened:
            _check_names(path, names, [name for name in opened if not name.startswith("#")])
            for name in names:
                item = opened[name] if isinstance(opened.get(name, getlink=True), h5py.HardLink) else None
                if not isinstance(item, h5py.Dataset):
                    raise BadValue(f"{path}: {name} is no array")
                if item.dtype.kind not in "biuf":
                    raise BadValue(f"{path}: {name} is of type {item.dtype}", why="it must hold plain numbers")
                if item.size * item.dtype.itemsize > LIMIT:
                    raise ImpossibleSize(f"{path}: {name} has {item.size} numbers, the limit is {LIMIT} B")
                found[name] = np.asarray(item).T  # MATLAB counts its first axis fastest
    except (OSError, KeyError, RuntimeError) as error:
        raise NotThisFormat(f"{path} cannot be read as a MATLAB file", why=str(error)[:200]) from error
    return found


def _check_names(path: Path, names: Sequence[str], have: Sequence[str]) -> None:
    for name in names:
        if name not in have:
            raise BadName(f"{path} has no array {name!r}", why=f"it has {', '.join(sorted(have)[:12]) or 'none'}")
