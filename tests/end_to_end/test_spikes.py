"""Spiking networks, from PyTorch to a board: trained on digits, in integers, and the reference's bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lilliput.boards import get_board
from lilliput.boards.run import differing_bytes, execute
from lilliput.compiler.frontends.torch_export import from_torch
from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.interpret import run_float, run_integer
from lilliput.compiler.passes import simplify
from lilliput.compiler.passes.keep_potentials import keep_potentials
from lilliput.compiler.passes.stream import stream
from lilliput.compiler.program import compile_graph
from lilliput.compress.quantise import QuantiseSettings, quantise, quantised
from lilliput.core.errors import BadSetting, BrokenGraph, LilliputError, UnsupportedOp
from lilliput.layers.over_time import OverTime
from lilliput.layers.spiking import ALIF, IF, LIF, SpikingSequential
from lilliput.models import create_model
from lilliput.train.data import Tensors, TrainData
from lilliput.train.loop import fit
from lilliput.train.settings import TrainSettings
from tests.spiking.networks.digits import digits

BOARD = "nucleo-f746zg"


@dataclass(frozen=True)
class Made:
    """A trained network, its integers, and what float says of the test digits."""

    model: nn.Module
    graph: Graph
    integer: Graph
    x: Array
    y: Array
    real: Array

    def codes(self, count: int | None = None) -> Array:
        return quantised(self.integer, self.integer.inputs[0], self.x[:count])


def made(model: nn.Module, x: Tensor, y: Tensor, x_test: Tensor, y_test: Tensor) -> Made:
    settings = TrainSettings(epochs=4, batch_size=32, lr=5e-3, optimiser="adam", weight_decay=0.0, keep="last")
    fit(model, TrainData(Tensors(x, y), Tensors(x_test, y_test)), settings)
    model.eval()
    graph = simplify(from_torch(model, x[:1]))
    rows = x_test.permute(0, 2, 3, 1) if x.ndim == 4 else x_test
    known = x.permute(0, 2, 3, 1) if x.ndim == 4 else x
    integer = quantise(graph, known[:200].contiguous().numpy()).graph
    with torch.no_grad():
        real = model(x_test).argmax(1).numpy()
    return Made(model, graph, integer, np.ascontiguousarray(rows.numpy()), y_test.numpy(), real)


@pytest.fixture(scope="module", params=["perceptron", "convolutions"])
def network(request: pytest.FixtureRequest) -> Made:
    (x, y), (x_test, y_test) = digits("train", 1000), digits("test", 200)
    torch.manual_seed(0)
    if request.param == "perceptron":
        model: nn.Module = create_model("spiking_mlp", features=64, classes=10, hidden="64 32", threshold=0.5)
        return made(model, x.flatten(1), y, x_test.flatten(1), y_test)
    layers = [nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), LIF(), nn.MaxPool2d(2)]
    more = [nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), LIF(), nn.Flatten(), nn.Linear(256, 10)]
    model = OverTime(SpikingSequential(*layers, *more), steps=4)
    return made(model, x.unsqueeze(1), y, x_test.unsqueeze(1), y_test)


def test_the_float_graph_is_the_network(network: Made) -> None:
    given = torch.from_numpy(network.x[:8])
    (found,) = run_float(network.graph, {network.graph.inputs[0]: given}).values()
    with torch.no_grad():
        wanted = network.model(given.permute(0, 3, 1, 2) if given.ndim == 4 else given)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_integers_name_the_classes_that_float_names(network: Made) -> None:
    (scores,) = run_integer(network.integer, {network.integer.inputs[0]: network.codes()}).values()
    answers = scores.argmax(-1)
    assert (network.real == network.y).mean() > 0.8
    assert (answers == network.real).mean() > 0.95
    assert (answers == network.y).mean() > (network.real == network.y).mean() - 0.02


def test_layers_of_spikes_multiply_nothing(network: Made) -> None:
    program = compile_graph(network.integer, get_board(BOARD).target)
    functions = [step.kernel.function for step in program.steps]
    assert any(function.startswith("lp_spiking_") for function in functions)
    trains = [value for value in network.integer.values.values() if value.steps]
    assert trains
    assert all(value.dtype == "uint8" for value in trains)


def test_the_board_gives_the_reference_s_bytes(network: Made) -> None:
    board = get_board(BOARD)
    program = compile_graph(network.integer, board.target)
    x = network.codes(3)
    done = execute(program, board, [x])
    assert differing_bytes(done.outputs, program.run(x))[0] == 0
    assert len(np.unique(done.outputs[0])) > 5


def test_dimmer_pictures_fire_less_and_cost_less() -> None:
    """Of one network with one set of weights: what the input does not say is not computed."""
    torch.manual_seed(1)
    layers = [nn.Linear(64, 128, bias=False), LIF(), nn.Linear(128, 128, bias=False), LIF(), nn.Linear(128, 10)]
    model = OverTime(SpikingSequential(*layers), 8).eval()
    x = 4 * digits("train", 200)[0].flatten(1)
    integer = quantise(simplify(from_torch(model, x[:1])), x.numpy()).graph
    board = get_board(BOARD)
    program = compile_graph(integer, board.target)
    rows = quantised(integer, integer.inputs[0], np.stack([x[0].numpy() * share for share in (0.0, 0.4, 1.0)]))
    done = execute(program, board, [rows])
    assert differing_bytes(done.outputs, program.run(rows))[0] == 0
    assert done.instructions[0] < done.instructions[1] < done.instructions[2]


class TestKeptPotentials:
    """Eight steps at once, and eight runs of one step each, are the same network."""

    @staticmethod
    def stepwise() -> tuple[Graph, Graph]:
        torch.manual_seed(3)
        layers = SpikingSequential(
            nn.Linear(20, 30), IF(), nn.Linear(30, 12), LIF(reset_to="subtract"), nn.Linear(12, 4)
        )
        x = (torch.rand(64, 8, 20, generator=torch.Generator().manual_seed(4)) < 0.3).float()
        graphs = []
        for steps in (8, 1):
            model = OverTime(layers, steps, code="events", read_out="sum").eval()
            graphs.append(quantise(simplify(from_torch(model, x[:1, :steps])), x[:, :steps].numpy()).graph)
        return graphs[0], graphs[1]

    def test_runs_go_on_where_the_last_one_stopped(self) -> None:
        whole, single = self.stepwise()
        kept = keep_potentials(single)
        assert len(kept.states) == 2
        x = (np.random.default_rng(5).random((1, 8, 20)) < 0.3).astype(np.float32)
        at_once = quantised(whole, whole.inputs[0], x)
        one_by_one = quantised(kept, kept.inputs[0], x.reshape(8, 1, 20))
        trains = _spikes(whole, {whole.inputs[0]: at_once})
        rows = _spikes(kept, {kept.inputs[0]: one_by_one})
        for found, wanted in zip(rows, trains, strict=True):
            bits = np.array([wanted >> step & 1 for step in range(8)])
            np.testing.assert_array_equal(found.reshape(8, -1), bits.reshape(8, -1))
        forgetful = _spikes(single, {single.inputs[0]: one_by_one})
        assert any((a != b).any() for a, b in zip(rows, forgetful, strict=True))

    def test_the_board_keeps_them_too(self) -> None:
        _, single = self.stepwise()
        streamed = stream(single)
        board = get_board(BOARD)
        program = compile_graph(streamed.graph, board.target)
        x = quantised(single, single.inputs[0], (np.random.default_rng(6).random((6, 1, 20)) < 0.4).astype(np.float32))
        done = execute(program, board, [x])
        assert differing_bytes(done.outputs, program.run(x))[0] == 0

    def test_a_hop_is_a_run(self) -> None:
        with pytest.raises(BadSetting, match="runs 1 time steps at once"):
            stream(self.stepwise()[1], hop=3)


def _spikes(graph: Graph, inputs: dict[str, Array]) -> list[Array]:
    """Trains of all layers of neurons behind the first, run after run."""
    seen: dict[str, list[Array]] = {}
    names = [node.output for node in graph.nodes if node.op == "spiking_linear"]
    run_integer(graph, inputs, lambda name, made: seen.setdefault(name, []).append(made))
    return [np.concatenate(seen[name]) for name in names]


class TestRefusals:
    @staticmethod
    def graph(*layers: nn.Module, steps: int = 4) -> Graph:
        return simplify(from_torch(OverTime(SpikingSequential(*layers), steps).eval(), torch.rand(1, 6)))

    def test_activations_of_sixteen_bits(self) -> None:
        graph = self.graph(nn.Linear(6, 5), LIF(), nn.Linear(5, 2))
        with pytest.raises(UnsupportedOp, match="spiking neurons have no form with activations of int16"):
            quantise(graph, np.random.default_rng(0).random((8, 6), np.float32), QuantiseSettings(activations="int16"))

    def test_spikes_that_are_read_as_numbers(self) -> None:
        graph = self.graph(nn.Linear(6, 5), LIF(), nn.Linear(5, 2), nn.Sigmoid())
        with pytest.raises(UnsupportedOp, match=r"reads the spikes of .* as numbers"):
            quantise(graph, np.random.default_rng(0).random((8, 6), np.float32))

    def test_more_steps_than_a_train_holds(self) -> None:
        with pytest.raises(BrokenGraph, match="steps must be 1 to 8, got 9"):
            self.graph(nn.Linear(6, 5), LIF(), nn.Linear(5, 2), steps=9)

    def test_neurons_without_a_translation_say_so(self) -> None:
        with pytest.raises(LilliputError, match="LP3"):
            self.graph(nn.Linear(6, 5), ALIF(), nn.Linear(5, 2))
