"""Who may ask, and what a browser may do with an answer.

A web site that is open in another tab must not be able to read this page or to start a run: requests must name our
host, changes must come from our own pages and carry a token that only those know. Only our own scripts run on a page.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lilliput.web.settings import LOOPBACK, ServeSettings

COOKIE, ENTRY = "lilliput", "lilliput-entry"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
}
Next = Callable[[Request], Awaitable[Response]]


class Guard:
    """What is checked of each request, and what is added to each answer.

    Args:
        settings: of the server.
        secret: the key that signs tokens.
    """

    def __init__(self, settings: ServeSettings, secret: bytes) -> None:
        self._settings, self._secret = settings, secret
        near = LOOPBACK if settings.host in LOOPBACK else ()
        names = {settings.host, *near, urlsplit(settings.base).hostname or ""}
        self._hosts = {name.lower() for name in names if name}

    async def __call__(self, request: Request, go_on: Next) -> Response:
        """Refuse, or pass on and add the headers."""
        answer = self._refusal(request) or await go_on(request)
        for name, value in _HEADERS.items():
            answer.headers.setdefault(name, value)
        if COOKIE not in request.cookies:
            _keep(answer, COOKIE, getattr(request.state, "visitor", "") or _new_visitor())
        return answer

    def visitor(self, request: Request) -> str:
        """An id of this browser, made at its first visit."""
        given = request.cookies.get(COOKIE, "")
        if not re.fullmatch(r"[0-9a-f]{32}", given):
            given = getattr(request.state, "visitor", "") or _new_visitor()
            request.state.visitor = given
        return given

    def token(self, request: Request) -> str:
        """What a form of this browser must carry."""
        return self.sign("form", self.visitor(request))

    def sign(self, purpose: str, text: str) -> str:
        """A signature that only this server can make, for one purpose."""
        return hmac.new(self._secret, f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()

    def is_signed(self, purpose: str, text: str, signature: str) -> bool:
        """Whether a signature is ours, for this purpose and text."""
        return hmac.compare_digest(self.sign(purpose, text).encode(), signature.encode("utf-8", "replace"))

    def _refusal(self, request: Request) -> Response | None:
        if self._foreign_host(request.headers.get("host", "")):
            return PlainTextResponse("This server does not answer under that name.\n", 421)
        if request.method not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("Only GET, HEAD and POST are answered.\n", 405, {"Allow": "GET, HEAD, POST"})
        origin = request.headers.get("origin", "")
        if request.method == "POST" and origin and not self._own(origin):
            return PlainTextResponse("A change must come from one of this server's own pages.\n", 403)
        if request.headers.get("sec-fetch-site", "none") == "cross-site" and request.method == "POST":
            return PlainTextResponse("A change must come from one of this server's own pages.\n", 403)
        return self._no_entry(request)

    def _no_entry(self, request: Request) -> Response | None:
        """Where a token is set, it is given once in the address and kept in a cookie."""
        wanted = self._settings.token
        if not wanted or request.url.path in ("/healthz",) or request.url.path.startswith("/mail/"):
            return None
        kept = request.cookies.get(ENTRY, "")
        if self.is_signed("entry", wanted, kept):
            return None
        given = request.query_params.get("token", "")
        if hmac.compare_digest(given.encode(), wanted.encode()):
            answer = Response(status_code=303, headers={"Location": request.url.path})
            _keep(answer, ENTRY, self.sign("entry", wanted))
            return answer
        return PlainTextResponse("Open this page once with ?token=…, which its owner has.\n", 401)

    def _foreign_host(self, host: str) -> bool:
        return (urlsplit(f"//{host}").hostname or "").lower() not in self._hosts if host else True

    def _own(self, origin: str) -> bool:
        parts = urlsplit(origin)
        try:
            port = parts.port
        except ValueError:
            return False
        ports = {self._settings.port, urlsplit(self._settings.base).port, None if self._settings.address else 0}
        return (parts.hostname or "").lower() in self._hosts and (port in ports or self._settings.port == 0)


class BodyLimit:
    """Refuse bodies above a size, also those that do not say theirs."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on while its body stays below the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if not told.isdigit() or int(told) > self._limit:
            await self._refuse(scope, receive, send)
            return
        got, begun = 0, False

        async def counted() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > self._limit:
                raise _TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except Exception:  # not by its type: the middleware between may have put it into a group
            if got <= self._limit:
                raise
            if not begun:
                await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = PlainTextResponse(f"At most {self._limit} bytes can be sent at once.\n", 413, {"Connection": "close"})
        await answer(scope, receive, send)


class _TooLarge(Exception):
    """More has come than may."""


def _new_visitor() -> str:
    return secrets.token_hex(16)


def _keep(answer: Response, name: str, value: str) -> None:
    answer.set_cookie(name, value, max_age=365 * 86400, httponly=True, samesite="strict", path="/")
