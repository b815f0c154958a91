"""`lilliput convert`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from lilliput.cli.main import run
from lilliput.models.package import load_model
from tests.models.convert.test_converter import published


def test_a_checkpoint_becomes_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"state_dict": published()}, tmp_path / "net.pth")
    words = ["convert", str(tmp_path / "net.pth"), "tinynet_e", "--out", str(tmp_path / "net"), "--set", "classes=4"]
    assert run([*words, "--set", "height=32", "--set", "width=32", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fresh"] == ["classifier.weight", "classifier.bias"]
    model = load_model(tmp_path / "net")
    assert torch.equal(model.state_dict()["stem.0.weight"], published()["conv_stem.weight"])


def test_another_network_s_checkpoint_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"weight": torch.zeros(2)}, tmp_path / "net.pth")
    assert run(["convert", str(tmp_path / "net.pth"), "tinynet_e", "--out", str(tmp_path / "net")]) == 3
    assert "LP208" in capsys.readouterr().err
    assert not (tmp_path / "net").exists()
