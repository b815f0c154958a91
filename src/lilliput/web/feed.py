"""Which papers a view shows, in which order: all of it in the address, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal, cast, get_args
from urllib.parse import urlencode

from lilliput.core.errors import BadSetting
from lilliput.web.database import PageDatabase

Period = Literal["all", "day", "week", "month"]
Order = Literal["date", "trending", "relevance"]
STATES = ("runs", "partly", "not yet here")
PAGE = 20


@dataclass(frozen=True, kw_only=True)
class FeedQuery:
    """One view of the feed.

    Args:
        q: words to search for.
        period: of the papers' dates; with `at` says which one.
        at: `2021-04-12`, `2021-W15` or `2021-04`, as `period` says; empty for the newest there is.
        sort: order; relevance only where words are searched for.
        topic: only papers with this topic.
        kind: only papers with a claim of this kind of evidence.
        state: only papers in this state here.
        page: counted from 1.
    """

    q: str = ""
    period: Period = "all"
    at: str = ""
    sort: Order = "date"
    topic: str = ""
    kind: str = ""
    state: str = ""
    page: int = 1

    @classmethod
    def of(cls, given: Mapping[str, str]) -> FeedQuery:
        """The view that an address asks for.

        Raises:
            BadSetting: LP101, a value that is none.
        """
        for name, known in (("period", get_args(Period)), ("sort", get_args(Order)), ("state", ("", *STATES))):
            if given.get(name, known[0]) not in known:
                raise BadSetting(f"{name} = {given[name]!r}", fix=f"one of {', '.join(filter(None, known))}")
        period, at = given.get("period", "all"), given.get("at", "")
        if at and (period == "all" or not re.fullmatch(_AT[period], at) or not _exists(period, at)):
            raise BadSetting(f"at = {at!r} with period = {period}", fix="2021-04-12 for a day, 2021-W15, 2021-04")
        page = given.get("page", "1")
        if not re.fullmatch(r"[1-9][0-9]{0,5}", page):
            raise BadSetting(f"page = {page!r}", why="pages are counted from 1")
        texts = {name: given.get(name, "").strip()[:200] for name in ("q", "topic", "kind")}
        sort = given.get("sort") or ("relevance" if texts["q"] else "date")
        if sort == "relevance" and not texts["q"]:
            sort = "date"
        return cls(
            **texts,
            period=cast(Period, period),
            at=at,
            sort=cast(Order, sort),
            state=given.get("state", ""),
            page=int(page),
        )

    def address(self, **changes: Any) -> str:
        """The address of this view, or of one beside it; a change of anything but the page goes to page 1."""
        other = replace(self, **{"page": 1, **changes})
        plain = FeedQuery(sort="relevance" if other.q else "date")
        values = {name: getattr(other, name) for name in self.__dataclass_fields__}
        told = {name: value for name, value in values.items() if value != getattr(plain, name)}
        return "/?" + urlencode(told) if told else "/"


_AT = {"day": r"\d{4}-\d\d-\d\d", "week": r"\d{4}-W\d\d", "month": r"\d{4}-\d\d"}
_COLUMN = {"day": "date", "week": "week", "month": "month"}


@dataclass(frozen=True)
class FeedView:
    """What a view shows.

    Args:
        cards: papers as plain values, in order.
        total: papers that match.
        pages: of them.
        at: the day, week or month shown; empty for all.
        older: the one before it that has papers.
        newer: the one after it.
        loose: whether no word matched and names that look alike are shown.
    """

    cards: list[dict[str, Any]]
    total: int
    pages: int
    at: str
    older: str
    newer: str
    loose: bool


def feed(database: PageDatabase, query: FeedQuery, *, size: int = PAGE) -> FeedView:
    """The papers of a view."""
    at, older, newer = _around(database, query)
    conditions, values = _conditions(query, at)
    loose = False
    if query.q:
        words = _words(query.q)
        found = words and database.query("SELECT 1 FROM paper_words WHERE paper_words MATCH ? LIMIT 1", (words,))
        loose = not found
        table = "paper_grams" if loose else "paper_words"
        match = _grams(query.q) if loose else words
        if not match:
            return FeedView([], 0, 0, at, older, newer, loose)
        source = f"papers JOIN {table} USING (name)"
        conditions.append(f"{table} MATCH :match")
        values["match"] = match
        rank = f"bm25({table}, 8.0, 4.0)" if loose else f"bm25({table}, 8.0, 4.0, 1.0, 2.0)"
    else:
        source, rank = "papers", "0"
    where = " AND ".join(conditions) or "1"
    order = {
        "date": "date DESC, number DESC",
        "trending": "heat DESC, date DESC, number DESC",
        "relevance": f"{rank}, date DESC",
    }[query.sort]
    total = int(database.query(f"SELECT count(*) FROM {source} WHERE {where}", values)[0][0])
    columns = ", ".join(f"papers.{c}" for c in _CARD)
    rows = database.query(
        f"SELECT {columns} FROM {source} WHERE {where} ORDER BY {order} LIMIT {size} OFFSET {(query.page - 1) * size}",
        values,
    )
    return FeedView([_card(dict(row)) for row in rows], total, -(-total // size), at, older, newer, loose)


def facets(database: PageDatabase) -> dict[str, list[tuple[str, int]]]:
    """Topics, kinds of evidence and states, with how many papers have each."""
    return {
        "topic": _counted(database, "SELECT topic, count(*) FROM paper_topics GROUP BY topic"),
        "kind": _counted(database, "SELECT kind, count(*) FROM paper_kinds GROUP BY kind"),
        "state": _counted(database, "SELECT status, count(*) FROM papers GROUP BY status"),
    }


_CARD = ("name", "number", "title", "summary", "date", "week", "authors", "status", "topics", "votes", "runs", "best")


def _card(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "topics": row["topics"].split(), "best": json.loads(row["best"]) if row["best"] else None}


def _counted(database: PageDatabase, statement: str) -> list[tuple[str, int]]:
    rows = [(str(row[0]), int(row[1])) for row in database.query(statement)]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def _conditions(query: FeedQuery, at: str) -> tuple[list[str], dict[str, Any]]:
    conditions: list[str] = []
    values: dict[str, Any] = {}
    if query.period != "all":
        conditions.append(f"papers.{_COLUMN[query.period]} = :at")
        values["at"] = at
    if query.topic:
        conditions.append("EXISTS (SELECT 1 FROM paper_topics t WHERE t.paper = papers.name AND t.topic = :topic)")
        values["topic"] = query.topic
    if query.kind:
        conditions.append("EXISTS (SELECT 1 FROM paper_kinds k WHERE k.paper = papers.name AND k.kind = :kind)")
        values["kind"] = query.kind
    if query.state:
        conditions.append("papers.status = :state")
        values["state"] = query.state
    return conditions, values


def _around(database: PageDatabase, query: FeedQuery) -> tuple[str, str, str]:
    """The period shown, and its neighbours that have papers."""
    if query.period == "all":
        return "", "", ""
    column = _COLUMN[query.period]
    newest = database.query(f"SELECT max({column}) FROM papers")[0][0] or ""
    at = query.at or str(newest)
    older = database.query(f"SELECT max({column}) FROM papers WHERE {column} < ?", (at,))[0][0]
    newer = database.query(f"SELECT min({column}) FROM papers WHERE {column} > ?", (at,))[0][0]
    return at, older or "", newer or ""


def _exists(period: str, at: str) -> bool:
    try:
        if period == "day":
            date.fromisoformat(at)
        elif period == "week":
            date.fromisocalendar(int(at[:4]), int(at[6:]), 1)
        else:
            date.fromisoformat(f"{at}-01")
    except ValueError:
        return False
    return True


def _words(text: str) -> str:
    """The words as a question of FTS5: all of them, the last one as a beginning."""
    words = re.findall(r"\w+", text)[:12]
    return " ".join([f'"{word}"' for word in words[:-1]] + [f'"{word}"*' for word in words[-1:]])


def _grams(text: str) -> str:
    """Any three letters in a row of the text: what is spelled a little differently shares most of them."""
    plain = re.sub(r"\W+", " ", text.lower()).strip()[:60]
    grams = {plain[i : i + 3] for i in range(len(plain) - 2)}
    return " OR ".join(f'"{gram}"' for gram in sorted(grams) if '"' not in gram)


def period_label(period: Period, at: str) -> str:
    """A period as people name it: `week 15 of 2021, 12 to 18 April`."""
    if period == "week":
        first = date.fromisocalendar(int(at[:4]), int(at[6:]), 1)
        last = first + timedelta(days=6)
        return f"week {int(at[6:])} of {at[:4]}, {first.day} {first:%B} to {last.day} {last:%B}"
    if period == "month":
        return f"{date.fromisoformat(at + '-01'):%B %Y}"
    if period == "day":
        day = date.fromisoformat(at)
        return f"{day.day} {day:%B %Y}"
    return "all papers"
