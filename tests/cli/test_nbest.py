"""`lilliput nbest`: figures of lists, and lists corrected."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lilliput.cli.main import run


@pytest.fixture
def known(tmp_path: Path) -> Path:
    items = [{"id": f"u{n}", "input": [f"go {n} dc", f"go {n}"], "output": f"go {n} d c"} for n in range(40)]
    path = tmp_path / "known.json"
    path.write_text(json.dumps(items), encoding="utf-8")
    return path


def test_figures_of_a_file(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nbest", "stats", str(known), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["wer"], found["oracle_wer"], found["missing"]) == (0.5, 0.5, 0.5)
    assert (found["substitutions"], found["deletions"], found["insertions"]) == (40, 40, 0)
    assert run(["nbest", "stats", str(known), "-q"]) == 0
    assert capsys.readouterr().out == "50.00\n"
    assert run(["nbest", "stats", str(known)]) == 0
    out = capsys.readouterr().out
    assert "best hypothesis, WER (o_nb)" in out
    assert "50.00 %" in out


def test_new_lists_are_corrected_by_known_ones(known: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = tmp_path / "new.json"
    new.write_text(json.dumps([{"input": ["fly dc", "fly"]}, {"id": "b", "input": ["stay"]}]), encoding="utf-8")
    words = ["nbest", "correct", str(new), "--learn-from", str(known)]
    assert run([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["utterances"]
    assert found == [{"id": "", "text": "fly d c", "changed": True}, {"id": "b", "text": "stay", "changed": False}]
    assert run(words) == 0
    assert capsys.readouterr().out == "fly d c\nstay\n"


def test_a_file_that_is_none_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    assert run(["nbest", "stats", str(tmp_path / "x.json")]) != 0
    assert "is no list of utterances" in capsys.readouterr().err
