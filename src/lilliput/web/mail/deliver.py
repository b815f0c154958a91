"""Sending a week's digest to all who asked for it, to nobody twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lilliput.core.errors import NotReachable
from lilliput.core.provenance import now
from lilliput.web.app import Site
from lilliput.web.mail.digest import Digest
from lilliput.web.mail.send import compose, outbox
from lilliput.web.mail.settings import MailSettings
from lilliput.web.mail.subscribers import Links, subscribed

_UNDER_WAY = ""


@dataclass
class Delivery:
    """What became of a digest.

    Args:
        sent: addresses that the server took it for.
        before: how many had it already.
        refused: address → what the server said; they get it when the same week is sent again.
        unknown: addresses that a delivery stopped at: whether the mail went out is not known, so it is not sent again.
    """

    sent: list[str] = field(default_factory=list)
    before: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


def deliver(
    site: Site, settings: MailSettings, digest: Digest, progress: Callable[[str], None] = lambda _: None
) -> Delivery:
    """Send a digest to each subscriber that has not had it.

    Each address is marked before its mail is handed over and settled after, one at a time, so that however this is
    stopped, the next call goes on behind it and nobody gets the same week twice.

    Args:
        site: whose subscribers, and whose address the links lead to.
        settings: the mail server.
        digest: what to send; nothing is sent where it is empty.
        progress: told each address that is done.

    Raises:
        NotReachable: LP606, the server does not answer. Those before it have their mail.
    """
    done = Delivery()
    if digest.is_empty:
        return done
    waiting = _waiting(site, digest.week, done)
    if not waiting:
        return done
    links = Links(site.guard, site.settings.base)
    with outbox(settings) as box:
        for address in waiting:
            leave = links.leave(address)
            html, text = render(site, digest, leave)
            mail = compose(settings, address, digest.subject, text, html, leave=leave)
            if not _mark(site, digest.week, address):
                done.before += 1  # another process sends the same week
                continue
            try:
                refusal = box.send(mail)
            except NotReachable:
                _unmark(site, digest.week, address)
                raise
            if refusal:
                _unmark(site, digest.week, address)
                done.refused[address] = refusal
            else:
                _settle(site, digest.week, address)
                done.sent.append(address)
            progress(address)
    return done


def render(site: Site, digest: Digest, leave: str = "") -> tuple[str, str]:
    """The digest as HTML and as text, with the link that ends the subscription."""
    given = {"digest": digest, "base": site.settings.base, "leave": leave}
    html = site.templates.get_template("mail/digest.html").render(**given)
    return html, site.templates.get_template("mail/digest.txt").render(**given)


def _waiting(site: Site, week: str, done: Delivery) -> list[str]:
    rows = site.database.query("SELECT address, sent FROM digests WHERE week = ?", (week,))
    marked = {str(row["address"]): str(row["sent"]) for row in rows}
    addresses = subscribed(site.database)
    done.before = sum(1 for address in addresses if marked.get(address))
    done.unknown = [address for address in addresses if marked.get(address) == _UNDER_WAY]
    return [address for address in addresses if address not in marked]


def _mark(site: Site, week: str, address: str) -> bool:
    with site.database.change() as connection:
        made = connection.execute("INSERT OR IGNORE INTO digests VALUES (?, ?, ?)", (week, address, _UNDER_WAY))
    return made.rowcount == 1


def _settle(site: Site, week: str, address: str) -> None:
    with site.database.change() as connection:
        connection.execute("UPDATE digests SET sent = ? WHERE week = ? AND address = ?", (now(), week, address))


def _unmark(site: Site, week: str, address: str) -> None:
    with site.database.change() as connection:
        connection.execute("DELETE FROM digests WHERE week = ? AND address = ?", (week, address))
