"""Who may ask, and what a browser may do with an answer."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from lilliput.core.errors import BadSetting
from lilliput.web.app import create_app
from lilliput.web.settings import ServeSettings
from tests.web.conftest import post, token


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8400", "127.0.0.1.evil.example", "", "10.0.0.1"])
def test_another_name_for_this_server_is_not_answered(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:8400", "127.0.0.1:8400", "[::1]:8400"])
def test_its_own_names_are(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "http://127.0.0.1:x"])
def test_a_change_from_another_site_is_refused(client: TestClient, origin: str) -> None:
    fields = {"token": token(client), "vote": "give"}
    assert client.post("/papers/synthetic/vote", data=fields, headers={"Origin": origin}).status_code == 403


def test_a_change_needs_the_token_of_this_browser(client: TestClient, settings: ServeSettings) -> None:
    mine = token(client)
    assert client.post("/papers/synthetic/vote", data={"vote": "give"}).status_code == 403
    assert client.post("/papers/synthetic/vote", data={"vote": "give", "token": "0" * 64}).status_code == 403
    client.cookies.clear()
    assert client.post("/papers/synthetic/vote", data={"vote": "give", "token": mine}).status_code == 403
    assert post(client, "/papers/synthetic/vote", vote="give").status_code == 303


def test_only_get_and_post_are_answered(client: TestClient) -> None:
    assert client.put("/").status_code == 405
    assert client.delete("/papers/synthetic").status_code == 405


def test_every_answer_forbids_foreign_scripts(client: TestClient) -> None:
    for path in ("/", "/papers/synthetic", "/nowhere", "/papers.json", "/static/page.css"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "script-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"]
)
def test_no_file_outside_of_the_static_folder_is_given(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (400, 404)
    assert "create_app" not in answer.text


def test_a_large_body_is_refused(client: TestClient, settings: ServeSettings) -> None:
    form = {"token": token(client), "text": "x" * (settings.upload_bytes + 1)}
    assert client.post("/papers/synthetic/notes", data=form).status_code == 413


def test_other_addresses_need_a_token(settings: ServeSettings, tmp_path) -> None:
    with pytest.raises(BadSetting, match="without a token"):
        ServeSettings(folder=tmp_path, store=tmp_path / "s", host="0.0.0.0")
    secret = "a-long-secret-word"
    open_to_all = ServeSettings(folder=tmp_path / "p", store=tmp_path / "s", host="0.0.0.0", token=secret,
                                address="http://page.example")  # fmt: skip
    with TestClient(create_app(open_to_all), base_url="http://page.example") as client:
        assert client.get("/").status_code == 401
        assert client.get("/?token=wrong").status_code == 401
        assert client.get(f"/?token={secret}", follow_redirects=False).status_code == 303
        assert client.get("/").status_code == 200
