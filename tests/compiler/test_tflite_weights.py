"""Weights of float networks that a file holds in fewer bits: float16, and integers that are made real on the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import flatbuffers
import numpy as np
import pytest

from lilliput.boards.host import run_host
from lilliput.compiler.frontends import load_network
from lilliput.compiler.graph import Array, Quant
from lilliput.compiler.program import compile_graph
from lilliput.core.errors import BadValue, BrokenGraph, CutShort, UnsupportedAttribute
from tests.parity.one_op_file import _ints, _offsets, _table, _tensor

W = np.random.default_rng(0).normal(0, 1, (4, 6)).astype(np.float16)
CODES = np.random.default_rng(1).integers(-127, 128, (4, 6)).astype(np.int8)
SCALES = Quant(tuple(float(np.float32(s)) for s in (0.01, 0.02, 0.03, 0.005)), (0,) * 4, 0)


def file(stored: Array | None, dtype: str, quant: Quant | None = None, *, data: bytes | None = None) -> bytes:
    """x · wᵀ with w = DEQUANTIZE(stored); without data `stored` is an activation."""
    b = flatbuffers.Builder(1024)
    raw = data if data is not None else stored.tobytes() if stored is not None else b""
    buffers = [_table(b, {}), _table(b, {0: ("offset", b.CreateByteVector(raw))})]
    tensors = [
        _tensor(b, "x", (1, 6), "float32", None, 0),
        _tensor(b, "stored", (4, 6), dtype, quant, 0 if stored is None else 1),
        _tensor(b, "w", (4, 6), "float32", None, 0),
        _tensor(b, "y", (1, 4), "float32", None, 0),
    ]
    made = _table(b, {1: ("offset", _ints(b, [1])), 2: ("offset", _ints(b, [2]))})
    product = _table(b, {0: ("int", 1), 1: ("offset", _ints(b, [0, 2, -1])), 2: ("offset", _ints(b, [3]))})
    subgraph = {
        0: ("offset", _offsets(b, tensors)), 1: ("offset", _ints(b, [0, 1] if stored is None else [0])),
        2: ("offset", _ints(b, [3])), 3: ("offset", _offsets(b, [made, product])),
    }  # fmt: skip
    codes = [_table(b, {0: ("byte", code), 2: ("int", 1), 3: ("int", code)}) for code in (6, 9)]
    model = {
        0: ("int", 3), 1: ("offset", _offsets(b, codes)), 2: ("offset", _offsets(b, [_table(b, subgraph)])),
        4: ("offset", _offsets(b, buffers)),
    }  # fmt: skip
    b.Finish(_table(b, model), b"TFL3")
    return bytes(b.Output())


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], Array]:
    """The weights that a file's network multiplies with, found by running its C."""

    def run(data: bytes) -> Array:
        (tmp_path / "net.tflite").write_bytes(data)
        graph, stage = load_network(tmp_path / "net.tflite")
        assert stage == "float"
        assert [node.op for node in graph.nodes] == ["fully_connected"]
        (made,) = run_host(compile_graph(graph), [np.eye(6, dtype=np.float32)])
        return made.T

    return run


def test_float16_constants_are_the_float32_numbers_that_they_are(read: Callable[[bytes], Array]) -> None:
    np.testing.assert_array_equal(read(file(W, "float16")), W.astype(np.float32))


def test_integer_constants_that_the_file_makes_real_are_folded(read: Callable[[bytes], Array]) -> None:
    wanted = CODES.astype(np.float32) * np.array(SCALES.scale, np.float32)[:, None]
    np.testing.assert_array_equal(read(file(CODES, "int8", SCALES)), wanted)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (file(W, "float16", data=W.tobytes()[:-2]), CutShort, r"its buffer has 46 bytes, float16\[4, 6\] takes 48"),
        (file(np.full((4, 6), np.inf, np.float16), "float16"), BadValue, "holds NaN or infinity"),
        (file(None, "float16"), UnsupportedAttribute, r"\(stored\) is a float16 activation"),
        (file(CODES, "int8"), BrokenGraph, r"DEQUANTIZE \(operator 0\): 'stored' has no scale"),
    ],
    ids=["short", "infinite", "activation", "no scale"],
)
def test_what_has_no_meaning_is_named(tmp_path: Path, data: bytes, error: type[Exception], message: str) -> None:
    (tmp_path / "net.tflite").write_bytes(data)
    with pytest.raises(error, match=message):
        load_network(tmp_path / "net.tflite")
