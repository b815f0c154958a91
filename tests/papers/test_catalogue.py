"""One body over every paper of the package."""

from __future__ import annotations

import ast
import csv
import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

import lilliput.papers
from lilliput.papers import Kind, papers

FOLDER = Path(lilliput.papers.__file__).parent
FILES = sorted(path for path in FOLDER.glob("*.py") if not path.name.startswith("_"))

NAMES = (
    "fp16-odl", "skeleton-1dcnn", "transicd", "fastdepth", "rqgnn", "kacq-dcnn", "revcol", "hyporadise", "vcnet",
    "mcunet", "tinynet", "mcunetv2", "mip", "m2mkd", "dp-hypernet", "memristor", "deep-snn", "mamba-pkd", "mgno",
    "neumeta", "perforated", "fast-slow-nmn", "continual-thesis", "cct", "tinyml-online", "n2n", "meta-spikeformer",
    "spiking-diffusion", "matvlm",
)  # fmt: skip


def test_the_twenty_nine_papers_are_here_in_their_order():
    assert sorted(papers, key=lambda name: papers[name].number) == list(NAMES)
    assert [papers[name].number for name in NAMES] == list(range(1, 30))


def test_facts_equal_the_index(shared_data: Path):
    index = shared_data.parent / "papers" / "index.csv"
    if not index.exists():
        pytest.skip(f"no index of papers at {index}")
    with index.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(papers)
    for row in rows:
        paper = papers[row["name"]]
        assert paper.number == int(row["number"])
        assert paper.title == row["title"]
        assert paper.date == datetime.date.fromisoformat(row["date"])
        assert paper.authors == int(row["authors"])
        assert paper.links == tuple(row["links"].split())


def test_each_file_is_one_paper_and_named_like_it():
    assert {path.stem.replace("_", "-") for path in FILES} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
class TestEveryPaper:
    def test_claims_have_id_kind_and_source(self, name):
        claims = papers[name].claims
        assert len(claims) >= 5
        assert len({claim.id for claim in claims}) == len(claims)
        assert all(isinstance(claim.kind, Kind) and claim.mark for claim in claims)

    def test_something_can_be_shown_here(self, name):
        kinds = {claim.kind for claim in papers[name].claims}
        assert kinds & {Kind.STAND_IN, Kind.REPRODUCED}

    def test_parameters_and_operations_are_whole_and_exact(self, name):
        for claim in papers[name].claims:
            if claim.id.endswith(".params"):
                assert isinstance(claim.value, int)
                assert claim.direction == "equal"
                assert claim.kind is Kind.STRUCTURE

    def test_a_gated_set_is_not_called_reproduced(self, name):
        gated = ("ImageNet", "MIMIC", "NTU RGB", "CIFAR", "COCO", "CelebA")
        for claim in papers[name].claims:
            if claim.kind is Kind.REPRODUCED:
                assert not any(word in claim.on for word in gated)

    def test_the_summary_is_two_to_six_sentences(self, name):
        assert 2 <= papers[name].summary.count(". ") + 1 <= 6
        assert papers[name].topics

    def test_it_is_not_claimed_to_run_before_it_has_a_recipe(self, name):
        assert (papers[name].status == "not yet here") == (papers[name].recipe is None)


ALLOWED_CALLS = {"Claim", "Paper", "Scale", "date"}
SMALL = {0, 1, 2}


def typed_in(source: str) -> Iterator[str]:
    """Numbers that stand anywhere but in a claim, a paper's facts, a scale, or the defaults of settings."""
    yield from _numbers(ast.parse(source))


def _numbers(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ALLOWED_CALLS:
        # Within `Paper(…)` the recipe is ours, and its functions are looked at where they stand.
        return
    if isinstance(node, ast.ClassDef) and any("dataclass" in ast.unparse(one) for one in node.decorator_list):
        return
    if isinstance(node, ast.Constant) and type(node.value) in (int, float, complex) and node.value not in SMALL:
        yield f"line {node.lineno}: {node.value}"
    for child in ast.iter_child_nodes(node):
        yield from _numbers(child)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_figure_is_typed_in(path: Path):
    assert list(typed_in(path.read_text("utf-8"))) == []


def test_the_scan_finds_a_figure_that_is_typed_in():
    assert list(typed_in("def run(context):\n    return Result((Row('accuracy', 0.97),))")) == ["line 2: 0.97"]
    assert list(typed_in("ACCURACY = 97")) == ["line 1: 97"]
    assert list(typed_in("x = y[0]; Claim('a', 'b', 0.97); Scale(seconds=30)")) == []
    assert list(typed_in("@dataclass(frozen=True)\nclass Settings:\n    lr: float = 0.003")) == []
