"""The four MLPerf Tiny networks from PyTorch to bytes: memory at the bound, C equal to the reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lilliput.boards import get_board
from lilliput.boards.host import run_host
from lilliput.boards.report import make_report, report_parts
from lilliput.boards.run import execute
from lilliput.compiler.frontends.torch_export import from_torch
from lilliput.compiler.op import Target
from lilliput.compiler.ops.preprocess import attach_preprocess, feature_quant
from lilliput.compiler.passes import simplify
from lilliput.compiler.program import Program, compile_graph
from lilliput.compress.quantise import QuantiseSettings, quantise
from lilliput.models import create_model, create_model_for, example_input
from lilliput.tasks import get_task
from tests.compiler.test_memory import greedy_by_size
from tests.runtime.harness import run_c, sample

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
        # Those planners' figure has no scratch; ours includes the patch of a convolution.
        assert plan.arena_bytes <= GREEDY[name] + max(step.kernel.scratch_bytes for step in program.steps)

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


@pytest.mark.parametrize("target", [Target(), Target(dsp=True)], ids=["portable", "dsp"])
def test_from_raw_samples_to_scores_the_sanitizers_find_nothing(target: Target, tmp_path: Path) -> None:
    """The network of the demo with its front end: real recordings, silence, full scale, alternating, noise."""
    task = get_task("spoken-digits")
    height, width, channels = task.preprocess.output_shape
    torch.manual_seed(0)
    model = create_model_for("ds_cnn", (channels, height, width), len(task.labels), width=16)
    graph = simplify(from_torch(model, example_input(model), name="digits"))
    split = task.load()["test"]
    features = task.preprocess.dequantise(task.preprocess.integer(split.x[:16]))
    settings = QuantiseSettings(rows=16, equalise=False)
    known = {graph.inputs[0]: feature_quant(task.preprocess)}
    integer = quantise(graph, features, settings, input_quant=known).graph
    program = compile_graph(attach_preprocess(integer, task.preprocess), target)
    extreme = sample(program.inputs[0], 5, np.random.default_rng(0))
    rows = np.concatenate([extreme, np.zeros_like(extreme[:1]), split.x[:6]])
    (made,) = run_c(program, [rows], tmp_path)
    np.testing.assert_array_equal(made, program.run(rows)[0])


def test_a_layer_that_the_fast_kernels_do_not_take_is_named_in_the_report() -> None:
    model = torch.nn.Sequential(torch.nn.Conv2d(4, 8, 1), torch.nn.ReLU(), torch.nn.ConvTranspose2d(8, 8, 3, stride=2))
    graph = simplify(from_torch(model, torch.zeros(1, 4, 8, 8)))
    items = np.random.default_rng(0).standard_normal((4, 8, 8, 4)).astype(np.float32)
    board = get_board("nucleo-f446re")
    program = compile_graph(quantise(graph, items, QuantiseSettings(rows=4)).graph, board.target)
    report = make_report(program, board, execute(program, board, [np.zeros((1, 8, 8, 4), np.int8)]))
    assert report["without_dsp"] == ["2"]
    assert any("portable kernel" in part for part in report_parts(report) if isinstance(part, str))
