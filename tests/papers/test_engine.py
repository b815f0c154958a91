from __future__ import annotations

import builtins
import dataclasses
import importlib.util
import json
import multiprocessing
import os
import sys
from pathlib import Path

import pytest

from lilliput.core.errors import Diverged, MissingExtra, ToolFailed
from lilliput.core.events import Event
from lilliput.papers import Context, Result
from lilliput.papers._engine import EVENTS, Unit, run_units
from tests.papers.synthetic import Settings, run

UNITS = [(method, seed) for method in ("ours", "baseline") for seed in (0, 1)]
needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")


def units(folder: Path, settings: Settings | None = None, *, threads: int = 1) -> list[Unit]:
    made = []
    for method, seed in UNITS:
        place = folder / f"{method}-{seed}"
        place.mkdir(parents=True)
        context = Context(
            paper="synthetic", scale="smoke", method=method, seed=seed, settings=settings or Settings(draws=50),
            folder=place,
        )  # fmt: skip
        made.append(Unit(run, context, threads))
    return made


def means(results: dict[int, Result]) -> dict[int, float]:
    return {index: result.rows[0].value for index, result in results.items()}


def pids(results: dict[int, Result]) -> set[float]:
    return {row.value for result in results.values() for row in result.rows if row.name == "pid"}


def test_a_pool_gives_the_same_figures_as_one_process(tmp_path):
    alone = dict(run_units(units(tmp_path / "a")))
    pool = dict(run_units(units(tmp_path / "b"), jobs=2))
    assert means(alone) == means(pool)
    assert len(set(means(alone).values())) == len(UNITS)
    assert pids(alone) == {float(os.getpid())}
    assert float(os.getpid()) not in pids(pool)


@needs_ray
def test_ray_gives_the_same_figures_as_one_process(tmp_path):
    alone = dict(run_units(units(tmp_path / "a")))
    on_ray = dict(run_units(units(tmp_path / "b"), engine="ray", jobs=2))
    assert means(alone) == means(on_ray)
    assert float(os.getpid()) not in pids(on_ray)
    import ray

    assert not ray.is_initialized()


@needs_ray
def test_an_error_comes_back_from_ray_as_itself(tmp_path):
    with pytest.raises(Diverged, match="LP502: the loss is not finite at step 3"):
        dict(run_units(units(tmp_path, Settings(fail_at="ours")), engine="ray", jobs=1))


@pytest.mark.parametrize("jobs", [1, 2])
def test_units_compute_with_the_threads_that_were_asked_for(tmp_path, jobs):
    dict(run_units(units(tmp_path, threads=3), jobs=jobs))
    written = [path.read_text("utf-8").split()[1] for path in sorted(tmp_path.rglob("draws.txt"))]
    assert written == ["3"] * len(UNITS)


def test_the_threads_of_this_process_are_put_back(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    dict(run_units(units(tmp_path)))
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_comes_back_as_itself(tmp_path, jobs):
    with pytest.raises(Diverged, match="LP502: the loss is not finite at step 3\n  fix: lower train"):
        dict(run_units(units(tmp_path, Settings(fail_at="baseline")), jobs=jobs))


def test_a_process_that_dies_is_told(tmp_path):
    with pytest.raises(ToolFailed, match=r"LP603: a process that ran a part(.|\n)*--jobs 1"):
        dict(run_units(units(tmp_path, Settings(fail_at="ours", how="die")), jobs=2))


@pytest.mark.parametrize("jobs", [1, 2])
def test_events_are_in_the_folder_of_the_unit(tmp_path, jobs):
    made = units(tmp_path)
    seen: list[Event] = []
    made[0] = dataclasses.replace(made[0], context=dataclasses.replace(made[0].context, emit=seen.append))
    dict(run_units(made, jobs=jobs))
    for unit in made:
        lines = (unit.context.folder / EVENTS).read_text("utf-8").splitlines()
        assert [json.loads(line)["what"] for line in lines] == [unit.context.method]
    assert [event.what for event in seen] == (["ours"] if jobs == 1 else [])


def test_a_missing_ray_says_what_to_install(tmp_path, monkeypatch):
    real = builtins.__import__

    def without_ray(name: str, *arguments: object, **others: object) -> object:
        if name == "ray":
            raise ModuleNotFoundError("No module named 'ray'", name="ray")
        return real(name, *arguments, **others)

    monkeypatch.delitem(sys.modules, "ray", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_ray)
    with pytest.raises(MissingExtra, match=r'LP601(.|\n)*pip install "lilliput\[scale\]"'):
        run_units(units(tmp_path), engine="ray")


def test_nothing_to_run_is_no_error():
    assert dict(run_units([], jobs=4)) == {}


def test_leaving_early_stops_the_processes(tmp_path):
    before = set(multiprocessing.active_children())
    finished = run_units(units(tmp_path, Settings(draws=10, fail_at="baseline", how="sleep")), jobs=2)
    next(finished)
    finished.close()
    assert set(multiprocessing.active_children()) <= before
