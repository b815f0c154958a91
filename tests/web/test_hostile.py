"""Script in every text that can reach a page, paths that lead elsewhere, bodies that do not end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest

pytest.importorskip("fastapi", reason="the extra web is not installed")

from starlette.testclient import TestClient

from lilliput.core.store import Store
from lilliput.web.app import create_app
from lilliput.web.mail.settings import MailSettings
from lilliput.web.settings import ServeSettings
from tests.web.conftest import post, token

BAD = "<xss onload=alert(1)>\"'>{{7*7}}</title></script>"
_TOML = f"""
number = 901
name = "hostile"
title = '''{BAD} title'''
date = 2024-05-27
authors = 3
topics = ["xss"]
summary = '''{BAD} summary.'''

[[claims]]
id = "accuracy"
metric = '''{BAD} metric'''
value = 9.0
unit = '''{BAD}'''
direction = "higher"
on = '''{BAD} on'''
kind = "stand-in"
source = '''[paper] {BAD}'''
note = '''{BAD} note'''
"""


@pytest.fixture
def hostile(installed_paper: None, settings: ServeSettings) -> Iterator[TestClient]:
    """A page whose papers, runs and notes are full of markup."""
    papers = settings.folder.parent / "papers"
    papers.mkdir()
    (papers / "hostile.toml").write_text(_TOML)
    with Store(settings.store) as store:
        for width in (1, 2):
            with store.start("build", task=f"{BAD} task", model=f"{BAD} model", seed=0, settings={BAD: width}) as run:
                run.metric(f"{BAD} figure", 0.5, split=f"{BAD}", unit=BAD)
                run.metric("flash_bytes", 100.0 * width)
        with store.start("run", paper="hostile", scale="smoke", settings={"methods": [BAD], "seeds": [0]}) as run:
            run.metric("claim/accuracy", 9.5, unit=BAD)
            run.metric(f"mean/{BAD}/seed-0", 0.5, split="test", unit=BAD)
    mail = MailSettings(host="127.0.0.1", port=9, security="none", sender="page@example.org")
    app = create_app(replace(settings, papers=papers, mail=mail))
    with TestClient(app, base_url="http://127.0.0.1:8400") as made:
        assert post(made, "/papers/hostile/notes", text=f"{BAD} note").status_code == 303
        yield made


def test_markup_in_papers_runs_and_notes_stays_text(hostile: TestClient) -> None:
    runs = [run["id"] for run in hostile.get("/runs.json").json()["runs"]]
    boards = [board["address"] for board in hostile.get("/compare.json").json()["boards"]]
    assert len(runs) == 3
    assert len(boards) >= 2
    week = re.search(r"/digest/(2024-W22)", hostile.get("/digest").text)
    assert week is not None
    paths = [
        "/", "/?period=week&at=2024-W22", "/papers/hostile", "/runs", "/compare", "/digest/2024-W22", *boards,
        *(f"/runs/{run}" for run in runs), f"/compare/runs?a={runs[1]}&b={runs[2]}",
    ]  # fmt: skip
    for path in paths:
        answer = hostile.get(path)
        assert answer.status_code == 200, path
        assert "<xss" not in answer.text, path
        assert "&lt;xss onload" in answer.text, f"{path} does not show it at all"
        assert "49&lt;/title" not in answer.text, "no text is a template"


def test_markup_in_feeds_stays_text(hostile: TestClient) -> None:
    for path in ("/papers.atom", "/results.atom", "/papers.feed.json", "/results.feed.json"):
        answer = hostile.get(path)
        assert "xss onload" in answer.text, path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "html" not in answer.headers["content-type"]
        assert "<xss" not in answer.text or path.endswith(".json")


ADDRESSES = (
    "/?q={}", "/?topic={}", "/?kind={}", "/?state={}", "/?period=week&at={}", "/?sort={}", "/?page={}", "/papers/{}",
    "/papers/synthetic/run?settings={}", "/papers/synthetic/run?seeds={}", "/papers/synthetic/run?scale={}",
    "/papers/synthetic/code/{}", "/runs?task={}", "/runs?paper={}", "/runs?state={}", "/runs/{}", "/jobs/{}",
    "/compare?q={}", "/compare?task={}", "/compare?flash={}", "/compare?cost={}", "/compare/runs?a={}",
    "/compare/runs?a={0}&b={0}", "/digest/{}", "/digest?asked={}", "/mail/confirm?address={0}&day={0}&signature={0}",
    "/mail/leave?address={0}&signature={0}", "/{}",
)  # fmt: skip


def test_markup_in_an_address_stays_text(hostile: TestClient) -> None:
    for address in ADDRESSES:
        answer = hostile.get(address.format(quote(BAD, safe="")))
        assert answer.status_code < 500, address
        assert "<xss" not in answer.text, address
    assert "&lt;xss" in hostile.get("/?q=" + quote(BAD, safe="")).text


FORMS = (
    ("/papers/synthetic/notes", "text"), ("/papers/synthetic/notes", "remove"), ("/papers/synthetic/vote", "vote"),
    ("/papers/synthetic/vote", "back"), ("/papers/synthetic/run", "settings"), ("/papers/synthetic/run", "seeds"),
    ("/papers/synthetic/run", "scale"), ("/digest/subscribe", "address"), ("/jobs/none/cancel", "token"),
)  # fmt: skip


def test_markup_in_a_form_stays_text(hostile: TestClient) -> None:
    known = token(hostile)
    for path, name in FORMS:
        answer = hostile.post(path, data={"token": known, name: BAD})
        assert answer.status_code < 500, (path, name)
        assert "<xss" not in answer.text, (path, name)
    assert "<xss" not in hostile.get("/papers/synthetic").text
    assert "&lt;xss" in hostile.get("/papers/synthetic").text, "the note is there, as text"


def test_no_path_leads_out_of_its_folder(client: TestClient) -> None:
    for place in ("/static/{}", "/papers/{}", "/papers/synthetic/code/{}", "/runs/{}", "/digest/{}"):
        for up in ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "%252e%252e%252f", "%00", "....//"):
            for target in ("page.sqlite", "etc/passwd"):
                answer = client.get(place.format(up * 6 + target))
                assert answer.status_code in (400, 404, 422), answer.url
                assert not re.search("SQLite format|root:", answer.text), answer.url


def test_a_body_without_an_end_is_cut(client: TestClient, settings: ServeSettings) -> None:
    """A body in chunks says no length, so that it is counted as it comes."""

    def endless() -> Iterator[bytes]:
        yield b"token=x&text="
        for _ in range(3 * settings.upload_bytes // 65536):
            yield b"x" * 65536

    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = client.post("/papers/synthetic/notes", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert "At most" in answer.text
    assert client.get("/").status_code == 200
