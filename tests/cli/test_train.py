from __future__ import annotations

import json
from pathlib import Path

import pytest

from lilliput.cli.main import run
from lilliput.core.store import Store

SMALL = ["--set", "train.epochs=1", "--set", "train.batch_size=64", "--set", "model.filters=4"]


def test_it_trains_and_tells_both_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, store = tmp_path / "out", tmp_path / "results.sqlite"
    assert run(["train", "digits", "resnet8", *SMALL, "--out", str(out), "--store", str(store), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["task"], told["model"], told["epochs"], told["items"]["train"]) == ("digits", "resnet8", 1, 1078)
    assert {row["split"] for row in told["metrics"]} == {"validation", "test"}
    with Store(store) as opened:
        (stored,) = opened.runs()
        assert (stored.id, stored.state, stored.task, stored.seed) == (told["run"], "done", "digits", 0)
        figures = {metric.split: metric.value for metric in opened.metrics(stored.id)}
    assert figures == {row["split"]: row["value"] for row in told["metrics"]}
    assert (out / "model" / "model.safetensors").is_file()


def test_the_plan_is_printed_and_nothing_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert run(["train", "digits", "resnet8", *SMALL, "--out", str(out), "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "train.batch_size" in printed
    assert "model.filters" in printed
    assert not out.exists()


def test_a_published_training_is_taken_and_can_be_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    request = ["train", "fashion", "--recipe", "cct-full", "--set", "train.lr=0.001", "--dry-run", "--json"]
    assert run([*request, "--out", str(tmp_path / "out")]) == 0
    settings = json.loads(capsys.readouterr().out)["settings"]
    assert (settings["lr"], settings["cutmix_alpha"], settings["epochs"]) == (0.001, 1.0, 310)
    assert settings["augment"] == ["resized_crop", "flip", "rand-m9-mstd0.5-inc1"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["digits", "resnet9"], "did you mean resnet8"),
        (["digit"], "did you mean digits"),
        (["digits", "--recipe", "cct-ful"], "did you mean cct-full"),
        (["digits", "--set", "train.lr=fast"], "train.lr"),
        (["digits", "--set", "train.lr=0"], "LP101: train.lr = 0.0"),
        (["digits", "--set", 'train.augment=["speed"]'], "speed is for signals"),
    ],
)
def test_a_wrong_request_ends_with_code_2(
    arguments: list[str], text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", *arguments, "--out", str(tmp_path / "out"), "--quiet"]) == 2
    assert text in capsys.readouterr().err
