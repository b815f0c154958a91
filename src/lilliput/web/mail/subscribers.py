"""Who gets the digest: those who asked and then confirmed, by a link that only their mailbox has.

An address is entered unconfirmed and gets one mail. Its link carries the address and the day, signed; without
following it nothing more is ever sent there, and after `DAYS` the address is forgotten. Each digest carries a signed
link that ends it in one request (RFC 8058), with no further question.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from lilliput.core.provenance import now
from lilliput.web.database import PageDatabase
from lilliput.web.security import Guard

DAYS = 7
"""A link to confirm is good for that long."""
PAUSE = timedelta(minutes=10)
"""Until the same address is written to again."""
PER_HOUR = 60
"""Mails to confirm that the page sends in an hour, to all together: it is no tool to flood mailboxes with."""
CONFIRM, LEAVE = "confirm digest", "leave digest"


@dataclass(frozen=True)
class Links:
    """Signed addresses for mails.

    Args:
        guard: signs.
        base: address of the page, without a slash at its end.
    """

    guard: Guard
    base: str

    def confirm(self, address: str, day: str) -> str:
        """The link that confirms a subscription asked for on `day`."""
        signature = self.guard.sign(CONFIRM, f"{day}\0{address}")
        return f"{self.base}/mail/confirm?" + urlencode({"address": address, "day": day, "signature": signature})

    def leave(self, address: str) -> str:
        """The link that ends it; it stays good."""
        query = urlencode({"address": address, "signature": self.guard.sign(LEAVE, address)})
        return f"{self.base}/mail/leave?{query}"

    def confirms(self, address: str, day: str, signature: str, today: datetime | None = None) -> bool:
        """Whether a link to confirm is ours and not too old."""
        if not self.guard.is_signed(CONFIRM, f"{day}\0{address}", signature):
            return False
        age = (today or datetime.now(UTC)).date() - datetime.fromisoformat(day).date()
        return age <= timedelta(days=DAYS)

    def leaves(self, address: str, signature: str) -> bool:
        """Whether a link to leave is ours."""
        return self.guard.is_signed(LEAVE, address, signature)


def ask(database: PageDatabase, address: str) -> bool:
    """Enter an address; whether a mail to confirm is due.

    None is due to who is subscribed already, was written to a moment ago, or asks when too many have.
    """
    moment = datetime.now(UTC)
    with database.change() as connection:
        forgotten = _text(moment - timedelta(days=DAYS))
        connection.execute("DELETE FROM subscribers WHERE confirmed IS NULL AND asked < ?", (forgotten,))
        known = connection.execute("SELECT * FROM subscribers WHERE address = ?", (address,)).fetchone()
        if known is not None and known["confirmed"] is not None and known["left_at"] is None:
            return False
        if known is not None and known["asked"] > _text(moment - PAUSE):
            return False
        recent = connection.execute(
            "SELECT count(*) FROM subscribers WHERE asked > ?", (_text(moment - timedelta(hours=1)),)
        ).fetchone()[0]
        if recent >= PER_HOUR:
            return False
        connection.execute(
            "INSERT INTO subscribers VALUES (?, ?, NULL, NULL) ON CONFLICT (address) "
            "DO UPDATE SET asked = excluded.asked, confirmed = NULL, left_at = NULL",
            (address, _text(moment)),
        )
    return True


def withdraw(database: PageDatabase, address: str) -> None:
    """Forget an address whose mail to confirm could not be sent."""
    with database.change() as connection:
        connection.execute("DELETE FROM subscribers WHERE address = ? AND confirmed IS NULL", (address,))


def confirm(database: PageDatabase, address: str) -> bool:
    """Make a subscription count; False where nobody asked, or who asked has left since."""
    with database.change() as connection:
        changed = connection.execute(
            "UPDATE subscribers SET confirmed = coalesce(confirmed, ?) WHERE address = ? AND left_at IS NULL",
            (now(), address),
        )
    return changed.rowcount == 1


def leave(database: PageDatabase, address: str) -> None:
    """End a subscription. Doing it twice does no harm."""
    with database.change() as connection:
        connection.execute("UPDATE subscribers SET left_at = ? WHERE address = ?", (now(), address))


def subscribed(database: PageDatabase) -> list[str]:
    """Addresses that get the digest, in order."""
    rows = database.query(
        "SELECT address FROM subscribers WHERE confirmed IS NOT NULL AND left_at IS NULL ORDER BY address"
    )
    return [str(row["address"]) for row in rows]


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
