"""`lilliput graphs`: quotients by class, a detector from a folder, scores of new graphs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lilliput.cli.main import run
from lilliput.tasks.tu import write_tu
from tests.train.small_graphs import made_graphs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tu(made_graphs(160), tmp_path / "made")
    return tmp_path / "made"


def said(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    assert run([*map(str, words), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_quotients_by_class(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = said(capsys, "graphs", "rq", folder, "--out", tmp_path / "pictures")
    assert (found["graphs"], found["normal"], found["anomalous"]) == (160, 120, 40)
    clear = [one["feature"] for one in found["features"] if one["low"] > 0]
    assert sorted(clear) == ["0", "1"]
    assert 0.3 < found["size_auc"] < 0.7
    assert {path.name for path in (tmp_path / "pictures").glob("*.svg")} == {"energy.svg", "quotients.svg"}
    assert run(["graphs", "rq", str(folder), "-q"]) == 0
    assert sorted(capsys.readouterr().out.split()) == ["0", "1"]
    assert run(["graphs", "rq", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "120 normal graphs, 40 anomalies" in out
    assert "AUC of the number of nodes alone" in out


def test_a_detector_is_trained_and_scores_graphs_without_labels(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "detector"
    found = said(capsys, "graphs", "train", folder, "--out", place)
    assert (found["normal"], found["anomalous"]) == (18, 6)
    assert found["auc"] > 0.9
    (folder / "made_graph_labels.txt").unlink()
    scored = said(capsys, "graphs", "score", place, folder)
    assert len(scored["graphs"]) == 160
    scores = [one["score"] for one in scored["graphs"]]
    assert scores == sorted(scores, reverse=True)
    y = made_graphs(160).y
    first = [one["graph"] - 1 for one in scored["graphs"][:30]]
    assert sum(y[first]) > 20
    assert [one["told"] for one in scored["graphs"]] == [score >= scored["threshold"] for score in scores]
    assert run(["graphs", "score", str(place), str(folder), "--most", "3"]) == 0
    out = capsys.readouterr().out
    assert "of 160 graphs are at or above" in out
    assert len(out.splitlines()) == 2 + 3 + 1


def test_a_folder_that_is_none_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graphs", "rq", str(tmp_path), "--name", "PC-3"]) != 0
    assert "has no PC-3_A.txt" in capsys.readouterr().err
