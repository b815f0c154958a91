"""The short requantisation of the DSP kernels against the plain one, in C, ties and ends of the range included."""

from __future__ import annotations

import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from tests.runtime.harness import STRICT

_MAIN = """
#include <stdio.h>
#include "lp_requantise_x256.h"

static uint32_t state = 1;
static uint32_t draw(void) { return state = state * 1664525u + 1013904223u; }

static long wrong;
static void hold(int32_t acc, int32_t mult, int32_t shift, int32_t y_offset)
{
    const int32_t code = shift < 0 && shift >= -15 ? 7 - shift : shift - 64;
    const int32_t plain = lp_clamp_s32(lp_requantise(acc, mult, shift) + y_offset, -128, 127);
    const int32_t fast = code > 0 ? lp_requantise_x256(acc * 256, mult, lp_round_x256(y_offset, code), code)
                                  : lp_requantise_x256_long(acc * 256, mult, y_offset, code);
    wrong += plain != fast;
}

int main(void)
{
    const int32_t mults[] = {1 << 30, (1 << 30) + 1, 3 << 29, 0x7fffffff, 0x5a82799a};
    const int32_t offsets[] = {-128, -7, 0, 127};
    for (int m = 0; m < 5; m++)
        for (int32_t shift = -31; shift <= 6; shift++)
            for (int z = 0; z < 4; z++) {
                for (int32_t acc = -3000; acc <= 3000; acc++) hold(acc, mults[m], shift, offsets[z]);
                for (int32_t acc = 8388600; acc < 8388608; acc++) {
                    hold(shift < 0 ? acc : acc >> shift, mults[m], shift, offsets[z]);
                    hold(shift < 0 ? -acc : -(acc >> shift), mults[m], shift, offsets[z]);
                }
            }
    for (int i = 0; i < 2000000; i++) {
        const int32_t acc = (int32_t)(draw() >> 8) - 8388608;
        hold(acc == -8388608 ? 0 : acc, (int32_t)(draw() >> 2) + (1 << 30), -(int32_t)(draw() >> 28), offsets[i % 4]);
    }
    printf("%ld", wrong);
    return 0;
}
"""


def test_the_short_form_gives_the_same_int8(tmp_path: Path) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not installed")
    (tmp_path / "main.c").write_text(_MAIN)
    runtime = str(files("lilliput.runtime").joinpath("."))
    program = str(tmp_path / "run")
    subprocess.run([compiler, *STRICT, "-O2", f"-I{runtime}", str(tmp_path / "main.c"), "-o", program], check=True)
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == "0"
