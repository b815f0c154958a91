"""The recipe for tables: published counts, paired comparison of what ran, sets, reasons, answers for own rows."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lilliput.core.store import Store
from lilliput.papers import Context, Outcome, Row, make_plan, papers, run_plan
from lilliput.papers.kacq_dcnn import ABLATIONS, BOOSTERS, METHODS, Settings, run
from lilliput.train.classifiers import CLASSIFIERS, LIBRARY

SOME = ("kacq", "gradient-boosting", "logistic", "no-circuit", "bilstm-kan", "q-dense-kan")


def test_every_classifier_is_a_side_of_the_comparison() -> None:
    assert set(METHODS) == set(CLASSIFIERS)
    assert {name for name in METHODS if CLASSIFIERS[name].extra == "boost"} == set(BOOSTERS)
    assert len([name for name in METHODS if name in LIBRARY]) >= 19
    assert len(METHODS) > 20 + len(ABLATIONS)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    folder = tmp_path_factory.mktemp("kacq")
    recipe = papers["kacq-dcnn"].recipe
    assert recipe is not None
    paper = dataclasses.replace(papers["kacq-dcnn"], recipe=dataclasses.replace(recipe, methods=SOME))
    plan = make_plan(paper, scale="smoke", seeds=2, jobs=1, folder=folder / "out", overrides=("epochs=2",))
    with Store(folder / "store.sqlite") as store:
        return run_plan(plan, store)


def _rows(rows: tuple[Row, ...]) -> Mapping[tuple[str, str, str], list[float]]:
    found: dict[tuple[str, str, str], list[float]] = {}
    for row in rows:
        found.setdefault((row.method, row.name, row.split), []).append(row.value)
    return found


def test_counts_are_the_published_ones_and_every_other_claim_has_a_figure(outcome: Outcome) -> None:
    measured = outcome.result.measured
    claims = {claim.id: claim.figure for claim in papers["kacq-dcnn"].claims}
    for name in ("params", "quantum-channel.params", "classical-channel.params"):
        assert measured[name] == claims[name]
    assert set(claims) - set(measured) == {"catboost.d"}
    assert 80 < 100 * measured["gradient-boosting.accuracy"] < 92


def test_each_seed_tests_other_rows_and_all_classifiers_the_same(outcome: Outcome) -> None:
    def tested(method: str, seed: int) -> list[str]:
        with (outcome.folder / method / f"seed-{seed}" / "predictions.csv").open() as file:
            return [line["row"] for line in csv.DictReader(file)]

    assert tested("kacq", 0) == tested("logistic", 0) != tested("kacq", 1)
    assert len(tested("kacq", 0)) == 306


def test_tests_are_paired_and_written_down(outcome: Outcome) -> None:
    rows = _rows(outcome.result.rows)
    with (outcome.folder / "comparison.csv").open() as file:
        lines = {line["classifier"]: line for line in csv.DictReader(file)}
    assert set(lines) == set(SOME)
    for name in SOME[1:]:
        (told,) = rows[name, "kacq above it", "accuracy"]
        each = [a - b for a, b in zip(rows["kacq", "accuracy", "test"], rows[name, "accuracy", "test"], strict=True)]
        assert told == pytest.approx(sum(each) / 2)
        assert float(lines[name]["accuracy difference"]) == told
        assert rows[name, "corrected p", "accuracy"][0] == pytest.approx(
            min(1, 5 * float(lines[name]["accuracy p"])), rel=1e-9
        )


def test_people_find_their_pictures_and_the_network(outcome: Outcome) -> None:
    names = {path.as_posix() for path in outcome.result.artifacts}
    assert {"reliability.svg", "coverage.svg", "accuracy-ablations.svg", "auc-all.svg"} <= names
    mine = {name.removeprefix("kacq/seed-0/") for name in names if name.startswith("kacq/seed-0/")}
    assert {"reasons.svg", "splines.svg", "coverage.csv", "encoding.json", "network/model.safetensors"} <= mine
    assert all((outcome.folder / name).is_file() for name in names)
    rows = _rows(outcome.result.rows)
    assert ("kacq", "weight", "ST_Slope") in rows
    assert rows["kacq", "coverage", "held-out"][0] > 0.8


def _context(folder: Path, method: str, **changes: Any) -> Context:
    settings = Settings(epochs=1, explained=1, background=2, **changes)
    return Context(paper="kacq-dcnn", scale="smoke", method=method, seed=0, settings=settings, folder=folder)


def _own(folder: Path) -> Path:
    rows = [f"{i},{i % 9},{'ab'[i % 2]},1,{'xyz'[i % 3]},{('no', 'maybe', 'yes')[i % 3]}" for i in range(60)]
    (folder / "own.csv").write_text("\n".join(["id,dose,kind,same,mark,outcome", *rows]) + "\n")
    (folder / "new.csv").write_text("id,dose,kind,same,mark\n1,4,a,1,x\n2,,c,1,y\n")
    return folder / "own.csv"


def test_an_own_file_with_three_classes_is_learnt_and_asked(tmp_path: Path) -> None:
    own = {"data": str(_own(tmp_path)), "target": "outcome", "leave_out": ("id",), "ask": str(tmp_path / "new.csv")}
    result = run(_context(tmp_path, "kacq", **own))
    assert result.measured == {}
    assert {row.split for row in result.rows if row.name == "weight"} == {"dose", "kind", "same", "mark"}
    with (tmp_path / "answers.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [line["replaced"] for line in lines] == ["", "dose; kind"]
    assert {"p(maybe)", "p(no)", "p(yes)", "set, 90% promised"} <= set(lines[0])


@pytest.mark.parametrize("method", ["ttn-1", "q-conv-kan-2"])
def test_a_classifier_that_cannot_take_a_table_says_so_and_stops_nothing(tmp_path: Path, method: str) -> None:
    result = run(_context(tmp_path, method, data=str(_own(tmp_path)), target="outcome", leave_out=("id",)))
    assert result.rows == (Row("left out", 1.0, split="cannot take this table"),)


def test_hospitals_are_tested_by_what_the_others_teach(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    run(_context(tmp_path, "logistic", data="heart-uci4", group="site"))
    with (tmp_path / "predictions.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 920
    assert len({line["fold"] for line in lines}) == 4
