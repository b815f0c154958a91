"""Which runs have a living process behind them, told by the kernel and not by a guess.

Each run that is under way holds a lock on one byte (its number) of a file beside the store. The kernel gives the lock
back when the process ends, however it ends. Process numbers could be reused and mean nothing in another container;
a heartbeat would take a paused process for a dead one.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from pathlib import Path

from lilliput.core.files import write_errors

# POSIX locks belong to a process and are lost when *any* handle of that file is closed in it. So there is one handle
# a file and process, it is never closed, and what this process holds is remembered here.
_GUARD = threading.Lock()
_HANDLES: dict[tuple[int, str], int] = {}
_HELD: set[tuple[int, str, int]] = set()


class AliveFile:
    """The lock file of one store.

    Args:
        path: made when the first run starts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = os.path.realpath(path)

    def hold(self, number: int) -> bool:
        """Take the lock of a run; whether it was free. A process that has it already does not get it twice."""
        with _GUARD:
            key = (os.getpid(), self._name, number)
            if key in _HELD or not self._try(fcntl.LOCK_EX, number):
                return False
            _HELD.add(key)
            return True

    def release(self, number: int) -> None:
        """Give the lock of a run back."""
        with _GUARD:
            key = (os.getpid(), self._name, number)
            if key in _HELD:
                _HELD.discard(key)
                fcntl.lockf(self._handle(), fcntl.LOCK_UN, 1, number)

    def is_alive(self, number: int) -> bool:
        """Whether some process holds the lock of that run."""
        with _GUARD:
            if (os.getpid(), self._name, number) in _HELD:
                return True
            # Shared, so that two processes that ask at once do not take each other for the run.
            if not self._try(fcntl.LOCK_SH, number):
                return True
            fcntl.lockf(self._handle(), fcntl.LOCK_UN, 1, number)
            return False

    def _try(self, how: int, number: int) -> bool:
        try:
            fcntl.lockf(self._handle(), how | fcntl.LOCK_NB, 1, number)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                return False
            raise
        return True

    def _handle(self) -> int:
        key = (os.getpid(), self._name)
        if key not in _HANDLES:
            with write_errors(self._path):
                _HANDLES[key] = os.open(self._name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        return _HANDLES[key]
