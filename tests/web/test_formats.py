"""Every view as a page, as JSON and as CSV; no cell is a formula."""

from __future__ import annotations

import csv
import io
import json

import pytest
from starlette.testclient import TestClient

from lilliput.core.store import Store
from lilliput.web.formats import csv_of
from lilliput.web.settings import ServeSettings
from tests.web.runs_of_page import BOARD, build, comparison


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def views(client: TestClient, settings: ServeSettings) -> list[tuple[str, str, str]]:
    """Path, query, and what the page and both files hold."""
    a, b = build(settings.store, 32, 0, 0.9), build(settings.store, 16, 0, 0.8)
    comparison(settings.store, {"ours": [0.5, 0.6], "baseline": [0.4, 0.5]})
    return [
        ("/papers", "q=draws", "synthetic"), ("/papers/synthetic", "", "random draws"), ("/runs", "task=digits", a),
        (f"/runs/{a}", "", "int8"), ("/compare", "", "digits"), ("/compare", BOARD, "ds_cnn"),
        ("/compare/runs", f"a={a}&b={b}", "accuracy"),
    ]  # fmt: skip


def test_every_view_is_given_three_ways(client: TestClient, views: list[tuple[str, str, str]]) -> None:
    for path, query, held in views:
        page = client.get(f"{'/' if path == '/papers' else path}?{query}")
        told = client.get(f"{path}.json?{query}")
        rows = client.get(f"{path}.csv?{query}")
        for answer, kind in ((page, "text/html"), (told, "application/json"), (rows, "text/csv")):
            assert answer.status_code == 200, (path, answer.text)
            assert answer.headers["content-type"].startswith(kind)
            assert held in answer.text
        assert told.json()["format"].startswith("lilliput/")
        assert table(rows.text), path
        assert rows.headers["content-disposition"].startswith('attachment; filename="')
        query = query.replace("&", "&amp;")
        for suffix in ("csv", "json"):
            assert f'href="{path}.{suffix}{"?" if query else ""}{query}"' in page.text, f"{path} links its {suffix}"


def test_the_format_can_stand_in_the_address(client: TestClient, views: list[tuple[str, str, str]]) -> None:
    for path, query, _ in views:
        path = "/" if path == "/papers" else path
        assert client.get(f"{path}?{query}&format=json").json()["version"] == 1
        assert client.get(f"{path}?{query}&format=csv").headers["content-type"].startswith("text/csv")
    answer = client.get("/?format=xml")
    assert answer.status_code == 400
    assert "html, json or csv" in answer.text


def test_errors_come_in_the_format_asked_for(client: TestClient) -> None:
    for address in ("/papers/none.json", "/papers/none?format=json"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert answer.json()["code"] == "LP100"


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", '"=1', "'=1", "|cmd", "\0=1"],
)
def test_no_text_of_a_cell_is_a_formula(text: str) -> None:
    ((cell,),) = list(csv.reader(io.StringIO(csv_of([{"x": text}]), newline="")))[1:]
    assert cell == f"'{text}"


def test_no_cell_begins_a_line_of_its_own() -> None:
    for end in ("\r", "\n", "\r\n"):
        rows = list(csv.reader(io.StringIO(csv_of([{"x": f"a{end}=1"}]), newline="")))
        assert rows == [["x"], [f"a{end}=1"]]


def test_numbers_stay_numbers_and_text_stays_whole() -> None:
    row = {"a": -1.5, "b": None, "c": ["x", "y"], "d": True, "e": 'a,"b"\nc', "f": "plain - text"}
    (read,) = table(csv_of([row]))
    assert read == {"a": "-1.5", "b": "", "c": "x y", "d": "yes", "e": 'a,"b"\nc', "f": "plain - text"}
    assert csv_of([], ("a", "b")) == "a,b\r\n", "a table without rows still has its head"


def test_names_from_runs_are_escaped_everywhere(client: TestClient, settings: ServeSettings) -> None:
    evil = "<script>alert(1)</script>"
    with Store(settings.store) as store:
        for seed in range(2):
            with store.start("=build", task=evil, model=f"=m{evil}", seed=seed, settings={evil: [seed, evil]}) as run:
                run.metric(f"=accuracy {evil}", 0.5, split=evil)
                run.metric("flash_bytes", 10)
    address = client.get("/compare.json").json()["boards"][0]["address"]
    pages = [client.get(one).text for one in ("/compare", address, f"/compare/runs?a={run.id}&b={run.id}", "/runs")]
    assert all("<script>alert" not in page and "&lt;script&gt;" in page for page in pages)
    text = client.get(address.replace("/compare", "/compare.csv")).text
    assert table(text)[0]["label"].startswith("'=m")
    assert json.loads(client.get(address + "&format=json").text)["rows"][0]["command"] == "=build"


def test_the_description_of_the_addresses_holds_every_format(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for stem in ("/runs", "/compare", "/compare/runs", "/papers/{name}", "/runs/{run}"):
        assert {stem, f"{stem}.json", f"{stem}.csv"} <= set(paths)
    assert {"/", "/papers.json", "/papers.csv"} <= set(paths)
