"""ONNX files from the command line to an emulated board: every output byte held to the integer reference."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lilliput.cli.main import run
from tests.compiler.frontends.onnx.models import in_steps, items, quantised, runtime, turned
from tests.compiler.frontends.onnx.networks import IMAGE, convolutional, quantise_static

BOARD = ("--board", "nucleo-f446re")


def compiled(file: Path, out: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, object]:
    assert run(["compile", str(file), *BOARD, "--out", str(out), "--json", *more]) == 0
    told: dict[str, object] = json.loads(capsys.readouterr().out)
    return told


@pytest.mark.shared
def test_the_digits_network_runs_on_the_board_and_knows_its_digits(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with np.load(shared_data / "mnist_t10k_8k.npz") as data:
        x, y = data["x_test"][:120, :, :, None].astype(np.float32), data["y_test"][:120]
        calibration = data["x_train"][:100, :, :, None].astype(np.float32)
    np.save(tmp_path / "calibration.npy", calibration)
    told = compiled(
        shared_data / "models" / "mnist.onnx", tmp_path / "out", capsys,
        "--calibration", str(tmp_path / "calibration.npy"),
    )  # fmt: skip
    assert told["proof"]["differing_bytes"] == 0  # type: ignore[index]
    from lilliput.boards.compiled import read_compiled

    program = read_compiled(tmp_path / "out").program
    quant = program.inputs[0].quant
    assert quant is not None
    right = program.run(quant.quantise(x, "int8"))[0].argmax(1) == y
    assert right.mean() > 0.9


def test_a_float_file_is_compiled_in_float32(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = convolutional()
    (tmp_path / "net.onnx").write_bytes(data)
    told = compiled(tmp_path / "net.onnx", tmp_path / "out", capsys)
    assert told["proof"]["differing_bytes"] == 0  # type: ignore[index]
    x = items(IMAGE, seed=4, rows=6)
    np.save(tmp_path / "x.npy", turned(x))
    arguments = ["--on", "board", "--input", str(tmp_path / "x.npy"), "--output", str(tmp_path / "y.npy"), "-q"]
    assert run(["exec", str(tmp_path / "out"), *arguments]) == 0
    (wanted,) = runtime(data, x)
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), wanted, atol=1e-5)
    assert float(np.ptp(wanted)) > 0.1


@pytest.mark.parametrize("form", ["QDQ", "QOperator"])
def test_a_quantised_file_runs_on_the_board(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = quantise_static(
        convolutional(softmax=False), tmp_path, items(IMAGE, seed=3, rows=16), form=form, unsigned=True
    )
    (tmp_path / "net.onnx").write_bytes(data)
    capsys.readouterr()
    told = compiled(tmp_path / "net.onnx", tmp_path / "out", capsys)
    assert told["proof"]["differing_bytes"] == 0  # type: ignore[index]
    from lilliput.boards.compiled import read_compiled

    graph = read_compiled(tmp_path / "out").program.graph
    quant = graph.values[graph.inputs[0]].quant
    assert quant is not None
    x = items(IMAGE, seed=4, rows=6)
    np.save(tmp_path / "x.npy", turned(quantised(x, quant)))
    arguments = ["--on", "board", "--input", str(tmp_path / "x.npy"), "--output", str(tmp_path / "y.npy"), "-q"]
    assert run(["exec", str(tmp_path / "out"), *arguments]) == 0
    (theirs,) = in_steps(graph, runtime(data, x))
    assert np.abs(np.load(tmp_path / "y.npy").astype(int) - theirs).max() <= 2


def test_a_damaged_file_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.onnx").write_bytes(convolutional()[:200])
    assert run(["compile", str(tmp_path / "net.onnx"), *BOARD]) == 3
    assert "LP202" in capsys.readouterr().err
