"""A compact transformer from PyTorch to an emulated Cortex-M7: the reference's bytes, and the classes of float."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from lilliput.boards import get_board
from lilliput.boards.host import run_host
from lilliput.boards.run import execute
from lilliput.compiler.frontends.torch_export import from_torch
from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.interpret import run_float, run_integer
from lilliput.compiler.passes import simplify
from lilliput.compiler.program import Program, compile_graph
from lilliput.compress.quantise import QuantiseSettings, quantise, quantised
from lilliput.tasks import get_task
from tests.compiler.compact_transformer import CompactTransformer

SETTINGS = QuantiseSettings(rows=64, equalise=False)


def pictures(split: str, side: int, channels: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Fashion-MNIST, (N, C, H, W) of mean 0 and variance 1, and class numbers."""
    task = get_task("fashion")
    chosen = task.load()[split]
    x = torch.from_numpy(task.preprocess.dequantise(task.preprocess.integer(chosen.x)).reshape(-1, 1, 28, 28))
    sized = functional.interpolate(x, (side, side), mode="bilinear", antialias=True)
    return sized.expand(-1, channels, -1, -1).contiguous(), torch.from_numpy(chosen.y.astype(np.int64))


def channels_last(x: torch.Tensor) -> Array:
    return np.ascontiguousarray(x.permute(0, 2, 3, 1).numpy())


@pytest.fixture(scope="module")
def published() -> tuple[Program, Array]:
    """cct_2_3x2_32 as it is initialised, compiled for the board, and some pictures in int8."""
    torch.manual_seed(0)
    net = CompactTransformer().eval()
    assert sum(p.numel() for p in net.parameters()) == 283_723
    graph = simplify(from_torch(net, torch.zeros(1, 3, 32, 32)))
    x = channels_last(pictures("train", 32, 3)[0][:64])
    integer = quantise(graph, x, SETTINGS).graph
    return compile_graph(integer, get_board("nucleo-f746zg").target), quantised(integer, graph.inputs[0], x[:6])


def test_the_board_gives_the_reference_s_bytes(published: tuple[Program, Array]) -> None:
    program, x = published
    (wanted,) = program.run(x)
    assert len(np.unique(wanted, axis=0)) == len(x)
    np.testing.assert_array_equal(run_host(program, [x])[0], wanted)
    done = execute(program, get_board("nucleo-f746zg"), [x[:3]])
    np.testing.assert_array_equal(done.outputs[0], wanted[:3])
    assert done.instructions[0] < 0.95 * program.macs  # 32 194 165 of 35 366 144 were measured
    assert done.image is not None
    assert done.sram_bytes is not None
    assert done.image.flash_bytes < 340_000
    assert done.sram_bytes < 85_000


def test_attention_is_planned_like_every_other_value(published: tuple[Program, Array]) -> None:
    program, _ = published
    # What the first convolution gives and its pool needs is the most that lives at once: attention needs far less.
    assert program.plan.arena_bytes == 32 * 32 * 64 + 16 * 16 * 64
    shares = [node.output for node in program.graph.nodes if node.op == "softmax"]
    assert [program.graph.values[name].shape for name in shares] == [(1, 2, 64, 64)] * 2 + [(1, 1, 64)]
    for name in shares:
        at = program.plan.offsets[name]
        assert 0 <= at <= program.plan.arena_bytes - program.graph.values[name].elements


def test_int8_names_the_classes_that_float_names() -> None:
    torch.manual_seed(0)
    net = CompactTransformer(16, 1, 32, 2, 2)
    x, y = pictures("train", 16, 1)
    optimiser = torch.optim.AdamW(net.parameters(), 3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=3 * (len(x) // 64))
    for step in range(schedule.total_steps):
        at = torch.randint(len(x), (64,), generator=torch.Generator().manual_seed(step))
        optimiser.zero_grad()
        functional.cross_entropy(net(x[at]), y[at]).backward()
        optimiser.step()
        schedule.step()
    graph = simplify(from_torch(net.eval(), x[:1]))
    result = quantise(graph, channels_last(x), QuantiseSettings())
    seen, answers = pictures("test", 16, 1)
    real, whole = classes(graph, result.graph, channels_last(seen))
    assert (real == answers.numpy()).mean() > 0.7  # it has learnt
    assert (real == whole).mean() >= 0.98


def classes(graph: Graph, integer: Graph, x: Array) -> tuple[Array, Array]:
    """By the float network, and by the integer one."""
    with torch.no_grad():
        real = run_float(graph, {graph.inputs[0]: torch.from_numpy(x)})[graph.outputs[0]].numpy()
    whole = run_integer(integer, {integer.inputs[0]: quantised(integer, integer.inputs[0], x)})[integer.outputs[0]]
    return real.argmax(-1), whole.argmax(-1)
