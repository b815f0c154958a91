"""The feed and a paper's page: what is shown, in which order, and what can be changed."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from lilliput.core.errors import BadSetting
from lilliput.core.store import Store
from lilliput.web.feed import FeedQuery
from lilliput.web.settings import ServeSettings
from tests.web.conftest import post


def names(client: TestClient, query: str = "") -> list[str]:
    return [paper["name"] for paper in client.get(f"/papers.json{query}").json()["papers"]]


def test_all_papers_are_there_newest_first(client: TestClient) -> None:
    told = client.get("/papers.json").json()
    assert told["total"] == 30
    dates = [paper["date"] for paper in told["papers"]]
    assert dates == sorted(dates, reverse=True)
    assert told["pages"] == 2
    assert len(names(client, "?page=2")) == 10


def test_words_are_searched_in_titles_summaries_and_topics(client: TestClient) -> None:
    assert "spiking-diffusion" in names(client, "?q=spiking")
    assert names(client, "?q=spiking diff")[0] == "spiking-diffusion", "the last word counts as a beginning"
    assert names(client, "?q=Draws of Numbers") == ["synthetic"]
    assert "Nothing matches" in client.get("/?q=zzzz").text


@pytest.mark.parametrize(
    ("wrong", "meant"), [("mcunnet", "mcunet"), ("fastdeph", "fastdepth"), ("memristr", "memristor")]
)
def test_a_name_that_is_spelled_a_little_wrong_is_found(client: TestClient, wrong: str, meant: str) -> None:
    assert meant in names(client, f"?q={wrong}")[:3]
    assert "names look alike" in client.get(f"/?q={wrong}").text


def test_weeks_can_be_paged(client: TestClient) -> None:
    page = client.get("/?period=week&at=2025-W09").text
    assert "week 9 of 2025, 24 February to 2 March" in page
    assert "Draws of {Random} Numbers" in page
    assert 'rel="prev"' in page
    assert 'rel="next"' in page
    assert names(client, "?period=month&at=2025-02") == ["synthetic"]
    assert names(client, "?period=day&at=2025-02-28") == ["synthetic"]


def test_papers_are_filtered_by_topic_kind_and_state(client: TestClient) -> None:
    assert names(client, "?topic=numbers") == ["synthetic"]
    running = names(client, "?state=runs")
    assert {"synthetic", "fastdepth"} < set(running)
    assert not {*running} & {*names(client, "?state=not+yet+here")}
    assert "synthetic" in names(client, "?kind=structure")
    assert "synthetic" not in names(client, "?kind=reproduced")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/?period=year", "period"),
        ("/?period=week&at=2025-W60", "at ="),
        ("/?period=day&at=2025-02-30", "at ="),
        ("/?page=0", "counted from 1"),
        ("/?sort=beauty", "sort"),
        ("/?state=perhaps", "state"),
    ],
)
def test_an_address_that_cannot_be_is_explained(client: TestClient, address: str, words: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 400
    assert words in answer.text


def test_a_view_and_its_address_are_the_same_thing() -> None:
    query = FeedQuery.of({"q": "a b", "topic": "vision", "period": "week", "at": "2025-W09", "page": "3"})
    again = query.address(page=3)
    from urllib.parse import parse_qsl

    assert FeedQuery.of(dict(parse_qsl(again[2:]))) == query
    assert FeedQuery().address() == "/"
    with pytest.raises(BadSetting):
        FeedQuery.of({"at": "2025-W09"})


def test_a_vote_counts_once_and_can_be_taken_back(client: TestClient) -> None:
    for _ in range(2):
        assert post(client, "/papers/synthetic/vote", vote="give", back="/?q=draws").headers["location"] == "/?q=draws"
    found = {paper["name"]: paper["votes"] for paper in client.get("/papers.json?q=draws").json()["papers"]}
    assert found == {"synthetic": 1}
    assert names(client, "?sort=trending")[0] == "synthetic"
    post(client, "/papers/synthetic/vote", vote="take back")
    assert client.get("/papers.json?q=draws").json()["papers"][0]["votes"] == 0


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"])
def test_nobody_is_sent_to_another_site(client: TestClient, back: str) -> None:
    assert post(client, "/papers/synthetic/vote", vote="give", back=back).headers["location"] == "/papers/synthetic"


def test_a_note_is_kept_as_text_and_can_be_removed(client: TestClient) -> None:
    post(client, "/papers/synthetic/notes", text="<script>alert(1)</script> and more")
    page = client.get("/papers/synthetic").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; and more" in page
    post(client, "/papers/synthetic/notes", remove="1")
    assert "and more" not in client.get("/papers/synthetic").text


def test_our_figure_stands_beside_the_claim_with_where_it_comes_from(
    client: TestClient, settings: ServeSettings
) -> None:
    with Store(settings.store) as store, store.start("run", paper="synthetic", scale="smoke", seed=3) as run:
        run.metric("claim/size", 1000.0)
        run.metric("claim/gain", 0.25, unit="u", low=0.1, high=0.4)
    page = client.get("/papers/synthetic").text
    assert f"/runs/{run.id}" in page
    claims = {claim["id"]: claim for claim in client.get("/papers/synthetic.json").json()["claims"]}
    assert (claims["size"]["verdict"], claims["gain"]["verdict"], claims["far"]["here"]) == ("met", "not met", None)
    assert claims["gain"]["here"]["seed"] == 3
    card = client.get("/papers.json?q=draws").json()["papers"][0]
    assert (card["best"]["id"], card["best"]["here"], card["runs"]) == ("gain", 0.25, 1)


def test_a_larger_scale_counts_more_than_a_newer_run(client: TestClient, settings: ServeSettings) -> None:
    with Store(settings.store) as store:
        for scale, value in (("full", 0.5), ("smoke", 0.1)):
            with store.start("run", paper="synthetic", scale=scale, seed=0) as run:
                run.metric("claim/gain", value)
    claims = {claim["id"]: claim for claim in client.get("/papers/synthetic.json").json()["claims"]}
    assert claims["gain"]["here"]["value"] == 0.5


def test_an_unknown_paper_is_a_page_that_says_so(client: TestClient) -> None:
    answer = client.get("/papers/nothing")
    assert answer.status_code == 404
    assert "no paper is called" in answer.text
    assert client.get("/nowhere").status_code == 404


def test_a_paper_can_be_cited(client: TestClient) -> None:
    text = client.get("/papers/synthetic.bib").text
    assert text.startswith("@misc{synthetic2025")
    assert "Doe and Roe" in client.get("/papers/synthetic").text.replace(", Roe", " and Roe")
