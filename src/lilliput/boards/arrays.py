"""Arrays that users name on the command line: one `.npy` file, read without trust."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lilliput.compiler.graph import Array
from lilliput.core.errors import BadValue, CutShort, ImpossibleSize, MissingFile, NoRoom, NotThisFormat

MAX_BYTES = 2 << 30


def read_npy(path: Path) -> Array:
    """The array in a `.npy` file of numbers.

    Raises:
        MissingFile: LP221. NotThisFormat: LP200, not a .npy file, or not of numbers. CutShort: LP202.
        ImpossibleSize: LP204, larger than 2 GiB. BadValue: LP207, NaN or infinity.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ImpossibleSize(f"{path} has {path.stat().st_size} bytes, the limit is {MAX_BYTES}")
        with path.open("rb") as file:
            array: Array = np.lib.format.read_array(file, allow_pickle=False)
            rest = file.read(1)
    except OSError as error:
        raise MissingFile(f"{path}: {error.strerror}") from None
    except (ValueError, EOFError, MemoryError, SyntaxError, OverflowError) as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NotThisFormat(f"{path} is not a .npy file of numbers: {text}", fix="write it with numpy.save") from None
    if rest:
        raise CutShort(f"{path} goes on behind its array")
    if array.dtype.kind not in "iuf":
        raise NotThisFormat(f"{path} holds {array.dtype}, numbers are needed")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise BadValue(f"{path} holds NaN or infinity")
    return array


def write_npy(path: Path, array: Array) -> None:
    """Write an array as `.npy`, whole or not at all.

    Raises:
        BadOutput: LP104. NoRoom: LP604.
    """
    import io

    from lilliput.core.files import write_bytes

    try:
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    except MemoryError:
        raise NoRoom(f"no memory left to write {path}") from None
    write_bytes(path, buffer.getvalue())
