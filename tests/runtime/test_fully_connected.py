"""`fully_connected` in C against its reference, and its reference against float."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.compiler.graph import Graph, Quant
from lilliput.compiler.interpret import run_integer
from tests.runtime.harness import assert_c_equals_reference, single


def layer(c_in: int, c_out: int, *, activation: str = "none", zero: int = 10, per_channel: bool = True) -> Graph:
    rng = np.random.default_rng(c_in * 100 + c_out)
    scales = rng.uniform(0.001, 0.02, c_out if per_channel else 1).astype(np.float32)
    weights = Quant(tuple(float(s) for s in scales), (0,) * len(scales), 0 if per_channel else None)
    return single(
        "fully_connected",
        [((1, c_in), "int8", Quant.per_tensor(0.05, zero))],
        ("int8", Quant.per_tensor(0.31, -7)),
        [
            (rng.integers(-127, 128, (c_out, c_in)).astype(np.int8), weights),
            (rng.integers(-3000, 3000, c_out).astype(np.int32), None),
        ],
        activation=activation,
    )


@pytest.mark.parametrize(
    ("c_in", "c_out", "activation", "zero", "per_channel"),
    [(1, 1, "none", 0, False), (7, 3, "relu", -128, True), (64, 12, "relu6", 127, True), (129, 5, "none", 10, False)],
)
def test_c_equals_the_reference(
    tmp_path: Path, c_in: int, c_out: int, activation: str, zero: int, per_channel: bool
) -> None:
    graph = layer(c_in, c_out, activation=activation, zero=zero, per_channel=per_channel)
    made = assert_c_equals_reference(graph, tmp_path)
    assert len(np.unique(made)) > 1


def test_reference_is_the_float_layer_rounded() -> None:
    graph = layer(64, 12)
    w, y = graph.values["c0"], graph.values["y"]
    assert w.quant is not None
    assert w.data is not None
    assert y.quant is not None
    x = np.random.default_rng(1).integers(-128, 128, (50, 64)).astype(np.int8)
    real = (x.astype(np.float64) - 10) * np.float64(np.float32(0.05)) @ w.quant.dequantise(w.data).T.astype(np.float64)
    bias = graph.values["c1"].data
    assert bias is not None
    real += bias * np.array(w.quant.scale) * np.float64(np.float32(0.05))
    expected = np.clip(np.round(real / y.scale) - 7, -128, 127)
    made = run_integer(graph, {"x0": x})["y"]
    assert np.abs(made - expected).max() <= 1  # double rounding may move a tie by one step
    assert (made == expected).mean() > 0.99
