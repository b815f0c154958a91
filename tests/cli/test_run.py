from __future__ import annotations

import json
from pathlib import Path

import pytest

from lilliput.cli.main import run
from lilliput.core.store import Store
from tests.cli.test_papers import two_papers

__all__ = ["two_papers"]  # a fixture


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, two_papers: None) -> list[str]:
    """The options that keep a run within the test's own folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # the verb sets them for the whole process; put back afterwards
    return ["--store", str(tmp_path / "results.sqlite"), "--jobs", "1"]


def states(tmp_path: Path) -> list[str]:
    with Store(tmp_path / "results.sqlite") as store:
        return [entry.state for entry in store.runs()]


def test_a_paper_runs_and_its_figures_stand_beside_the_claims(capsys, place, tmp_path):
    assert run(["run", "synthetic", "--scale", "smoke", *place]) == 0
    captured = capsys.readouterr()
    assert "runs/synthetic-smoke" in captured.out
    assert "claim" in captured.out
    assert "settings.draws" in captured.err
    assert (tmp_path / "runs" / "synthetic-smoke" / "result.json").exists()
    assert states(tmp_path) == ["done"]


def test_json_is_one_object_with_figures_and_claims(capsys, place):
    assert run(["run", "synthetic", "--scale", "smoke", "--seeds", "2", "--set", "draws=30", "--json", *place]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [claim["id"] for claim in data["claims"]] == ["gain", "size"]
    assert data["claims"][1]["here"] == 30.0
    assert data["plan"]["seeds"] == [0, 1]
    assert len(data["metrics"]) == 8


def test_people_see_means_of_seeds_and_programs_each_of_them(capsys, place):
    same = ["run", "synthetic", "--scale", "smoke", "--seeds", "2", *place]
    assert run(same) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("mean")]
    assert [line.split()[2] for line in lines] == ["ours", "baseline"]
    assert run([*same, "--json"]) == 0
    rows = [row for row in json.loads(capsys.readouterr().out)["metrics"] if row["name"] == "mean"]
    assert [(row["method"], row["seed"]) for row in rows[:2]] == [("ours", 0), ("ours", 1)]
    mean = (rows[0]["value"] + rows[1]["value"]) / 2
    assert float(lines[0].split()[3]) == pytest.approx(mean, rel=1e-3)


def test_a_dry_run_tells_time_and_memory_and_does_nothing(capsys, place, tmp_path):
    assert run(["run", "synthetic", "--dry-run", *place]) == 0
    out = capsys.readouterr().out
    assert "ours, baseline" in out
    assert "≈ 6 min" in out
    assert list(tmp_path.iterdir()) == []


def test_a_paper_without_recipe_is_a_no(capsys, place):
    assert run(["run", "bare", *place]) == 1
    assert capsys.readouterr().err.startswith("LP106: bare does not run here yet\n")
    assert run(["run", "bare", "--json", *place]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "LP106"


def test_an_unknown_paper_suggests_a_near_one(capsys, place):
    assert run(["run", "syntetic", *place]) == 2
    assert "LP100: no paper is called 'syntetic'\n  fix: did you mean synthetic?" in capsys.readouterr().err


def test_a_failing_recipe_gives_its_own_code(capsys, place, tmp_path):
    assert run(["run", "synthetic", "--scale", "smoke", "--set", "fail_at=ours", *place]) == 1
    assert "LP502: the loss is not finite at step 3" in capsys.readouterr().err
    assert states(tmp_path) == ["failed"]


def test_an_interrupted_run_says_how_to_go_on(capsys, place, tmp_path):
    wrong = ["--set", "fail_at=baseline", "--set", "how=interrupt"]
    assert run(["run", "synthetic", "--scale", "smoke", *wrong, *place]) == 6
    assert "the same command goes on from there" in capsys.readouterr().err
    assert states(tmp_path) == ["interrupted"]
