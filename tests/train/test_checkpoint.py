from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from lilliput.core.errors import BadValue, WrongChecksum
from lilliput.core.settings import resolved
from lilliput.train.checkpoint import Checkpoint, CheckpointFolder, EpochRecord, Progress
from lilliput.train.metrics import Measure
from lilliput.train.settings import TrainSettings

SETTINGS = resolved(TrainSettings(augment=("speed",)))


def _checkpoint(step: int) -> Checkpoint:
    progress = Progress(
        step=step,
        epoch=1,
        items=90,
        stale=0,
        loss_sum=0.1 + 0.2,
        best=Measure("accuracy", 0.9, 0.8, 0.95, 60),
        best_epoch=1,
        history=(EpochRecord(1, 11, 0.1 / 3, 1.5, 0.9),),
        settings=SETTINGS,
    )
    weights = torch.arange(6.0).reshape(2, 3) / 7
    return Checkpoint(progress, {"model": {"a.weight": weights}, "average": {}, "best": {}, "optimiser": {}})


def test_what_was_saved_comes_back_bit_for_bit(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path / "checkpoints")
    folder.save(_checkpoint(12))
    loaded = folder.load(SETTINGS, 90)
    assert loaded is not None
    assert loaded.progress == _checkpoint(12).progress
    assert torch.equal(loaded.tensors["model"]["a.weight"], _checkpoint(12).tensors["model"]["a.weight"])
    assert set(loaded.tensors) == {"model", "average", "best", "optimiser"}


def test_there_is_nothing_to_load_at_first(tmp_path: Path) -> None:
    assert CheckpointFolder(tmp_path / "none").load(SETTINGS, 90) is None


def test_the_newest_two_are_kept(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    for step in (8, 100, 9):
        folder.save(_checkpoint(step))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000009", "step-00000100"]
    assert folder.newest() == tmp_path / "step-00000100"


def test_what_a_killed_write_leaves_is_not_taken_for_a_checkpoint(tmp_path: Path) -> None:
    (tmp_path / ".step-00000099.lilliput-new-abcdef").mkdir()
    folder = CheckpointFolder(tmp_path)
    assert folder.newest() is None
    folder.save(_checkpoint(99))
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000099"]


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    path = folder.save(_checkpoint(12)) / "tensors.safetensors"
    data = bytearray(path.read_bytes())
    data[-2] ^= 4
    path.write_bytes(data)
    with pytest.raises(WrongChecksum, match=r"tensors\.safetensors has SHA-256"):
        folder.load(SETTINGS, 90)


def test_a_state_with_a_value_that_cannot_be_is_refused(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    path = folder.save(_checkpoint(12)) / "state.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "step": "twelve"}))
    (path.parent / "MANIFEST.json").write_text('{"files": {}, "format": "lilliput/manifest", "version": 1}')
    with pytest.raises(BadValue, match=r"state\.json is not the state of a training: .*\n  fix: rm -r .*step-00000012"):
        folder.load(SETTINGS, 90)
