from __future__ import annotations

import io
import json
import os
import re
import shutil
import struct
import tempfile
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from lilliput.core.errors import LilliputError, ToolFailed
from lilliput.core.store import Store
from lilliput.tasks import get_task
from lilliput.web import models as web_models
from lilliput.web.answer import digit
from lilliput.web.app import create_app
from lilliput.web.models import Model, answer, firmware_zip, known_models
from lilliput.web.settings import ServeSettings
from tests.web.conftest import token


@pytest.fixture
def model(settings: ServeSettings) -> Model:
    with Store(settings.store) as store:
        return next(m for m in known_models(settings, store).values() if m.takes == "sound")


def wav(samples: np.ndarray, rate: int = 8000) -> bytes:
    body = samples.astype("<i2").tobytes()
    head = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16) + b"data" + struct.pack("<I", len(body))
    return b"RIFF" + struct.pack("<I", 4 + len(head) + len(body)) + b"WAVE" + head + body


def spoken(label: int) -> bytes:
    test = get_task("spoken-digits").load()["test"]
    return wav(test.x[np.flatnonzero(test.y == label)[0]])


def send(client: TestClient, key: str, content: bytes, **fields: str):
    given = {"token": token(client), **fields}
    return client.post(f"/models/{key}/try", data=given, files={"file": ("x.wav", content)})


def test_a_fresh_page_lists_a_bundled_model_and_shows_where_its_cost_goes(client: TestClient, model: Model) -> None:
    assert f'href="/models/{model.key}"' in client.get("/models").text
    page = client.get(f"/models/{model.key}").text
    assert all(layer["kernel"] in page for layer in model.report["layers"])
    assert "CC-BY-SA-4.0" in page
    assert client.get(f"/models/{model.key}.json").json()["layers"][0]["kernel"] == "lp_log_mel_s16"
    assert "sandbox" in client.get(f"/models/{model.key}/memory.svg").headers["content-security-policy"]


def test_the_emulated_board_answers_a_recording(client: TestClient, model: Model) -> None:
    got = send(client, model.key, spoken(7))
    assert got.status_code == 200, got.text
    assert "answers <strong>seven</strong>" in got.text
    assert re.search(r"after [\d\s,.\u202f\u00a0]+ instructions, ≈", got.text)


def test_a_test_item_is_asked_for_by_number(client: TestClient, model: Model) -> None:
    test = get_task("spoken-digits").load()["test"]
    label = get_task("spoken-digits").labels[int(test.y[3])]
    given = {"token": token(client), "item": "3"}
    got = client.post(f"/models/{model.key}/try", data=given, files={"file": ("", b"")})
    assert got.status_code == 200, got.text
    assert f"It is labelled <strong>{label}</strong>" in got.text
    assert "instructions" in got.text
    far = client.post(f"/models/{model.key}/try", data={**given, "item": "250"})
    assert far.status_code == 400
    assert "there is no test item 250" in far.text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no sound at all, only text", "is not a WAV file"),
        (wav(np.ones(100))[:-20], "its header says"),
        (wav(np.ones(100), 500_000), "samples a second"),
        (b"", "the file is empty"),
    ],
)
def test_a_malformed_recording_gives_a_sentence_and_leaves_nothing(
    client: TestClient, model: Model, content: bytes, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "scratch"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    got = send(client, model.key, content)
    assert got.status_code == 400
    assert words in got.text
    assert str(place) not in got.text
    assert not os.listdir(place)


def test_an_upload_above_the_limit_or_without_the_token_is_refused(client: TestClient, model: Model) -> None:
    assert send(client, model.key, bytes(5 << 20)).status_code == 413
    assert send(client, model.key, b"x", token="0" * 64).status_code == 403


def test_a_slow_or_starved_answer_is_stopped(model: Model) -> None:
    with pytest.raises(ToolFailed, match="stopped"):
        answer(model, wav(np.ones(100)), seconds=0.01)
    with pytest.raises(ToolFailed, match="no answer"):
        answer(model, wav(np.ones(100)), memory=1 << 20)


def test_a_killed_answer_leaves_the_page_up(
    client: TestClient, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killer = tmp_path / "python"
    killer.write_text("#!/bin/sh\nkill -9 $$\n")
    killer.chmod(0o755)
    monkeypatch.setattr(web_models.sys, "executable", str(killer))
    got = send(client, model.key, wav(np.ones(100)))
    assert got.status_code == 503
    assert "ended with -9" in got.text
    assert client.get("/models").status_code == 200


def test_the_firmware_zip_is_the_same_each_time_and_follows_no_link(
    client: TestClient, model: Model, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    (model.folder / "firmware" / "link.c").symlink_to(tmp_path / "secret")
    first = client.get(f"/models/{model.key}/firmware.zip").content
    assert first == firmware_zip(model)
    names = zipfile.ZipFile(io.BytesIO(first)).namelist()
    assert f"{model.key}/src/lilliput_model.c" in names
    assert not any("link.c" in name or ".." in name for name in names)


@pytest.mark.parametrize("key", ["..%2f..%2fetc", "%2e%2e", "no-such", "<script>"])
def test_a_name_that_is_no_model_is_not_found(client: TestClient, key: str) -> None:
    got = client.get(f"/models/{key}/firmware.zip")
    assert got.status_code == 404
    assert "<script>" not in got.text.replace('<script src="', "")


def test_folders_that_the_operator_names_are_shown_with_their_text_escaped(
    settings: ServeSettings, model: Model, tmp_path: Path
) -> None:
    shutil.copytree(model.folder, tmp_path / "mine" / "one")
    report = tmp_path / "mine" / "one" / "report.json"
    told = json.loads(report.read_text())
    told["model"]["name"] = "<script>evil"
    told["layers"][0]["name"] = "<script>evil"
    report.write_text(json.dumps(told))
    with TestClient(create_app(replace(settings, models=(tmp_path / "mine",))), base_url="http://127.0.0.1:8400") as c:
        keys = [row["key"] for row in c.get("/models.json").json()["models"]]
        mine = next(key for key in keys if "evil" in key)
        text = c.get(f"/models/{mine}").text
    assert "<script>evil" not in text
    assert "&lt;script&gt;evil" in text


def png(width: int, height: int, pixels: bytes) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def test_a_drawn_stroke_becomes_a_digit_of_eight_by_eight(tmp_path: Path) -> None:
    drawn = np.full((40, 41), 255, np.uint8)
    drawn[:, 0] = 0  # the filter byte of each row
    drawn[8:32, 18:24] = 0
    (tmp_path / "x").write_bytes(png(40, 40, drawn.tobytes()))
    made = digit(tmp_path / "x")
    assert made.shape == (8, 8)
    assert made[:, 3:5].min() == 16
    assert made[:, :3].max() == 0


def test_the_emulated_board_answers_a_picture_of_a_digit(client: TestClient) -> None:
    pytest.importorskip("sklearn")
    test = get_task("digits").load()["test"]
    item = np.kron(np.pad(test.x[np.flatnonzero(test.y == 0)[0]], 2), np.ones((8, 8), np.uint8)) * 15
    rows = np.pad(item, ((0, 0), (1, 0))).astype(np.uint8)
    key = next(m["key"] for m in client.get("/models.json").json()["models"] if m["task"] == "digits")
    got = send(client, key, png(item.shape[1], item.shape[0], rows.tobytes()))
    assert "answers <strong>0</strong>" in got.text


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"GIF89a", "LP200"),
        (png(60_000, 60_000, b"\0"), "LP204"),
        (png(40, 40, bytes(1640))[:50], "LP202"),
        (png(8, 8, b"\0" + b"\xff" * 8 + (b"\0" + b"\xff" * 8) * 7), "LP101"),
    ],
)
def test_a_malformed_picture_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(LilliputError) as caught:
        digit(tmp_path / "x")
    assert caught.value.code == code
