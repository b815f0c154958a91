"""`fully_connected` in C against its reference, and its reference against float."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lilliput.compiler.graph import Graph, Quant
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.op import Target
from lilliput.compiler.program import compile_graph
from tests.runtime.harness import assert_c_equals_reference, single
from tests.runtime.weighted_cases import parallel


def layer(
    c_in: int,
    c_out: int,
    *,
    activation: str = "none",
    zero: int = 10,
    per_channel: bool = True,
    lowest: int = -127,
    bias: int = 3000,
    y_scale: float = 0.31,
) -> Graph:
    rng = np.random.default_rng(c_in * 100 + c_out)
    scales = rng.uniform(0.001, 0.02, c_out if per_channel else 1).astype(np.float32)
    weights = Quant(tuple(float(s) for s in scales), (0,) * len(scales), 0 if per_channel else None)
    w = rng.integers(lowest, min(-lowest, 127) + 1, (c_out, c_in)).astype(np.int8)
    if w.size > 1:
        w.flat[:2] = -1, lowest
    return single(
        "fully_connected",
        [((1, c_in), "int8", Quant.per_tensor(0.05, zero))],
        ("int8", Quant.per_tensor(y_scale, -7)),
        [
            (w, weights),
            (rng.integers(-bias, bias, c_out).astype(np.int32), None),
        ],
        activation=activation,
    )


LAYERS = [
    layer(1, 1, zero=0, per_channel=False),
    layer(7, 3, activation="relu", zero=-128),
    layer(64, 12, activation="relu6", zero=127),
    layer(129, 5, per_channel=False),
    layer(8, 130, zero=-128),
    layer(6, 9, lowest=-128),
    layer(4, 8, lowest=-1, bias=10, y_scale=0.0005),  # factors above one: the accumulator is shifted left
    layer(1030, 4, zero=-128),  # too long for 256 times the accumulator
]


def test_c_equals_the_reference(tmp_path: Path) -> None:
    graph = parallel(LAYERS)
    assert_c_equals_reference(graph, tmp_path)
    rng = np.random.default_rng(5)
    x = {name: rng.integers(-128, 128, (6, *graph.values[name].shape[1:])).astype(np.int8) for name in graph.inputs}
    assert all(len(np.unique(y)) > 2 for y in run_integer(graph, x).values())


def test_rows_that_256_times_could_overflow_take_the_portable_kernel() -> None:
    functions = [compile_graph(layer, Target(dsp=True)).steps[0].kernel.function for layer in LAYERS]
    assert functions[-1] == functions[5] == "lp_fully_connected_s8"
    assert set(functions[:5]) == {"lp_fully_connected_wide_s8_dsp"}
    assert functions[6] == "lp_fully_connected_s8_dsp"


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
