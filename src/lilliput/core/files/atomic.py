"""Files and folders that appear whole or not at all.

Each is written beside its target, flushed to the disk, and renamed. A process killed at any moment leaves the old
target as it was, or a hidden sibling (`.name.lilliput-…`) that the next write to the same target takes away.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from lilliput.core.errors import (
    BadOutput,
    FileError,
    NoRoom,
    NotThisFormat,
    OutsideFolder,
    WrongChecksum,
)
from lilliput.core.files.documents import document_bytes, read_json
from lilliput.core.files.reading import sha256_of

MANIFEST = "MANIFEST.json"

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REFUSED = (
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ENOENT, errno.EEXIST, errno.ENOTEMPTY,
    errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL, errno.ENODEV, errno.ENXIO,
)  # fmt: skip


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file; whoever reads it meanwhile sees the old content or the new, never a part.

    Raises:
        BadOutput: LP104, the place cannot be written. NoRoom: LP604, the disk is full.
    """
    path = Path(os.path.realpath(path))  # through a link, not over it
    with write_errors(path):
        if path.is_dir():
            raise BadOutput(f"{path} is a folder, and a file is to be written", fix="choose another name with --out")
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name[:100]}.lilliput-{secrets.token_hex(6)}")
        try:
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(handle)
            os.replace(beside, path)
        except BaseException:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file, as `write_bytes`; line ends stay as they are."""
    write_bytes(path, text.encode("utf-8"))


@contextlib.contextmanager
def write_folder(target: Path) -> Iterator[Path]:
    """A folder beside `target` to write into; when the block ends well it becomes `target`, whole.

    A `MANIFEST.json` with size and SHA-256 of each file is added; it marks the folder as ours, and only such a
    folder, or an empty one, is ever replaced. When the block fails, `target` is as it was before.

    Raises:
        BadOutput: LP104, the place cannot be written, or holds something that is not ours.
        NoRoom: LP604, the disk is full, here or inside the block.
    """
    target = Path(os.path.realpath(target))
    if ".lilliput-new-" in target.parent.name:
        raise ValueError(f"{target} lies in a folder that is being written; write into that one")
    with write_errors(target):
        with _locked(target.parent, create=True):
            _recover(target)
        _check_replaceable(target)
        fresh, lock = _fresh_sibling(target)
        try:
            yield fresh
            _write_manifest(fresh)
            _sync_tree(fresh)
            with _locked(target.parent):
                _check_replaceable(target)
                _swap(fresh, target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
            os.close(lock)


def check_folder(folder: Path) -> tuple[str, ...]:
    """Hold a folder against its manifest; gives the names that it lists.

    Files that the manifest does not list are left alone: a user may add his own.

    Raises:
        MissingFile: LP221, no manifest, or a listed file is gone. OutsideFolder: LP209, a listed name leaves the
            folder. WrongChecksum: LP210, a file was changed. NotThisFormat: LP200, the manifest is not one.
    """
    files = read_json(folder / MANIFEST, "manifest").get("files")
    if not isinstance(files, dict):
        raise NotThisFormat(f"{folder / MANIFEST} has no list of files")
    for name, entry in files.items():
        pure = PurePosixPath(name)
        path = folder / pure
        inside = Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
        if pure.is_absolute() or ".." in pure.parts or "\0" in name or not inside:
            raise OutsideFolder(f"{folder / MANIFEST} refers to {name!r}, outside its folder")
        expected = entry.get("sha256") if isinstance(entry, dict) else None
        if not isinstance(expected, str):
            raise NotThisFormat(f"{folder / MANIFEST} gives no SHA-256 for {name!r}")
        found = sha256_of(path)
        if found != expected:
            raise WrongChecksum(f"{path} has SHA-256 {found[:16]}…, its manifest says {expected[:16]}…")
    return tuple(sorted(files))


@contextlib.contextmanager
def write_errors(target: Path) -> Iterator[None]:
    """Turn the system's words for "no room" and "not allowed" at `target` into ours; other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise NoRoom(
                f"no room left to write {target}: {error.strerror}",
                why="the disk is full or a quota is reached; what was there before is unchanged",
                fix=f"`df -h {target.parent}` shows the room; free some, or choose another place with --out",
            ) from error
        if error.errno in _REFUSED and _concerns(error, target):
            raise BadOutput(
                f"{target} cannot be written: {error.strerror}",
                why=f"the system refused at {error.filename}" if error.filename else "",
                fix="choose another place with --out",
            ) from error
        raise


def _concerns(error: OSError, target: Path) -> bool:
    """Whether the error is about `target`, a place above it, or its sibling, and not about some other file."""
    if error.filename is None:
        return True
    if not isinstance(error.filename, str):
        return False
    place = Path(error.filename)
    return place in (target, *target.parents) or target.parent in place.parents


def _check_replaceable(target: Path) -> None:
    if not os.path.lexists(target):
        return
    if not target.is_dir():
        raise BadOutput(f"{target} is a file, and a folder is to be written", fix="choose another place with --out")
    if next(target.iterdir(), None) is None:
        return
    try:
        read_json(target / MANIFEST, "manifest")
    except FileError:
        raise BadOutput(
            f"{target} holds something that this command did not make",
            why=f"it has no {MANIFEST} of ours, so it is not replaced",
            fix="choose another place with --out, or move that folder away",
        ) from None


def _fresh_sibling(target: Path) -> tuple[Path, int]:
    """A new empty sibling, and a handle that locks it for as long as this process lives."""
    while True:
        fresh = target.with_name(f".{target.name[:100]}.lilliput-new-{secrets.token_hex(6)}")
        fresh.mkdir()
        try:
            lock = os.open(fresh, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            fresh.rmdir()
            raise
        _lock(lock, fcntl.LOCK_EX)
        # Between the two calls above another process could take it for one that was left behind.
        if fresh.is_dir() and os.path.samestat(os.fstat(lock), fresh.stat()):
            return fresh, lock
        os.close(lock)


def _recover(target: Path) -> None:
    """Put things right after a process that was killed: an old folder back in its place, leftovers away."""
    stem = f".{target.name[:100]}.lilliput-"
    for sibling in sorted(target.parent.glob(f"{_glob_literal(stem)}*")):
        kind = sibling.name.removeprefix(stem).split("-")[0]
        if kind == "old" and not os.path.lexists(target):
            os.rename(sibling, target)
        elif kind == "old" or (kind == "new" and _is_abandoned(sibling)):
            shutil.rmtree(sibling, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return _lock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(handle)


def _swap(fresh: Path, target: Path) -> None:
    old = None
    if os.path.lexists(target):
        old = target.with_name(f".{target.name[:100]}.lilliput-old-{secrets.token_hex(6)}")
        os.rename(target, old)
    try:
        os.rename(fresh, target)
    except OSError:
        if old is not None:
            os.rename(old, target)
        raise
    _sync_folder(target.parent)
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)


def _write_manifest(folder: Path) -> None:
    if os.path.lexists(folder / MANIFEST):
        raise ValueError(f"{MANIFEST} is written by write_folder; the block must not write its own")
    files = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            name = path.relative_to(folder).as_posix()
            files[name] = {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        elif not stat.S_ISDIR(mode):
            raise ValueError(f"{path} is neither a file nor a folder")
    (folder / MANIFEST).write_bytes(document_bytes("manifest", {"files": files}))


def _sync_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        else:
            _sync_folder(path)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    # Some file systems cannot sync a folder; the rename itself is whole even then.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def _locked(folder: Path, *, create: bool = False) -> Iterator[None]:
    """One process at a time in here; where the file system has no locks, without."""
    if create:
        folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _lock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, how: int) -> bool:
    """Whether the lock was got."""
    try:
        fcntl.flock(handle, how)
    except OSError:
        return False
    return True


def _glob_literal(text: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in text)
