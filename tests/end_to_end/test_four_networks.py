"""The four MLPerf Tiny networks from PyTorch to bytes: memory at the bound, C equal to the reference."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lilliput.boards.host import run_host
from lilliput.compiler.frontends.torch_export import from_torch
from lilliput.compiler.op import Target
from lilliput.compiler.passes import simplify
from lilliput.compiler.program import Program, compile_graph
from lilliput.compress.quantise import QuantiseSettings, quantise
from lilliput.models import create_model, example_input
from tests.compiler.test_memory import greedy_by_size

GREEDY = {"ds_cnn": 16_000, "resnet8": 49_152, "mobilenet_v1_025": 64_512, "fc_autoencoder": 768}
"""Bytes of the greedy-by-size plan that an interpreter makes for the published int8 file of the same network."""


def compiled(name: str, target: Target) -> Program:
    torch.manual_seed(0)
    graph = simplify(from_torch(create_model(name), example_input(name), name=name))
    rng = np.random.default_rng(0)
    items = rng.standard_normal((4, *graph.values[graph.inputs[0]].shape[1:])).astype(np.float32)
    return compile_graph(quantise(graph, items, QuantiseSettings(rows=4, equalise=False)).graph, target)


@pytest.mark.parametrize("name", GREEDY)
class TestEveryNetwork:
    def test_the_arena_has_no_slack_and_is_never_above_greedy(self, name: str) -> None:
        program = compiled(name, Target())
        plan = program.plan
        assert plan.arena_bytes == plan.bound
        assert plan.arena_bytes <= greedy_by_size([buffer for buffer, _ in plan.buffers])
        assert plan.arena_bytes <= GREEDY[name]

    def test_the_c_gives_the_references_bytes(self, name: str) -> None:
        program = compiled(name, Target(dsp=True))
        (x,) = program.inputs
        rows = np.random.default_rng(1).integers(-128, 128, (3, *x.shape[1:])).astype(np.int8)
        rows[0] = -128
        for made, wanted in zip(run_host(program, [rows]), program.run(rows), strict=True):
            np.testing.assert_array_equal(made, wanted)

    def test_every_multiply_accumulate_is_counted(self, name: str) -> None:
        from lilliput.models.cost import count_macs

        model = create_model(name)
        shape = tuple(example_input(name).shape[1:])
        assert compiled(name, Target()).macs == count_macs(model, shape)
