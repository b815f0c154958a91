"""The mail server that the operator names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from lilliput.core.errors import BadSetting

Security: TypeAlias = Literal["none", "starttls", "tls"]
_SCHEMES: Mapping[str, tuple[Security, int]] = {
    "smtp": ("none", 25), "smtp+starttls": ("starttls", 587), "smtps": ("tls", 465)
}  # fmt: skip
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,186}[A-Za-z0-9])?")
URL, SENDER, PASSWORD = "LILLIPUT_SMTP", "LILLIPUT_MAIL_FROM", "LILLIPUT_SMTP_PASSWORD"
"""Variables of the environment that stand in for the options; the password has no option, which others could read."""


@dataclass(frozen=True, kw_only=True)
class MailSettings:
    """How mails leave.

    Args:
        host, port: of the SMTP server.
        security: `"tls"` from the start, `"starttls"` before anything is said, or `"none"`.
        user, password: where the server asks who sends; never without encryption, but on this machine.
        sender: the address that mails are from.

    Raises:
        BadSetting: LP101, no usable sender, or a password that would cross the network unencrypted.
    """

    host: str
    port: int
    security: Security
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not is_address(self.sender):
            raise BadSetting(f"mails from {self.sender!r}", fix=f"--from you@example.org, or {SENDER}")
        if self.password and self.security == "none" and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise BadSetting(
                f"a password for {self.host} without encryption", fix="smtps:// or smtp+starttls:// in --smtp"
            )

    @classmethod
    def of(cls, url: str = "", sender: str = "", environment: Mapping[str, str] = os.environ) -> MailSettings | None:
        """From `smtps://user@host:465` and the sender, or from the environment; None where neither names a server.

        Raises:
            BadSetting: LP101, an address that is none.
        """
        url, sender = url or environment.get(URL, ""), sender or environment.get(SENDER, "")
        if not url:
            return None
        try:
            parts = urlsplit(url)
            security, port = _SCHEMES[parts.scheme]
            port = parts.port or port
        except (KeyError, ValueError) as error:
            raise BadSetting(f"the mail server {url!r}", fix=_FORMS) from error
        if not parts.hostname or parts.password or parts.path.strip("/") or parts.query:
            why = f"a password belongs into {PASSWORD}" if parts.password else ""
            raise BadSetting(f"the mail server {parts.scheme}://{parts.hostname or ''}", why=why, fix=_FORMS)
        user = unquote(parts.username or "")
        return cls(
            host=parts.hostname, port=port, security=security, sender=sender, user=user,
            password=environment.get(PASSWORD, "") if user else "",
        )  # fmt: skip


_FORMS = "smtps://host, smtp+starttls://user@host:587, or smtp://127.0.0.1:25"


def is_address(text: str) -> bool:
    """Whether this can be a mail address: ASCII, nothing that could end a header line."""
    return bool(_ADDRESS.fullmatch(text)) and ".." not in text and len(text) <= 254
