"""The kernels for the Arm vector extension: their arithmetic, shapes that use all of their ways, and whole networks,
with plain C for the instructions here, and in QEMU on a Cortex-M55."""

from __future__ import annotations

import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from lilliput.boards import boards
from lilliput.boards.run import execute
from lilliput.boards.toolchain import ToolchainName
from lilliput.compiler.frontends import load_network
from lilliput.compiler.graph import Graph
from lilliput.compiler.program import compile_graph
from tests.runtime import test_conv2d, test_depthwise_conv2d, test_fully_connected
from tests.runtime.cases import CASES, COARSE, FINE, LOW, one, two, with_constant
from tests.runtime.harness import MVE, STRICT, assert_c_equals_reference, sample
from tests.runtime.weighted_cases import SAME3, VALID, conv, depthwise, parallel

M55 = boards["mps3-an547"]
needs_qemu = pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="qemu-system-arm is not installed")
RELU = {"zero": -128, "y_zero": -128, "activation": "relu"}

WEIGHTED = [
    conv((5, 5), 64, 64, (1, 1), **RELU),  # in place, more pixels than are held
    conv((4, 5), 24, 8, (1, 1)),  # a vector and a half
    conv((3, 7), 16, 20, (1, 1), zero=127, activation="relu6"),  # one vector, and a clamp
    conv((4, 6), 40, 6, (1, 1)),  # channels that are no fours, in place
    conv((6, 6), 33, 12, (1, 1), stride=(2, 2)),
    conv((9, 9), 16, 32, (1, 1), stride=(2, 2)),  # in place with a stride
    conv((2, 3), 32, 8, (1, 1), lowest=-1, gain=8, bias=20),  # left shifts, and more than a vector
    conv((9, 8), 16, 16, padding=SAME3, **RELU),
    conv((12, 11), 3, 8, padding=((0, 1), (0, 1)), stride=(2, 2), **RELU),
    conv((14, 9), 1, 12, (10, 4), padding=((4, 5), (1, 2)), stride=(2, 2)),
    conv((7, 9), 20, 4, (3, 3), dilation=(2, 1), padding=((2, 2), (1, 1))),
    depthwise((9, 7), 12, **RELU),  # odd both ways, three bands of squares at a time
    depthwise((6, 20), 8),
    depthwise((13, 11), 6, stride=(2, 2), padding=((0, 1), (1, 1)), activation="relu6"),  # channels that are no fours
    depthwise((8, 18), 4, stride=(2, 2), padding=((0, 1), (0, 1)), zero=-128),
    depthwise((5, 9), 4, stride=(1, 2)),
    depthwise((3, 3), 20),
    depthwise((3, 3), 8, padding=VALID),  # one output: rows instead of squares
    depthwise((9, 10), 5, (5, 5), padding=((2, 2), (2, 2))),
    depthwise((4, 40), 3, (2, 9), dilation=(2, 1), padding=((0, 2), (4, 4)), stride=(1, 3)),
    depthwise((6, 30), 3, (3, 5), dilation=(1, 3), padding=((1, 1), (6, 6))),
    depthwise((3, 40), 2, (3, 17), padding=((1, 1), (8, 8))),  # rows too wide for a vector: the DSP kernel
    conv((6, 7), 16, 24, groups=2, padding=SAME3, **RELU),  # more than a vector of taps
    conv((5, 5), 12, 24, (1, 1), groups=3, stride=(2, 1), activation="relu6"),  # clamped row by row
    conv((6, 5), 8, 12, (3, 2), groups=4, dilation=(1, 2), padding=((1, 1), (1, 1))),  # groups that are no fours
    depthwise((6, 5), 3, multiplier=4, **RELU),
    depthwise((7, 6), 5, (5, 5), multiplier=6, stride=(2, 2), padding=((2, 2), (2, 2))),
    depthwise((4, 4), 2, multiplier=8, lowest=-1, gain=4, bias=20),  # left shifts
    *test_fully_connected.LAYERS,
]
PLAIN = [
    two("add", (1, 5, 5, 7), (1, 5, 5, 7)),
    two("add", (1, 5, 6, 1), (1, 1, 6, 9)),
    two("mul", (1, 41), (1, 41)),
    two("mul", (1, 6, 1), (1, 6, 9)),
    with_constant("add", (1, 4, 19), (19,)),
    with_constant("mul", (1, 4, 19), (1, 4, 1)),
    one("max_pool2d", (1, 6, 7, 37), window=(3, 2), stride=(2, 2), padding=((1, 1), (1, 0)), activation="relu"),
    one("avg_pool2d", (1, 6, 7, 10), window=(3, 3), stride=(2, 2), padding=((1, 1), (1, 1))),
    one(
        "avg_pool2d", (1, 65, 64, 2), window=(64, 64), stride=(1, 1), padding=VALID
    ),  # the most that is divided exactly
    one("avg_pool2d", (1, 65, 64, 2), window=(65, 64), stride=(1, 1), padding=VALID),  # and one row more
    one("mean", (1, 6, 5, 22), LOW, FINE, axes=(1, 2), keepdims=False),
    one("mean", (1, 6, 45), COARSE, FINE, axes=(2,), keepdims=False),
    one("pad", (1, 5, 19, 3), padding=((0, 0), (1, 2), (0, 7), (0, 0)), value=0.5),
    one("transpose", (1, 19, 13), perm=(0, 2, 1)),
    one("slice", (1, 40, 3), begin=(0, 1, 0), end=(1, 40, 3), strides=(1, 3, 1)),
    one("sigmoid", (1, 5, 33), FINE, LOW),
]

_MAIN = """
#include <stdio.h>
#include "lp_fixed_point.h"
#include "lp_requantise_mve.h"

static uint32_t state = 1;
static uint32_t draw(void) { return state = state * 1664525u + 1013904223u; }

static long wrong;
static void hold(int32_t acc, int32_t mult, int32_t shift)
{
    const int32_t plain = lp_requantise(acc, mult, shift);
    const lp_s32x4 four = lp_vset(acc, acc, acc, acc);
    wrong += lp_vrequantise(four, lp_vsplat(mult), lp_vsplat(shift)).at[0] != plain;
    if (shift < 0) wrong += lp_vrequantise_right(four, lp_vsplat(mult), lp_vsplat(shift)).at[1] != plain;
    if (shift <= 0) wrong += lp_vrequantise_down(four, mult, shift, shift < 0 ? -1 : 0).at[2] != plain;
}

int main(void)
{
    const int32_t mults[] = {1 << 30, (1 << 30) + 1, 3 << 29, 0x7fffffff, 0x5a82799a, 0};
    for (int m = 0; m < 6; m++)
        for (int32_t shift = -31; shift <= 6; shift++) {
            const int32_t up = shift > 0 ? shift : 0;
            for (int32_t acc = -3000; acc <= 3000; acc++) hold(acc, mults[m], shift);
            for (int32_t near = -3; near <= 3; near++) /* halves of a coarse step, and the ends of the range */
                for (int32_t bit = 0; bit < 31 - up; bit++) {
                    const int32_t acc = (int32_t)((1u << bit) + (uint32_t)near - (bit == 30 - up ? 4u : 0u));
                    hold(acc, mults[m], shift);
                    hold(-acc, mults[m], shift);
                }
        }
    for (int i = 0; i < 1000000; i++) {
        const int32_t shift = -(int32_t)(draw() >> 27);
        hold((int32_t)draw() / 2, (int32_t)(draw() >> 2) + (1 << 30), shift);
    }
    printf("%ld", wrong);
    return 0;
}
"""


def test_four_at_once_are_requantised_as_one_is(tmp_path: Path) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not installed")
    (tmp_path / "main.c").write_text(_MAIN)
    runtime = str(files("lilliput.runtime").joinpath("."))
    program = str(tmp_path / "run")
    subprocess.run([compiler, *STRICT, "-O2", f"-I{runtime}", str(tmp_path / "main.c"), "-o", program], check=True)
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == "0"


@pytest.mark.parametrize("layers", [WEIGHTED, PLAIN], ids=["weighted", "plain"])
def test_every_way_through_the_kernels_equals_the_reference(tmp_path: Path, layers: list[Graph]) -> None:
    assert_c_equals_reference(parallel(layers), tmp_path, rows=6, targets=(MVE,))


@needs_qemu
@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
def test_the_real_instructions_do_what_the_plain_c_does(toolchain: ToolchainName) -> None:
    if toolchain == "gcc" and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    small = [
        graph
        for op in ("concat", "max_pool2d", "mean", "add", "sub", "mul", "requantize", "softmax")
        for graph in CASES[op].values()
    ]
    all_layers = [*WEIGHTED, *PLAIN, *test_conv2d.GENERAL, *test_depthwise_conv2d.THREE, *small]
    graph = parallel([layer for layer in all_layers if layer.name != "avg_pool2d"] + PLAIN[7:8])
    program = compile_graph(graph, M55.target)
    rng = np.random.default_rng(4)
    inputs = [sample(value, 5, rng) for value in program.inputs]
    made = execute(program, M55, inputs, toolchain=toolchain).outputs
    for value, found, wanted in zip(program.outputs, made, program.run(*inputs), strict=True):
        np.testing.assert_array_equal(found, wanted, err_msg=value.name)


def test_every_kernel_is_used_by_some_case() -> None:
    others = [graph for op in ("concat", "requantize", "softmax") for graph in CASES[op].values()]
    program = compile_graph(parallel([*WEIGHTED, *PLAIN, *others]), MVE)
    used = {stem for step in program.steps for stem in (step.kernel.function, *step.kernel.also)}
    there = {
        path.name.removesuffix(".c") for path in files("lilliput.runtime").iterdir() if path.name.endswith("_mve.c")
    }
    assert there <= used


def test_groups_and_multipliers_are_vectors_where_they_fill_them() -> None:
    taken = [
        compile_graph(graph, MVE).steps[0].kernel.function
        for graph in (
            conv((4, 4), 8, 12, groups=4), conv((4, 4), 8, 8, groups=4),
            depthwise((4, 4), 4, multiplier=3), depthwise((4, 4), 4, multiplier=2),
        )
    ]  # fmt: skip
    assert taken == ["lp_conv2d_s8_mve", "lp_conv2d_s8", "lp_conv2d_s8_mve", "lp_depthwise_conv2d_s8"]


@needs_qemu
@pytest.mark.parametrize(
    ("graph", "most"),
    [
        # A tenth or so above what was measured; the portable kernels take 6.6 and 33.
        pytest.param(conv((16, 16), 32, 32, groups=4, padding=SAME3), 1.0, id="groups"),
        pytest.param(depthwise((16, 16), 8, multiplier=4), 11.0, id="multiplier"),
    ],
)
def test_groups_take_few_instructions_per_multiplication(graph: Graph, most: float) -> None:
    program = compile_graph(graph, M55.target)
    rows = [sample(value, 3, np.random.default_rng(1))[2:] for value in program.inputs]
    done = execute(program, M55, rows)
    np.testing.assert_array_equal(done.outputs[0], program.run(*rows)[0])
    assert done.instructions[0] < most * program.macs


def test_no_kernel_needs_memory_beyond_the_liveness_bound(shared_data: Path) -> None:
    for name in NETWORKS:
        graph, _ = load_network(shared_data / "models" / f"{name}.tflite")
        plan = compile_graph(graph, MVE).plan
        assert plan.arena_bytes == plan.bound, name


# A tenth or so above what was measured; half to a third of these is what the instructions themselves need at the least.
NETWORKS = {
    "kws_ref_model": 0.51, "pretrainedResnet_quant": 0.27, "vww_96_int8": 0.45, "person_detect": 0.45, "ad01_int8": 0.30
}  # fmt: skip
"""Network → most instructions per multiplication."""


@needs_qemu
@pytest.mark.shared
@pytest.mark.parametrize("name", NETWORKS)
def test_whole_networks_run_on_the_core_exactly_and_in_few_instructions(name: str, shared_data: Path) -> None:
    graph, _ = load_network(shared_data / "models" / f"{name}.tflite")
    program = compile_graph(graph, M55.target)
    (x,) = program.inputs
    rows = sample(x, 6, np.random.default_rng(2))
    rows[3:] = np.clip(np.random.default_rng(3).normal(x.zero_point, 12, rows[3:].shape), -128, 127)
    done = execute(program, M55, [rows])
    np.testing.assert_array_equal(done.outputs[0], program.run(rows)[0])
    assert max(done.instructions) < NETWORKS[name] * program.macs
