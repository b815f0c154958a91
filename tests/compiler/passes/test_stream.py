"""A streaming network gives, run after run, what the network gives for the whole recording at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lilliput.boards import get_board
from lilliput.boards.run import execute
from lilliput.compiler.frontends import load_network
from lilliput.compiler.frontends.torch_export import from_torch
from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.ops import ops
from lilliput.compiler.passes import simplify
from lilliput.compiler.passes.stream import stream
from lilliput.compiler.program import compile_graph
from lilliput.compress.quantise import quantise
from lilliput.core.errors import BadSetting, UnsupportedOp
from tests.runtime.harness import assert_c_equals_reference
from tests.tasks.shared_data import shared


class Valid(nn.Module):
    """No padding in time."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 6, (5, 3), stride=(2, 1))
        self.second = nn.Conv2d(6, 6, (3, 3), groups=6, padding=(0, 1))
        self.out = nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.second(torch.relu(self.first(x))))
        return self.out(x.mean((2, 3)))


class Padded(nn.Module):
    """Padding in time, strides, a residual branch, dilation, a pool that pads, and two paths into one window."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 6, (4, 3), stride=(2, 1), padding=(2, 1))
        self.block = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 6, 3, padding=1))
        self.wide = nn.Conv2d(6, 6, 3, padding=(2, 1), dilation=(2, 1))
        self.out = nn.Linear(12, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.stem(x))
        x = x + self.block(x)
        pooled = nn.functional.max_pool2d(x, 3, stride=2, padding=1)
        y = self.wide(pooled)
        return self.out(torch.cat([x.mean((2, 3)), y.mean((2, 3))], 1))


def quantised(model: nn.Module, frames: int, wide: int) -> Graph:
    """The network with random weights in int8."""
    torch.manual_seed(0)
    model = type(model)()
    x = torch.randn(16, 1, frames, wide)
    graph = simplify(from_torch(model, x[:1]))
    return quantise(graph, x.permute(0, 2, 3, 1).numpy()).graph


def network(name: str) -> Graph:
    """By name."""
    if name == "valid":
        return quantised(Valid(), 21, 5)
    if name == "padded":
        return quantised(Padded(), 24, 5)
    return load_network(shared("models") / f"{name}.tflite")[0]


def over_recording(graph: Graph, recording: Array) -> list[Array]:
    """Outputs for each window of a recording, (1, frames, …): maps that slide are computed over all of it at once, and
    the first node that gives one row, or none, sees the window's part of them."""
    first = graph.values[graph.inputs[0]]
    frames = first.shape[1] if len(first.shape) > 2 else 49
    maps: dict[str, Array] = {graph.inputs[0]: recording}
    rates = {graph.inputs[0]: 1}
    tail = []
    for node in graph.nodes:
        x, y = graph.values[node.inputs[0]], graph.values[node.output]
        names = [name for name in node.inputs if not graph.values[name].is_constant]
        slides = all(name in maps for name in names) and len(y.shape) > 2 and y.shape[1] > 1
        if node.op == "reshape" and len(x.shape) == 2 and x.name in maps:
            maps[node.output], rates[node.output] = maps[x.name].reshape(1, -1, *y.shape[2:]), 1
        elif slides:
            long = [replace(v, shape=maps[v.name].shape) if v.name in maps else v for v in graph.ins(node)]
            arrays = [maps.get(v.name, v.data) for v in graph.ins(node)]
            shape, _ = ops[node.op].infer(node, long)
            made = ops[node.op].evaluate(node, long, replace(y, shape=shape), *arrays)  # type: ignore[arg-type]
            maps[node.output] = made
            step = node.attrs["stride"][0] if "stride" in node.attrs else 1
            rates[node.output] = rates[x.name] * step
        else:
            tail.append(node)
    stride = int(np.lcm.reduce(list(rates.values())))
    total = recording.shape[1] if recording.ndim > 2 else recording.shape[1] // 40
    found = []
    for begin in range(0, total - frames + 1, stride):
        parts = {
            name: made[:, begin // rates[name] : begin // rates[name] + graph.values[name].shape[1]]
            for name, made in maps.items()
            if made.ndim > 2
        }
        found.append(_tail(graph, tail, parts))
    return found


def _tail(graph: Graph, nodes: list, given: Mapping[str, Array]) -> Array:
    values = dict(given)
    for node in nodes:
        arrays = [values[n] if graph.values[n].data is None else graph.values[n].data for n in node.inputs]
        values[node.output] = ops[node.op].evaluate(node, graph.ins(node), graph.values[node.output], *arrays)
    return values[graph.outputs[0]]


def recording_for(graph: Graph, hop: int, runs: int) -> Array:
    """(runs, hop, …) int8, and the same as one (1, frames, …)."""
    first = graph.values[graph.inputs[0]]
    row = first.shape[2:] if len(first.shape) > 2 else (40,)
    return np.random.default_rng(1).integers(-128, 128, (runs, hop, *row)).astype(np.int8)


NETWORKS = ["valid", "padded", pytest.param("kws_ref_model", marks=pytest.mark.shared),
            pytest.param("micro_speech_quantized", marks=pytest.mark.shared)]  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("times", [1, 2])
def test_each_run_gives_the_network_over_the_whole_recording(name: str, times: int) -> None:
    graph = network(name)
    least = stream(graph).hop
    made = stream(graph, least * times)
    rows = recording_for(graph, made.hop, 72 // made.hop + 8)
    inputs = rows.reshape(len(rows), *made.graph.values[made.graph.inputs[0]].shape[1:])
    first = graph.values[graph.inputs[0]]
    whole = rows.reshape(1, -1, *first.shape[2:]) if len(first.shape) > 2 else rows.reshape(1, -1)
    outputs = run_integer(made.graph, {made.graph.inputs[0]: inputs})[made.graph.outputs[0]]
    wanted = over_recording(graph, whole)
    compared = 0
    for run in range(made.first_run, len(rows)):
        begin = (run + 1) * made.hop - made.lag
        if begin // least < len(wanted):
            np.testing.assert_array_equal(outputs[run : run + 1], wanted[begin // least], err_msg=f"run {run}")
            compared += 1
    assert compared >= 5
    assert len({row.tobytes() for row in outputs[made.first_run :]}) > 1, "the output never changes"


def test_without_padding_in_time_each_window_gives_what_it_gives_alone() -> None:
    graph = network("valid")
    made = stream(graph)
    rows = recording_for(graph, made.hop, 40)
    outputs = run_integer(made.graph, {made.graph.inputs[0]: rows})[made.graph.outputs[0]]
    frames, whole = graph.values[graph.inputs[0]].shape[1], rows.reshape(1, -1, *rows.shape[2:])
    for run in range(made.first_run, len(rows)):
        begin = (run + 1) * made.hop - made.lag
        alone = run_integer(graph, {graph.inputs[0]: whole[:, begin : begin + frames]})[graph.outputs[0]]
        np.testing.assert_array_equal(outputs[run : run + 1], alone)


@pytest.mark.parametrize("name", ["valid", "padded"])
def test_the_c_code_keeps_the_same_memory(name: str, tmp_path: Path) -> None:
    made = stream(network(name))
    assert_c_equals_reference(made.graph, tmp_path, rows=30)


@pytest.mark.shared
def test_a_streaming_wake_word_costs_a_fraction_on_the_board() -> None:
    graph, board = network("kws_ref_model"), get_board("nucleo-f746zg")
    made = stream(graph)
    rows = recording_for(graph, made.hop, 34)
    program = compile_graph(made.graph, board.target)
    execution = execute(program, board, [rows])
    np.testing.assert_array_equal(execution.outputs[0], program.run(rows)[0])
    batch = execute(compile_graph(graph, board.target), board, [np.zeros((1, 49, 10, 1), np.int8)])
    assert execution.instructions[-1] < 0.12 * batch.instructions[0]


def test_a_reset_begins_a_new_recording() -> None:
    made = stream(network("padded"))
    rows = recording_for(made.graph, made.hop, 12)
    program, board = compile_graph(made.graph), get_board("nucleo-f446re")
    first, second = (execute(program, board, [rows]).outputs[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_hop_that_the_strides_do_not_take_is_refused() -> None:
    with pytest.raises(BadSetting, match=r"(?s)LP\d+: a hop of 3 frames.*4 frames a step.*a multiple of 4"):
        stream(network("padded"), 3)
    with pytest.raises(BadSetting, match="window has 24"):
        stream(network("padded"), 28)


def test_a_network_that_mixes_all_rows_at_once_is_refused() -> None:
    x = torch.randn(8, 6, 4)
    model = nn.Sequential(nn.Flatten(), nn.Linear(24, 3))
    graph = quantise(simplify(from_torch(model, x[:1])), x.numpy()).graph
    with pytest.raises(UnsupportedOp, match="mixes all rows of the input"):
        stream(graph)
    flat = quantise(simplify(from_torch(nn.Linear(5, 3), torch.randn(1, 5))), torch.randn(8, 5).numpy()).graph
    with pytest.raises(UnsupportedOp, match="needs a time axis"):
        stream(flat)
