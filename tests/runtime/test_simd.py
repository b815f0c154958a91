"""The kernels for the vectors of the machine at hand, with each instruction set that it has, under sanitizers."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.op import Target
from lilliput.compiler.ops._simd import fits_simd
from lilliput.compiler.ops._weights import Channels
from lilliput.compiler.program import Program, compile_graph
from tests.runtime import test_conv2d, test_depthwise_conv2d, test_fully_connected
from tests.runtime.cases import CASES, FINE, LOW, one, side_by_side, two
from tests.runtime.harness import STRICT, run_c, sample
from tests.runtime.weighted_cases import SAME3, VALID, conv, depthwise, parallel

HOST = Target(host=True)
RELU = {"zero": -128, "y_zero": -128, "activation": "relu"}

WEIGHTED = [
    conv((3, 5), 8, 3, (1, 1)),  # two pixels a vector, one of them without a neighbour
    conv((4, 4), 8, 8, (1, 1), **RELU),  # stored as whole vectors
    conv((3, 3), 16, 16, (1, 1), zero=127),
    conv((2, 5), 12, 20, (1, 1)),  # two blocks, the second cut short
    conv((4, 7), 4, 48, (1, 1), activation="relu6"),  # three blocks: two and one
    conv((5, 7), 20, 64, (1, 1), **RELU),  # four blocks; tiles of all sizes
    conv((2, 2), 8, 70, (1, 1), lowest=-128),
    conv((7, 9), 7, 9, (1, 1), stride=(2, 3)),  # runs that are no words
    conv((9, 8), 16, 16, padding=SAME3, **RELU),
    conv((8, 9), 12, 33, (3, 3), padding=VALID),  # straight from the image
    conv((12, 11), 3, 8, padding=((0, 1), (0, 1)), stride=(2, 2), **RELU),
    conv((14, 9), 1, 12, (10, 4), padding=((4, 5), (1, 2)), stride=(2, 2)),
    conv((7, 9), 5, 4, (3, 3), dilation=(2, 3), padding=((2, 2), (1, 3))),
    conv((6, 6), 4, 5, (2, 2), stride=(3, 3)),  # the last rows and columns are never read
    depthwise((6, 7), 1, (3, 3)),
    depthwise((6, 7), 2),  # eight neighbours a vector
    depthwise((5, 9), 4, (5, 3), padding=((2, 2), (1, 1)), zero=-128),
    depthwise((7, 11), 8, **RELU),
    depthwise((7, 11), 8, stride=(2, 1)),
    depthwise((6, 9), 16, padding=VALID, lowest=-128),  # straight from the image
    depthwise((9, 11), 16, stride=(2, 2), padding=((0, 1), (0, 1)), activation="relu6"),
    depthwise((6, 6), 24, zero=127),
    depthwise((4, 9), 40, (3, 3), dilation=(1, 2), padding=((1, 1), (2, 2))),
    depthwise((9, 9), 17, (9, 2), padding=((4, 4), (0, 1)), stride=(3, 3)),  # three words a column
]
PLAIN = {
    "add": two("add", (1, 5, 5, 7), (1, 5, 5, 7), activation="relu"),
    "add along channels": two("add", (1, 5, 6, 1), (1, 1, 6, 19)),
    "sub": two("sub", (1, 64), (1, 64)),
    "average": one("avg_pool2d", (1, 9, 7, 35), LOW, window=(3, 4), stride=(2, 2), padding=((1, 1), (2, 1))),
    "average of all": one("avg_pool2d", (1, 60, 60, 16), window=(60, 60), stride=(1, 1), padding=VALID),
    "largest": one(
        "max_pool2d", (1, 9, 7, 35), FINE, window=(3, 4), stride=(2, 2), padding=((1, 1), (2, 1)), activation="relu6"
    ),
    "mean": one("mean", (1, 6, 5, 35), LOW, FINE, axes=(1, 2), keepdims=True),
    "mean of columns": one("mean", (1, 6, 5, 16), FINE, FINE, axes=(2,), keepdims=False),
}
OLDER = [
    *test_conv2d.POINTWISE, *test_conv2d.STEM, *test_conv2d.GENERAL, *test_depthwise_conv2d.THREE,
    *test_depthwise_conv2d.OTHERS, *test_fully_connected.LAYERS,
]  # fmt: skip
"""What the kernels for boards are held to."""
SETS = {
    "all": ["-march=native"],
    "VNNI of 256 bits": ["-mavx2", "-mavx512vnni", "-mavx512vl", "-DLP_ONLY_256"],
    "AVX2": ["-mavx2"],
    "none": [],
}
"""Flags of gcc: all that this machine has, some of it, and what every x86-64 has."""
NEEDS = {"VNNI of 256 bits": "avx512_vnni", "AVX2": "avx2"}


def everything() -> Graph:
    """All layers side by side, so that one compilation serves them."""
    ops = ("add", "sub", "avg_pool2d", "max_pool2d", "mean")
    cases = {f"{op} {name}": graph for op in ops for name, graph in CASES[op].items()}
    weighted = {f"layer {i}": graph for i, graph in enumerate([*WEIGHTED, *OLDER])}
    return side_by_side({**PLAIN, **cases, **weighted})


@pytest.fixture(scope="module")
def program() -> Program:
    return compile_graph(everything(), HOST)


@pytest.fixture(scope="module")
def inputs(program: Program) -> list[Array]:
    rng = np.random.default_rng(2)
    return [sample(value, 5, rng) for value in program.inputs]


@pytest.fixture(scope="module")
def wanted(program: Program, inputs: list[Array]) -> tuple[Array, ...]:
    return program.run(*inputs)


@pytest.mark.parametrize("instructions", list(SETS))
def test_c_equals_the_reference(
    tmp_path: Path, instructions: str, program: Program, inputs: list[Array], wanted: tuple[Array, ...]
) -> None:
    _demand(instructions)
    for value, made, expected in zip(
        program.outputs, run_c(program, inputs, tmp_path, SETS[instructions]), wanted, strict=True
    ):
        np.testing.assert_array_equal(made, expected, err_msg=f"{value.name} with {instructions}")


def _demand(instructions: str) -> None:
    info, feature = Path("/proc/cpuinfo"), NEEDS.get(instructions)
    if feature is not None and not (info.is_file() and feature in info.read_text(encoding="utf-8").split()):
        pytest.skip(f"this machine has no {feature}")


def test_every_kernel_is_used_by_some_case(program: Program) -> None:
    used = {step.kernel.function for step in program.steps}
    ours = {path.name.removesuffix(".c") for path in files("lilliput.runtime").iterdir() if "_simd.c" in path.name}
    assert ours <= used
    assert len(ours) == 8


def test_layers_that_leave_no_room_for_rounding_get_the_portable_kernels() -> None:
    layers = [
        conv((4, 4), 2, 3, (3, 3), lowest=-1, gain=6, bias=20),  # factors above one
        conv((5, 5), 8, 12, groups=4, padding=SAME3),
        depthwise((5, 6), 3, multiplier=2),
    ]
    used = [step.kernel.function for step in compile_graph(parallel(layers), HOST).steps]
    assert used == ["lp_conv2d_patch_s8", "lp_conv2d_s8", "lp_depthwise_conv2d_s8"]
    some = np.ones((2, 4), np.int8)
    fine = Channels(some, some[:, 0], some[:, 0], np.int8([-1, -21]), (1 << 30) - 1, 0, 0, (-128, 127))
    assert fits_simd(fine)
    assert not fits_simd(replace(fine, bound=1 << 30))
    assert not fits_simd(replace(fine, shift=np.int8([-1, -22])))
    assert not fits_simd(replace(fine, shift=np.int8([-1, 1])))


def test_weights_lie_on_cache_lines() -> None:
    source = compile_graph(WEIGHTED[5], HOST).sources["lilliput_model.c"]
    assert "static const _Alignas(64) int8_t lilliput_layer_00_node_w[" in source


_REQUANTISE = """
#include <stdio.h>
#include "lp_fixed_point.h"
#include "lp_simd_requantise.h"

static uint32_t state = 1;
static uint32_t draw(void) { return state = state * 1664525u + 1013904223u; }

static int32_t accs[16], mults[16], halves[16], rights[16];
static long wrong, held;
static void hold(int32_t y_offset)
{
    for (int i = 0; i < 16; i++)
        halves[i] = (rights[i] > 0 ? 1 << (rights[i] - 1) : 0) + y_offset * (1 << rights[i]);
    const lp_scales_s8_t scales = {accs, accs, mults, halves, rights, 16, -128, 127};
    const lp_scale_block by = lp_load_scales(&scales, 0);
    const lp_bytes made = lp_narrow(lp_requantise_lanes(lp_load_lanes(accs), &by), -128, 127);
    int8_t codes[16];
    lp_store_bytes(codes, made, 16);
    for (int i = 0; i < 16; i++, held++)
        wrong += codes[i] != lp_clamp_s32(lp_requantise(accs[i], mults[i], -rights[i]) + y_offset, -128, 127);
}

int main(void)
{
    const int32_t ends[] = {1 << 30, (1 << 30) + 1, 3 << 29, 0x7fffffff, 0x5a82799a, 0};
    const int32_t offsets[] = {-128, -7, 0, 127};
    for (int m = 0; m < 6; m++)
        for (int32_t right = ends[m] == 0 ? 21 : 0; right <= 21; right++)
            for (int z = 0; z < 4; z++)
                for (int32_t base = -4000; base < 4000; base += 16) {
                    const int32_t step = base % 3 == 0 ? 1 : (1 << right) / 2 + 1; /* near zero, and near the ties */
                    for (int i = 0; i < 16; i++) {
                        const int64_t acc = (int64_t)(base + i) * step;
                        accs[i] = acc > -(1 << 30) && acc < 1 << 30 ? (int32_t)acc : (i - 8) * ((1 << 26) - 1);
                        mults[i] = ends[m];
                        rights[i] = right;
                    }
                    hold(offsets[z]);
                }
    for (int n = 0; n < 100000; n++) {
        for (int i = 0; i < 16; i++) {
            rights[i] = (int32_t)((draw() >> 8) % 22);
            accs[i] = (int32_t)(draw() >> 1) >> (draw() >> 28) >> 1;
            accs[i] = (draw() & 0x10000u) != 0 ? -accs[i] : accs[i];
            mults[i] = (int32_t)(draw() >> 2) | 1 << 30;
        }
        hold(offsets[n % 4]);
    }
    printf("%ld %ld", wrong, held);
    return 0;
}
"""


@pytest.mark.parametrize("instructions", list(SETS))
def test_sixteen_accumulators_are_rounded_as_one(tmp_path: Path, instructions: str) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not installed")
    _demand(instructions)
    (tmp_path / "main.c").write_text(_REQUANTISE)
    runtime = str(files("lilliput.runtime").joinpath("."))
    command = [compiler, *STRICT, "-O2", *SETS[instructions], f"-I{runtime}", "main.c", "-o", "run"]
    subprocess.run(command, cwd=tmp_path, check=True)
    made = subprocess.run([str(tmp_path / "run")], capture_output=True, text=True, check=True).stdout
    wrong, held = map(int, made.split())
    assert wrong == 0
    assert held > 1_000_000
