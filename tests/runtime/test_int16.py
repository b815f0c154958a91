"""The kernels on int16 activations against their integer reference: on this machine under sanitizers, portable and DSP,
and on an emulated Cortex-M4."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.compiler.graph import Graph, Quant
from lilliput.compiler.op import Target
from lilliput.compiler.program import compile_graph
from lilliput.core.errors import UnsafeRange, UnsupportedOp
from tests.runtime import test_fully_connected
from tests.runtime.cases import side_by_side
from tests.runtime.cortex import compile_for, run_on_cortex_m4
from tests.runtime.harness import assert_c_equals_reference, sample
from tests.runtime.int16_cases import CASES, FINE, LAYERS, one, two, widened
from tests.runtime.weighted_cases import SAME3, conv, depthwise, parallel

Q = Quant.per_tensor
FUNCTIONS = side_by_side({f"{op} {name}": graph for op, graphs in CASES.items() for name, graph in graphs.items()})


def test_layers_equal_the_reference(tmp_path: Path) -> None:
    made = assert_c_equals_reference(parallel(LAYERS), tmp_path, rows=6)
    assert len(np.unique(made)) > 3


def test_functions_equal_the_reference(tmp_path: Path) -> None:
    made = assert_c_equals_reference(FUNCTIONS, tmp_path, rows=24, targets=(Target(),))
    assert len(np.unique(made)) > 3


@pytest.mark.parametrize("dsp", [False, True])
def test_every_kernel_is_used_by_some_case(dsp: bool) -> None:
    used = {step.kernel.function for step in compile_graph(parallel(LAYERS), Target(dsp=dsp)).steps}
    portable = {"lp_conv2d_s16", "lp_depthwise_conv2d_s16"}  # with DSP: groups, multipliers, sums of 64 bits
    rest = {"lp_conv2d_s16_dsp", "lp_depthwise_rows_s16_dsp", "lp_fully_connected_s16_dsp"}
    assert used == portable | (rest if dsp else {"lp_fully_connected_s16"})


@pytest.mark.parametrize("graph", [parallel(LAYERS), FUNCTIONS], ids=["layers", "functions"])
def test_outputs_on_the_core_equal_the_reference(tmp_path: Path, graph: Graph) -> None:
    program = compile_graph(graph, Target(dsp=True))
    rng = np.random.default_rng(3)
    inputs = [sample(value, 4, rng)[3:] for value in program.inputs]
    made, _ = run_on_cortex_m4(program, inputs, tmp_path)
    for found, expected in zip(made, program.run(*inputs), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_kernels_compile_without_a_warning_for_a_core_without_dsp(tmp_path: Path) -> None:
    assert compile_for(compile_graph(parallel([*LAYERS, FUNCTIONS]), Target()), tmp_path, "cortex_m0plus")


@pytest.mark.parametrize(
    ("layer", "most"),
    [
        # A tenth or so above what was measured; two activations a multiplication, so that 0.5 is the least.
        pytest.param(conv((25, 5), 64, 64, (1, 1)), 1.3, id="pointwise"),
        pytest.param(conv((16, 16), 16, 16, padding=SAME3), 1.4, id="3x3"),
        pytest.param(conv((49, 10), 1, 64, (10, 4), stride=(2, 2), padding=((4, 5), (1, 1))), 2.0, id="stem"),
        pytest.param(test_fully_connected.layer(640, 128), 1.45, id="fully connected"),
        pytest.param(depthwise((48, 48), 8), 3.4, id="depthwise"),
    ],
)
def test_instructions_per_multiplication_stay_low(tmp_path: Path, layer: Graph, most: float) -> None:
    program = compile_graph(widened(layer), Target(dsp=True))
    inputs = [sample(value, 3, np.random.default_rng(3))[2:] for value in program.inputs]
    _, spent = run_on_cortex_m4(program, inputs, tmp_path)
    assert spent.total() < most * program.macs


def test_a_sum_that_could_leave_32_bits_is_added_up_in_64() -> None:
    short, long = (compile_graph(widened(test_fully_connected.layer(c, 3)), Target(dsp=True)) for c in (100, 2050))
    blocks = [int(f.value) for p in (short, long) for s in p.steps for f in s.kernel.fields if f.name == "block"]
    assert blocks == [25, 64]


def test_an_int32_bias_asks_for_sums_of_32_bits() -> None:
    with pytest.raises(UnsafeRange, match=r"in a sum of 32 bits \(its bias is int32\)"):
        compile_graph(widened(test_fully_connected.layer(2050, 3), "int32"))


def test_a_depthwise_layer_with_an_int32_bias_is_refused() -> None:
    for channels in (1, 3):
        with pytest.raises(UnsupportedOp, match="on int16 has no kernel for the int32 bias 'c1'"):
            compile_graph(widened(depthwise((5, 5), channels), "int32"))


def test_what_could_leave_32_bits_behind_the_factor_is_refused() -> None:
    with pytest.raises(UnsafeRange, match=r"could reach .* before its output is clamped"):
        compile_graph(widened(test_fully_connected.layer(100, 3), gain=1e6))


def test_an_asymmetric_value_is_refused() -> None:
    with pytest.raises(UnsupportedOp, match="int16 with zero point 3: 'x0'"):
        compile_graph(one("relu", (1, 4), Q(0.001, 3), FINE))


def test_a_product_beyond_32_bits_is_refused() -> None:
    with pytest.raises(UnsafeRange, match="a factor of 2, the int16 kernel takes less than 1"):
        compile_graph(two("mul", (1, 4), (1, 4), (Q(1.0, 0), Q(2.0, 0), Q(1.0, 0))))
