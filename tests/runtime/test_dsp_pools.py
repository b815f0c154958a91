"""Pools by the Arm DSP instructions: on this machine, on the emulated core, and where sums would not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.compiler.op import Target
from lilliput.compiler.program import compile_graph
from tests.runtime.cases import CASES, NONE, one, side_by_side
from tests.runtime.cortex import run_on_cortex_m4
from tests.runtime.harness import assert_c_equals_reference, sample

DSP = Target(dsp=True)


@pytest.mark.parametrize("op", ["avg_pool2d", "max_pool2d"])
def test_c_and_the_core_equal_the_reference(tmp_path: Path, op: str) -> None:
    full = one(
        op, (1, 16, 16, 5), window=(16, 16), stride=(1, 1), padding=NONE
    )  # the most taps that sums have room for
    graph = side_by_side({**CASES[op], "full": full})
    assert_c_equals_reference(graph, tmp_path / "host", rows=8, targets=[DSP])
    program = compile_graph(graph, DSP)
    assert {step.kernel.function for step in program.steps} == {f"lp_{op.removesuffix('2d')}_s8_dsp"}
    for row in (0, 3):  # all lowest, random
        inputs = [sample(v, 4, np.random.default_rng(row))[row : row + 1] for v in program.inputs]
        made, _ = run_on_cortex_m4(program, inputs, tmp_path / f"m4-{row}")
        for found, wanted in zip(made, program.run(*inputs), strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_windows_too_large_for_sums_of_16_bits_take_the_portable_kernel() -> None:
    graph = one("avg_pool2d", (1, 17, 16, 4), window=(17, 16), stride=(1, 1), padding=NONE)
    assert compile_graph(graph, DSP).steps[0].kernel.function == "lp_avg_pool_s8"


def test_four_channels_at_a_time_pay(tmp_path: Path) -> None:
    for op, most in (("max_pool2d", 0.6), ("avg_pool2d", 0.8)):
        graph = one(op, (1, 12, 12, 16), window=(3, 3), stride=(1, 1), padding=NONE)
        spent = []
        for dsp in (True, False):
            program = compile_graph(graph, Target(dsp=dsp))
            x = sample(program.inputs[0], 3, np.random.default_rng(0))[2:]
            spent.append(run_on_cortex_m4(program, [x], tmp_path / f"{op}-{dsp}")[1].total())
        assert spent[0] < most * spent[1], (op, spent)
