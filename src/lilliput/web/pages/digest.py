"""The digest of a week: to read, to subscribe to, and to leave."""

from __future__ import annotations

import logging

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from lilliput.core.errors import BadSetting, NotReachable
from lilliput.core.provenance import now
from lilliput.web.app import Site, site_of
from lilliput.web.forms import checked_form, form_fields, text_of
from lilliput.web.mail.digest import digest_of, weeks
from lilliput.web.mail.send import compose, outbox
from lilliput.web.mail.settings import is_address
from lilliput.web.mail.subscribers import DAYS, Links, ask, confirm, leave, withdraw

router = APIRouter()
_log = logging.getLogger(__name__)


@router.get("/digest")
def show_digests(request: Request, asked: str = "") -> Response:
    """The weeks there are, and the form to subscribe."""
    site = site_of(request)
    site.sync.runs()
    return site.render(
        request, "digests.html", weeks=weeks(site.database), mail=site.settings.mail, asked=bool(asked), days=DAYS
    )


@router.get("/digest/{week}")
def show_digest(request: Request, week: str) -> Response:
    """One week."""
    site = site_of(request)
    site.sync.runs()
    return site.render(request, "digest.html", digest=digest_of(site.database, week))


@router.post("/digest/subscribe", openapi_extra=form_fields("address"))
async def subscribe(request: Request) -> Response:
    """Send a link to confirm. The answer is the same whether the address is known here or not.

    Raises:
        BadSetting: LP101, this is no address, or no mail server was named.
    """
    form, site = await checked_form(request), site_of(request)
    address = text_of(form, "address", 255)
    if site.settings.mail is None:
        raise BadSetting("this page sends no mails", fix="its operator can name a server: lilliput serve --smtp …")
    if not is_address(address):
        raise BadSetting(f"{address[:80]!r} is no mail address", fix="you@example.org")
    if ask(site.database, address):
        await run_in_threadpool(_send_link, site, address)
    return RedirectResponse("/digest?asked=1", 303)


def _send_link(site: Site, address: str) -> None:
    assert site.settings.mail is not None
    link = Links(site.guard, site.settings.base).confirm(address, now()[:10])
    text = site.templates.get_template("mail/confirm.txt").render(link=link, base=site.settings.base, days=DAYS)
    try:
        with outbox(site.settings.mail) as box:
            refusal = box.send(compose(site.settings.mail, address, "Confirm: Lilliput's papers of the week", text))
    except NotReachable:
        withdraw(site.database, address)
        raise
    if refusal:
        withdraw(site.database, address)
        _log.warning("the mail server refused a subscriber's address: %s", refusal)


@router.get("/mail/confirm")
def ask_to_confirm(request: Request, address: str, day: str, signature: str) -> Response:
    """Where the link in the mail leads: a button, since programs that check mails follow links too."""
    return _button(request, "confirm", _confirms(request, address, day, signature), address)


@router.post("/mail/confirm")
def confirm_subscription(request: Request, address: str, day: str, signature: str) -> Response:
    """The subscription counts from now on."""
    site = site_of(request)
    fits = _confirms(request, address, day, signature) and confirm(site.database, address)
    return _told(request, "confirm", fits, address)


@router.get("/mail/leave")
def ask_to_leave(request: Request, address: str, signature: str) -> Response:
    """Where the link under a digest leads people."""
    site = site_of(request)
    return _button(request, "leave", Links(site.guard, "").leaves(address, signature), address)


@router.post("/mail/leave")
def leave_at_once(request: Request, address: str, signature: str) -> Response:
    """End a subscription in one request, as mail programs send it (RFC 8058)."""
    site = site_of(request)
    fits = Links(site.guard, "").leaves(address, signature)
    if fits:
        leave(site.database, address)
    return _told(request, "leave", fits, address)


def _confirms(request: Request, address: str, day: str, signature: str) -> bool:
    return Links(site_of(request).guard, "").confirms(address, day, signature)


def _button(request: Request, what: str, fits: bool, address: str) -> Response:
    if not fits:
        return _told(request, what, False, address)
    here = f"{request.url.path}?{request.url.query}"
    return site_of(request).render(request, "mailing.html", what=what, state="asked", address=address, here=here)


def _told(request: Request, what: str, fits: bool, address: str) -> Response:
    state = "done" if fits else "refused"
    return site_of(request).render(
        request, "mailing.html", status=200 if fits else 403, what=what, state=state, address=address if fits else "",
        here="",
    )  # fmt: skip
