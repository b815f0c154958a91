"""Figures become outcomes, outcomes standings: what is the same contender, and what is better."""

from __future__ import annotations

import math
import sqlite3

import pytest
from starlette.testclient import TestClient

from lilliput.core.store import Store
from lilliput.web.database import VERSION, PageDatabase
from lilliput.web.settings import ServeSettings
from lilliput.web.standings import Place, direction_of, place_of, without_seeds
from lilliput.web.sync import verdict
from tests.web.runs_of_page import build, comparison


def rows(client: TestClient, query: str) -> list[dict]:
    return client.get(f"/compare.json?{query}").json()["rows"]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("accuracy", Place("accuracy", "", None)),
        ("accuracy/ours/seed-3", Place("accuracy", "ours", 3)),
        ("depth/rel/ours/seed-0", Place("depth/rel", "ours", 0)),
        ("accuracy/ours", None),
        ("claim/gain", None),
        ("accuracy/other/seed-3", Place("accuracy/other/seed-3", "", None)),
    ],
)
def test_a_figures_name_says_method_and_seed(name: str, place: Place | None) -> None:
    assert place_of(name, ["ours", "baseline"]) == place


@pytest.mark.parametrize("name", ["loss", "val_loss", "mse", "word error", "flash_bytes", "forgetting", "macs"])
def test_errors_and_costs_are_better_when_low(name: str) -> None:
    assert direction_of(name) == "lower"


@pytest.mark.parametrize("name", ["accuracy", "f1", "auroc", "closeness", "recall@10"])
def test_other_metrics_are_better_when_high(name: str) -> None:
    assert direction_of(name) == "higher"


def test_seeds_are_no_settings() -> None:
    assert without_seeds({"train": {"seed": 3, "lr": 0.1}, "seeds": [0, 1], "x": [{"seed": 1}]}) == {
        "train": {"lr": 0.1}, "x": [{}],
    }  # fmt: skip


def test_runs_that_differ_by_their_seed_are_one_contender(client: TestClient, settings: ServeSettings) -> None:
    for seed, value in enumerate((0.8, 0.9, 1.0)):
        build(settings.store, 16, seed, value, flash_bytes=1000 + seed)
    build(settings.store, 32, 0, 0.7)
    first, second = rows(client, "task=digits&split=int8&metric=accuracy")
    assert (first["seeds"], first["flash"], second["seeds"]) == (3, 1001.0, 1)
    assert math.isclose(first["mean"], 0.9)
    assert math.isclose(first["spread"], 0.1), "the standard deviation over seeds"
    assert first["low"] is None
    assert second["spread"] is None
    assert math.isclose(second["low"], 0.65), "one seed: the interval of the run itself"


def test_of_a_seed_that_ran_twice_the_newest_run_counts(client: TestClient, settings: ServeSettings) -> None:
    build(settings.store, 16, 0, 0.1)
    client.get("/compare")
    newest = build(settings.store, 16, 0, 0.9)
    (row,) = rows(client, "task=digits&split=int8&metric=accuracy")
    assert (row["mean"], row["seeds"], row["run"]) == (0.9, 1, newest)


def test_a_cost_that_one_seed_lacks_is_not_known(client: TestClient, settings: ServeSettings) -> None:
    build(settings.store, 16, 0, 0.8, sram_bytes=5)
    build(settings.store, 16, 1, 0.8)
    (row,) = rows(client, "task=digits&split=int8&metric=accuracy")
    assert row["sram"] is None


def test_each_method_of_a_paper_is_a_contender(client: TestClient, settings: ServeSettings) -> None:
    comparison(settings.store, {"ours": [0.5, 0.7], "baseline": [0.2, 0.4]})
    first, second = rows(client, "task=paper+synthetic&split=test&metric=mean")
    assert (first["label"], first["seeds"], first["unit"]) == ("synthetic: ours, small", 2, "u")
    assert math.isclose(second["mean"], 0.3)


def test_failed_runs_are_no_contenders(client: TestClient, settings: ServeSettings) -> None:
    with Store(settings.store) as store:
        run = store.start("build", task="digits")
        run.metric("accuracy", 0.99, split="int8")
        run.fail("no")
    assert client.get("/compare.json").json()["total"] == 0


def test_a_database_of_the_first_version_is_filled_anew(client: TestClient, settings: ServeSettings) -> None:
    path = settings.folder / "old" / "page.sqlite"
    PageDatabase(path.parent).close()
    with sqlite3.connect(path) as old:
        old.execute("PRAGMA user_version = 1")
        old.execute("INSERT INTO facts VALUES ('last run', '7')")
        old.execute("INSERT INTO votes VALUES ('cct', 'me', '2026-01-01T00:00:00Z')")
        old.execute("DROP TABLE standings")
    old.close()
    database = PageDatabase(path.parent)
    assert database.fact("last run") == "", "the runs are read again"
    assert database.query("SELECT count(*) FROM votes")[0][0] == 1, "what exists only here stays"
    assert database.query("SELECT count(*) FROM standings")[0][0] == 0
    assert database.query("PRAGMA user_version")[0][0] == VERSION
    database.close()


@pytest.mark.parametrize(
    ("claimed", "value", "said"),
    [
        (172, 171.5, "met"),
        (172, 171.4, "not met"),
        (2.9, 2.911, "met"),
        (2.9, 2.96, "not met"),
        (1360786, 1360787, "not met"),
    ],
)
def test_what_was_rounded_is_met_within_its_last_digit(claimed: float, value: float, said: str) -> None:
    assert verdict({"claimed": claimed, "direction": "equal"}, value) == said
