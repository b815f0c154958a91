"""`lilliput bench models`."""

from __future__ import annotations

import json

import pytest

from lilliput.cli.main import run
from lilliput.models import list_models


def test_a_table_of_networks(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "models", "resnet8", "--batch", "2", "--seconds", "0.01", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["items"]
    assert (one["name"], one["params"], one["input_shape"]) == ("resnet8", 78186, [3, 32, 32])
    assert one["per_second"] > 0


def test_networks_above_a_limit_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "models", "tinynet_*", "--no-run", "--max-macs", "60M", "--quiet"]) == 0
    assert capsys.readouterr().out.split() == ["tinynet_d", "tinynet_e"]
    assert run(["bench", "models", "*_b0*", "--no-run", "--max-params", "4.5M", "--set", "classes=10"]) == 0
    out = capsys.readouterr().out
    assert "efficientnet_b0 " in out
    assert "efficientnet_b0_32px" in out


def test_nothing_that_matches_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "models", "none*"]) == 0
    assert "no network matches 'none*'" in capsys.readouterr().out


def test_networks_of_other_inputs_can_be_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "models", "*_[bcm]*[eo]*", "--no-run", "--json", "--max-macs", "20M"]) == 0
    items = json.loads(capsys.readouterr().out)["items"]
    names = {one["name"] for one in items}
    assert {"vcnet_micro", "skeleton_base"} <= names < set(list_models())
    assert all(one["peak_bytes"] > 0 and one["activations"] > 0 for one in items)


def test_memory_by_way_of_keeping_it(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bench", "memory", "revcol_nano", "--columns", "2,4", "--every", "1", "--batch", "2", "--json"]
    assert run(words) == 0
    items = json.loads(capsys.readouterr().out)["items"]
    kept = {(one["config"]["memory"], one["config"]["columns"]): one["kept_bytes"] for one in items}
    assert kept["plain", 4] > kept["anchored", 4] > kept["anchored", 2]
    assert run(["bench", "memory", "revcol_nano", "--columns", "two"]) == 2
    assert "whole numbers with commas between" in capsys.readouterr().err
