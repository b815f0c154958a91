"""Sending mails through an SMTP server, many over one connection."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import urlsplit

from lilliput.core.errors import NotReachable
from lilliput.web.mail.settings import MailSettings

_SECONDS = 30.0


def compose(
    settings: MailSettings, to: str, subject: str, text: str, html: str = "", *, leave: str = ""
) -> EmailMessage:
    """A mail with a text, the same as HTML, and the link that ends the subscription where there is one."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = settings.sender, to, " ".join(subject.split())
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = make_msgid(domain=settings.sender.split("@")[1])
    mail["Auto-Submitted"] = "auto-generated"
    if leave:
        mail["List-Id"] = f"Lilliput digest <digest.{urlsplit(leave).hostname or 'localhost'}>"
        mail["List-Unsubscribe"] = f"<{leave}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail


class Outbox:
    """An open connection to the mail server."""

    def __init__(self, server: smtplib.SMTP, settings: MailSettings) -> None:
        self._server, self._settings = server, settings

    def send(self, mail: EmailMessage) -> str:
        """Hand a mail over; empty, or what the server has against its receiver.

        Raises:
            NotReachable: LP606, the connection broke, so that nothing further can be sent over it.
        """
        try:
            self._server.send_message(mail)
        except smtplib.SMTPServerDisconnected as error:
            raise _unreachable(self._settings, error) from error
        except smtplib.SMTPException as error:
            with contextlib.suppress(smtplib.SMTPException):
                self._server.rset()
            return _words(error)
        except OSError as error:
            raise _unreachable(self._settings, error) from error
        return ""


@contextlib.contextmanager
def outbox(settings: MailSettings) -> Iterator[Outbox]:
    """Connect, encrypt and log in as the settings say.

    Raises:
        NotReachable: LP606, the server does not answer, or refuses us.
    """
    try:
        server = _connect(settings)
    except (OSError, smtplib.SMTPException) as error:
        raise _unreachable(settings, error) from error
    try:
        yield Outbox(server, settings)
    finally:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            server.quit()


def _connect(settings: MailSettings) -> smtplib.SMTP:
    trusted = ssl.create_default_context()
    where = (settings.host, settings.port)
    server = (
        smtplib.SMTP_SSL(*where, timeout=_SECONDS, context=trusted)
        if settings.security == "tls"
        else smtplib.SMTP(*where, timeout=_SECONDS)
    )
    try:
        if settings.security == "starttls":
            server.starttls(context=trusted)
        if settings.user:
            server.login(settings.user, settings.password)
    except BaseException:
        server.close()
        raise
    return server


def _unreachable(settings: MailSettings, error: Exception) -> NotReachable:
    return NotReachable(
        f"the mail server {settings.host}:{settings.port} does not take mails",
        why=_words(error),
        fix="check --smtp, and LILLIPUT_SMTP_PASSWORD where it asks for one; what was sent is not sent again",
    )


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return f"{code} {said.decode('utf-8', 'replace')}"[:200]
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return f"{error.smtp_code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"[:200]
    return (str(error) or type(error).__name__)[:200]
