"""The recipe of MCUNet: its published networks have the published sizes."""

from __future__ import annotations

from pathlib import Path

from lilliput.papers import Context, papers
from lilliput.papers.mcunet import Settings, run


def test_the_networks_have_the_claimed_sizes(tmp_path: Path) -> None:
    paper = papers["mcunet"]
    claims = {claim.id: claim.figure for claim in paper.claims}
    settings = Settings(networks=("in3",))
    context = Context(paper="mcunet", scale="smoke", method="paper", seed=0, settings=settings, folder=tmp_path)
    result = run(context)
    assert sorted(result.measured) == ["in3.macs", "in3.params", "in3.sram"]
    assert all(claims[name] == figure for name, figure in result.measured.items())
    in_place = [row.value for row in result.rows if row.name == "activations, in place" and row.split == "in3"]
    assert in_place == [242.0]


def test_all_that_is_claimed_of_the_published_networks_is_measured() -> None:
    paper = papers["mcunet"]
    assert paper.recipe is not None
    assert {claim.id for claim in paper.claims if claim.mark == "official code"} == set(paper.recipe.claims)
    assert paper.status == "partly"
