"""Feeds for reading programs: papers and new figures, as Atom (RFC 4287) and as JSON Feed 1.1."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from lilliput.papers._running import CLAIM
from lilliput.web.app import Site, site_of
from lilliput.web.sync import figure

router = APIRouter()
_MOST = 50
_ATOM = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True)
class Entry:
    """One entry of a feed.

    Args:
        key: what it is for good: `"paper/mcunet"`.
        path: its page.
        title, text: plain text.
        moment: RFC 3339.
        tags: topics.
        author: who it is by.
    """

    key: str
    path: str
    title: str
    text: str
    moment: str
    tags: tuple[str, ...] = ()
    author: str = "Lilliput"

    @property
    def id(self) -> str:
        """The same for good, also where the page moves."""
        return _id(self.key)


@router.get("/papers.atom")
def papers_as_atom(request: Request) -> Response:
    """The newest papers."""
    return _atom(request, "papers", "Lilliput: papers", _papers(site_of(request)))


@router.get("/papers.feed.json")
def papers_as_feed(request: Request) -> Response:
    """The newest papers."""
    return _json(request, "papers", "Lilliput: papers", _papers(site_of(request)))


@router.get("/results.atom")
def results_as_atom(request: Request) -> Response:
    """The newest figures beside what is claimed."""
    return _atom(request, "results", "Lilliput: results", _results(site_of(request)))


@router.get("/results.feed.json")
def results_as_feed(request: Request) -> Response:
    """The newest figures beside what is claimed."""
    return _json(request, "results", "Lilliput: results", _results(site_of(request)))


def _papers(site: Site) -> list[Entry]:
    rows = site.database.query(
        "SELECT name, title, summary, date, topics FROM papers ORDER BY date DESC, number DESC LIMIT ?", (_MOST,)
    )
    return [
        Entry(f"paper/{r['name']}", f"/papers/{r['name']}", r["title"], r["summary"], f"{r['date']}T00:00:00Z",
              tuple(r["topics"].split()))
        for r in rows
    ]  # fmt: skip


def _results(site: Site) -> list[Entry]:
    site.sync.runs()
    rows = site.database.query(
        "SELECT s.paper, s.metric, s.value, s.run, s.scale, s.started, p.title, p.content FROM scores s "
        "JOIN papers p ON p.name = s.paper WHERE s.metric LIKE ? ORDER BY s.number DESC LIMIT ?",
        (CLAIM + "%", _MOST),
    )
    found = []
    for row in rows:
        claims = {claim["id"]: claim for claim in json.loads(row["content"])["claims"]}
        claim: dict[str, Any] | None = claims.get(str(row["metric"]).removeprefix(CLAIM))
        if claim is not None:
            here, claimed = figure(row["value"], claim["unit"]), figure(claim["claimed"], claim["unit"])
            title = f"{row['title']}: {claim['metric']}, {here} here, {claimed} claimed"
            text = f"{claim['on']}. Kind of evidence: {claim['kind']}. Scale: {row['scale'] or 'none'}."
            key = f"result/{row['run']}/{claim['id']}"
            found.append(Entry(key, f"/runs/{row['run']}", title, text, row["started"]))
    return found


def _atom(request: Request, name: str, title: str, entries: list[Entry]) -> Response:
    base = site_of(request).settings.base
    ElementTree.register_namespace("", _ATOM)
    feed = ElementTree.Element(f"{{{_ATOM}}}feed")
    _add(feed, "id", _id(name))
    _add(feed, "title", title)
    _add(feed, "updated", max((entry.moment for entry in entries), default="1970-01-01T00:00:00Z"))
    _add(feed, "link", rel="self", type="application/atom+xml", href=f"{base}/{name}.atom")
    _add(feed, "link", rel="alternate", type="text/html", href=f"{base}/")
    for entry in entries:
        one = ElementTree.SubElement(feed, f"{{{_ATOM}}}entry")
        _add(one, "id", entry.id)
        _add(one, "title", entry.title)
        _add(one, "updated", entry.moment)
        _add(one, "link", rel="alternate", type="text/html", href=base + entry.path)
        _add(_add(one, "author"), "name", entry.author)
        for tag in entry.tags:
            _add(one, "category", term=tag)
        _add(one, "summary", entry.text, type="text")
    text = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return Response(text, media_type="application/atom+xml")


def _json(request: Request, name: str, title: str, entries: list[Entry]) -> Response:
    base = site_of(request).settings.base
    items = [
        {
            "id": entry.id, "url": base + entry.path, "title": entry.title, "content_text": entry.text,
            "date_published": entry.moment, "tags": list(entry.tags), "authors": [{"name": entry.author}],
        }
        for entry in entries
    ]  # fmt: skip
    feed = {
        "version": "https://jsonfeed.org/version/1.1", "title": title, "home_page_url": f"{base}/",
        "feed_url": f"{base}/{name}.feed.json", "items": items,
    }  # fmt: skip
    return JSONResponse(feed, media_type="application/feed+json")


def _add(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> ElementTree.Element:
    made = ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    made.text = _legal(text) or None
    return made


def _legal(text: str) -> str:
    """Without the control characters that XML has no way to write."""
    return "".join(
        c for c in text if c in "\t\n" or (ord(c) >= 32 and not 0xD800 <= ord(c) < 0xE000 and c not in "\ufffe\uffff")
    )


def _id(key: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'lilliput:{key}')}"
