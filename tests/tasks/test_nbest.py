"""Lists of hypotheses: the published form, parts without a text in common, and what can be wrong with a file."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from lilliput.core.errors import BadSetting, BadValue, CutShort, MissingFile, NotThisFormat
from lilliput.tasks.nbest import NBest, letters_only, parted, read_nbest


def published(folder: Path, *items: dict[str, Any], name: str = "test.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(items), encoding="utf-8")
    return path


def test_the_published_form_is_read(tmp_path: Path) -> None:
    path = published(
        tmp_path,
        {"id": "u1", "input": ["a  b", "a c"], "output": "a b ", "am_score": [-0.5, -1]},
        {"input": ["<UNK>", "é"], "output": "<UNK>", "score": [1, 2], "input1": "a b."},
        {"input": [""]},
    )
    first, second, third = read_nbest(path)
    assert first == NBest(("a b", "a c"), "a b", (-0.5, -1.0), "u1")
    assert second == NBest(("", "é"), "", (1.0, 2.0))
    assert third == NBest(("",), None)


def test_a_packed_file_is_the_same(tmp_path: Path) -> None:
    path = published(tmp_path, {"input": ["a"], "output": "b"})
    (tmp_path / "test.json.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert read_nbest(tmp_path / "test.json.gz") == read_nbest(path)


def test_both_sides_are_normalised_alike(tmp_path: Path) -> None:
    path = published(tmp_path, {"input": ["One-hundred, 5 U.S."], "output": "ONE hundred_5"})
    (item,) = read_nbest(path, normalise="letters")
    assert item == NBest(("onehundred us",), "one hundred")
    assert letters_only("don't  stop") == "dont stop"


def test_copies_count_once_where_they_stood_first() -> None:
    item = NBest(("a", "b", "a", "c", "b"), "a", (5.0, 4.0, 3.0, 2.0, 1.0))
    assert item.distinct() == NBest(("a", "b", "c"), "a", (5.0, 4.0, 2.0))
    assert NBest(("x",)).distinct() == NBest(("x",))


class TestParts:
    ITEMS = tuple(NBest((f"w{n % 40}",), f"w{n % 40}", (), str(n)) for n in range(200))

    def test_no_text_is_in_two_parts_and_none_is_lost(self) -> None:
        parts = parted(self.ITEMS, (0.5, 0.2, 0.3))
        texts = [{item.reference for item in part} for part in parts]
        assert not any(texts[a] & texts[b] for a, b in ((0, 1), (0, 2), (1, 2)))
        assert sum(map(len, parts)) == 200
        assert all(texts)

    def test_a_part_depends_on_the_text_and_the_seed_alone(self) -> None:
        alone = parted(self.ITEMS[::-1][:50], (0.5, 0.5))
        whole = parted(self.ITEMS, (0.5, 0.5))
        assert {item.reference for item in alone[0]} <= {item.reference for item in whole[0]}
        assert parted(self.ITEMS, (0.5, 0.5), seed=1) != whole

    def test_what_cannot_be_parted(self) -> None:
        with pytest.raises(BadValue, match="utterance 0 has no reference"):
            parted([NBest(("a",))], (0.5, 0.5))
        with pytest.raises(ValueError, match="must add up to 1"):
            parted(self.ITEMS, (0.5, 0.6))


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        ("[{", NotThisFormat, "is no JSON"),
        ("{}", NotThisFormat, "is no list of utterances"),
        ("[]", NotThisFormat, "is no list of utterances"),
        ("[1]", NotThisFormat, "utterance 0 has no list of hypotheses"),
        ('[{"input": []}]', NotThisFormat, "utterance 0 has no list of hypotheses"),
        ('[{"input": ["a"]}, {"input": [3]}]', NotThisFormat, "utterance 1 has a hypothesis that is no text"),
        ('[{"input": ["a"], "output": 3}]', NotThisFormat, "an `output` that is no text"),
        ('[{"input": ["a", "b"], "am_score": [1]}]', BadValue, "must be 2 finite numbers"),
        ('[{"input": ["a"], "score": [NaN]}]', BadValue, "must be 1 finite numbers"),
        ('[{"input": ["a"], "score": [true]}]', BadValue, "must be 1 finite numbers"),
    ],
)
def test_what_is_no_such_file(tmp_path: Path, content: str, kind: type[Exception], said: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(kind, match=said):
        read_nbest(path)


def test_damaged_and_missing_files(tmp_path: Path) -> None:
    whole = gzip.compress(json.dumps([{"input": ["a"]}]).encode())
    (tmp_path / "cut.json.gz").write_bytes(whole[:-9])
    with pytest.raises(CutShort, match="cannot be unpacked"):
        read_nbest(tmp_path / "cut.json.gz")
    (tmp_path / "latin.json").write_bytes(b'[{"input": ["\xe9"]}]')
    with pytest.raises(NotThisFormat, match="not text in UTF-8: byte 13"):
        read_nbest(tmp_path / "latin.json")
    with pytest.raises(MissingFile):
        read_nbest(tmp_path / "none.json")
    with pytest.raises(BadSetting, match="normalise 'loud'"):
        read_nbest(tmp_path / "none.json", normalise="loud")
