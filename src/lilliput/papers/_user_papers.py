"""Papers that a user adds: one TOML file each, with the facts and the claims. Code is not read from files; a paper with
a recipe comes from an installed package, which names it as an entry point of the group `lilliput.papers`.

number = 101
name = "my-paper"
title = "A title"
date = 2025-01-31
authors = 3
summary = "What it is, and who needs it."
topics = ["speech"]

[[claims]]
id = "accuracy"
metric = "accuracy"
value = 91.5
unit = "%"
direction = "higher"
on = "data set, test part"
kind = "stand-in"
source = "[paper] table 2"
"""

from __future__ import annotations

import datetime
import json
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from lilliput.core.errors import BadSetting, MissingFile
from lilliput.core.registry import Registry
from lilliput.core.settings import read_toml
from lilliput.papers import papers
from lilliput.papers._paper import Claim, Direction, Kind, Paper


class _ClaimFields(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str
    metric: str
    value: int | float | str
    unit: str = ""
    direction: Direction
    on: str
    kind: Kind
    source: str
    note: str = ""


class _PaperFields(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: int
    name: str
    title: str
    date: datetime.date
    authors: int
    summary: str
    claims: list[_ClaimFields]
    by: str = ""
    arxiv: str = ""
    doi: str = ""
    links: list[str] = []
    topics: list[str] = []


def catalogue(folder: Path | None = None) -> Registry[Paper]:
    """All papers: those of the package, those of installed packages that name a `Paper` as an entry point of the group
    `lilliput.papers`, and the user's files.

    Args:
        folder: with `*.toml`; by default `papers` beside the result store, which need not be there.

    Raises:
        MissingFile: LP221, `folder` is given and not there.
        BadSetting: LP101, a file is no paper, or its name is taken; file and key are named.
    """
    every: Registry[Paper] = Registry("paper")
    for name in papers:
        every.add(name, papers[name])
    origin: dict[str, Path | str] = {}
    for paper, entry in _installed():
        if paper.name in every:
            raise BadSetting(f"{entry}: the paper's name {paper.name!r} is taken", fix="give it another name")
        every.add(paper.name, paper)
        origin[paper.name] = entry
    for path in _files(folder):
        paper = read_paper(path)
        if paper.name in every:
            owner = origin.get(paper.name, "the package")
            raise BadSetting(f"{path}: name: {paper.name!r} is taken by {owner}", fix="give it another name")
        every.add(paper.name, paper)
        origin[paper.name] = path
    return every


def read_paper(path: Path) -> Paper:
    """The paper in a TOML file.

    Raises:
        MissingFile: LP221. BadSetting: LP101, not TOML, an unknown key, or a value that cannot be; with file and key.
    """
    try:
        # The JSON reader in strict mode takes text for a date, but no "3" for 3.
        fields = _PaperFields.model_validate_json(json.dumps(read_toml(path), default=str), strict=True)
    except ValidationError as error:
        raise _bad_fields(path, error) from None
    except ValueError as error:  # a whole number of thousands of digits
        raise BadSetting(f"{path}: {error}") from None
    values: dict[str, Any] = fields.model_dump(exclude={"claims", "links", "topics"})
    claims = []
    for place, claim in enumerate(fields.claims):
        try:
            claims.append(Claim(**claim.model_dump()))
        except (ValueError, OverflowError) as error:
            raise BadSetting(f"{path}: claims.{place}: {error}") from None
    try:
        return Paper(claims=tuple(claims), links=tuple(fields.links), topics=tuple(fields.topics), **values)
    except ValueError as error:
        raise BadSetting(f"{path}: {error}") from None


def _installed() -> list[tuple[Paper, str]]:
    found = []
    for entry in sorted(entry_points(group="lilliput.papers"), key=lambda entry: entry.name):
        paper = entry.load()
        if not isinstance(paper, Paper):
            raise BadSetting(f"the entry point {entry.value!r} is no Paper", fix="name one of `lilliput.papers.Paper`")
        found.append((paper, entry.value))
    return found


def _files(folder: Path | None) -> list[Path]:
    if folder is not None and not folder.is_dir():
        raise MissingFile(f"there is no folder {folder} with papers", fix="give the folder that holds the TOML files")
    from lilliput.core.store import default_path

    place = folder if folder is not None else default_path().parent / "papers"
    return sorted(place.glob("*.toml"))


def _bad_fields(path: Path, error: ValidationError) -> BadSetting:
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"] if part not in ("int", "float", "str"))
    given = "" if first["type"] in ("missing", "extra_forbidden") else f", got {first['input']!r}"
    fix = ""
    if first["type"] == "extra_forbidden":
        fields = _ClaimFields if key.startswith("claims.") else _PaperFields
        fix = f"the keys are {', '.join(fields.model_fields)}"
    more = f"; and {len(error.errors()) - 1} more" if len(error.errors()) > 1 else ""
    return BadSetting(f"{path}: {key}: {first['msg']}{given}{more}", fix=fix)
