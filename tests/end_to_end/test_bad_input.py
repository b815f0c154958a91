"""What a user sees who gets it wrong: one sentence with the place and the way out, and the right exit code."""

from __future__ import annotations

import math
import struct
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lilliput.cli.main import run

BOARD = ("--board", "nucleo-f446re")


def said(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command writes to standard error; its exit code is held."""
    assert run(arguments) == code
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["build", "spoken-digts", *BOARD], 2, ["LP100", "spoken-digts", "did you mean spoken-digits"]),
        (["build", "spoken-digits", "--board", "nucleo-f446"], 2, ["LP100", "did you mean nucleo-f446re"]),
        (["build", "spoken-digits", *BOARD, "--model", "ds_cn"], 2, ["LP100", "did you mean ds_cnn"]),
        (["build", "spoken-digits", *BOARD, "--set", "budget.flash=0KiB"], 2, ["LP101", "0 B for flash"]),
        (["build", "spoken-digits", *BOARD, "--set", "budget.sram=lots"], 2, ["LP102", "'lots' is not a size"]),
        (["build", "spoken-digits", *BOARD, "--set", "train.lrr=1"], 2, ["LP101", "did you mean train.lr"]),
        (["build", "spoken-digits", *BOARD, "--set", "config.widht=1"], 2, ["LP101", "widht", "width"]),
        (["build", "spoken-digits", *BOARD, "--set", "quantise.activations=int16"], 2, ["LP101", "makes int8"]),
        (["build", "./nowhere", *BOARD], 3, ["LP221", "nowhere"]),
        (["compile", "gone.tflite", *BOARD], 3, ["LP221", "gone.tflite"]),
        (["exec", "gone", "--on", "host"], 3, ["LP221", "no C files"]),
        (["check", "gone"], 3, ["LP221", "MANIFEST.json"]),
        (["explain", "LP40"], 2, ["LP100", "did you mean LP401"]),
    ],
)
def test_a_wrong_word_is_named_with_the_near_ones(
    arguments: list[str], code: int, words: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    text = said(arguments, code, capsys)
    assert all(word in text for word in words), text
    assert "Traceback" not in text
    assert list(tmp_path.iterdir()) == []


def write_wav(path: Path, hz: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = [int(9000 * math.sin(2 * math.pi * hz * i / 8000)) for i in range(4000)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))


def float_wav_with_nan(path: Path) -> None:
    data = struct.pack("<400f", *([0.1] * 399), float("nan"))
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 3, 1, 8000, 32000, 4, 32)
    path.write_bytes(head + struct.pack("<4sI", b"data", len(data)) + data)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "truncated": (lambda p: p.write_bytes(p.read_bytes()[:500]), "LP202"),
    "empty": (lambda p: p.write_bytes(b""), "LP202"),
    "not a number": (float_wav_with_nan, "LP207"),
    "a text": (lambda p: p.write_text("this is not sound, whatever its name says"), "LP200"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_broken_recording_names_itself(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for label, hz in (("low", 300), ("high", 1500)):
        for take in range(12):
            write_wav(tmp_path / "words" / label / f"{take}.wav", hz + take)
    damage, code = DAMAGE[kind]
    damage(tmp_path / "words" / "high" / "7.wav")
    text = said(["build", str(tmp_path / "words"), *BOARD, "--dry-run"], 3, capsys)
    assert code in text
    assert "7.wav" in text


def test_a_folder_with_one_class_is_no_task(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for take in range(12):
        write_wav(tmp_path / "words" / "yes" / f"{take}.wav", 300 + take)
    text = said(["build", str(tmp_path / "words"), *BOARD], 2, capsys)
    assert "LP103" in text
    assert "one class, 'yes'" in text


def test_a_folder_of_ones_own_recordings_is_a_task(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for label, hz in (("low", 300), ("high", 1500)):
        for take in range(12):
            write_wav(tmp_path / "words" / label / f"{take}.wav", hz + 20 * take)
    assert run(["build", str(tmp_path / "words"), *BOARD, "--set", "config.width=8", "--dry-run", "--json"]) == 0
    assert '"classes": 2' in capsys.readouterr().out


def test_a_program_with_a_dynamic_shape_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    batch = torch.export.Dim("batch", min=2, max=8)
    exported = torch.export.export(nn.Linear(3, 2), (torch.zeros(4, 3),), dynamic_shapes=({0: batch},))
    torch.export.save(exported, tmp_path / "dynamic.pt2")
    text = said(["compile", str(tmp_path / "dynamic.pt2"), *BOARD], 4, capsys)
    assert "LP311" in text
    assert "batch of one" in text


def test_an_operator_without_a_kernel_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Odd(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.erfinv(x)

    torch.export.save(torch.export.export(Odd(), (torch.zeros(1, 3),)), tmp_path / "odd.pt2")
    text = said(["compile", str(tmp_path / "odd.pt2"), *BOARD], 4, capsys)
    assert "LP301" in text
    assert "erfinv" in text


def test_settings_of_the_quantiser_need_something_to_quantise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.export.save(torch.export.export(nn.Linear(3, 2), (torch.zeros(1, 3),)), tmp_path / "float.pt2")
    text = said(["compile", str(tmp_path / "float.pt2"), *BOARD, "--set", "rows=4"], 2, capsys)
    assert "float.pt2, which is compiled in float32 without --calibration" in text


def test_a_type_of_activations_that_there_is_not_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.export.save(torch.export.export(nn.Linear(3, 2), (torch.zeros(1, 3),)), tmp_path / "float.pt2")
    np.save(tmp_path / "x.npy", np.zeros((8, 3), np.float32))
    given = ["compile", str(tmp_path / "float.pt2"), *BOARD, "--activations"]
    text = said([*given, "int12", "--calibration", str(tmp_path / "x.npy")], 2, capsys)
    assert "LP101: activations: Input should be 'int8' or 'int16', got 'int12'" in text
    assert "quantise.activations=int16 for float.pt2, which is compiled in float32" in said(
        [*given, "int16"], 2, capsys
    )


def test_a_target_that_is_not_ours_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    torch.export.save(torch.export.export(nn.Linear(3, 2), (torch.zeros(1, 3),)), tmp_path / "net.pt2")
    import numpy as np

    np.save(tmp_path / "x.npy", np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32))
    arguments = ["compile", str(tmp_path / "net.pt2"), *BOARD, "--calibration", str(tmp_path / "x.npy")]
    text = said([*arguments, "--out", str(mine)], 2, capsys)
    assert "LP104" in text
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]
    assert run([*arguments, "--out", str(tmp_path / "new"), "-q"]) == 0
