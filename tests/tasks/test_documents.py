"""Documents with labels from files of the published forms."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import BadTask, BadValue, CutShort, MissingFile, NotThisFormat
from lilliput.tasks.documents import bundled_documents, read_documents, read_hallmarks
from tests.tasks.shared_data import shared


def test_bundled_comments_have_their_published_labels() -> None:
    found = bundled_documents()
    assert (len(found), len(found.labels)) == (5426, 28)
    assert found.labels[27] == "neutral"
    assert found.y.sum() == found.y.any(0) @ found.y.sum(0)
    assert int(found.y[:, 27].sum()) == 1766
    shares = np.bincount(found.part) / len(found)
    np.testing.assert_allclose(shares, [0.65, 0.15, 0.2], atol=0.02)


def hallmarks(folder: Path, name: str, text: str, labels: str) -> None:
    for kind, content in (("text", text), ("labels", labels)):
        (folder / kind).mkdir(exist_ok=True)
        (folder / kind / f"{name}.txt").write_text(content)


def test_hallmarks_are_labelled_sentence_by_sentence(tmp_path: Path) -> None:
    hallmarks(tmp_path, "1", "One .\nTwo .\nThree .\n", "< <A--a ANDB--b--c<NULL")
    hallmarks(tmp_path, "2", "Four .\nFive .\n", "A<B--d")
    found = read_hallmarks(tmp_path)
    assert (found.ids, found.labels) == (("1", "2"), ("A", "B"))
    assert found.evidence is not None
    np.testing.assert_array_equal(found.evidence[0], [[False, False], [True, True], [False, False]])
    np.testing.assert_array_equal(found.evidence[1], [[True, False], [False, True]])
    assert found.y.all()
    assert found.texts[0] == "One .\nTwo .\nThree ."
    hallmarks(tmp_path, "3", "Six .\n", "A<B<A")
    with pytest.raises(CutShort, match=r"3\.txt: 1 sentences and 3 fields of labels"):
        read_documents(tmp_path)
    (tmp_path / "labels" / "3.txt").unlink()
    with pytest.raises(MissingFile, match=r"labels/3\.txt is not there"):
        read_documents(tmp_path)


@pytest.mark.shared
def test_the_published_abstracts_have_the_published_counts() -> None:
    found = read_documents(shared("hallmarks_of_cancer.jsonl.gz"))
    assert len(found) == 1852
    assert sorted(found.y.sum(0).tolist(), reverse=True) == [462, 429, 333, 291, 240, 240, 143, 115, 108, 105]


def lines(path: Path, *items: object) -> Path:
    text = "\n".join(json.dumps(item) if not isinstance(item, str) else item for item in items)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def test_json_lines_may_say_parts_and_evidence(tmp_path: Path) -> None:
    items = [
        {"id": "a", "text": "x\ny", "labels": ["late", "red"], "split": "train", "evidence": [["red"], ["late"]]},
        {"id": "b", "text": "z", "labels": [], "split": "dev", "evidence": [[]]},
        {"id": "c", "text": "w", "labels": ["red"], "split": "test", "evidence": [["red"]]},
    ]
    found = read_documents(lines(tmp_path / "d.jsonl.gz", *items))
    assert (found.labels, found.part.tolist()) == (("late", "red"), [0, 1, 2])
    np.testing.assert_array_equal(found.y, [[True, True], [False, False], [False, True]])
    assert found.evidence is not None
    np.testing.assert_array_equal(found.evidence[0], [[False, True], [True, False]])
    top = found.most_frequent(1)
    assert (top.labels, top.ids) == (("red",), ("a", "c"))
    assert top.evidence is not None
    assert top.evidence[0].tolist() == [[True], [False]]


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("{", "line 2 is no JSON"),
        ({"labels": []}, "line 2 has no text"),
        ({"text": "x"}, "line 2 has no labels"),
        ({"text": "x", "labels": ["a"], "evidence": [["a"], []]}, "for each line of the text"),
        ({"text": "x", "labels": ["a"], "evidence": [["b"]]}, "evidence for a label that it has not"),
    ],
)
def test_lines_of_another_form_are_named(tmp_path: Path, item: object, words: str) -> None:
    path = lines(tmp_path / "d.jsonl", {"text": "x", "labels": ["a"]}, item)
    with pytest.raises(BadValue, match=words):
        read_documents(path)


def test_what_is_not_there_twice_or_unknown_is_refused(tmp_path: Path) -> None:
    twice = lines(tmp_path / "d.jsonl", *[{"id": "a", "text": "x", "labels": []}] * 2)
    with pytest.raises(BadTask, match="document 'a' is there twice"):
        read_documents(twice)
    with pytest.raises(BadTask, match="there are no documents"):
        read_documents(lines(tmp_path / "none.jsonl"))
    with pytest.raises(NotThisFormat, match=r"d\.txt is no \.jsonl"):
        read_documents(lines(tmp_path / "d.txt"))
    with pytest.raises(MissingFile, match="has no folders text and labels"):
        read_documents(tmp_path)
    (tmp_path / "c.tsv").write_text("0\thello\n1,x\tthere\n")
    with pytest.raises(MissingFile, match=r"has no labels\.txt"):
        read_documents(tmp_path / "c.tsv")
    (tmp_path / "labels.txt").write_text("a\nb\n")
    with pytest.raises(BadValue, match="line 2 is not label numbers below 2"):
        read_documents(tmp_path / "c.tsv")
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(b"{}")[:-4])
    with pytest.raises(CutShort, match="is damaged"):
        read_documents(tmp_path / "cut.jsonl.gz")
    split = {"text": "x", "labels": [], "split": "later"}
    with pytest.raises(BadValue, match="split 'later'"):
        read_documents(lines(tmp_path / "s.jsonl", split))
