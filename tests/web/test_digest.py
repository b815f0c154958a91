"""The digest: double opt-in, one click to leave, to nobody twice, through a real SMTP server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("fastapi", reason="the extra web is not installed")
pytest.importorskip("aiosmtpd", reason="aiosmtpd is not installed")

from starlette.testclient import TestClient

from lilliput.cli.main import run
from lilliput.core.errors import BadSetting, NotReachable
from lilliput.core.store import Store
from lilliput.web.app import Site, create_app
from lilliput.web.mail.deliver import deliver
from lilliput.web.mail.digest import digest_of, last_week, monday_of, weeks
from lilliput.web.mail.settings import MailSettings, is_address
from lilliput.web.mail.subscribers import DAYS, PER_HOUR, Links, ask, confirm, subscribed
from lilliput.web.settings import ServeSettings
from tests.web.conftest import post, token
from tests.web.mail_server import Mailbox, mail_server

WEEK = "2024-W22"
"""The paper "synthetic" is of this week."""


@pytest.fixture
def box() -> Iterator[tuple[Mailbox, int]]:
    with mail_server() as made:
        yield made


@pytest.fixture
def mailbox(box: tuple[Mailbox, int]) -> Mailbox:
    return box[0]


@pytest.fixture
def mailing(installed_paper: None, settings: ServeSettings, box: tuple[Mailbox, int]) -> Iterator[TestClient]:
    """A page that sends mails."""
    mail = MailSettings(host="127.0.0.1", port=box[1], security="none", sender="page@example.org")
    with TestClient(create_app(replace(settings, mail=mail)), base_url="http://127.0.0.1:8400") as made:
        yield made


def site_of(client: TestClient) -> Site:
    site: Site = client.app.state.site  # type: ignore[attr-defined]
    return site


def subscribe(client: TestClient, address: str) -> None:
    answer = client.post(
        "/digest/subscribe", data={"token": token(client, "/digest"), "address": address}, follow_redirects=False
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/digest?asked=1")


def link_in(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(r"http://127\.0\.0\.1:8400(/mail/\S+)", body.get_content())
    assert found is not None
    return found[1]


def some_week(client: TestClient) -> str:
    """A week that brought a paper."""
    return weeks(site_of(client).database)[0]


def test_only_who_follows_the_link_is_subscribed(mailing: TestClient, mailbox: Mailbox) -> None:
    subscribe(mailing, "ann@example.org")
    database = site_of(mailing).database
    assert subscribed(database) == []
    (mail,) = mailbox.to("ann@example.org")
    link = link_in(mail)
    page = mailing.get(link)
    assert "Get the digest by mail?" in page.text
    assert subscribed(database) == [], "programs that look at links do not confirm"
    assert "Confirmed" in mailing.post(link).text
    assert subscribed(database) == ["ann@example.org"]


def test_nobody_learns_who_is_subscribed(mailing: TestClient, mailbox: Mailbox) -> None:
    for _ in range(2):
        subscribe(mailing, "ann@example.org")
    assert len(mailbox.mails) == 1, "a second mail only after a pause"
    mailing.post(link_in(mailbox.mails[0]))
    subscribe(mailing, "ann@example.org")
    assert len(mailbox.mails) == 1
    assert subscribed(site_of(mailing).database) == ["ann@example.org"]


def test_the_page_is_no_tool_to_flood_mailboxes(mailing: TestClient, mailbox: Mailbox) -> None:
    database = site_of(mailing).database
    for i in range(PER_HOUR):
        assert ask(database, f"someone{i}@example.org")
    subscribe(mailing, "ann@example.org")
    assert mailbox.mails == []


@pytest.mark.parametrize("change", ["address=eve%40example.org", "day=2026-01-01", "signature=" + 64 * "0"])
def test_a_changed_link_does_nothing(mailing: TestClient, mailbox: Mailbox, change: str) -> None:
    subscribe(mailing, "ann@example.org")
    key = change.split("=")[0]
    link = re.sub(rf"{key}=[^&]*", change, link_in(mailbox.mails[0]))
    assert mailing.get(link).status_code == 403
    answer = mailing.post(link)
    assert answer.status_code == 403
    assert "This link does not work" in answer.text
    assert subscribed(site_of(mailing).database) == []


def test_a_link_grows_old(mailing: TestClient) -> None:
    from datetime import UTC, datetime, timedelta

    links = Links(site_of(mailing).guard, "")
    today = datetime.now(UTC)
    for days, good in ((0, True), (DAYS, True), (DAYS + 1, False)):
        day = (today - timedelta(days=days)).strftime("%Y-%m-%d")
        assert (
            links.confirms("a@example.org", day, site_of(mailing).guard.sign("confirm digest", f"{day}\0a@example.org"))
            is good
        )


def test_the_digest_arrives_once_and_one_request_ends_it(mailing: TestClient, mailbox: Mailbox) -> None:
    subscribe(mailing, "ann@example.org")
    mailing.post(link_in(mailbox.mails.pop()))
    site, week = site_of(mailing), some_week(mailing)
    digest = digest_of(site.database, week)
    assert site.settings.mail is not None
    assert deliver(site, site.settings.mail, digest).sent == ["ann@example.org"]
    again = deliver(site, site.settings.mail, digest)
    assert (again.sent, again.before) == ([], 1)
    (mail,) = mailbox.mails
    assert week in mail["Subject"]
    title = digest.papers[0]["title"]
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert title in " ".join(text.get_content().split())
    assert title in " ".join(html.get_content().split())
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = mail["List-Unsubscribe"].strip("<>").removeprefix("http://127.0.0.1:8400")
    # As a mail provider sends it: no cookie, no origin, no token.
    mailing.cookies.clear()
    assert mailing.post(link, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert subscribed(site.database) == []
    assert mailing.post(link, data={"List-Unsubscribe": "One-Click"}).status_code == 200


def confirmed(site: Site, *addresses: str) -> None:
    for address in addresses:
        ask(site.database, address)
        confirm(site.database, address)


def test_one_address_that_is_refused_keeps_nobody_else_from_it(mailing: TestClient, mailbox: Mailbox) -> None:
    site = site_of(mailing)
    confirmed(site, "a@example.org", "b@example.org", "c@example.org")
    mailbox.refused = {"b@example.org"}
    digest = digest_of(site.database, some_week(mailing))
    assert site.settings.mail is not None
    done = deliver(site, site.settings.mail, digest)
    assert (done.sent, done.refused) == (["a@example.org", "c@example.org"], {"b@example.org": "550 no such mailbox"})
    mailbox.refused = set()
    assert deliver(site, site.settings.mail, digest).sent == ["b@example.org"]
    assert len(mailbox.mails) == 3


def test_a_delivery_that_breaks_off_goes_on_where_it_was(mailing: TestClient, mailbox: Mailbox) -> None:
    site = site_of(mailing)
    confirmed(site, *(f"{name}@example.org" for name in "abcd"))
    digest = digest_of(site.database, some_week(mailing))
    mailbox.most = 2
    assert site.settings.mail is not None
    with pytest.raises(NotReachable, match="does not take mails"):
        deliver(site, site.settings.mail, digest)
    mailbox.most = 1000
    assert deliver(site, site.settings.mail, digest).sent == ["c@example.org", "d@example.org"]
    assert [mail["To"] for mail in mailbox.mails] == [f"{name}@example.org" for name in "abcd"]


def test_where_a_process_died_in_the_middle_nobody_gets_it_twice(mailing: TestClient, mailbox: Mailbox) -> None:
    site, week = site_of(mailing), some_week(mailing)
    confirmed(site, "a@example.org", "b@example.org")
    with site.database.change() as connection:
        connection.execute("INSERT INTO digests VALUES (?, 'a@example.org', '')", (week,))
    assert site.settings.mail is not None
    done = deliver(site, site.settings.mail, digest_of(site.database, week))
    assert (done.sent, done.unknown) == (["b@example.org"], ["a@example.org"])


def test_an_empty_week_is_not_sent(mailing: TestClient, mailbox: Mailbox) -> None:
    site = site_of(mailing)
    confirmed(site, "a@example.org")
    digest = digest_of(site.database, "1999-W10")
    assert digest.is_empty
    assert site.settings.mail is not None
    assert deliver(site, site.settings.mail, digest).sent == []
    assert mailbox.mails == []


def test_results_of_the_week_stand_beside_their_claims(
    mailing: TestClient, settings: ServeSettings, tmp_path: Path
) -> None:
    assert post(mailing, "/papers/synthetic/run", scale="smoke").status_code == 303
    import time

    deadline = time.monotonic() + 60
    while '"done"' not in mailing.get("/runs.json?state=done&paper=synthetic").text and time.monotonic() < deadline:
        time.sleep(0.1)
    with Store(settings.store) as store:
        (done,) = store.runs(limit=1)
    from datetime import date

    from lilliput.web.mail.digest import week_of

    week = week_of(date.fromisoformat(done.started[:10]))
    site_of(mailing).sync.runs()
    figures = digest_of(site_of(mailing).database, week).figures
    assert figures
    page = mailing.get(f"/digest/{week}").text
    assert f"/runs/{done.id}" in page
    feed = mailing.get("/results.feed.json").json()
    assert {item["url"] for item in feed["items"]} == {f"http://127.0.0.1:8400/runs/{done.id}"}
    assert len(feed["items"]) >= len(figures)


def test_feeds_are_as_their_readers_expect(mailing: TestClient) -> None:
    answer = mailing.get("/papers.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(answer.content)
    space = {"a": "http://www.w3.org/2005/Atom"}
    for name in ("id", "title", "updated"):
        assert feed.findtext(f"a:{name}", namespaces=space)
    entries = feed.findall("a:entry", space)
    ids = [entry.findtext("a:id", namespaces=space) for entry in entries]
    assert len(set(ids)) == len(ids) >= 29
    for entry in entries:
        assert entry.find("a:author/a:name", space) is not None
        updated = entry.findtext("a:updated", namespaces=space)
        assert updated is not None
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", updated)
        link = entry.find("a:link", space)
        assert link is not None
        assert mailing.get(link.attrib["href"].removeprefix("http://127.0.0.1:8400")).status_code == 200
    other = mailing.get("/papers.feed.json").json()
    assert other["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["id"] for item in other["items"]] == ids


def test_without_a_mail_server_there_is_nothing_to_subscribe_to(client: TestClient) -> None:
    page = client.get("/digest").text
    assert "without a mail server" in page
    answer = client.post("/digest/subscribe", data={"token": token(client), "address": "a@example.org"})
    assert answer.status_code == 400
    assert client.get("/digest/2024-W99").status_code == 400


@pytest.mark.parametrize(
    "address", ["", "a", "a@", "@b", "a b@example.org", "a@example.org\nBcc: x@example.org", "a@b..c", "<a@b.org>"]
)
def test_what_is_no_address_is_refused(mailing: TestClient, mailbox: Mailbox, address: str) -> None:
    given = {"token": token(mailing, "/digest"), "address": address}
    assert mailing.post("/digest/subscribe", data=given).status_code == 400 or not is_address(address.strip())
    assert mailbox.mails == []


def test_the_command_prints_and_sends(
    mailing: TestClient, mailbox: Mailbox, settings: ServeSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    week, site = some_week(mailing), site_of(mailing)
    title = digest_of(site.database, week).papers[0]["title"]
    where = ["--folder", str(settings.folder), "--store", str(settings.store)]
    assert run(["digest", "--week", week, *where]) == 0
    assert title in capsys.readouterr().out
    assert run(["digest", "--week", week, "--send", *where]) == 2
    assert "--smtp" in capsys.readouterr().err
    confirmed(site, "a@example.org")
    assert site.settings.mail is not None
    sending = ["--send", "--smtp", f"smtp://127.0.0.1:{site.settings.mail.port}", "--from", "page@example.org"]
    for sent, before in ((1, 0), (0, 1)):
        assert run(["digest", "--week", week, *sending, *where, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["sent"], told["before"]) == (sent, before)
    assert len(mailbox.mails) == 1


def test_a_server_that_is_not_there_is_said(installed_paper: None, settings: ServeSettings) -> None:
    mail = MailSettings(host="127.0.0.1", port=9, security="none", sender="page@example.org")
    with TestClient(create_app(replace(settings, mail=mail)), base_url="http://127.0.0.1:8400") as client:
        given = {"token": token(client, "/digest"), "address": "a@example.org"}
        answer = client.post("/digest/subscribe", data=given)
        assert answer.status_code == 503
        assert "127.0.0.1:9 does not take mails" in answer.text
        assert site_of(client).database.query("SELECT * FROM subscribers") == []


def test_the_mail_server_is_read_from_one_address() -> None:
    assert MailSettings.of("", "", {}) is None
    read = MailSettings.of("smtp+starttls://me%40x@mail.example.org", "a@b.org", {"LILLIPUT_SMTP_PASSWORD": "secret"})
    assert read is not None
    assert (read.host, read.port, read.security, read.user) == ("mail.example.org", 587, "starttls", "me@x")
    assert "secret" not in repr(read)
    environment = {"LILLIPUT_SMTP": "smtps://mail.example.org", "LILLIPUT_MAIL_FROM": "a@b.org"}
    other = MailSettings.of("", "", environment)
    assert other is not None
    assert (other.port, other.sender) == (465, "a@b.org")
    for url in ("http://x", "smtp://", "smtps://u:p@x", "smtp://x:99999", "nonsense"):
        with pytest.raises(BadSetting, match="mail server"):
            MailSettings.of(url, "a@b.org", {})
    with pytest.raises(BadSetting, match="without encryption"):
        MailSettings.of("smtp://u@mail.example.org", "a@b.org", {"LILLIPUT_SMTP_PASSWORD": "secret"})
    with pytest.raises(BadSetting, match="mails from"):
        MailSettings.of("smtp://127.0.0.1", "nobody", {})


def test_weeks_are_those_of_the_calendar() -> None:
    from datetime import date

    assert last_week(date(2026, 11, 23)) == "2026-W47"
    assert last_week(date(2027, 1, 4)) == "2026-W53"
    assert monday_of("2026-W53") == date(2026, 12, 28)
    for week in ("2025-W53", "2026-W00", "2026", "2026-W5", "x" * 100):
        with pytest.raises(BadSetting, match="week"):
            monday_of(week)
