"""The process of one run that was asked for on the page: `python -m lilliput.web.child FOLDER SERVER`.

It ends with the server: when its parent is gone it interrupts itself, so that the run is stored as interrupted.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from lilliput.core.errors import LilliputError
from lilliput.core.events import Event, JsonLines
from lilliput.core.files import read_json
from lilliput.core.store import Store
from lilliput.papers import catalogue, run_plan
from lilliput.web.database import PageDatabase
from lilliput.web.jobs import Request

_WATCH_SECONDS = 0.5
_GRACE_SECONDS = 30.0
"""For storing that it was interrupted; a process that then still runs is stuck, and ends."""


def main(folder: Path, server: int) -> int:
    """Run the job that `folder/job.json` describes; the exit code as of `lilliput run`. `server` is its process id."""
    job: dict[str, Any] = dict(read_json(folder / "job.json", "job"))
    # A server that a shell started in its background has the signal ignored, and hands that down.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _limit_memory(int(job["memory_bytes"]))
    _end_with(server)
    with JsonLines(folder / "events.jsonl") as emit:
        try:
            request = Request(job["paper"], job["scale"], job["seeds"], tuple(job["overrides"]))
            papers = catalogue(Path(job["papers"]) if job["papers"] else None)
            with Store(Path(job["store"])) as store:
                outcome = run_plan(request.plan(papers, folder), store, emit=emit)
            database = PageDatabase(Path(job["database"]))
            with database.change() as connection:
                connection.execute("UPDATE jobs SET run = ? WHERE id = ?", (outcome.run_id, job["job"]))
            database.close()
        except KeyboardInterrupt:
            emit(Event("failed", job["paper"], text="interrupted; what is finished is kept"))
            return 6
        except LilliputError as error:
            emit(Event("failed", job["paper"], text=f"{error.code}: {error.what}"))
            sys.stderr.write(f"{error.code}: {error.what}\n")
            return error.exit_code
        except MemoryError:
            emit(Event("failed", job["paper"], text=f"more memory than {job['memory_bytes'] >> 20} MiB"))
            sys.stderr.write(f"the run took more than {job['memory_bytes'] >> 20} MiB, the limit of this page\n")
            return 5
    return 0


def _limit_memory(most: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        # Data and not address space: libraries reserve far more of that than they use.
        resource.setrlimit(resource.RLIMIT_DATA, (most, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def _end_with(parent: int) -> None:
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(_GRACE_SECONDS)
        os._exit(6)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
