from __future__ import annotations

import random
from pathlib import Path

import pytest

from lilliput.core.errors import BadSetting, LilliputError, MissingFile
from lilliput.papers import Kind, catalogue, papers
from lilliput.papers._user_papers import read_paper

GOOD = """
number = 101
name = "my-paper"
title = "A title"
date = 2025-01-31
authors = 3
summary = "What it is. Who needs it."
topics = ["speech"]
links = ["https://example.org"]

[[claims]]
id = "accuracy"
metric = "accuracy"
value = 91.5
unit = "%"
direction = "higher"
on = "data set, test part"
kind = "stand-in"
source = "[paper] table 2"

[[claims]]
id = "params"
metric = "parameters"
value = 1234
direction = "equal"
on = "any"
kind = "structure"
source = "[official code]"
"""


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_becomes_a_paper(tmp_path):
    paper = read_paper(write(tmp_path, GOOD))
    assert (paper.name, paper.number, paper.week, paper.status) == ("my-paper", 101, "2025-W05", "not yet here")
    assert [claim.value for claim in paper.claims] == [91.5, 1234]
    assert isinstance(paper.claims[1].value, int)
    assert paper.claims[0].kind is Kind.STAND_IN


def test_papers_of_a_folder_stand_beside_ours(tmp_path):
    write(tmp_path, GOOD)
    every = catalogue(tmp_path)
    assert every["my-paper"].title == "A title"
    assert len(every) == len(papers) + 1
    assert "my-paper" not in papers


def test_the_usual_folder_is_beside_the_store(tmp_path, monkeypatch):
    monkeypatch.setenv("LILLIPUT_HOME", str(tmp_path))
    assert len(catalogue()) == len(papers)
    (tmp_path / "papers").mkdir()
    write(tmp_path / "papers", GOOD)
    assert "my-paper" in catalogue()


def test_a_folder_that_is_named_must_be_there(tmp_path):
    with pytest.raises(MissingFile, match=r"LP221: there is no folder .*gone with papers"):
        catalogue(tmp_path / "gone")


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("authors = 3", 'authors = "3"', r"mine\.toml: authors: Input should be a valid integer, got '3'"),
        ("authors = 3", "autors = 3", r"mine\.toml: (authors: Field required|autors: Extra inputs)"),
        ("authors = 3", "authors = 3\nvenue = 'X'", r"mine\.toml: venue: Extra inputs(.|\n)*the keys are number, name"),
        ("date = 2025-01-31", 'date = "soon"', r"mine\.toml: date: .*got 'soon'"),
        ('kind = "stand-in"', 'kind = "toy"', r"mine\.toml: claims\.0\.kind: .*got 'toy'"),
        ('direction = "higher"', 'direction = "up"', r"mine\.toml: claims\.0\.direction: .*got 'up'"),
        (
            'source = "[paper] table 2"',
            'source = "table 2"',
            r"mine\.toml: claims\.0: claim 'accuracy': `source` begins",
        ),
        ('unit = "%"', 'unti = "%"', r"mine\.toml: claims\.0\.unti: Extra inputs(.|\n)*the keys are id, metric"),
        ('id = "params"', 'id = "accuracy"', r"mine\.toml: paper 'my-paper' has two claims called accuracy"),
        ('name = "my-paper"', 'name = "../up"', r"mine\.toml: a paper's name is lower-case words"),
        ('topics = ["speech"]', 'topics = ["Speech!"]', r"mine\.toml: paper 'my-paper': a topic is"),
        ("number = 101", "number 101", r"mine\.toml is not TOML"),
        ("value = 1234", "value = true", r"mine\.toml: claims\.1\.value"),
        ("value = 1234", "value = nan", r"mine\.toml: claims\.1"),
        ("value = 1234", "value = 1" + 400 * "0", r"mine\.toml: claims\.1: .*too large"),
        ("value = 1234", "value = 1" + 5000 * "0", r"mine\.toml: .*limit"),
    ],
)
def test_a_bad_file_is_named_with_its_key(tmp_path, old, new, text):
    assert old in GOOD
    with pytest.raises(BadSetting, match=text):
        read_paper(write(tmp_path, GOOD.replace(old, new)))


def test_a_name_that_is_taken_names_its_owner(tmp_path):
    write(tmp_path, GOOD.replace("my-paper", "cct"))
    with pytest.raises(BadSetting, match=r"mine\.toml: name: 'cct' is taken by the package"):
        catalogue(tmp_path)


def test_two_files_of_one_name_name_each_other(tmp_path):
    write(tmp_path, GOOD, "a.toml")
    write(tmp_path, GOOD, "b.toml")
    with pytest.raises(BadSetting, match=r"b\.toml: name: 'my-paper' is taken by .*a\.toml"):
        catalogue(tmp_path)


def test_damaged_bytes_give_a_paper_or_an_error_of_ours(tmp_path):
    rng = random.Random(0)
    path = tmp_path / "mine.toml"
    refused = 0
    for _ in range(300):
        data = bytearray(GOOD.encode())
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.choice(b"\x00\xff\"'[]{}=.#\n\\-9e" + bytes([rng.randrange(256)]))
        path.write_bytes(data)
        try:
            read_paper(path)
        except LilliputError:
            refused += 1
    assert 100 < refused < 300
