"""What a paper is here: its facts, its claims with their sources, and the recipe that runs its system, once it is here.

A claim carries the figure that the paper, or the system published with it, gives; never one of ours. Ours come from
stored runs. Where the figure was taken from stands first in its source:

    [abstract] [paper] [readme] [code] [notebook] [review] [report] [index]   read there
    [official code]     counted by building the published system from its own code
    [derived]           follows from published files or figures by arithmetic
    [unverified]        from memory of the paper, not found in any source that could be read
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

from lilliput.papers._recipe import Recipe, is_plain_name

Direction: TypeAlias = Literal["higher", "lower", "equal"]
Status: TypeAlias = Literal["not yet here", "partly", "runs"]

MARKS = (
    "abstract", "paper", "readme", "code", "notebook", "review", "report", "index", "official code", "derived",
    "unverified",
)  # fmt: skip


class Kind(enum.StrEnum):
    """What our evidence for a claim can be."""

    REPRODUCED = "reproduced"
    """Same data, same metric."""

    STAND_IN = "stand-in"
    """Other real data, same comparison: A against B, in one run."""

    STRUCTURE = "structure"
    """Parameters, multiply-accumulates, shapes, equations equal to the published system's."""

    OUT_OF_REACH = "out of reach here"
    """Gated data or cluster-size training; loader and command are tested on a file of the same format."""


@dataclass(frozen=True)
class Claim:
    """One figure that a paper gives.

    Args:
        id: its name within the paper, such as `"cct_2_3x2.params"`.
        metric: what is measured: `"accuracy"`, `"parameters"`.
        value: the paper's figure; text where it claims a relation and no figure.
        unit: of `value`: `"%"`, `"points"`, `"ms"`, `"x"`; empty for counts and shares.
        direction: which side of `value` would be better; `"equal"` where it must be met exactly.
        on: data set, split and condition.
        kind: of the evidence that is possible here.
        source: a mark in brackets, then section or table.
        note: what a reader must know beside it.

    Raises:
        ValueError: an empty field, a figure that is not finite, a source without a known mark, or a direction that is
            none.
    """

    id: str
    metric: str
    value: int | float | str
    unit: str
    direction: Direction
    on: str
    kind: Kind
    source: str
    note: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", self.id):
            raise ValueError(f"a claim's `id` is lower-case letters, digits, '.', '_' and '-', got {self.id!r}")
        for name in ("metric", "on"):
            if not getattr(self, name):
                raise ValueError(f"claim {self.id!r} has no `{name}`")
        if self.direction not in ("higher", "lower", "equal"):
            raise ValueError(f"claim {self.id!r}: `direction` is higher, lower or equal, got {self.direction!r}")
        if not isinstance(self.value, str) and not math.isfinite(self.value):
            raise ValueError(f"claim {self.id!r}: `value` is {self.value}; a figure is finite")
        if self.mark not in MARKS:
            raise ValueError(f"claim {self.id!r}: `source` begins with one of {_marks()}, got {self.source!r}")

    @property
    def mark(self) -> str:
        """Where the figure was taken from: the word in brackets."""
        found = re.match(r"\[([a-z ]+)\]", self.source)
        return found[1] if found else ""

    @property
    def is_verified(self) -> bool:
        """Whether the figure was seen in a source, and not only remembered."""
        return self.mark != "unverified"

    @property
    def figure(self) -> float | None:
        """`value` as a number; None where it is a relation in words."""
        return None if isinstance(self.value, str) else float(self.value)


@dataclass(frozen=True, kw_only=True)
class Paper:
    """One paper.

    Args:
        number: in the order of this collection.
        name: that commands take: `"cct"`.
        title: as published.
        date: of the first version.
        authors: how many.
        summary: in our own words: what it is, and who needs it.
        claims: its figures, in the order they are shown.
        by: names of the authors, separated by " and ", where all of them are known.
        arxiv: number, such as `"2104.05704"`.
        doi: without the address before it.
        links: of code and pages.
        topics: lower-case words to find it by.
        recipe: runs its system here; None while it is not yet here.

    Raises:
        ValueError: a name or topic that is not lower-case words, two claims under one id, or a recipe that measures a
            claim that there is not.
    """

    number: int
    name: str
    title: str
    date: date
    authors: int
    summary: str
    claims: tuple[Claim, ...]
    by: str = ""
    arxiv: str = ""
    doi: str = ""
    links: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    recipe: Recipe | None = None

    def __post_init__(self) -> None:
        if not is_plain_name(self.name):
            raise ValueError(f"a paper's name is lower-case words joined by '-', got {self.name!r}")
        ids = [claim.id for claim in self.claims]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(f"paper {self.name!r} has two claims called {', '.join(twice)}")
        for topic in self.topics:
            if not is_plain_name(topic):
                raise ValueError(f"paper {self.name!r}: a topic is lower-case words joined by '-', got {topic!r}")
        unknown = sorted(set(self.recipe.claims) - set(ids)) if self.recipe else []
        if unknown:
            raise ValueError(
                f"the recipe of {self.name!r} measures {', '.join(unknown)}, which the paper does not claim"
            )

    @property
    def status(self) -> Status:
        """*not yet here* without a recipe; *runs* when it measures each claim that is within reach; else *partly*."""
        if self.recipe is None:
            return "not yet here"
        reachable = {claim.id for claim in self.claims if claim.kind is not Kind.OUT_OF_REACH}
        return "runs" if reachable <= set(self.recipe.claims) else "partly"

    @property
    def week(self) -> str:
        """ISO week of `date`: `"2021-W15"`."""
        year, week, _ = self.date.isocalendar()
        return f"{year}-W{week:02d}"

    @property
    def pages(self) -> tuple[str, ...]:
        """Addresses to read it at: arXiv, DOI, then `links`."""
        arxiv = (f"https://arxiv.org/abs/{self.arxiv}",) if self.arxiv else ()
        doi = (f"https://doi.org/{self.doi}",) if self.doi else ()
        return (*arxiv, *doi, *self.links)

    def bibtex(self) -> str:
        """An entry for BibTeX; what is not known is left out."""
        fields = {
            "author": self.by,
            "title": "{" + self.title + "}",
            "year": str(self.date.year),
            "month": self.date.strftime("%b").lower(),
            "eprint": self.arxiv,
            "archivePrefix": "arXiv" if self.arxiv else "",
            "doi": self.doi,
            "url": next(iter(self.pages), ""),
        }
        lines = [f"  {name} = {_bibtex_value(name, text)}" for name, text in fields.items() if text]
        return "@misc{" + f"{self.name}{self.date.year},\n" + ",\n".join(lines) + "\n}\n"

    def describe(self) -> dict[str, Any]:
        """All there is to say, as plain values."""
        return {
            "number": self.number,
            "name": self.name,
            "title": self.title,
            "about": self.summary,
            "date": self.date.isoformat(),
            "week": self.week,
            "authors": self.authors,
            "status": self.status,
            "topics": list(self.topics),
            "links": list(self.pages),
            "claims": [describe_claim(claim) for claim in self.claims],
            "scales": self.recipe.describe() if self.recipe else {},
        }


def describe_claim(claim: Claim) -> dict[str, Any]:
    """The fields of a claim, as plain values."""
    return {
        "id": claim.id,
        "metric": claim.metric,
        "claimed": claim.value,
        "unit": claim.unit,
        "direction": claim.direction,
        "on": claim.on,
        "kind": str(claim.kind),
        "source": claim.source,
        "verified": claim.is_verified,
        "note": claim.note,
    }


def claim_rows(paper: Paper) -> list[Mapping[str, Any]]:
    """The claims as the result store keeps them."""
    return [
        {
            "row": claim.id,
            "metric": claim.metric,
            "claimed": claim.figure,
            "direction": claim.direction,
            "kind": str(claim.kind),
        }
        for claim in paper.claims
    ]


def _bibtex_value(name: str, text: str) -> str:
    return text if name == "month" else "{" + text + "}"


def _marks() -> str:
    return ", ".join(f"[{mark}]" for mark in MARKS)
