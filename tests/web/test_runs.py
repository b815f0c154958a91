"""Runs asked for on the page: told first, queued, watched, cancelled, resumed, never lost."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from lilliput.core.store import Store
from lilliput.web.app import create_app
from lilliput.web.settings import ServeSettings
from tests.web.conftest import ROOT, post


def wait(client: TestClient, job: str, *states: str, seconds: float = 60) -> dict:
    """The job, once it is in one of the states."""
    site = client.app.state.site  # type: ignore[attr-defined]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        (row,) = site.database.query("SELECT * FROM jobs WHERE id = ?", (job,))
        if row["state"] in states:
            return dict(row)
        time.sleep(0.1)
    raise AssertionError(f"job {job} is {row['state']} after {seconds} s: {row['error']}")


def start(client: TestClient, settings: str = "", scale: str = "smoke") -> str:
    answer = post(client, "/papers/synthetic/run", scale=scale, settings=settings)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"].rsplit("/", 1)[1])


def test_what_a_run_costs_is_told_before_it_starts(client: TestClient) -> None:
    page = client.get("/papers/synthetic/run?scale=smoke&settings=draws=77").text
    assert "draws" in page
    assert "77" in page
    assert "Expected: <strong>" in page
    assert "--set draws=77" in page
    bad = client.get("/papers/synthetic/run?settings=nothing=1")
    assert bad.status_code == 400
    assert "nothing" in bad.text


def test_what_does_not_run_here_yet_is_told(paper_without_recipe: str, client: TestClient) -> None:
    not_here = client.get(f"/papers/{paper_without_recipe}/run")
    assert not_here.status_code == 409
    assert "does not run here yet" in not_here.text


def test_a_run_from_the_page_is_stored_like_one_from_the_command_line(
    client: TestClient, settings: ServeSettings
) -> None:
    job = start(client)
    row = wait(client, job, "done", "failed")
    assert row["state"] == "done", row["error"]
    with Store(settings.store) as store:
        run = store.run(row["run"])
        assert (run.paper, run.scale, run.state) == ("synthetic", "smoke", "done")
    assert f"/runs/{row['run']}" in client.get("/papers/synthetic").text
    assert "mean/ours" in client.get(f"/runs/{row['run']}").text
    page = client.get(f"/jobs/{job}").text
    assert "done" in page
    assert "2 of 2" in page


def test_progress_comes_as_events_and_ends(client: TestClient) -> None:
    job = start(client)
    with client.stream("GET", f"/jobs/{job}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = "".join(answer.iter_text())
    data = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]
    assert {"started", "step", "done"} <= {event.get("kind") for event in data}
    assert text.rstrip().endswith('data: {"state": "done"}')


def test_a_failing_run_says_why_and_the_page_lives_on(client: TestClient) -> None:
    failed = wait(client, start(client, "fail_at=baseline"), "failed", "done")
    assert "loss is not finite" in failed["error"]
    dead = wait(client, start(client, "fail_at=ours\nhow=die"), "failed", "done")
    assert dead["state"] == "failed"
    assert client.get("/").status_code == 200


def test_a_run_is_cancelled_and_resumed_where_it_stopped(client: TestClient, settings: ServeSettings) -> None:
    job = start(client, "fail_at=baseline\nhow=sleep")
    first = settings.folder / "jobs" / job / "run.partial" / "ours" / "seed-0" / "unit.json"
    deadline = time.monotonic() + 40
    while not first.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    made = first.stat().st_mtime_ns
    assert post(client, f"/jobs/{job}/cancel").status_code == 303
    assert wait(client, job, "cancelled")["ended"]
    time.sleep(0.5)
    assert first.stat().st_mtime_ns == made, "what was finished stays"
    assert "Resume" in client.get(f"/jobs/{job}").text
    post(client, f"/jobs/{job}/resume")
    assert wait(client, job, "running", "waiting")
    post(client, f"/jobs/{job}/cancel")
    wait(client, job, "cancelled")


def test_the_queue_has_an_end(installed_paper: None, settings: ServeSettings) -> None:
    short = replace(settings, queue=2)
    with TestClient(create_app(short), base_url="http://127.0.0.1:8400") as client:
        site = client.app.state.site  # type: ignore[attr-defined]
        with site.database.change() as connection:
            for name in ("a", "b"):
                connection.execute(
                    "INSERT INTO jobs (id, paper, scale, overrides, asked, state) VALUES (?, 'gone', 'smoke', '[]', "
                    "'9999', 'waiting')", (name,))  # fmt: skip
        answer = post(client, "/papers/synthetic/run", scale="smoke")
    assert answer.status_code in (303, 503)


def test_a_run_that_is_too_large_for_the_page_is_refused(installed_paper: None, settings: ServeSettings) -> None:
    with TestClient(
        create_app(replace(settings, job_memory_bytes=1 << 20)), base_url="http://127.0.0.1:8400"
    ) as client:
        answer = post(client, "/papers/synthetic/run", scale="small")
    assert answer.status_code == 400
    assert "from the command line" in answer.text


@pytest.mark.parametrize("path", ["/jobs/none", "/runs/none", "/runs/ffffffffffff", "/jobs/none/events"])
def test_what_is_not_there_is_told(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_runs_are_listed_for_people_and_programs(client: TestClient, settings: ServeSettings) -> None:
    with Store(settings.store) as store:
        for seed in range(3):
            with store.start("build", task="=cmd()", model="m", seed=seed) as run:
                run.metric("accuracy", 0.5, split="int8")
    told = client.get("/runs.json?task==cmd()").json()
    assert told["total"] == 3
    assert "'=cmd()" in client.get("/runs.csv").text, "no cell is a formula"
    assert client.get("/runs").status_code == 200
    assert client.get("/runs?state=asleep").status_code == 400
    assert client.get("/runs?page=0").status_code == 400


def _children_of(folder: Path) -> list[str]:
    """Processes of runs that the page in this folder started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().decode(errors="replace").split("\0")
            found += [path.parent.name] if "lilliput.web.child" in words and str(folder) in " ".join(words) else []
    return found


VOTED = ("synthetic", "mcunet", "cct")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="processes are looked up in /proc")
def test_a_killed_server_loses_nothing_but_the_unfinished(installed_paper: None, tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "lilliput.cli", "serve", "--port", "0", "--folder", str(tmp_path / "page"),
                 "--store", str(tmp_path / "results.sqlite"), "--jobs", "2"]  # fmt: skip
    server = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert server.stderr is not None
    address = server.stderr.readline().split()[2].rstrip("/")
    import httpx2

    with httpx2.Client(base_url=address, trust_env=False) as browser:
        import re

        found = re.search(r'name="token" value="([0-9a-f]{64})"', browser.get("/papers/synthetic").text)
        assert found is not None
        form = {"token": found[1], "scale": "smoke"}
        for paper in VOTED:
            assert browser.post(f"/papers/{paper}/vote", data={**form, "vote": "give"}).status_code == 303
        endless = ("fail_at=baseline\nhow=sleep", "fail_at=ours\nhow=sleep")
        for settings in ("", *(4 * endless), ""):
            assert browser.post("/papers/synthetic/run", data={**form, "settings": settings}).status_code == 303
        deadline = time.monotonic() + 60
        while '"done"' not in browser.get("/runs.json?state=done&paper=synthetic").text and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(1.5)
    server.send_signal(signal.SIGKILL)
    server.wait()
    server.stderr.close()
    deadline = time.monotonic() + 30
    while (left := _children_of(tmp_path / "page")) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left == [], "the runs end with their server"
    settings = ServeSettings(folder=tmp_path / "page", store=tmp_path / "results.sqlite")
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8400") as client:
        site = client.app.state.site  # type: ignore[attr-defined]
        states = sorted(row["state"] for row in site.database.query("SELECT state FROM jobs"))
        assert len(states) == 10, "no job is lost"
        assert states[0] == "done"
        assert set(states[1:]) <= {"interrupted", "running", "waiting"}
        counted = site.database.query("SELECT name FROM papers WHERE votes = 1")
        assert {row["name"] for row in counted} == set(VOTED), "no vote is lost"
        assert {run["state"] for run in client.get("/runs.json").json()["runs"]} <= {"done", "interrupted", "running"}
        job = site.database.query("SELECT id FROM jobs WHERE state = 'interrupted'")[0]["id"]
        assert post(client, f"/jobs/{job}/resume").status_code == 303
        post(client, f"/jobs/{job}/cancel")
