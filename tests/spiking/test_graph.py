"""Spiking networks with loops, against loops that are written out."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from lilliput.layers.spiking import IF, LIF, SpikingSequential
from lilliput.spiking.graph import SpikingGraph


def currents(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 0.4


def recurrent() -> SpikingGraph:
    torch.manual_seed(0)
    nodes = {"w": nn.Linear(5, 7), "lif": LIF(threshold=0.3), "back": nn.Linear(7, 7), "out": nn.Linear(7, 3)}
    edges = [("input", "w"), ("w", "lif"), ("lif", "back"), ("back", "lif"), ("lif", "out"), ("out", "output")]
    return SpikingGraph(nodes, edges)


@torch.no_grad()
def test_a_loop_gets_the_spikes_of_the_step_before() -> None:
    net, x = recurrent(), currents(12, 4, 5)
    spikes, state, made = torch.zeros(1, 4, 7), None, []
    for now in x:
        given = net.node("w")(now[None]) + net.node("back")(spikes)
        spikes, state = net.node("lif")(given, state)
        made.append(net.node("out")(spikes))
    found, _ = net(x)
    torch.testing.assert_close(found, torch.cat(made))
    assert float(spikes.sum()) > 0
    assert net.parts == (("w",), ("back", "lif"), ("out",))


@torch.no_grad()
def test_steps_in_two_calls_are_the_steps_in_one() -> None:
    net, x = recurrent(), currents(12, 4, 5)
    whole, _ = net(x)
    first, state = net(x[:5])
    then, _ = net(x[5:], state)
    torch.testing.assert_close(torch.cat([first, then]), whole)
    one = [net(x[:, row : row + 1])[0] for row in range(4)]
    torch.testing.assert_close(torch.cat(one, 1), whole)


@torch.no_grad()
def test_two_layers_of_neurons_in_one_loop_are_delayed_once() -> None:
    torch.manual_seed(1)
    nodes = {"b": IF(threshold=0.4), "up": nn.Linear(4, 6), "a": IF(threshold=0.2), "down": nn.Linear(6, 4)}
    edges = [("input", "a"), ("a", "up"), ("up", "b"), ("b", "down"), ("down", "a"), ("b", "output")]
    net, x = SpikingGraph(nodes, edges), currents(15, 3, 4)
    spikes_b, of_a, of_b, made = torch.zeros(1, 3, 6), None, None, []
    for now in x:
        spikes_a, of_a = nodes["a"](now[None] + nodes["down"](spikes_b), of_a)
        spikes_b, of_b = nodes["b"](nodes["up"](spikes_a), of_b)
        made.append(spikes_b)
    torch.testing.assert_close(net(x)[0], torch.cat(made))
    assert net.parts == (("down", "a", "up", "b"),)


@torch.no_grad()
def test_without_a_loop_it_is_the_chain_and_edges_that_meet_are_added() -> None:
    torch.manual_seed(0)
    layers = [nn.Linear(5, 6), IF(threshold=0.3), nn.Linear(6, 6), LIF(threshold=0.2)]
    chain, x = SpikingSequential(*layers), currents(9, 2, 5)
    names = ["0", "1.a", "2", "3"]
    edges = list(zip(["input", *names], [*names, "output"], strict=True))
    whole, _ = SpikingGraph(dict(zip(names, layers, strict=True)), edges)(x)
    torch.testing.assert_close(whole, chain(x)[0])
    twice = SpikingGraph({"w": layers[0], "v": nn.Linear(5, 6)}, [("input", "w"), ("input", "v"), ("w", "output"),
                                                                  ("v", "output")])  # fmt: skip
    torch.testing.assert_close(twice(x)[0], twice.node("w")(x) + twice.node("v")(x))


def test_gradients_pass_through_a_loop() -> None:
    net, x = recurrent(), currents(6, 2, 5)
    net(x)[0].square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.any()) for p in net.parameters())


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        ([("input", "a"), ("a", "c"), ("a", "output")], "the edge a → c joins what is not there; nodes are a, b"),
        ([("input", "a"), ("a", "output")], "nothing reaches b from the input"),
        ([("input", "a"), ("input", "a"), ("a", "b"), ("b", "output")], "an edge is there twice"),
        ([("input", "a"), ("a", "b")], "no edge leads to the output"),
        ([("input", "a"), ("a", "b"), ("b", "a"), ("b", "output")], "the loop of a, b has no neuron in it"),
    ],
)
def test_what_is_no_network_is_refused(edges: list[tuple[str, str]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SpikingGraph({"a": nn.Linear(3, 3), "b": nn.Linear(3, 3)}, edges)


def test_input_without_a_step_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at least one step, got \(0, 4, 5\)"):
        recurrent()(torch.zeros(0, 4, 5))
