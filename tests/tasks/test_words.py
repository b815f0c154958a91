"""Texts as numbers of words: the published formats, damaged ones, cutting; and a network that learns from them."""

from __future__ import annotations

import contextlib
import gzip
import logging
from pathlib import Path

import numpy as np
import pytest
import torch

from lilliput.core.errors import BadTask, BadValue, FileError, MissingFile
from lilliput.tasks.words import AG_NEWS, PADDING, UNKNOWN, Vocabulary, read_ag_news, read_trec, read_vectors, words_of

NEWS = (
    '"3","Oil, again","Prices ""rise"" by 3\\% today."\n"1","A vote","In the north."\n"4","Small chips","They learn."\n'
)
QUESTIONS = (
    b"DESC:manner How did serfdom develop ?\nENTY:cremat What films featured Caf\xe9 Noir ?\nDESC:def What is it ?\n"
)


def _file(folder: Path, content: str | bytes) -> Path:
    path = folder / "texts"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_words_are_lower_case_and_marks_stand_alone() -> None:
    assert words_of("Don't PANIC: it's 3.5 km!") == ["don't", "panic", ":", "it's", "3", ".", "5", "km", "!"]


@pytest.mark.parametrize("head", ["", "class,title,description\n"])
def test_news_are_title_and_description(tmp_path: Path, head: str) -> None:
    known = read_ag_news(_file(tmp_path, head + NEWS))
    assert known.labels == AG_NEWS
    assert known.y.tolist() == [2, 0, 3]
    assert known.texts[0] == 'Oil, again Prices "rise" by 3\\% today.'
    assert len(known) == 3


def test_questions_have_their_coarse_class(tmp_path: Path) -> None:
    known = read_trec(_file(tmp_path, QUESTIONS))
    assert known.labels == ("DESC", "ENTY")
    assert known.y.tolist() == [0, 1, 0]
    assert known.texts[1] == "What films featured Café Noir ?"


@pytest.mark.parametrize(
    ("read", "content", "text"),
    [
        (read_ag_news, NEWS + '"5","a","b"\n', "row 4 is not a class from 1 to 4"),
        (read_ag_news, '"1","a"\n', "row 1 is not"),
        (read_ag_news, '"1","a","b\n', "is not a CSV file"),
        (read_ag_news, b'"1","\xff","b"\n', "is not utf-8 text: byte 5"),
        (read_trec, QUESTIONS + b"\n", "line 4 is not CLASS:fine and a question"),
        (read_trec, b"what is it\n", "line 1 is not"),
    ],
)
def test_another_format_is_refused(tmp_path: Path, read, content: str | bytes, text: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadValue, match=text):
        read(_file(tmp_path, content))


@pytest.mark.parametrize("read", [read_ag_news, read_trec])
def test_an_empty_file_has_no_texts(tmp_path: Path, read) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadTask, match="there are no texts"):
        read(_file(tmp_path, ""))
    with pytest.raises(MissingFile):
        read(tmp_path / "none")


@pytest.mark.parametrize("read", [read_ag_news, read_trec])
def test_any_bytes_give_texts_or_one_of_our_errors(tmp_path: Path, read) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    for whole in (NEWS.encode(), QUESTIONS):
        for _ in range(150):
            damaged = np.frombuffer(whole, np.uint8).copy()
            damaged[rng.integers(0, len(damaged), 3)] = rng.integers(0, 256, 3)
            path = _file(tmp_path, damaged[: rng.integers(1, len(damaged) + 1)].tobytes())
            with contextlib.suppress(FileError, BadTask):
                assert len(read(path)) > 0


def test_frequent_words_have_small_numbers() -> None:
    vocabulary = Vocabulary.of(["b a c", "b a", "b d"], size=5)
    assert vocabulary.words == ("b", "a", "c")
    assert len(vocabulary) == 5
    assert vocabulary.numbers(["A b d", ""], 4).tolist() == [[3, 2, UNKNOWN, PADDING], [PADDING] * 4]


def test_long_texts_are_cut_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    vocabulary = Vocabulary(("a", "b"))
    with caplog.at_level(logging.WARNING):
        rows = vocabulary.numbers(["a b a", "a", "b b b b"], 2)
    assert rows.tolist() == [[2, 3], [2, PADDING], [3, 3]]
    assert [record.message for record in caplog.records] == ["2 of 3 texts have more than 2 words and are cut"]


def test_vectors_find_their_words(tmp_path: Path) -> None:
    path = _file(tmp_path, "4 2\nb 1 2\n. . . 3 4\nother 5 6\na -1 0.5\n")
    table = read_vectors(path, Vocabulary(("a", "b", ". . .", "none")), width=2)
    assert table.tolist() == [[0, 0], [0, 0], [-1, 0.5], [1, 2], [3, 4], [0, 0]]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a 1 2\nb 1\n", "line 2 has 1 numbers, not 2"),
        ("a 1 x\n", "line 1 holds something that is no number"),
        ("a 1 nan\n", "not finite"),
    ],
)
def test_damaged_vectors_are_refused(tmp_path: Path, content: str, text: str) -> None:
    with pytest.raises(BadValue, match=text):
        read_vectors(_file(tmp_path, content), Vocabulary(("a", "b")), width=2)


@pytest.mark.shared
def test_a_network_learns_from_real_texts(shared_data: Path) -> None:
    """Comments that thank against comments that are curious, from GoEmotions."""
    from lilliput.models import create_model
    from lilliput.train.data import Tensors, TrainData
    from lilliput.train.loop import fit
    from lilliput.train.settings import TrainSettings

    labels = (shared_data / "goemotions_labels.txt").read_text("utf-8").split()
    wanted = [str(labels.index(name)) for name in ("gratitude", "curiosity")]
    with gzip.open(shared_data / "goemotions_train.tsv.gz", "rt", encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t")[:2] for line in lines]
    kept = [(text, wanted.index(label)) for label, text in rows if label in wanted][:1200]
    vocabulary = Vocabulary.of((text for text, _ in kept[:900]), size=1000)
    x = torch.from_numpy(vocabulary.numbers([text for text, _ in kept], 24))
    y = torch.tensor([label for _, label in kept])
    torch.manual_seed(0)
    model = create_model("text_cct_2", kernel=2, vocabulary=len(vocabulary), words=32, max_len=24, classes=2)
    data = TrainData(Tensors(x[:900], y[:900]), Tensors(x[900:], y[900:]))
    result = fit(model, data, TrainSettings(epochs=4, lr=2e-3))
    shares = y[900:].double().mean().item()
    assert result.best.value > max(shares, 1 - shares) + 0.15
