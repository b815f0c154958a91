"""Published checkpoints: read without running anything, whatever training scripts wrapped around them."""

from __future__ import annotations

import collections
import contextlib
import io
import os
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from lilliput.core.errors import BadName, BadValue, CutShort, FileError, ImpossibleSize, MissingFile, NotThisFormat
from lilliput.models.convert import read_checkpoint

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2)}


def _equal(found: dict[str, torch.Tensor]) -> bool:
    return found.keys() == STATE.keys() and all(torch.equal(found[key], STATE[key]) for key in STATE)


@pytest.mark.parametrize(
    "content",
    [
        STATE,
        collections.OrderedDict(STATE),
        {"state_dict": STATE, "epoch": 3, "arch": "net"},
        {"model": STATE, "optimizer": {"lr": 0.1}},
        {"model": {"w": torch.zeros(1)}, "model_ema": STATE},
        {"state_dict": {f"module.{key}": value for key, value in STATE.items()}},
        {f"_orig_mod.module.{key}": value for key, value in STATE.items()},
        {"state_dict": {"model": STATE}},
    ],
)
def test_the_weights_are_found(content: object, tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    torch.save(content, path)
    assert _equal(read_checkpoint(path))


def test_the_format_before_zip_is_read(tmp_path: Path) -> None:
    path = tmp_path / "old.pth"
    torch.save(STATE, path, _use_new_zipfile_serialization=False)
    assert _equal(read_checkpoint(path))


def test_safetensors_are_read(tmp_path: Path) -> None:
    save_file({f"module.{key}": value for key, value in STATE.items()}, tmp_path / "net.safetensors")
    assert _equal(read_checkpoint(tmp_path / "net.safetensors"))


class _Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("made-by-a-checkpoint",)


def test_an_object_that_would_run_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": STATE, "extra": _Hostile()}, tmp_path / "net.pth")
    with pytest.raises(NotThisFormat, match="objects other than weights are not loaded"):
        read_checkpoint(tmp_path / "net.pth")
    assert not Path("made-by-a-checkpoint").exists()


def test_a_whole_network_is_refused(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "net.pth")
    with pytest.raises(NotThisFormat, match="cannot be read as a checkpoint"):
        read_checkpoint(tmp_path / "net.pth")


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, [torch.zeros(1)], torch.zeros(1), {"model": {}}])
def test_a_file_without_named_weights_is_refused(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "net.pth")
    with pytest.raises(BadName, match=r"net.pth holds no named weights"):
        read_checkpoint(tmp_path / "net.pth")


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    torch.save({**STATE, "a.bias": torch.tensor([1.0, float("nan")])}, tmp_path / "net.pth")
    with pytest.raises(BadValue, match=r"a\.bias holds a value that is not finite"):
        read_checkpoint(tmp_path / "net.pth")


def test_a_missing_or_large_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"no\.pth"):
        read_checkpoint(tmp_path / "no.pth")
    torch.save(STATE, tmp_path / "net.pth")
    with pytest.raises(ImpossibleSize, match="the limit is 100"):
        read_checkpoint(tmp_path / "net.pth", limit=100)


def test_damaged_files_give_one_sentence(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save(STATE, buffer)
    whole, path = buffer.getvalue(), tmp_path / "net.pth"
    generator = torch.Generator().manual_seed(0)
    for size in range(0, len(whole), 97):
        path.write_bytes(whole[:size])
        with pytest.raises(FileError):
            read_checkpoint(path)
    for _ in range(200):
        bytes_ = bytearray(whole)
        for place in torch.randint(len(whole), (3,), generator=generator).tolist():
            bytes_[place] ^= 0xFF
        path.write_bytes(bytes_)
        with contextlib.suppress(FileError):
            read_checkpoint(path)
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\0\0\0")
    with pytest.raises((CutShort, NotThisFormat)):
        read_checkpoint(tmp_path / "cut.safetensors")


def test_a_zip_of_something_else_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "net.pth", "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(NotThisFormat):
        read_checkpoint(tmp_path / "net.pth")
