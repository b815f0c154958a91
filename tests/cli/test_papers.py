from __future__ import annotations

import json
from pathlib import Path

import pytest

from lilliput.cli.main import run
from lilliput.core.registry import Registry
from lilliput.core.store import Store
from lilliput.papers import Paper, make_plan, run_plan
from tests.papers.synthetic import PAPER, WITHOUT_RECIPE


@pytest.fixture
def two_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the synthetic ones, so that the tests do not change with the catalogue."""
    every: Registry[Paper] = Registry("paper")
    every.add(PAPER.name, PAPER)
    every.add(WITHOUT_RECIPE.name, WITHOUT_RECIPE)
    monkeypatch.setattr("lilliput.papers.catalogue", lambda folder=None: every, raising=False)


def test_all_papers_are_listed_in_their_order(capsys):
    assert run(["papers", "-q"]) == 0
    names = capsys.readouterr().out.split()
    assert (names[0], names[-1], len(names)) == ("fp16-odl", "matvlm", 29)
    assert run(["papers"]) == 0
    out = capsys.readouterr().out
    assert "MCUNet: Tiny Deep Learning on IoT Devices" in out
    assert "29 papers, " in out


def test_a_week_and_a_topic_narrow_the_list(capsys):
    assert run(["papers", "--week", "2025-W09", "-q"]) == 0
    assert capsys.readouterr().out.split() == []
    assert run(["papers", "--week", "2025-W10", "-q"]) == 0
    assert capsys.readouterr().out.split() == ["mamba-pkd"]
    assert run(["papers", "--topic", "continual-learning", "-q"]) == 0
    assert capsys.readouterr().out.split() == ["dp-hypernet", "continual-thesis"]
    assert run(["papers", "--week", "2025-W09"]) == 0
    assert capsys.readouterr().out == "no papers match\n"


def test_a_wrong_week_or_topic_is_refused(capsys):
    assert run(["papers", "--week", "2025-9"]) == 2
    assert capsys.readouterr().err == "LP101: '2025-9' is not a week\n  fix: write year and ISO week: --week 2025-W09\n"
    assert run(["papers", "--topic", "spikng"]) == 2
    assert "LP100: no topic is called 'spikng'\n  fix: did you mean spiking" in capsys.readouterr().err


def test_an_unknown_paper_suggests_a_near_one(capsys):
    assert run(["papers", "mcunett"]) == 2
    assert "LP100: no paper is called 'mcunett'\n  fix: did you mean mcunet" in capsys.readouterr().err


def test_one_paper_shows_its_claims_with_kind_source_and_doubt(capsys, two_papers):
    assert run(["papers", "bare"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == PAPER.title
    assert "status: not yet here" in lines
    (far,) = [line for line in lines if line.startswith("far ")]
    assert "99.5 % ?" in far
    assert "out of reach here" in far
    assert "far: a note" in lines
    assert "? = from memory of the paper, not found in a source that could be read" in lines


def test_what_was_measured_stands_beside_what_is_claimed(capsys, two_papers, tmp_path):
    path = tmp_path / "results.sqlite"
    with Store(path) as store:
        outcome = run_plan(make_plan(PAPER, scale="smoke", jobs=1, folder=tmp_path / "out"), store)
    assert run(["papers", "synthetic", "--store", str(path), "--json"]) == 0
    claims = {claim["id"]: claim for claim in json.loads(capsys.readouterr().out)["paper"]["claims"]}
    assert claims["gain"]["here"]["value"] == outcome.result.measured["gain"]
    assert claims["gain"]["here"]["run"] == outcome.run_id
    assert claims["far"]["here"] is None
    assert run(["papers", "synthetic", "--store", str(path)]) == 0
    out = capsys.readouterr().out
    assert f"here: run {outcome.run_id} (smoke, seeds: 1)" in out
    (size,) = [line for line in out.splitlines() if line.startswith("size ")]
    assert "1 000" in size
    assert " 100 " in size


def test_looking_makes_no_store(capsys, tmp_path):
    path = tmp_path / "results.sqlite"
    assert run(["papers", "cct", "--store", str(path)]) == 0
    assert not path.exists()


def test_bibtex_is_printed_for_one_and_for_all(capsys):
    assert run(["papers", "cct", "--bibtex"]) == 0
    one = capsys.readouterr().out
    assert one.startswith("@misc{cct2021,\n")
    assert run(["papers", "--bibtex"]) == 0
    every = capsys.readouterr().out
    assert every.count("@misc{") == 29
    assert one.strip() in every


def test_a_folder_of_papers_is_listed_too(capsys, tmp_path: Path):
    text = 'number = 101\nname = "mine"\ntitle = "T"\ndate = 2025-01-31\nauthors = 1\nsummary = "S."\nclaims = []\n'
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    assert run(["papers", "--papers", str(tmp_path), "-q"]) == 0
    assert capsys.readouterr().out.split()[-1] == "mine"
