"""The recipe for labels of texts: published counts, every side of the comparison, and pages of reasons."""

from __future__ import annotations

from pathlib import Path

import pytest

from lilliput.papers import Context, papers
from lilliput.papers.transicd import Settings, run


def rows(method: str, folder: Path, **changes: object) -> dict[tuple[str, str], float]:
    settings = Settings(dim=16, hidden=16, vocabulary=800, asked=10, **changes)  # type: ignore[arg-type]
    context = Context(paper="transicd", scale="smoke", method=method, seed=0, settings=settings, folder=folder)
    result = run(context)
    if method == "transicd":
        claims = {claim.id: claim.figure for claim in papers["transicd"].claims}
        assert {name: claims[name] for name in result.measured} == dict(result.measured)
        assert len(result.measured) == 4
        assert [path.name for path in result.artifacts] == ["evidence-0.html", "evidence-1.html"]
        assert "<mark" in (folder / "evidence-0.html").read_text()
    return {(row.name, row.split): row.value for row in result.rows}


def test_the_network_learns_and_shows_reasons(tmp_path: Path) -> None:
    found = rows("transicd", tmp_path, labels=6, epochs=3, lr=1e-2)
    assert found["micro AUC", "test"] > 0.7
    assert found["labels without an AUC", "test"] == 0
    assert ("loss of a true label", "without a tenth of the words, at random") in found


def test_words_that_are_counted_are_a_side_of_the_comparison(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    assert rows("tf-idf", tmp_path, labels=6)["micro AUC", "test"] > 0.8
