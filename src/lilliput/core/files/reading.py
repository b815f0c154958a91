"""Bytes of a file, with a limit, and the errors of reading in our own words."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

from lilliput.core.errors import ImpossibleSize, MissingFile
from lilliput.core.units import exact_bytes, format_bytes

DEFAULT_LIMIT = 2 * 1024**3  # bytes; the largest network that makes sense here is a hundredth of it


def read_bytes(path: Path, *, limit: int = DEFAULT_LIMIT) -> bytes:
    """The content of a regular file of at most `limit` bytes.

    Raises:
        MissingFile: LP221, it is not there, is a folder or a device, or may not be read.
        ImpossibleSize: LP204, it is larger than `limit`.
    """
    try:
        # Not blocking: opening a pipe that nobody writes to would wait for ever.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError) as error:
        raise _cannot_read(path, error) from None
    info = os.fstat(handle)
    if not stat.S_ISREG(info.st_mode):
        os.close(handle)
        kind = "a folder" if stat.S_ISDIR(info.st_mode) else "not a regular file"
        raise MissingFile(f"{path} is {kind}, and a file is needed")
    with os.fdopen(handle, "rb") as file:
        try:
            content = file.read(limit + 1)
        except OSError as error:
            raise _cannot_read(path, error) from None
    if len(content) > limit:
        raise ImpossibleSize(
            f"{path} has {exact_bytes(max(info.st_size, len(content)))}, the limit is {format_bytes(limit)}"
        )
    return content


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, 64 hexadecimal digits; any size, read in pieces.

    Raises:
        MissingFile: LP221, it is not there or may not be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise _cannot_read(path, error) from None


def _cannot_read(path: Path, error: Exception) -> MissingFile:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOENT, errno.ENOTDIR):
        return MissingFile(f"there is no file {path}", fix=f"look with `ls {path.parent}`")
    if number == errno.EISDIR:
        return MissingFile(f"{path} is a folder, and a file is needed")
    if number in (errno.EACCES, errno.EPERM):
        return MissingFile(f"{path} may not be read", fix=f"`ls -l {path}` shows who may")
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    return MissingFile(f"{str(path)!r} cannot be read: {reason}")
