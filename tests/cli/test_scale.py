"""`lilliput scale`."""

from __future__ import annotations

import json

import pytest

from lilliput.cli.main import run


def test_a_budget_gives_settings_that_train_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scale", "efficientnet_b0", "--budget", "macs=20M", "--set", "classes=10", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["macs"] <= 20_000_000
    assert said["changes"]["classes"] == 10
    assert run(["scale", "efficientnet_b0", "--budget", "macs=20M", "--set", "classes=10"]) == 0
    words = capsys.readouterr().out
    assert f"--set model.width_factor={said['changes']['width_factor']}" in " ".join(words.split())


@pytest.mark.parametrize(
    ("words", "text", "code"),
    [
        (["--budget", "macs=1k"], "LP401", 1),
        (["--budget", "macs=20M", "--budget", "macs=30M"], "macs is given twice", 2),
        (["--budget", "macs=20M", "--rule", "best"], "--rule best", 2),
        (["--budget", "ram=20M"], "no key 'ram'", 2),
    ],
)
def test_wrong_requests(words: list[str], text: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scale", "efficientnet_b0", *words]) == code
    assert text in capsys.readouterr().err
