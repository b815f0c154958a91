from __future__ import annotations

import dataclasses
from datetime import date

import pytest

from lilliput.core.errors import UnknownName
from lilliput.papers import Claim, Kind, Paper, papers
from lilliput.papers._paper import claim_rows
from tests.papers.synthetic import CLAIMS, PAPER, RECIPE, WITHOUT_RECIPE


def claim(**changes: object) -> Claim:
    return dataclasses.replace(CLAIMS[0], **changes)


class TestClaim:
    def test_a_source_needs_a_known_mark(self):
        with pytest.raises(ValueError, match=r"`source` begins with one of \[abstract\].*got 'table 3'"):
            claim(source="table 3")
        with pytest.raises(ValueError, match="`source` begins"):
            claim(source="[own run] table 3")

    @pytest.mark.parametrize("given", ["", "Has Space", "../up", "-dash"])
    def test_an_id_is_a_plain_word(self, given):
        with pytest.raises(ValueError, match="a claim's `id`"):
            claim(id=given)

    def test_condition_and_metric_are_needed(self):
        with pytest.raises(ValueError, match="claim 'gain' has no `on`"):
            claim(on="")
        with pytest.raises(ValueError, match="claim 'gain' has no `metric`"):
            claim(metric="")

    def test_a_direction_is_one_of_three(self):
        with pytest.raises(ValueError, match="higher, lower or equal, got 'up'"):
            claim(direction="up")

    def test_memory_is_not_a_source(self):
        assert not CLAIMS[2].is_verified
        assert CLAIMS[0].is_verified
        assert (CLAIMS[0].mark, CLAIMS[1].mark) == ("paper", "official code")

    def test_a_relation_has_no_figure(self):
        assert claim(value="higher").figure is None
        assert claim(value=3).figure == 3.0


class TestPaper:
    def test_two_claims_under_one_id_are_refused(self):
        with pytest.raises(ValueError, match="two claims called gain"):
            dataclasses.replace(PAPER, claims=(*CLAIMS, CLAIMS[0]))

    def test_a_recipe_measures_only_what_is_claimed(self):
        recipe = dataclasses.replace(RECIPE, claims=("gain", "speed"))
        with pytest.raises(ValueError, match="measures speed, which the paper does not claim"):
            dataclasses.replace(PAPER, recipe=recipe)

    def test_a_name_is_no_path(self):
        with pytest.raises(ValueError, match=r"got '\.\./up'"):
            dataclasses.replace(PAPER, name="../up")

    def test_status_follows_from_what_the_recipe_measures(self):
        part = dataclasses.replace(RECIPE, claims=("gain",))
        assert WITHOUT_RECIPE.status == "not yet here"
        assert dataclasses.replace(PAPER, recipe=part).status == "partly"
        assert PAPER.status == "runs"  # the claim that is out of reach is not asked for

    def test_the_week_is_the_iso_week(self):
        assert PAPER.week == "2025-W09"
        assert dataclasses.replace(PAPER, date=date(2024, 12, 30)).week == "2025-W01"

    def test_bibtex_has_what_is_known_and_leaves_out_the_rest(self):
        assert PAPER.bibtex() == (
            "@misc{synthetic2025,\n"
            "  author = {Doe and Roe},\n"
            "  title = {{Draws of {Random} Numbers}},\n"
            "  year = {2025},\n"
            "  month = feb,\n"
            "  eprint = {2502.00001},\n"
            "  archivePrefix = {arXiv},\n"
            "  doi = {10.1/1},\n"
            "  url = {https://arxiv.org/abs/2502.00001}\n"
            "}\n"
        )
        bare = dataclasses.replace(PAPER, by="", arxiv="", doi="", links=())
        assert "author" not in bare.bibtex()
        assert "url" not in bare.bibtex()

    def test_describe_is_plain_and_complete(self):
        described = PAPER.describe()
        assert described["links"] == [
            "https://arxiv.org/abs/2502.00001", "https://doi.org/10.1/1", "https://example.org/code"
        ]  # fmt: skip
        assert described["claims"][2]["kind"] == "out of reach here"
        assert described["claims"][2]["verified"] is False
        assert described["scales"]["small"] == {"seconds": 60, "memory_bytes": 2**30, "seeds": 3}
        assert described["date"] == "2025-02-28"

    def test_claims_go_to_the_store_with_figure_or_none(self):
        relation = dataclasses.replace(PAPER, claims=(*CLAIMS, claim(id="words", value="faster")))
        rows = claim_rows(relation)
        assert [row["claimed"] for row in rows] == [0.5, 1000.0, 99.5, None]
        assert rows[0] == {
            "row": "gain", "metric": "mean above the baseline's", "claimed": 0.5, "direction": "higher",
            "kind": "stand-in",
        }  # fmt: skip


def test_kinds_have_the_words_that_the_page_shows():
    assert [str(kind) for kind in Kind] == ["reproduced", "stand-in", "structure", "out of reach here"]


def test_an_unknown_paper_suggests_a_near_one():
    with pytest.raises(UnknownName, match=r"LP100: no paper is called 'mcunet-v2'(.|\n)*did you mean mcunetv2"):
        papers["mcunet-v2"]


def test_a_paper_is_registered_once():
    assert isinstance(papers["cct"], Paper)
    with pytest.raises(ValueError, match="a paper called 'cct' is registered already"):
        papers.add("cct", PAPER)
