"""A page of its own for each test, with a paper that has a recipe and a client that speaks like a browser."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra web is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from starlette.testclient import TestClient

from lilliput.web.app import create_app
from lilliput.web.settings import ServeSettings

ROOT = Path(__file__).resolve().parents[2]


def _install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **papers: str) -> None:
    """A package that brings papers as entry points, for this process and those it starts."""
    site = tmp_path / "site"
    info = site / f"{'_'.join(papers)}-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {'-'.join(papers)}\nVersion: 1\n")
    lines = "".join(f"{name} = tests.papers.synthetic:{where}\n" for name, where in papers.items())
    (info / "entry_points.txt").write_text(f"[lilliput.papers]\n{lines}")
    monkeypatch.syspath_prepend(str(site))
    paths = [str(site), str(ROOT), *(p for p in sys.path if p)]
    monkeypatch.setenv("PYTHONPATH", ":".join(paths))


@pytest.fixture
def installed_paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The paper `synthetic`."""
    _install(tmp_path, monkeypatch, synthetic="PAPER")


@pytest.fixture
def paper_without_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The paper `bare`, by its name."""
    _install(tmp_path, monkeypatch, bare="WITHOUT_RECIPE")
    return "bare"


@pytest.fixture
def settings(tmp_path: Path) -> ServeSettings:
    """Of a page in the test's own folder."""
    return ServeSettings(folder=tmp_path / "page", store=tmp_path / "results.sqlite", host="127.0.0.1", port=8400)


@pytest.fixture
def client(installed_paper: None, settings: ServeSettings) -> Iterator[TestClient]:
    """A browser on a running page."""
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8400") as made:
        yield made


def token(client: TestClient, path: str = "/papers/synthetic") -> str:
    """What the forms on a page carry."""
    found = re.search(r'name="token" value="([0-9a-f]{64})"', client.get(path).text)
    assert found is not None
    return found[1]


def post(client: TestClient, path: str, **fields: str):
    """Send a form as the page would."""
    return client.post(path, data={"token": token(client), **fields}, follow_redirects=False)
