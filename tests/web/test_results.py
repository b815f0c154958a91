"""A paper's results by seed and variant, and the files that its runs wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from lilliput.core.store import Store
from lilliput.web.results import kind_of
from lilliput.web.settings import ServeSettings
from tests.web.runs_of_page import build, comparison


def test_each_seed_of_each_variant_is_drawn_and_told(client: TestClient, settings: ServeSettings) -> None:
    comparison(settings.store, {"ours": [9.0, 9.5], "baseline": [1.0, 1.0]}, scale="smoke")
    comparison(settings.store, {"ours": [0.5, 0.7, 0.6], "baseline": [0.2, 0.4, 0.3]})
    page = client.get("/papers/synthetic").text
    part = page.split('id="results"')[1].split("</section>")[0]
    assert part.count('class="mark best"') == 6, "the larger scale alone"
    assert "synthetic: ours, small, seed 1: 0.7 u" in part
    assert "0: 0.5; 1: 0.7; 2: 0.6" in part
    assert '<td class="number">0.6 u</td><td class="number">0.1</td>' in part
    assert "/compare?task=paper+synthetic&amp;split=test&amp;metric=mean" in part


def test_without_runs_there_is_nothing_to_draw(client: TestClient, settings: ServeSettings) -> None:
    build(settings.store, 16, 0, 0.5)
    page = client.get("/papers/synthetic").text
    assert 'id="results"' not in page
    assert 'id="produced"' not in page


@pytest.mark.parametrize(
    ("path", "kind"),
    [("a/model.safetensors", "model"), ("a/config.json", "model"), ("b/firmware/CMakeLists.txt", "firmware"),
     ("lilliput_model.c", "firmware"), ("result.json", ""), ("draws.txt", "")],
)  # fmt: skip
def test_kinds_of_files(path: str, kind: str) -> None:
    assert kind_of(path) == kind


@pytest.fixture
def written(settings: ServeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run of the synthetic paper that wrote a network and a page with a script in it; its id."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    for name, text in (("model.safetensors", "weights"), ("evil name.html", "<script>alert(1)</script>")):
        (tmp_path / "out" / name).write_text(text)
    with Store(settings.store) as store, store.start("run", paper="synthetic", scale="smoke", seed=0) as run:
        run.artifact(Path("out"))
    return run.id


def test_a_file_that_a_run_wrote_can_be_kept(client: TestClient, written: str) -> None:
    page = client.get("/papers/synthetic").text
    assert f"/runs/{written}/files/out/model.safetensors" in page
    assert client.get(f"/runs/{written}/files/out/model.safetensors").text == "weights"
    answer = client.get(f"/runs/{written}/files/out/evil name.html")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert f'href="/runs/{written}/files/out/evil%20name.html"' in client.get(f"/runs/{written}").text


def test_no_other_file_is_given(client: TestClient, written: str, tmp_path: Path) -> None:
    for path in ("out/none", "results.sqlite", "../results.sqlite", "%2e%2e/results.sqlite", "/etc/passwd", "out"):
        assert client.get(f"/runs/{written}/files/{path}").status_code == 404
    (tmp_path / "out" / "model.safetensors").write_text("changed")
    answer = client.get(f"/runs/{written}/files/out/model.safetensors")
    assert answer.status_code == 422
    assert "changed since" in answer.text
    (tmp_path / "out" / "model.safetensors").unlink()
    assert "is not here" in client.get(f"/runs/{written}/files/out/model.safetensors").text
