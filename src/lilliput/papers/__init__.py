"""The papers: what each one claims, and the recipe that runs its system here.

Each file of this package without a leading `_` is one paper: its claims and its recipe, nothing else. Adding a paper is
adding such a file, or a TOML file in the user's own folder (`_user_papers`).

    from lilliput.papers import make_plan, papers, run_plan
    papers["cct"].claims
    run_plan(make_plan(papers["cct"], scale="smoke"), store)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lilliput.core.registry import Registry
from lilliput.papers._paper import Claim, Kind, Paper
from lilliput.papers._recipe import Context, Recipe, Result, Row, Scale

papers: Registry[Paper] = Registry("paper", package="lilliput.papers")


def register_paper(paper: Paper) -> Paper:
    """Enter `paper` under its name and return it."""
    papers.add(paper.name, paper)
    return paper


if TYPE_CHECKING:
    from lilliput.papers._plan import Plan, make_plan
    from lilliput.papers._running import Here, Outcome, by_method, measured_here, over_seeds, run_plan
    from lilliput.papers._user_papers import catalogue

_LATER = {
    "Here": "_running",
    "Outcome": "_running",
    "Plan": "_plan",
    "by_method": "_running",
    "catalogue": "_user_papers",
    "make_plan": "_plan",
    "measured_here": "_running",
    "over_seeds": "_running",
    "run_plan": "_running",
}


def __getattr__(name: str) -> object:
    # Running needs the store and pydantic; reading a claim does not.
    if name in _LATER:
        import importlib

        return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "Claim",
    "Context",
    "Here",
    "Kind",
    "Outcome",
    "Paper",
    "Plan",
    "Recipe",
    "Result",
    "Row",
    "Scale",
    "by_method",
    "catalogue",
    "make_plan",
    "measured_here",
    "over_seeds",
    "papers",
    "register_paper",
    "run_plan",
]
