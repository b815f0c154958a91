"""The page in a real browser: with and without scripts, by keyboard, narrow and dark, and by the rules of axe-core."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import ROOT

pytest.importorskip("fastapi", reason="the extra web is not installed")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
mail = pytest.importorskip("tests.web.mail_server", reason="aiosmtpd is not installed", exc_type=ImportError)
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

PAGES = (
    "/", "/?period=week", "/?q=spiking", "/?sort=trending", "/papers/synthetic", "/papers/mcunet",
    "/papers/synthetic/run?scale=smoke", "/runs", "/digest", "/digest/2025-W09", "/nothing-here",
    "/compare", "/compare?task=spoken-digits&split=int8&metric=accuracy&flash=1MiB", "/compare/runs",
    "/compare/runs?a=50167ebed9c4&b=8b4ef028e5a1", "/papers/mcunet/code/lilliput.models.mcunet",
    "/models", "/models/{sound}", "/models/{digit}",
)  # fmt: skip
"""Every kind of page; a new page is added here."""


class Served:
    """A running page, its mailbox, and one run that has ended."""

    def __init__(self, base: str, mailbox: Any, options: list[str], environment: dict[str, str]) -> None:
        self.base, self.mailbox = base, mailbox
        self.run = ""
        self._options, self._environment = options, environment

    def send_digest(self, week: str) -> None:
        """Send a week as its operator does."""
        command = [sys.executable, "-m", "lilliput.cli", "digest", "--send", "--week", week, "--address", self.base]
        subprocess.run(
            [*command, *self._options], check=True, capture_output=True, cwd=ROOT, env=self._environment, timeout=60
        )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("page")
    info = folder / "site" / "synthetic_paper-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: synthetic-paper\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[lilliput.papers]\nsynthetic = tests.papers.synthetic:PAPER\n")
    paths = ":".join([str(folder / "site"), str(ROOT), *(p for p in sys.path if p)])
    with mail.mail_server() as (mailbox, port):
        options = [
            "--folder", str(folder / "page"), "--store", str(folder / "results.sqlite"),
            "--smtp", f"smtp://127.0.0.1:{port}", "--from", "page@example.org",
        ]  # fmt: skip
        environment = {**os.environ, "PYTHONPATH": paths}
        server = subprocess.Popen(
            [sys.executable, "-m", "lilliput.cli", "serve", "--port", "0", *options],
            stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment,
        )  # fmt: skip
        assert server.stderr is not None
        try:
            yield Served(server.stderr.readline().split()[2].rstrip("/"), mailbox, options, environment)
        finally:
            server.terminate()
            server.wait(20)
            server.stderr.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def said() -> list[str]:
    """What went to the console of the pages."""
    return []


@pytest.fixture
def page(chromium: Any, served: Served, said: list[str]) -> Iterator[Any]:
    """A page in a new browser profile, whose console stays empty."""
    context = chromium.new_context(base_url=served.base)
    context.set_default_timeout(20_000)
    made = context.new_page()
    made.on("console", lambda message: said.append(message.text))
    made.on("pageerror", lambda error: said.append(str(error)))
    yield made
    context.close()
    assert said == []


def test_a_reader_finds_a_paper_runs_it_and_sees_the_result(page: Any, served: Served) -> None:
    page.goto("/")
    page.get_by_label("Search titles").fill("random numbers")
    page.get_by_role("button", name="Search").click()
    assert page.get_by_role("status").first.inner_text().startswith("1 paper")
    page.get_by_role("link", name="Draws of {Random} Numbers").click()
    page.get_by_role("link", name="smoke").click()
    assert "Expected:" in page.locator("main").inner_text()
    page.get_by_role("button", name="Start this run").click()
    page.locator("#state", has_text="done").wait_for()
    page.get_by_role("link", name=re.compile("[0-9a-f]{12}")).click()
    served.run = page.url.rsplit("/", 1)[1]
    assert "synthetic" in page.locator("main").inner_text()
    page.goto("/papers/synthetic")
    page.get_by_role("link", name=served.run).first.wait_for()
    assert page.locator("tr.met, tr.not-met").count() >= 1, "the claim has our figure beside it"
    page.goto("/runs")
    page.get_by_role("link", name=served.run).first.wait_for()


def test_weeks_are_paged_and_votes_are_kept(page: Any) -> None:
    page.goto("/?period=week&at=2025-W09")
    page.get_by_role("link", name="←").click()
    assert "at=2025-W0" in page.url
    page.go_back()
    vote = page.locator(".vote button").first
    before = int(re.search(r"\d+", vote.inner_text())[0])  # type: ignore[index]
    vote.click()
    page.wait_for_load_state()
    assert "at=2025-W09" in page.url
    vote = page.locator(".vote button").first
    assert vote.get_attribute("aria-pressed") == "true"
    assert f"{before + 1}" in vote.inner_text()
    vote.click()
    page.wait_for_load_state()
    assert f"{before}" in page.locator(".vote button").first.inner_text()


def test_subscribing_confirming_and_leaving(page: Any, served: Served) -> None:
    page.goto("/digest")
    page.get_by_label("Your mail address").fill("reader@example.org")
    page.get_by_role("button", name="Subscribe").click()
    assert "on its way" in page.get_by_role("status").inner_text()
    (letter,) = served.mailbox.to("reader@example.org")
    page.goto(_link(letter.get_content(), "confirm"))
    page.get_by_role("button", name="Yes").click()
    assert "from now on" in page.get_by_role("status").inner_text()
    served.send_digest("2025-W09")
    _, digest = served.mailbox.to("reader@example.org")
    page.goto(_link(digest.get_body(("plain",)).get_content(), "leave"))
    page.get_by_role("button", name="Yes").click()
    assert "no further digest" in page.get_by_role("status").inner_text()
    served.send_digest("2021-W15")  # which brought a paper too
    assert len(served.mailbox.to("reader@example.org")) == 2


def _link(text: str, what: str) -> str:
    found = re.search(rf"http://\S+/mail/{what}\S+", text)
    assert found is not None
    return found[0]


def test_a_recording_and_a_drawing_are_tried_on_the_emulated_board(page: Any, tmp_path: Path) -> None:
    from lilliput.tasks import get_task

    test = get_task("spoken-digits").load()["test"]
    with wave.open(str(tmp_path / "seven.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(test.x[list(test.y).index(7)].astype("<i2").tobytes())
    page.goto("/models")
    page.get_by_role("link", name=re.compile("^spoken-digits")).click()
    page.get_by_label("A WAV file").set_input_files(tmp_path / "seven.wav")
    page.get_by_role("button", name="Ask the board").click()
    told = page.get_by_role("status").inner_text()
    assert "answers seven after" in told
    assert "instructions" in told
    page.goto("/models")
    page.get_by_role("link", name=re.compile("^digits")).click()
    canvas = page.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 112, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 112, box["y"] + 190, steps=8)
    page.mouse.up()
    for _ in range(100):
        if page.evaluate("document.getElementById('file').files.length"):
            break
        page.wait_for_timeout(50)
    page.get_by_role("button", name="Ask the board").click()
    assert "answers 1 after" in page.get_by_role("status").inner_text()


def test_the_keyboard_is_enough(page: Any) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("random numbers")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=random+numbers*")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href')") == "/papers/synthetic":
            break
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) != "none", "what has the focus is seen"
    page.keyboard.press("Enter")
    page.wait_for_url("**/papers/synthetic")


def test_scripts_are_not_needed(chromium: Any, served: Served) -> None:
    context = chromium.new_context(base_url=served.base, java_script_enabled=False)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto("/papers/synthetic/run?scale=smoke")
    page.get_by_label("Seeds").fill("2")
    page.get_by_role("button", name="Show what that would be").click()
    page.get_by_role("button", name="Start this run").click()
    for _ in range(100):
        if page.locator("#state").inner_text() == "done":
            break
        page.wait_for_timeout(200)
        page.get_by_role("link", name="Look again").or_(page.locator("#state")).first.click()
        page.goto(page.url)
    assert page.locator("#state").inner_text() == "done"
    page.goto("/")
    page.locator(".vote button").first.click()
    assert page.locator(".vote button").first.get_attribute("aria-pressed") == "true"
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_for_everybody(chromium: Any, served: Served, scheme: str, said: list[str]) -> None:
    """No serious or critical finding of axe-core, nothing wider than a small telephone, nothing in the console."""
    context = chromium.new_context(
        base_url=served.base, color_scheme=scheme, viewport={"width": 360, "height": 740}
    )  # fmt: skip
    page = context.new_page()
    page.on("console", lambda message: said.append(f"{page.url}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    known = page.request.get("/models.json").json()["models"]
    keys = {task: next(m["key"] for m in known if m["task"] == task) for task in ("spoken-digits", "digits")}
    pages = [path.format(sound=keys["spoken-digits"], digit=keys["digits"]) for path in PAGES]
    pages += [*([f"/runs/{served.run}"] if served.run else [])]
    for path in pages:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        found = axe.Axe().run(page).response["violations"]
        bad = [
            (path, v["id"], v["nodes"][0]["html"][:120]) for v in found if v["impact"] in ("serious", "critical")
        ]  # fmt: skip
        assert bad == []
    context.close()
    assert [line for line in said if "404" not in line] == []


def test_the_pages_are_listed_here() -> None:
    """Whoever adds a kind of page adds it to `PAGES`."""
    from lilliput.web.app import page_modules

    templates = [
        route.path
        for module in page_modules()
        for route in module.router.routes
        if "GET" in route.methods
        and not re.search(r"\.(json|csv|atom|bib)|/mail/|/events|/jobs|/files/|\.zip|\.svg", route.path)
    ]
    paths = [*(path.split("?")[0] for path in PAGES), "/runs/abc"]
    for template in templates:
        pattern = re.sub(r"\{[^}]*\}", "[^/]+", template)
        assert any(re.fullmatch(pattern, path) for path in paths), f"no browser test opens {template}"


def test_the_script_is_small() -> None:
    """Pages work without scripts, so that scripts stay few."""
    static = Path(__file__).resolve().parents[2] / "src" / "lilliput" / "web" / "static"
    assert sum(path.stat().st_size for path in static.glob("*.js")) < 20_000
