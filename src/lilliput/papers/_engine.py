"""Runs the units of a recipe: in this process, in a pool of processes, or on Ray. The figures do not depend on which.

What makes them equal: a unit is given everything it may depend on, its random draws follow from its seed, and it
computes with the same number of threads everywhere.
"""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from lilliput.core.errors import MissingExtra, ToolFailed
from lilliput.core.events import JsonLines, silent, tee
from lilliput.papers._recipe import Context, Result

EngineName: TypeAlias = Literal["local", "ray"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)
EVENTS = "events.jsonl"
Finished: TypeAlias = Generator[tuple[int, Result], None, None]

_OBJECT_STORE_BYTES = 128 * 1024**2  # results are a few figures; by default Ray takes a third of the machine's memory


@dataclass(frozen=True)
class Unit:
    """One method with one seed, ready to run in any process.

    Args:
        run: of the recipe.
        context: its folder need not be there yet.
        threads: to compute with.
    """

    run: Callable[[Context], Result]
    context: Context
    threads: int = 1


def run_units(units: Sequence[Unit], *, engine: EngineName = "local", jobs: int = 1) -> Finished:
    """Index and result of each unit, as they finish. The first error ends it, and what has not begun stays undone.

    Close it when you leave it early, so that no process works on.

    Args:
        units: in any order.
        engine: `"local"`: this process for one job, else a pool of processes; `"ray"`: a local Ray, or the cluster
            that `RAY_ADDRESS` names, whose machines must share the folders of the units.
        jobs: units at once.

    Raises:
        MissingExtra: LP601, Ray is not installed. ToolFailed: LP603, a process of the pool died.
    """
    if engine == "ray" and units:
        return _on_ray(units, jobs)
    return _in_pool(units, jobs) if min(jobs, len(units)) > 1 else _in_turn(units)


def run_unit(unit: Unit) -> Result:
    """Run one unit here; its events go to `events.jsonl` in its folder, and to its context's `emit`."""
    folder = unit.context.folder
    with _threads(unit.threads), JsonLines(folder / EVENTS) as record:
        return unit.run(dataclasses.replace(unit.context, emit=tee(record, unit.context.emit)))


def _in_turn(units: Sequence[Unit]) -> Finished:
    for index, unit in enumerate(units):
        yield index, run_unit(unit)


def _in_pool(units: Sequence[Unit], jobs: int) -> Finished:
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        max_workers=min(jobs, len(units)),
        # A forked copy of a process with threads can hang; a fresh one cannot.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin_worker,
        initargs=(units[0].threads,),
    )
    try:
        waiting = {pool.submit(run_unit, _without_emit(unit)): index for index, unit in enumerate(units)}
        for future in as_completed(waiting):
            yield waiting[future], future.result()
    except BrokenProcessPool as error:
        raise ToolFailed(
            "a process that ran a part of the comparison died without a word",
            why="most often the machine had no memory left",
            fix="run fewer at once: --jobs 1",
        ) from error
    except BaseException:
        # The pool's own thread sees its processes end and gathers them, for which `shutdown` below waits. Were they
        # gathered here as well, the two would take turns at losing an exit status.
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin_worker(threads: int) -> None:
    # Ctrl-C reaches every process of the terminal; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in _thread_variables(threads):
        os.environ[name] = str(threads)


def _on_ray(units: Sequence[Unit], jobs: int) -> Finished:
    try:
        import ray
    except ModuleNotFoundError:
        ray = None
    # A mere folder called "ray", such as the one that Ray leaves in /tmp, is imported as an empty package.
    if not hasattr(ray, "init"):
        raise MissingExtra(
            "the engine Ray is not installed", fix='pip install "lilliput[scale]", or run with --engine local'
        )
    return _with_ray(ray, units, jobs)


def _with_ray(ray: Any, units: Sequence[Unit], jobs: int) -> Finished:
    threads = units[0].threads
    is_ours = not ray.is_initialized()
    if is_ours:
        _start_ray(ray, cores=jobs * threads)
    variables = _thread_variables(threads)
    if not os.environ.get("RAY_ADDRESS"):
        # A recipe may be defined outside our package; other machines have folders of their own.
        variables["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    try:
        remote = ray.remote(run_unit).options(num_cpus=threads, max_retries=0, runtime_env={"env_vars": variables})
        waiting = {remote.remote(_without_emit(unit)): index for index, unit in enumerate(units)}
        while waiting:
            (ready, *_), _ = ray.wait(list(waiting), num_returns=1)
            try:
                result = ray.get(ready)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None
            except ray.exceptions.WorkerCrashedError as error:
                raise ToolFailed("a Ray worker died", why="most often for lack of memory", fix="--jobs 1") from error
            yield waiting.pop(ready), result
    finally:
        if is_ours:
            ray.shutdown()


def _start_ray(ray: Any, *, cores: int) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no network unless asked
    quiet = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
    if os.environ.get("RAY_ADDRESS"):
        ray.init(address="auto", log_to_driver=False, logging_level="ERROR")
    else:
        ray.init(address="local", num_cpus=cores, object_store_memory=_OBJECT_STORE_BYTES, **quiet)


def _without_emit(unit: Unit) -> Unit:
    # A terminal's reader cannot travel to another process; the events are in the unit's folder all the same.
    return dataclasses.replace(unit, context=dataclasses.replace(unit.context, emit=silent))


def _thread_variables(threads: int) -> dict[str, str]:
    return {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}


@contextlib.contextmanager
def _threads(threads: int) -> Iterator[None]:
    """Compute with that many threads meanwhile; variables serve what is imported in here, the call what was before."""
    before = {name: os.environ.get(name) for name in _thread_variables(threads)}
    torch = sys.modules.get("torch")
    torch_before = torch.get_num_threads() if torch is not None else None
    os.environ.update(_thread_variables(threads))
    if torch is not None:
        torch.set_num_threads(threads)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        if torch is not None and torch_before is not None:
            torch.set_num_threads(torch_before)
