"""Two runs side by side: what differs, and an interval only where there is something to pair."""

from __future__ import annotations

import math

import pytest
from starlette.testclient import TestClient

from lilliput.web.settings import ServeSettings
from lilliput.web.sides import apart
from tests.web.runs_of_page import build, comparison


def pair(client: TestClient, a: str, b: str) -> dict:
    answer = client.get(f"/compare/runs.json?a={a}&b={b}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def figure(told: dict, metric: str) -> dict:
    return next(row for row in told["figures"] if row["metric"] == metric)


def test_runs_are_paired_by_the_seeds_of_their_contenders(client: TestClient, settings: ServeSettings) -> None:
    wide = [build(settings.store, 32, seed, 0.90 + 0.01 * seed, flash_bytes=10) for seed in range(6)]
    narrow = [build(settings.store, 16, seed, 0.85 + 0.01 * seed, flash_bytes=5) for seed in range(7)]
    told = pair(client, wide[1], narrow[0])
    row = figure(told, "accuracy")
    assert (row["a"], row["b"], row["pairs"], row["better"]) == (0.91, 0.85, 6, "a")
    assert math.isclose(row["difference"], 0.05), "the mean of paired differences, not of the two runs"
    assert math.isclose(row["low"], 0.05, rel_tol=1e-9)
    assert row["why"] == "seeds 0, 1, 2, 3, 4, 5"
    cost = figure(told, "flash_bytes")
    assert (cost["difference"], cost["why"]) == (None, "a count, a cost or a claim: there is nothing to pair by seed")
    differ = {row["setting"]: (row["a"], row["b"]) for row in told["settings"]}
    assert differ == {"model.width": (32, 16), "train.seed": (1, 0), "seed": (1, 0)}
    page = client.get(f"/compare/runs?a={wide[1]}&b={narrow[0]}").text
    assert "bootstrap over those pairs" in page
    assert "<strong>a</strong>" in page


def test_the_other_order_turns_the_sign(client: TestClient, settings: ServeSettings) -> None:
    for seed in range(6):
        a, b = build(settings.store, 32, seed, 0.9 + seed / 100), build(settings.store, 16, seed, 0.8 + seed / 60)
    one, other = figure(pair(client, a, b), "accuracy"), figure(pair(client, b, a), "accuracy")
    assert math.isclose(one["difference"], -other["difference"])
    assert math.isclose(one["low"], -other["high"])
    assert (one["better"], other["better"]) == ("a", "b")


def test_too_few_pairs_get_no_interval(client: TestClient, settings: ServeSettings) -> None:
    for seed in range(2):
        a, b = build(settings.store, 32, seed, 0.9), build(settings.store, 16, seed, 0.8)
    row = figure(pair(client, a, b), "accuracy")
    assert (row["difference"], row["low"], row["better"]) == (None, None, "")
    assert row["why"] == "2 seeds in common; an interval needs 3 pairs or more"
    other = build(settings.store, 64, 9, 0.9)
    assert figure(pair(client, a, other), "accuracy")["why"].startswith("no seed in common")


def test_two_seeds_of_one_contender_are_not_paired(client: TestClient, settings: ServeSettings) -> None:
    runs = [build(settings.store, 32, seed, 0.9 + seed / 100) for seed in range(4)]
    assert "differ by their seed alone" in figure(pair(client, runs[0], runs[1]), "accuracy")["why"]


def test_different_tasks_are_not_paired(client: TestClient, settings: ServeSettings) -> None:
    for seed in range(4):
        a, b = build(settings.store, 32, seed, 0.9), build(settings.store, 32, seed, 0.8, task="speech")
    assert "different tasks" in figure(pair(client, a, b), "accuracy")["why"]


def test_two_methods_of_one_run_are_paired(client: TestClient, settings: ServeSettings) -> None:
    run = comparison(settings.store, {"ours": [0.5, 0.6, 0.7], "baseline": [0.4, 0.6, 0.9]})
    told = pair(client, f"{run}:ours", f"{run}:baseline")
    row = figure(told, "mean")
    assert (row["pairs"], row["better"], row["unit"]) == (3, "", "u")
    assert math.isclose(row["difference"], -0.1 / 3)
    assert row["low"] < 0 < row["high"]
    assert [row["setting"] for row in told["settings"]] == ["method"]


def test_two_runs_of_a_paper_show_each_method(client: TestClient, settings: ServeSettings) -> None:
    first = comparison(settings.store, {"ours": [0.5, 0.6, 0.7], "baseline": [0.1, 0.2, 0.3]})
    second = comparison(settings.store, {"ours": [0.6, 0.7, 0.8], "baseline": [0.1, 0.2, 0.3]}, scale="full")
    told = pair(client, first, second)
    means = {row["method"]: row for row in told["figures"] if row["metric"] == "mean"}
    assert math.isclose(means["ours"]["difference"], -0.1)
    assert means["ours"]["high"] < 0
    assert means["ours"]["better"] == "", "three pairs that agree are no proof"
    assert "fewer than 6 pairs cannot tell at 5 %" in means["ours"]["why"]
    assert (means["baseline"]["difference"], means["baseline"]["better"]) == (0, "")
    assert figure(told, "claim/gain")["a"] == 0.1


def test_what_one_side_lacks_is_shown_last(client: TestClient, settings: ServeSettings) -> None:
    a, b = build(settings.store, 32, 0, 0.9, flash_bytes=1), build(settings.store, 16, 0, 0.8)
    rows = pair(client, a, b)["figures"]
    assert [row["metric"] for row in rows] == ["accuracy", "flash_bytes"]
    assert (rows[1]["b"], rows[1]["why"]) == (None, "only one of the two measured it")


def test_a_second_run_is_offered_beside_the_first(client: TestClient, settings: ServeSettings) -> None:
    a, b = build(settings.store, 32, 0, 0.9), build(settings.store, 16, 0, 0.8)
    page = client.get(f"/compare/runs?a={a}").text
    assert f"a={a}&amp;b={b}" in page
    assert client.get("/compare/runs").status_code == 200


@pytest.mark.parametrize(("a", "status"), [("zz", 404), ("ffffffffffff", 404), ("%27%22", 404)])
def test_a_run_that_is_not_there_is_told(client: TestClient, a: str, status: int) -> None:
    assert client.get(f"/compare/runs?a={a}&b={a}").status_code == status


def test_a_method_that_is_not_there_is_told(client: TestClient, settings: ServeSettings) -> None:
    run = comparison(settings.store, {"ours": [0.5], "baseline": [0.4]})
    answer = client.get(f"/compare/runs?a={run}:theirs&b={run}:ours")
    assert answer.status_code == 400
    assert "its methods: ours, baseline" in answer.text


def test_settings_that_differ_name_runs() -> None:
    told = apart({"x": {"a": 1, "b": {"c": 2}}, "y": {"a": 1, "b": {"c": 3}, "d": 4, "e": 5, "f": 6}})
    assert told == {"x": "c 2", "y": "c 3, d 4, e 5, …"}
    assert apart({"x": {"a": 1}, "y": {"a": 1}}) == {}
