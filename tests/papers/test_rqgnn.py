"""The recipe for graphs: published counts, every side on the same partings, a folder of one's own, pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import MissingFile
from lilliput.core.store import Store
from lilliput.papers import Context, Outcome, Row, make_plan, papers, run_plan
from lilliput.papers.rqgnn import METHODS, NETWORKS, OURS, SIMPLE, Settings, run
from lilliput.tasks.molecules import bundled_graphs
from lilliput.tasks.tu import write_tu
from lilliput.train.graph_detector import load_detector
from tests.train.small_graphs import made_graphs

SOME = (OURS, "as-published", "gin", "size", "forest")
FEW = ("epochs=12", "lr=1e-2", "batch_size=32", "hidden=16", "trees=20", "copies=true")


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    folder = tmp_path_factory.mktemp("rqgnn")
    write_tu(dataclasses.replace(made_graphs(240), name="mine"), folder / "sets" / "mine")
    recipe = papers["rqgnn"].recipe
    assert recipe is not None
    paper = dataclasses.replace(papers["rqgnn"], recipe=dataclasses.replace(recipe, methods=SOME))
    own = (f"data={folder / 'sets'}", 'sets=["mine"]', *FEW)
    plan = make_plan(paper, scale="smoke", seeds=2, jobs=1, folder=folder / "out", overrides=own)
    with Store(folder / "store.sqlite") as store:
        return run_plan(plan, store)


def figures(rows: tuple[Row, ...]) -> Mapping[tuple[str, str, str], list[float]]:
    found: dict[tuple[str, str, str], list[float]] = {}
    for row in rows:
        found.setdefault((row.method, row.name, row.split), []).append(row.value)
    return found


def test_each_side_is_there() -> None:
    assert (*NETWORKS, *SIMPLE) == METHODS
    assert {"gin", "gcn", "chebnet", "size", "label-counts", "forest", "as-published", "numerator"} <= set(METHODS)


def test_every_claim_has_a_figure_and_counts_are_the_published_ones(outcome: Outcome) -> None:
    measured = outcome.result.measured
    for claim in papers["rqgnn"].claims:
        assert claim.id in measured
        if claim.direction == "equal":
            assert measured[claim.id] == pytest.approx(claim.figure, abs=1e-7), claim.id


def test_the_network_finds_what_size_and_counts_cannot(outcome: Outcome) -> None:
    found = figures(outcome.result.rows)
    assert min(found[OURS, "AUC", "mine"]) > 0.95
    assert max(found["size", "AUC", "mine"]) < 0.7
    assert min(found["forest", "AUC", "mine"]) > 0.9
    gain = found[OURS, "AUC", "mine"], found["forest", "AUC", "mine"], found["gin", "AUC", "mine"]
    wanted = 100 * (np.mean(gain[0]) - max(np.mean(gain[1]), np.mean(gain[2])))
    assert outcome.result.measured["auc.gain"] == pytest.approx(wanted)


def test_test_parts_are_whole_and_the_same_for_all(outcome: Outcome) -> None:
    found = figures(outcome.result.rows)
    for part, anomalies in (("train", 42), ("validation", 9), ("test", 9)):
        assert found["size", f"anomalies in {part}", "mine"] == found[OURS, f"anomalies in {part}", "mine"]
        assert found[OURS, f"anomalies in {part}", "mine"] == [anomalies] * 2
    rows = [row for row in outcome.result.rows if row.name.startswith("anomalies in") and row.method == OURS]
    assert sum(row.n or 0 for row in rows) == 2 * 240


def test_all_figures_of_the_field_are_told(outcome: Outcome) -> None:
    names = {row.name for row in outcome.result.rows if row.method == "gin"}
    assert names >= {"AUC", "average precision", "macro F1", "macro F1 at one half", "recall at 5 % false alarms"}


def test_people_find_pictures_and_a_detector(outcome: Outcome) -> None:
    names = {path.as_posix() for path in outcome.result.artifacts}
    mine = {f"{OURS}/seed-0/{name}" for name in ("energy-mine.svg", "quotients-mine.svg")}
    assert {"auc-mine.svg", *mine} <= names
    assert all((outcome.folder / name).is_file() for name in names)
    detector = load_detector(outcome.folder / OURS / "seed-0" / "detector-mine")
    assert detector.features == ("0", "1", "2")
    rows = figures(outcome.result.rows)
    assert rows[OURS, "quotient of anomalies less normal ones", "mine, 0"][0] > 0.2


@pytest.mark.parametrize("method", sorted(set(NETWORKS) - set(SOME)))
def test_every_other_network_runs(tmp_path: Path, method: str) -> None:
    write_tu(made_graphs(60), tmp_path / "made")
    settings = Settings(data=str(tmp_path / "made"), sets=("made",), epochs=1, hidden=8, copies=True, fewest=2)
    result = run(Context(paper="rqgnn", scale="smoke", method=method, seed=0, settings=settings, folder=tmp_path))
    assert {"AUC", "parameters"} <= {row.name for row in result.rows}
    assert result.measured == {}


@pytest.mark.parametrize("method", ["label-counts", "quotients"])
def test_the_bundled_molecules_are_the_default(tmp_path: Path, method: str) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    context = Context(paper="rqgnn", scale="smoke", method=method, seed=0, settings=Settings(), folder=tmp_path)
    found = {(row.name, row.split): row for row in run(context).rows}
    for name in ("NR-AhR", "SR-p53"):
        whole = bundled_graphs(name).without_copies()
        counted = [found[f"anomalies in {part}", name] for part in ("train", "validation", "test")]
        assert sum(row.value for row in counted) == whole.counts[1]
        assert sum(row.n or 0 for row in counted) == len(whole)
        assert found["AUC", name].value > 0.5


def test_a_published_set_that_is_not_there_is_told_with_its_place(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path), sets=("PC-3",))
    context = Context(paper="rqgnn", scale="full", method=OURS, seed=0, settings=settings, folder=tmp_path)
    with pytest.raises(MissingFile, match=r"fix: name PC-3 of https://"):
        run(context)
