"""The papers: what each one claims, and the recipe that runs its system here.

Each file of this package without a leading `_` is one paper: its claims and its recipe, nothing else. Adding a paper is
adding such a file, or a TOML file in the user's own folder (`_user_papers`).

    from lilliput.papers import papers
    papers["cct"].claims
"""

from __future__ import annotations

from lilliput.core.registry import Registry
from lilliput.papers._paper import Claim, Kind, Paper
from lilliput.papers._recipe import Context, Recipe, Result, Row, Scale

papers: Registry[Paper] = Registry("paper", package="lilliput.papers")


def register_paper(paper: Paper) -> Paper:
    """Enter `paper` under its name and return it."""
    papers.add(paper.name, paper)
    return paper


__all__ = [
    "Claim",
    "Context",
    "Kind",
    "Paper",
    "Recipe",
    "Result",
    "Row",
    "Scale",
    "papers",
    "register_paper",
]
