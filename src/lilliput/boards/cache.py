"""Built things kept between runs, under `$LILLIPUT_HOME/cache`.

An entry is found by the SHA-256 of its key and used only when the whole key, which lies beside it, is equal too: a hash
is an address, not a proof. Entries appear by one rename and are never changed; the oldest go when there are too many.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
import zlib
from pathlib import Path

from lilliput.core.errors import NoRoom

MAX_ENTRIES = 2000
"""Objects of a few kilobytes mostly; pruning removes the tenth that was made first."""

ABANDONED_SECONDS = 24 * 3600


def lilliput_home() -> Path:
    """Where Lilliput keeps files of its own: `$LILLIPUT_HOME`, else `~/.lilliput`."""
    return Path(os.environ.get("LILLIPUT_HOME") or Path.home() / ".lilliput")


def find(kind: str, key: bytes) -> Path | None:
    """The file stored under `key`, or None."""
    entry = _entry(kind, key)
    try:
        stored = zlib.decompress((entry / "key").read_bytes())
    except (OSError, zlib.error):
        return None
    payload = entry / "payload"
    return payload if stored == key and payload.is_file() else None


def store(kind: str, key: bytes, payload: bytes, *, executable: bool = False) -> Path:
    """Keep `payload` under `key`; gives the file. Another process may store the same at the same time.

    Raises:
        NoRoom: LP604, the disk is full or the folder cannot be written.
    """
    entry = _entry(kind, key)
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        _prune(entry.parent)
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=entry.parent))
        (fresh / "key").write_bytes(zlib.compress(key, 1))
        (fresh / "payload").write_bytes(payload)
        if executable:
            (fresh / "payload").chmod(0o755)
        while True:
            try:
                fresh.rename(entry)
            except OSError:
                if find(kind, key) is not None:  # someone else was first, with equal content
                    shutil.rmtree(fresh, ignore_errors=True)
                    break
                shutil.rmtree(entry)  # damaged, or another key with the same hash
            else:
                break
    except OSError as error:
        raise NoRoom(
            f"the cache in {entry.parent} cannot be written: {error}",
            fix="make room, or set LILLIPUT_HOME to another folder",
        ) from error
    return entry / "payload"


def scratch_folder() -> Path:
    """A folder for one build, inside the cache, so that a finished file can be moved and not copied."""
    base = lilliput_home() / "cache" / "tmp"
    try:
        base.mkdir(parents=True, exist_ok=True)
        _sweep(base)
        return Path(tempfile.mkdtemp(dir=base))
    except OSError as error:
        raise NoRoom(
            f"the cache in {base} cannot be written: {error}", fix="set LILLIPUT_HOME to a folder that can"
        ) from error


def _sweep(base: Path) -> None:
    """Remove what builds that were killed left behind."""
    for path in base.iterdir():
        with contextlib.suppress(OSError):  # removed by another process meanwhile
            if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


def _entry(kind: str, key: bytes) -> Path:
    return lilliput_home() / "cache" / kind / _address(key)


def _address(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()


def _prune(folder: Path) -> None:
    entries = [path for path in folder.iterdir() if not path.name.startswith(".")]
    if len(entries) < MAX_ENTRIES:
        return
    aged = []
    for path in entries:
        with contextlib.suppress(OSError):  # removed by another process meanwhile
            aged.append((path.stat().st_mtime, path))
    for _, path in sorted(aged)[: MAX_ENTRIES // 10]:
        shutil.rmtree(path, ignore_errors=True)
