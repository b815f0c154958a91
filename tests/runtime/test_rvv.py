"""The kernels for the vectors of RISC-V: their arithmetic, shapes that use all of their ways, and whole networks, with
plain C for the instructions here, and in QEMU on RV32 with vectors of 128 and of 256 bits."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from lilliput.boards import boards
from lilliput.boards.board import Board
from lilliput.boards.run import execute
from lilliput.compiler.frontends import load_network
from lilliput.compiler.graph import Array
from lilliput.compiler.program import Program, compile_graph
from lilliput.core.errors import UnsafeRange
from tests.runtime import test_conv2d, test_depthwise_conv2d, test_fully_connected
from tests.runtime.cases import CASES, COARSE, FINE, LOW, one, two, with_constant
from tests.runtime.harness import RVV, STRICT, run_c, sample
from tests.runtime.weighted_cases import SAME3, VALID, conv, depthwise, parallel

BOARD = boards["qemu-rv32v"]
LENGTHS = (128, 256)
"""Bits of a vector."""
KINDS = ("weighted", "plain")
needs_qemu = pytest.mark.skipif(
    shutil.which("qemu-system-riscv32") is None, reason="qemu-system-riscv32 is not installed"
)
RELU = {"zero": -128, "y_zero": -128, "activation": "relu"}

WEIGHTED = [
    conv((5, 5), 64, 64, (1, 1), **RELU),  # in place, more pixels than are held, two wide strips
    conv((4, 5), 24, 8, (1, 1)),  # fewer channels than a vector
    conv((3, 7), 16, 20, (1, 1), zero=127, activation="relu6"),  # an odd number of pixels, a wide strip not filled
    conv((4, 6), 40, 50, (1, 1)),  # a wide strip and a narrow one
    conv((9, 9), 16, 70, (1, 1), stride=(2, 2)),
    conv((2, 3), 32, 40, (1, 1), lowest=-1, gain=8, bias=20),  # left shifts in more than one strip
    conv((9, 8), 16, 16, padding=SAME3, **RELU),
    conv((14, 9), 1, 36, (10, 4), padding=((4, 5), (1, 2)), stride=(2, 2)),
    conv((7, 9), 20, 4, (3, 3), dilation=(2, 1), padding=((2, 2), (1, 1))),
    conv((5, 6), 8, 80, groups=2, padding=SAME3),
    conv((4, 4), 12, 24, (1, 1), groups=3),
    conv((3, 3), 4, 8, (1, 1), padding=((3, 2), (2, 3)), stride=(2, 2)),  # patches wholly outside the image
    depthwise((9, 7), 12, **RELU),
    depthwise((5, 4), 40),  # a wide strip and a narrow one
    depthwise((5, 4), 20),  # copied in one run
    depthwise((13, 11), 70, stride=(2, 2), padding=((0, 1), (1, 1)), activation="relu6"),
    depthwise((40, 90), 3),  # rows so long that few lanes have room
    depthwise((9, 10), 35, (5, 5), padding=((2, 2), (2, 2))),
    depthwise((4, 40), 3, (2, 9), dilation=(2, 1), padding=((0, 2), (4, 4)), stride=(1, 3)),
    depthwise((4, 4), 36, lowest=-1, gain=4, bias=20),  # left shifts
    depthwise((4, 5), 7, multiplier=5, zero=-5),  # strips that begin amid the outputs of a channel
    depthwise((5, 5), 3, (2, 2), multiplier=30, padding=VALID, stride=(2, 1)),
    *test_conv2d.POINTWISE, *test_conv2d.STEM, *test_conv2d.GENERAL,
    *test_depthwise_conv2d.THREE, *test_depthwise_conv2d.OTHERS, *test_fully_connected.LAYERS,
]  # fmt: skip
PLAIN = [
    two("add", (1, 5, 5, 7), (1, 5, 5, 7)),
    two("add", (1, 5, 6, 1), (1, 1, 6, 45)),
    two("mul", (1, 141), (1, 141)),
    two("mul", (1, 6, 1), (1, 6, 39)),
    with_constant("add", (1, 4, 39), (39,)),
    with_constant("mul", (1, 4, 39), (1, 4, 1)),
    one("max_pool2d", (1, 6, 7, 67), window=(3, 2), stride=(2, 2), padding=((1, 1), (1, 0)), activation="relu"),
    one("avg_pool2d", (1, 6, 7, 40), window=(3, 3), stride=(2, 2), padding=((1, 1), (1, 1))),
    one("mean", (1, 6, 5, 42), LOW, FINE, axes=(1, 2), keepdims=False),
    one("mean", (1, 6, 145), COARSE, FINE, axes=(2,), keepdims=False),
    one("sigmoid", (1, 5, 33), FINE, LOW),
    *(graph for op in ("max_pool2d", "mean", "add", "mul", "requantize") for graph in CASES[op].values()),
]  # fmt: skip
MOST_AVERAGED = [
    one("avg_pool2d", (1, 65, 64, 2), window=(64, 64), stride=(1, 1), padding=VALID),
    one("avg_pool2d", (1, 65, 64, 2), window=(65, 64), stride=(1, 1), padding=VALID),
]
"""The most that is divided exactly, and one row more, which is left to the portable kernel."""

_MAIN = """
#include <stdio.h>
#include "lp_fixed_point.h"
#include "lp_rvv.h"

static uint32_t state = 1;
static uint32_t draw(void) { return state = state * 1664525u + 1013904223u; }

static long wrong;
static void hold(int32_t acc, int32_t mult, int32_t shift)
{
    const lp_rvv_range_t y = {-9, -128, 127};
    const int32_t plain = lp_requantise(acc, mult, shift);
    const int8_t out = (int8_t)lp_clamp_s32(plain < -1000 ? -128 : (plain > 1000 ? 127 : plain - 9), -128, 127);
    const int8_t shifts[3] = {(int8_t)shift, (int8_t)shift, (int8_t)shift};
    const int32_t mults[3] = {mult, mult, mult};
    const lp_w_s32 three = lp_w_splat(acc, 3);
    wrong += lp_w_requantise(three, mults, shifts, &y, 3).at[0] != out;
    wrong += lp_n_requantise(lp_n_splat(acc, 3), mults, shifts, &y, 3).at[2] != out;
    if (shift < 0) wrong += lp_w_requantise_right(three, mults, shifts, &y, 3).at[1] != out;
    if (shift < 0) wrong += lp_n_requantise_right(lp_n_splat(acc, 3), mults, shifts, &y, 3).at[1] != out;
    if (shift <= 0) wrong += lp_w_scale_down(three, mult, shift, 3).at[2] != plain;
}

int main(void)
{
    const int32_t mults[] = {1 << 30, (1 << 30) + 1, 3 << 29, 0x7fffffff, 0x5a82799a, 0};
    for (int m = 0; m < 6; m++)
        for (int32_t shift = -31; shift <= 6; shift++) {
            const int32_t up = shift > 0 ? shift : 0;
            for (int32_t acc = -200; acc <= 200; acc++) hold(acc, mults[m], shift);
            for (int32_t near = -3; near <= 3; near++) /* halves of a coarse step, and the ends of the range */
                for (int32_t bit = 0; bit < 31 - up; bit++) {
                    const int32_t acc = (int32_t)((1u << bit) + (uint32_t)near - (bit == 30 - up ? 4u : 0u));
                    hold(acc, mults[m], shift);
                    hold(-acc, mults[m], shift);
                }
        }
    for (int i = 0; i < 30000; i++) {
        const int32_t shift = -(int32_t)(draw() >> 27);
        hold((int32_t)draw() / 2, (int32_t)(draw() >> 2) + (1 << 30), shift);
    }
    printf("%ld", wrong);
    return 0;
}
"""


def with_vectors_of(bits: int) -> Board:
    return replace(BOARD, qemu_cpu=f"rv32,v=true,vlen={bits}")


def test_lanes_are_requantised_as_one_is(tmp_path: Path) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not installed")
    (tmp_path / "main.c").write_text(_MAIN)
    runtime = str(files("lilliput.runtime").joinpath("."))
    program = str(tmp_path / "run")
    subprocess.run([compiler, *STRICT, "-O2", f"-I{runtime}", str(tmp_path / "main.c"), "-o", program], check=True)
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == "0"


@cache
def program_of(kind: str) -> tuple[Program, tuple[Array, ...]]:
    """Layers side by side, and rows for each of its inputs."""
    program = compile_graph(parallel(WEIGHTED if kind == "weighted" else [*PLAIN, *MOST_AVERAGED]), RVV)
    rng = np.random.default_rng(0)
    return program, tuple(sample(value, 5, rng) for value in program.inputs)


@cache
def wanted_of(kind: str) -> tuple[Array, ...]:
    program, inputs = program_of(kind)
    return program.run(*inputs)


def assert_reference(kind: str, made: Sequence[Array]) -> None:
    for value, found, wanted in zip(program_of(kind)[0].outputs, made, wanted_of(kind), strict=True):
        np.testing.assert_array_equal(found, wanted, err_msg=value.name)


@pytest.mark.parametrize("bits", LENGTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_way_through_the_kernels_equals_the_reference(tmp_path: Path, kind: str, bits: int) -> None:
    program, inputs = program_of(kind)
    assert_reference(kind, run_c(program, inputs, tmp_path, [f"-DLP_RVV_BYTES={bits // 8}"]))


@needs_qemu
@pytest.mark.parametrize("bits", LENGTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_real_instructions_do_what_the_plain_c_does(kind: str, bits: int) -> None:
    pytest.importorskip("ziglang")
    program, inputs = program_of(kind)
    assert BOARD.target == RVV
    assert_reference(kind, execute(program, with_vectors_of(bits), inputs).outputs)


def test_every_kernel_is_used_by_some_case() -> None:
    steps = [step for kind in KINDS for step in program_of(kind)[0].steps]
    used = {stem for step in steps for stem in (step.kernel.function, *step.kernel.also)}
    there = {
        path.name.removesuffix(".c") for path in files("lilliput.runtime").iterdir() if path.name.endswith("_rvv.c")
    }
    assert there <= used


def test_sums_that_could_overflow_are_refused() -> None:
    layer = conv((3, 3), 4, 2, (1, 1))
    bias = replace(layer.values["c1"], data=np.array([0, 2**31 - 1], np.int32))
    with pytest.raises(UnsafeRange, match='LP312: conv2d at "node" could reach an accumulator of'):
        compile_graph(layer.replace(values={**layer.values, "c1": bias}), RVV)


@pytest.mark.shared
@pytest.mark.parametrize(("name", "most"), [("vww_96_int8", 55_296), ("person_detect", 55_296), ("ad01_int8", 768)])
def test_scratch_leaves_the_arena_at_the_liveness_bound(name: str, most: int, shared_data: Path) -> None:
    graph, _ = load_network(shared_data / "models" / f"{name}.tflite")
    plan = compile_graph(graph, RVV).plan
    assert plan.arena_bytes == plan.bound == most


# A tenth or so above what was measured with vectors of 128 bits; portable kernels take 3.8 to 5.3.
NETWORKS = {
    "kws_ref_model": 0.20, "pretrainedResnet_quant": 0.22, "vww_96_int8": 0.27, "person_detect": 0.27, "ad01_int8": 0.23
}  # fmt: skip
"""Network → most instructions per multiplication."""


@needs_qemu
@pytest.mark.shared
@pytest.mark.parametrize("name", NETWORKS)
def test_whole_networks_run_on_the_core_exactly_and_in_few_instructions(name: str, shared_data: Path) -> None:
    pytest.importorskip("ziglang")
    graph, _ = load_network(shared_data / "models" / f"{name}.tflite")
    program = compile_graph(graph, BOARD.target)
    (x,) = program.inputs
    rows = sample(x, 6, np.random.default_rng(2))
    rows[3:] = np.clip(np.random.default_rng(3).normal(x.zero_point, 12, rows[3:].shape), -128, 127)
    short, long = (execute(program, with_vectors_of(bits), [rows]) for bits in LENGTHS)
    for done in (short, long):
        np.testing.assert_array_equal(done.outputs[0], program.run(rows)[0])
    assert max(short.instructions) < NETWORKS[name] * program.macs
    assert max(long.instructions) < max(short.instructions)
