"""What a week brought: new papers and new figures, as one thing to mail, to show and to read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from lilliput.core.errors import BadSetting
from lilliput.papers._running import CLAIM
from lilliput.web.database import PageDatabase

MOST = 40
"""Figures that a digest tells in full."""


@dataclass(frozen=True)
class Digest:
    """One week.

    Args:
        week: `"2026-W47"`.
        first, last: its Monday and its Sunday.
        papers: rows of the papers with a date in the week, newest first.
        figures: claims that were measured in the week: the newest figure of each beside what is claimed.
        scores: newest figure of each (task, split, metric, model) of runs of no paper.
        left_out: figures and scores beyond `MOST`.
    """

    week: str
    first: date
    last: date
    papers: list[dict[str, Any]]
    figures: list[dict[str, Any]]
    scores: list[dict[str, Any]]
    left_out: int

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.papers or self.figures or self.scores)

    @property
    def subject(self) -> str:
        """One line that says what is in it."""
        found = (_count(len(self.papers), "paper"), _count(len(self.figures) + len(self.scores), "result"))
        return f"Lilliput, week {self.week}: {' and '.join(filter(None, found)) or 'nothing new'}"


def digest_of(database: PageDatabase, week: str) -> Digest:
    """The digest of an ISO week.

    Raises:
        BadSetting: LP101, there is no such week.
    """
    first = monday_of(week)
    bounds = (first.isoformat(), (first + timedelta(days=7)).isoformat())
    papers = database.query(
        "SELECT name, title, summary, date, authors, status FROM papers WHERE week = ? ORDER BY date DESC, number DESC",
        (week,),
    )
    rows = database.query(
        "SELECT paper, metric, value, unit, scale, run, started, max(number) FROM scores "
        "WHERE started >= ? AND started < ? AND paper IS NOT NULL AND metric LIKE ? GROUP BY paper, metric "
        "ORDER BY max(number) DESC",
        (*bounds, CLAIM + "%"),
    )
    scores = database.query(
        "SELECT task, split, metric, model, value, unit, low, high, run, started, max(number) FROM scores "
        "WHERE started >= ? AND started < ? AND paper IS NULL AND task IS NOT NULL AND split != '' "
        "GROUP BY task, split, metric, model ORDER BY max(number) DESC",
        bounds,
    )
    figures = _beside_claims(database, [dict(row) for row in rows])
    told = figures[:MOST]
    others = [dict(row) for row in scores[: MOST - len(told)]]
    left_out = len(figures) + len(scores) - len(told) - len(others)
    return Digest(
        week, first, first + timedelta(days=6), [dict(row) for row in papers], told, others, left_out
    )  # fmt: skip


def weeks(database: PageDatabase, limit: int = 26) -> list[str]:
    """Weeks that brought something, newest first."""
    rows = database.query("SELECT DISTINCT week FROM papers ORDER BY week DESC LIMIT ?", (limit,))
    days = database.query("SELECT DISTINCT substr(started, 1, 10) AS day FROM scores ORDER BY day DESC LIMIT 400")
    found = {str(row["week"]) for row in rows} | {week_of(date.fromisoformat(row["day"])) for row in days}
    return sorted(found, reverse=True)[:limit]


def week_of(day: date) -> str:
    """The ISO week of a day: `"2026-W47"`."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def last_week(today: date | None = None) -> str:
    """The newest week that is over."""
    return week_of((today or datetime.now(UTC).date()) - timedelta(days=7))


def monday_of(week: str) -> date:
    """The first day of an ISO week.

    Raises:
        BadSetting: LP101, there is no such week.
    """
    found = re.fullmatch(r"(\d{4})-W(\d\d)", week)
    try:
        if found is None:
            raise ValueError
        return date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError:
        raise BadSetting(f"week {week[:40]!r}", fix="an ISO week: 2026-W47") from None


def _beside_claims(database: PageDatabase, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    claims: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["paper"] not in claims:
            content = database.query("SELECT title, content FROM papers WHERE name = ?", (row["paper"],))
            known = json.loads(content[0]["content"])["claims"] if content else []
            claims[row["paper"]] = {claim["id"]: {**claim, "title": content[0]["title"]} for claim in known}
        claim = claims[row["paper"]].get(str(row["metric"]).removeprefix(CLAIM))
        if claim is not None:
            found.append({**claim, **row, "metric": claim["metric"], "unit": claim["unit"]})
    return found


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}" if n else ""
