"""The DSP kernels as compiled for a Cortex-M4, in Unicorn: right, and as short as they are meant to be; and all kernels
compiled for a Cortex-M0+."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.compiler.graph import Graph
from lilliput.compiler.op import Target
from lilliput.compiler.program import Program, compile_graph
from tests.runtime import test_conv2d, test_depthwise_conv2d, test_fully_connected
from tests.runtime.cortex import compile_for, run_on_cortex_m4
from tests.runtime.harness import sample
from tests.runtime.weighted_cases import SAME3, conv, depthwise, parallel

ALL = {
    "pointwise": test_conv2d.POINTWISE,
    "stem": test_conv2d.STEM,
    "general": test_conv2d.GENERAL,
    "depthwise 3x3": test_depthwise_conv2d.THREE,
    "depthwise": test_depthwise_conv2d.OTHERS,
    "fully connected": test_fully_connected.LAYERS,
}


def spent_on(graph: Graph, folder: Path) -> tuple[Program, int]:
    """The program for a core with DSP, and the instructions of one inference, whose outputs are checked."""
    program = compile_graph(graph, Target(dsp=True))
    rng = np.random.default_rng(3)
    inputs = [sample(value, 3, rng)[2:] for value in program.inputs]
    made, spent = run_on_cortex_m4(program, inputs, folder)
    for found, expected in zip(made, program.run(*inputs), strict=True):
        np.testing.assert_array_equal(found, expected)
    return program, spent.total()


@pytest.mark.parametrize("name", list(ALL))
def test_outputs_on_the_core_equal_the_reference(tmp_path: Path, name: str) -> None:
    program, _ = spent_on(parallel(ALL[name]), tmp_path)
    assert any(step.kernel.function.endswith("_dsp") for step in program.steps)


RELU = {"zero": -128, "y_zero": -128, "activation": "relu"}


@pytest.mark.parametrize(
    ("layer", "most"),
    [
        # A tenth or so above what was measured; TFLite Micro with CMSIS-NN spends 2.9 on pointwise networks.
        pytest.param(conv((25, 5), 64, 64, (1, 1), **RELU), 0.96, id="pointwise"),
        pytest.param(conv((16, 16), 16, 16, padding=SAME3, **RELU), 1.15, id="3x3"),
        pytest.param(conv((49, 10), 1, 64, (10, 4), stride=(2, 2), padding=((4, 5), (1, 1))), 1.45, id="stem"),
        pytest.param(test_fully_connected.layer(640, 128), 1.15, id="fully connected"),
    ],
)
def test_instructions_per_multiplication_stay_low(tmp_path: Path, layer: Graph, most: float) -> None:
    program, spent = spent_on(layer, tmp_path)
    assert spent < most * program.macs


def test_instructions_per_output_of_a_3x3_depthwise_stay_low(tmp_path: Path) -> None:
    program, spent = spent_on(depthwise((48, 48), 8, **RELU), tmp_path)
    assert spent < 21 * program.outputs[0].elements


@pytest.mark.parametrize("dsp", [False, True])
def test_every_kernel_compiles_without_a_warning_for_a_core_without_dsp(tmp_path: Path, dsp: bool) -> None:
    program = compile_graph(parallel([layer for layers in ALL.values() for layer in layers]), Target(dsp=dsp))
    assert compile_for(program, tmp_path, "cortex_m0plus")


@pytest.mark.parametrize("dsp", [False, True])
def test_every_kernel_is_used_by_some_case(dsp: bool) -> None:
    program = compile_graph(parallel([layer for layers in ALL.values() for layer in layers]), Target(dsp=dsp))
    used = {step.kernel.function for step in program.steps}
    portable = {"lp_depthwise_conv2d_s8", "lp_depthwise_rows_s8"}  # multipliers, dilation
    ours = {"lp_conv2d_s8", "lp_conv2d_1x1_s8", "lp_conv2d_patch_s8", "lp_fully_connected_s8"}
    old = ("lp_conv2d_1x1_s8", "lp_conv2d_stem_s8", "lp_fully_connected_s8", "lp_conv2d_s8")
    fast = {f"{name}_dsp" for name in (*old, "lp_depthwise_rows_s8", "lp_depthwise_3x3_s8")}
    cut = {"conv2d_1x1_blocks", "conv2d_blocks", "depthwise_3x3_pairs", "fully_connected_wide"}
    assert used >= (portable | fast | {f"lp_{name}_s8_dsp" for name in cut} if dsp else portable | ours)
