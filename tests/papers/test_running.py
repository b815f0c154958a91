from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lilliput.core.errors import BadOutput, Diverged
from lilliput.core.events import Event
from lilliput.core.files import check_folder, read_json
from lilliput.core.store import Store
from lilliput.papers import Context, Paper, Plan, Result, Row, make_plan, measured_here, run_plan
from lilliput.papers._running import over_seeds
from tests.papers import synthetic
from tests.papers.synthetic import PAPER, RECIPE


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "results.sqlite") as opened:
        yield opened


def plan(folder: Path, *overrides: str, paper: Paper = PAPER, seeds: int = 2, jobs: int = 1) -> Plan:
    return make_plan(paper, scale="smoke", seeds=seeds, jobs=jobs, overrides=overrides, folder=folder / "out")


def state(store: Store) -> str:
    (run,) = store.runs()
    return run.state


def test_a_run_stores_figures_claims_and_files(tmp_path, store):
    outcome = run_plan(plan(tmp_path), store)
    (run,) = store.runs()
    assert (run.id, run.state, run.paper, run.command, run.scale) == (
        outcome.run_id,
        "done",
        PAPER.name,
        "run",
        "smoke",
    )
    assert run.settings["settings"]["draws"] == 100
    assert run.settings["seeds"] == [0, 1]
    metrics = {metric.name: metric for metric in store.metrics(run.id)}
    assert set(metrics) == {
        *(f"{name}/{method}{seed}" for name in ("mean", "pid") for method in ("ours", "baseline")
          for seed in ("", "/seed-0", "/seed-1")),
        "claim/gain", "claim/size",
    }  # fmt: skip
    ours = [metrics[f"mean/ours/seed-{seed}"].value for seed in (0, 1)]
    assert metrics["mean/ours"].value == pytest.approx(sum(ours) / 2, abs=1e-12)
    assert metrics["mean/ours"].n == 2
    assert min(ours) <= metrics["mean/ours"].low <= metrics["mean/ours"].high <= max(ours)
    assert metrics["mean/ours/seed-0"].n == 100
    assert metrics["claim/gain"].value == pytest.approx(
        metrics["mean/ours"].value - metrics["mean/baseline"].value, abs=1e-12
    )
    assert metrics["claim/size"].value == 100.0
    assert [row.row for row in store.claims(PAPER.name)] == ["gain", "size", "far"]
    assert set(store.artifact_states(run.id).values()) == {"whole"}
    assert len(store.artifacts(run.id)) == 5


def test_the_folder_is_whole_and_holds_the_result(tmp_path, store):
    run_plan(plan(tmp_path), store)
    out = tmp_path / "out"
    names = check_folder(out)
    assert "result.json" in names
    assert "ours/seed-1/draws.txt" in names
    assert not (tmp_path / "out.partial").exists()
    content = read_json(out / "result.json", "paper-result")
    assert content["plan"]["paper"] == "synthetic"
    assert set(content["result"]["measured"]) == {"gain", "size"}


def test_one_seed_keeps_the_interval_of_its_row(tmp_path, store):
    outcome = run_plan(plan(tmp_path, seeds=1), store)
    (metric,) = [metric for metric in store.metrics(outcome.run_id) if metric.name == "mean/ours"]
    assert (metric.low, metric.high, metric.n) == (metric.value - 1, metric.value + 1, 100)


def test_several_seeds_give_a_bootstrap_interval():
    value, low, high, n = over_seeds([Row("a", value) for value in (1.0, 2.0, 3.0)])
    assert (value, n) == (2.0, 3)
    assert 1.0 <= low < 2.0 < high <= 3.0


@pytest.mark.parametrize("how", ["ours", "python"])
def test_a_recipe_that_fails_is_stored_as_failed(tmp_path, store, how):
    with pytest.raises((Diverged, RuntimeError)):
        run_plan(plan(tmp_path, "fail_at=ours", f"how={how}"), store)
    (run,) = store.runs()
    assert run.state == "failed"
    assert ("the loss is not finite at step 3" if how == "ours" else "a plain mistake") in run.error
    assert not (tmp_path / "out").exists()


def test_ctrl_c_is_stored_as_interrupted_and_the_same_request_goes_on(tmp_path, store, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        run_plan(plan(tmp_path, "fail_at=baseline", "how=interrupt"), store)
    assert state(store) == "interrupted"
    (before,) = store.runs()
    ran: list[str] = []

    def run(context: Context) -> Result:
        ran.append(context.method)
        return synthetic.run(dataclasses.replace(context, settings=synthetic.Settings(draws=100)))

    again = dataclasses.replace(PAPER, recipe=dataclasses.replace(RECIPE, run=run))
    outcome = run_plan(plan(tmp_path, "fail_at=baseline", "how=interrupt", paper=again), store)
    assert outcome.run_id == before.id
    assert ran == ["baseline", "baseline"]
    assert state(store) == "done"
    assert len([row for row in outcome.result.rows if row.name == "mean"]) == 4


def test_another_request_does_not_take_what_was_left(tmp_path, store):
    with pytest.raises(KeyboardInterrupt):
        run_plan(plan(tmp_path, "fail_at=baseline", "how=interrupt"), store)
    outcome = run_plan(plan(tmp_path), store)
    assert [run.state for run in store.runs()] == ["done", "interrupted"]
    assert store.runs()[0].id == outcome.run_id


def test_a_unit_whose_file_was_damaged_is_run_again(tmp_path, store):
    with pytest.raises(KeyboardInterrupt):
        run_plan(plan(tmp_path, "fail_at=baseline", "how=interrupt"), store)
    (tmp_path / "out.partial" / "ours" / "seed-0" / "unit.json").write_text("{", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        run_plan(plan(tmp_path, "fail_at=baseline", "how=interrupt"), store)
    assert json.loads((tmp_path / "out.partial" / "ours" / "seed-0" / "unit.json").read_text("utf-8"))["result"]


def test_a_pool_and_one_process_give_the_same_result(tmp_path, store):
    alone = run_plan(plan(tmp_path / "a"), store)
    pool = run_plan(plan(tmp_path / "b", jobs=2), store)
    assert alone.result.measured == pool.result.measured
    assert [row for row in alone.result.rows if row.name == "mean"] == [
        row for row in pool.result.rows if row.name == "mean"
    ]
    assert (tmp_path / "a/out/ours/seed-0/draws.txt").read_bytes() == (
        tmp_path / "b/out/ours/seed-0/draws.txt"
    ).read_bytes()


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path, store):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(BadOutput, match="LP104"):
        run_plan(plan(tmp_path), store)
    assert state(store) == "failed"
    assert (tmp_path / "out" / "thesis.txt").read_text("utf-8") == "mine"


def measures_too_much(context: Context) -> Result:
    return Result((Row("mean", 1.0),), (), {"far": 1.0})


def says_it_twice(context: Context) -> Result:
    return Result((Row("mean", 1.0), Row("mean", 2.0)))


def test_a_recipe_must_name_what_it_measures(tmp_path, store):
    recipe = dataclasses.replace(RECIPE, run=measures_too_much, compare=lambda result: {})
    with pytest.raises(ValueError, match="measures far without naming it"):
        run_plan(plan(tmp_path, paper=dataclasses.replace(PAPER, recipe=recipe)), store)
    assert state(store) == "failed"


def test_a_figure_may_be_given_once(tmp_path, store):
    recipe = dataclasses.replace(RECIPE, run=says_it_twice, compare=lambda result: {})
    with pytest.raises(ValueError, match="'mean' of ours on 'test' is given twice for seed 0"):
        run_plan(plan(tmp_path, paper=dataclasses.replace(PAPER, recipe=recipe)), store)


def concludes(result: Result, folder: Path) -> Result:
    both = [(folder / path).read_text("utf-8") for path in result.artifacts]
    (folder / "all.txt").write_text("".join(both), encoding="utf-8")
    return Result((Row("together", float(len(both)), method="ours"),), (Path("all.txt"),), {"size": 7.0})


def test_a_recipe_may_conclude_from_all_units(tmp_path, store):
    paper = dataclasses.replace(PAPER, recipe=dataclasses.replace(RECIPE, conclude=concludes))
    outcome = run_plan(plan(tmp_path, paper=paper), store)
    assert outcome.result.rows[-1] == Row("together", 4.0, method="ours")
    assert len((tmp_path / "out" / "all.txt").read_text("utf-8").splitlines()) == 4
    assert outcome.result.measured["size"] == 7
    stored = {metric.name: metric.value for metric in store.metrics(outcome.run_id)}
    assert stored["together/ours"] == 4
    assert "together/ours/seed-0" not in stored


def concludes_what_was_measured(result: Result, folder: Path) -> Result:
    return Result((Row("mean", 1.0, method="ours"),))


def test_what_seeds_measured_is_not_concluded_again(tmp_path, store):
    paper = dataclasses.replace(PAPER, recipe=dataclasses.replace(RECIPE, conclude=concludes_what_was_measured))
    with pytest.raises(ValueError, match="'mean' of ours on 'test' is given twice for seed None"):
        run_plan(plan(tmp_path, paper=paper), store)


def test_progress_counts_units_and_names_the_folder(tmp_path, store):
    seen: list[Event] = []
    run_plan(plan(tmp_path), store, emit=seen.append)
    own = [event for event in seen if event.what == PAPER.name]
    assert [event.kind for event in own] == ["started", "step", "step", "step", "step", "artifact", "done"]
    assert [event.step for event in own if event.kind == "step"] == [1, 2, 3, 4]
    assert own[0].total == 4


class TestMeasuredHere:
    def test_nothing_ran_nothing_is_here(self, store):
        assert measured_here(store, PAPER) == {}

    def test_the_newest_done_run_is_shown(self, tmp_path, store):
        run_plan(plan(tmp_path, "bias=1.0"), store)
        newest = run_plan(plan(tmp_path, "bias=2.0", "draws=50"), store)
        here = measured_here(store, PAPER)
        assert {found.run_id for found in here.values()} == {newest.run_id}
        assert (here["size"].value, here["size"].scale, here["size"].seeds) == (50.0, "smoke", 2)

    def test_a_larger_scale_wins_over_a_newer_run(self, tmp_path, store):
        small = run_plan(make_plan(PAPER, scale="small", seeds=1, jobs=1, folder=tmp_path / "small"), store)
        run_plan(plan(tmp_path), store)
        assert measured_here(store, PAPER)["size"].run_id == small.run_id

    def test_a_failed_run_shows_nothing(self, tmp_path, store):
        with pytest.raises(Diverged):
            run_plan(plan(tmp_path, "fail_at=baseline"), store)
        assert measured_here(store, PAPER) == {}
