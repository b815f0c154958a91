"""Leaderboards: order, budgets, the front; all of the view in the address."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from lilliput.core.errors import LilliputError
from lilliput.web.board import BoardQuery
from lilliput.web.settings import ServeSettings
from tests.web.runs_of_page import BOARD, build, comparison


@pytest.fixture
def filled(client: TestClient, settings: ServeSettings) -> TestClient:
    """Five contenders: accuracy and flash by width; the third is beaten, the last has no cost."""
    for width, accuracy, flash in ((8, 0.6, 1000), (16, 0.8, 2000), (24, 0.7, 3000), (32, 0.9, 4000)):
        build(settings.store, width, 0, accuracy, flash_bytes=flash, sram_bytes=flash / 10, macs=flash * 100)
    build(settings.store, 64, 0, 0.95)
    return client


def means(client: TestClient, more: str = "") -> list[float]:
    return [row["mean"] for row in client.get(f"/compare.json?{BOARD}{more}").json()["rows"]]


def test_boards_are_listed_and_searched(filled: TestClient, settings: ServeSettings) -> None:
    comparison(settings.store, {"ours": [1.0], "baseline": [0.0]})
    told = filled.get("/compare.json").json()
    assert [(row["task"], row["contenders"]) for row in told["boards"]] == [("digits", 5), ("paper synthetic", 2)]
    assert filled.get("/compare.json?q=synth+mean").json()["total"] == 1
    assert filled.get("/compare.json?q=%25").json()["total"] == 0, "no pattern of SQL"
    assert told["boards"][0]["address"] in filled.get("/compare").text.replace("&amp;", "&")


def test_the_best_comes_first_and_the_direction_can_be_turned(filled: TestClient) -> None:
    assert means(filled) == [0.95, 0.9, 0.8, 0.7, 0.6]
    assert means(filled, "&best=lower") == [0.6, 0.7, 0.8, 0.9, 0.95]
    assert means(filled, "&sort=flash") == [0.6, 0.8, 0.7, 0.9, 0.95], "what has no cost comes last"
    page = filled.get(f"/compare?{BOARD}&best=lower").text
    assert "lower is better</strong>, as chosen" in page


def test_a_budget_leaves_what_fits_and_tells_what_is_not_known(filled: TestClient) -> None:
    assert means(filled, "&flash=3000") == [0.8, 0.7, 0.6]
    assert means(filled, "&flash=3000&sram=150") == [0.6]
    told = filled.get(f"/compare.json?{BOARD}&macs=300k").json()
    assert (told["limits"], told["total"], told["unknown"]) == ({"macs": 300_000.0}, 3, 1)
    page = filled.get(f"/compare?{BOARD}&flash=3000").text
    assert "1 more is left out" in page
    assert "width 16: 0.8" in page.split("Best:")[1].replace("</a>", "").replace("</strong>", "")[:300]
    assert "Nothing fits" in filled.get(f"/compare?{BOARD}&flash=1").text


def test_the_front_is_what_nothing_cheaper_is_as_good_as(filled: TestClient) -> None:
    rows = filled.get(f"/compare.json?{BOARD}&cost=flash").json()["rows"]
    assert [row["mean"] for row in rows if row["on_front"]] == [0.9, 0.8, 0.6]
    page = filled.get(f"/compare?{BOARD}&cost=flash").text
    assert page.count('class="mark best"') == 3
    assert page.count('class="mark"') == 1
    lower = filled.get(f"/compare.json?{BOARD}&cost=flash&best=lower").json()["rows"]
    assert [row["mean"] for row in lower if row["on_front"]] == [0.6], "the cheapest is the lowest"


def test_one_of_equals_is_on_the_front(client: TestClient, settings: ServeSettings) -> None:
    for width in (8, 16):
        build(settings.store, width, 0, 0.5, flash_bytes=1000)
    rows = client.get(f"/compare.json?{BOARD}").json()["rows"]
    assert sum(row["on_front"] for row in rows) == 1


def test_a_crowded_plot_says_what_it_leaves_out(filled: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "the best of" not in filled.get(f"/compare?{BOARD}&best=lower").text
    monkeypatch.setattr("lilliput.web.board.CLOUD", 2)
    page = filled.get(f"/compare?{BOARD}&best=lower").text
    assert "Hollow: 1 other, the best of 3." in page


def test_contenders_are_told_apart_by_the_settings_that_differ(filled: TestClient) -> None:
    page = filled.get(f"/compare?{BOARD}").text
    assert "width 16" in page
    assert "lr 0.003" not in page, "what all have tells none apart"


def test_without_costs_there_is_a_table_and_no_plot(client: TestClient, settings: ServeSettings) -> None:
    build(settings.store, 8, 0, 0.5)
    page = client.get(f"/compare?{BOARD}").text
    assert "No cost was measured" in page
    assert "<svg" not in page


def test_pages_have_addresses(client: TestClient, settings: ServeSettings) -> None:
    comparison(settings.store, {f"m{index}": [float(index)] for index in range(60)})
    board = "/compare?task=paper+synthetic&split=test&metric=mean"
    assert client.get(board).text.count('name="a"') == 50
    page = client.get(board + "&page=2").text
    assert page.count('name="a"') == 10
    assert "page 2 of 2" in page
    assert len(client.get(board.replace("compare", "compare.json")).json()["rows"]) == 60, "all of them for programs"


@pytest.mark.parametrize(
    "query", ["sort=price", "best=middle", "cost=gold", "page=0", "flash=many", "macs=-1", "format=xml"]
)
def test_an_address_that_asks_for_nothing_known_is_refused(filled: TestClient, query: str) -> None:
    assert filled.get(f"/compare?{BOARD}&{query}").status_code == 400


def test_a_board_that_is_not_there_is_told(client: TestClient) -> None:
    answer = client.get("/compare?task=none&metric=accuracy")
    assert answer.status_code == 404
    assert "no run measured" in answer.text


def test_a_view_and_its_address_are_the_same() -> None:
    query = BoardQuery(task="a b", split="", metric="x&y", flash="64KiB", sort="sram", page=3)
    from urllib.parse import parse_qsl

    told = dict(parse_qsl(query.address(page=3).partition("?")[2]))
    assert BoardQuery.of(told) == query
    assert "page" not in query.address(cost="macs")
    with pytest.raises(LilliputError, match="sort"):
        BoardQuery.of({"sort": "flash; DROP TABLE standings"})


def test_questions_use_an_index(client: TestClient) -> None:
    database = client.app.state.site.database  # type: ignore[attr-defined]
    where, values = BoardQuery(task="a", split="b", metric="c", flash="1KiB").where
    for order in ("ORDER BY mean DESC LIMIT 50", ""):
        plan = [row["detail"] for row in database.query(
            f"EXPLAIN QUERY PLAN SELECT * FROM standings WHERE {where} {order}", values)]  # fmt: skip
        assert all("SEARCH" in step and "task=? AND split=? AND metric=?" in step for step in plan), plan
