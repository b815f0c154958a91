"""The portable kernels on cores without SIMD: their short arithmetic against the plain rule, and few instructions."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from lilliput.boards import boards
from lilliput.boards.run import execute
from lilliput.compiler.graph import Graph
from lilliput.compiler.program import compile_graph
from lilliput.core.errors import UnsafeRange
from tests.runtime.harness import PORTABLE, STRICT, assert_c_equals_reference, sample
from tests.runtime.test_fully_connected import layer
from tests.runtime.weighted_cases import SAME3, conv, depthwise

RELU = {"zero": -128, "y_zero": -128, "activation": "relu"}

_MAIN = """
#include <stdio.h>
%s
#include "lp_fixed_point.h"

static uint32_t state = 1;
static uint32_t draw(void) { return state = state * 1664525u + 1013904223u; }

static long wrong;
static void hold(int32_t a, int32_t b)
{
    const int32_t high = (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
    wrong += lp_high_mul(a, b) != high;
    for (int32_t shift = -31; shift <= 3; shift++) {
        const int32_t acc = a >> (shift > 0 ? shift + 2 : 2); /* times 2^max(shift, 0) below 2^30 */
        const int32_t plain = lp_requantise(acc, b, shift);
        if (b >= 0) wrong += lp_requantise_small(acc, b, shift) != plain;
        if (b >= 0 && shift < 0) wrong += lp_requantise_right(acc, b, -shift) != plain;
    }
}

int main(void)
{
    const int32_t ends[] = {
        -2147483647, -65536, -65535, -32768, -1, 0, 1, 32767, 32768, 65535, 65536, 1 << 30, 2147483647,
    };
    for (int i = 0; i < 13; i++)
        for (int j = 0; j < 13; j++)
            for (int32_t near = -2; near <= 2; near++) hold(ends[i] / 4 + near, ends[j]);
    for (int i = 0; i < 13; i++)
        for (int j = 0; j < 13; j++) hold(ends[i], ends[j]);
    for (int i = 0; i < 200000; i++) hold((int32_t)draw() >> (draw() >> 28), (int32_t)(draw() >> 1));
    printf("%%ld", wrong);
    return 0;
}
"""


@pytest.mark.parametrize("core", ["", "#define __thumb__ 1\n#undef __thumb2__"], ids=["64-bit product", "Armv6-M"])
def test_short_forms_of_the_rounding_are_the_rounding(tmp_path: Path, core: str) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not installed")
    (tmp_path / "main.c").write_text(_MAIN % core)
    runtime, program = str(files("lilliput.runtime").joinpath(".")), str(tmp_path / "run")
    subprocess.run([compiler, *STRICT, "-O2", f"-I{runtime}", str(tmp_path / "main.c"), "-o", program], check=True)
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == "0"


@pytest.mark.parametrize("board", ["rp2040-pico", "esp32-c3"])
@pytest.mark.parametrize(
    ("graph", "most"),
    [
        # A tenth or so above what was measured; a loop over single products takes 9 to 12.
        pytest.param(conv((9, 5), 64, 64, (1, 1), **RELU), 5.8, id="pointwise"),
        pytest.param(conv((8, 8), 16, 16, padding=SAME3, **RELU), 6.0, id="3x3"),
        pytest.param(layer(640, 128), 4.8, id="fully connected"),
        pytest.param(depthwise((24, 24), 4, **RELU), 15.0, id="depthwise"),
    ],
)
def test_instructions_per_multiplication_stay_low(board: str, graph: Graph, most: float) -> None:
    program = compile_graph(graph, boards[board].target)
    rows = [sample(value, 3, np.random.default_rng(1))[2:] for value in program.inputs]
    done = execute(program, boards[board], rows)
    np.testing.assert_array_equal(done.outputs[0], program.run(*rows)[0])
    assert done.instructions[0] < most * program.macs


def test_accumulators_too_large_for_the_short_rounding_take_the_long_one(tmp_path: Path) -> None:
    long_row = layer(66_200, 1)
    w = long_row.values["c0"]
    long_row = long_row.replace(values={**long_row.values, "c0": replace(w, data=np.full(w.shape, 127, np.int8))})
    fields = {field.name: field.value for field in compile_graph(long_row).steps[0].kernel.fields}
    assert fields["dots.is_plain"] == 0
    assert_c_equals_reference(long_row, tmp_path, targets=(PORTABLE,))


def test_a_depthwise_layer_shifted_far_to_the_left_takes_the_direct_kernel(tmp_path: Path) -> None:
    taken: dict[str, Graph] = {}
    for gain in np.geomspace(1, 2**24, 49):
        graph = depthwise((3, 4), 2, lowest=-1, bias=20, per_channel=False, gain=float(gain))
        with suppress(UnsafeRange):
            taken.setdefault(compile_graph(graph).steps[0].kernel.function, graph)
    assert set(taken) == {"lp_depthwise_rows_s8", "lp_depthwise_conv2d_s8"}
    assert_c_equals_reference(taken["lp_depthwise_conv2d_s8"], tmp_path, targets=(PORTABLE,))
