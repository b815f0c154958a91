"""TensorFlow Lite files: real ones give the interpreter's numbers, damaged ones give one of our errors."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lilliput.compiler.frontends.tflite import load_tflite, read_tflite
from lilliput.compiler.program import compile_graph
from lilliput.core.errors import LilliputError, MissingFile, NotThisFormat


@pytest.fixture
def hello(shared_data: Path) -> bytes:
    """The smallest real model: three fully connected layers that give a sine."""
    return (shared_data / "models" / "hello_world_int8.tflite").read_bytes()


@pytest.mark.shared
def test_the_sine_model_gives_a_sine(hello: bytes) -> None:
    graph, stage = read_tflite(hello, "hello")
    program = compile_graph(graph)
    (x,), (y,) = program.inputs, program.outputs
    assert (stage, program.macs) == ("integer", 288)
    assert x.quant is not None
    assert y.quant is not None
    angle = np.linspace(0, 6.28, 64)[:, None].astype(np.float32)
    made = y.quant.dequantise(program.run(x.quant.quantise(angle, "int8"))[0])
    error = np.abs(made - np.sin(angle))
    assert error.max() < 0.15
    assert error.mean() < 0.03


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "macs"),
    [("kws_ref_model", 2_656_768), ("pretrainedResnet_quant", 12_501_632), ("vww_96_int8", 7_489_664),
     ("ad01_int8", 264_192)],
)  # fmt: skip
def test_published_multiply_accumulates(shared_data: Path, name: str, macs: int) -> None:
    graph, _ = load_tflite(shared_data / "models" / f"{name}.tflite")
    assert compile_graph(graph).macs == macs


def mutants(data: bytes) -> list[bytes]:
    """Every byte flipped to two other values at a stride, and cuts."""
    found = []
    for index in range(0, len(data), 3):
        for value in (0xFF, data[index] ^ 0x81):
            mutant = bytearray(data)
            mutant[index] = value
            found.append(bytes(mutant))
    return found + [data[:end] for end in range(0, len(data), 41)]


@pytest.mark.shared
def test_any_bytes_give_a_result_or_one_of_our_errors(hello: bytes) -> None:
    refused = 0
    for mutant in mutants(hello):
        try:
            graph, stage = read_tflite(mutant, "mutant")
            if stage == "integer":
                compile_graph(graph)
        except LilliputError:
            refused += 1
    assert refused > 500


def patched(offset: int, code: str, value: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        changed = bytearray(data)
        struct.pack_into("<" + code, changed, offset, value)
        return bytes(changed)

    return change


@pytest.mark.shared
@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (lambda d: b"", "LP200", "0 bytes"),
        (lambda d: d[:7], "LP200", "7 bytes"),
        (lambda d: b"PK\x03\x04" + d, "LP200", "not a TFL3 flatbuffer"),
        (lambda d: d[: len(d) // 2], "LP20", "bytes"),
        (patched(0, "I", 2**32 - 4), "LP203", "outside"),
        (patched(0, "I", 6), "LP203", "not aligned"),
    ],
)
def test_damage_is_named(hello: bytes, change: Callable[[bytes], bytes], code: str, message: str) -> None:
    with pytest.raises(LilliputError, match=message) as caught:
        read_tflite(change(hello), "damaged")
    assert caught.value.code.startswith(code)


def test_text_is_not_a_model() -> None:
    with pytest.raises(NotThisFormat, match="begins with b'not a mo'"):
        read_tflite(b"not a model at all", "letter")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"gone\.tflite"):
        load_tflite(tmp_path / "gone.tflite")


@pytest.mark.shared
def test_a_float_model_keeps_its_layout_and_its_numbers(shared_data: Path) -> None:
    """A float digit network gives the right answers on real digits, as read and as simplified."""
    import torch

    from lilliput.compiler.frontends import load_network
    from lilliput.compiler.interpret import run_float

    path = shared_data / "models" / "tinymaix_mnist_valid_f.tflite"
    with np.load(shared_data / "mnist_t10k_8k.npz") as data:
        x, y = data["x_test"][:300, :, :, None].astype(np.float32) / 255, data["y_test"][:300]
    read, _ = load_tflite(path)
    simplified, stage = load_network(path)
    assert stage == "float"
    assert simplified.values[simplified.inputs[0]].shape == (1, 28, 28, 1)
    outputs = []
    for graph in (read, simplified):
        with torch.no_grad():
            (made,) = run_float(graph, {graph.inputs[0]: torch.from_numpy(x)}).values()
        outputs.append(made.numpy())
    np.testing.assert_allclose(outputs[0], outputs[1], atol=1e-4)
    assert (outputs[0].argmax(1) == y).mean() > 0.95
