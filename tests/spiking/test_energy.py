from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from lilliput.layers.spiking import IF, LIF, SpikingSequential
from lilliput.spiking import TECHNOLOGIES, OperationCounter, Operations, energy
from lilliput.spiking.energy import traffic_bytes


def run(net: nn.Module, x: torch.Tensor, samples: int) -> Operations:
    with torch.no_grad(), OperationCounter(net) as counter:
        net(x)
    return counter.report(samples)


def network(neuron: type[IF] | type[LIF]) -> SpikingSequential:
    torch.manual_seed(0)
    return SpikingSequential(nn.Linear(6, 9), neuron(threshold=0.2), nn.Linear(9, 4))


def test_energy_is_the_hand_computation() -> None:
    net, x = network(LIF), torch.rand(5, 2, 6)
    fired = float(net.layers[1](net.layers[0](x))[0].detach().sum())
    assert fired
    found = energy(run(net, x, 2))
    first, second = found.layers
    assert first.pj == pytest.approx(5 * 6 * 9 * 4.6)
    assert second.pj == pytest.approx(fired * 4 / 2 * 0.9)
    assert found.neurons_pj == pytest.approx(5 * 9 * 4.6)  # one multiply-accumulate an update
    assert found.total_pj == pytest.approx(first.pj + second.pj + found.neurons_pj)
    assert found.published_pj == pytest.approx(first.pj + second.pj)
    assert energy(run(network(IF), x, 2)).neurons_pj == pytest.approx(5 * 9 * 0.9)  # no leak: an addition


def test_presets_scale_as_their_figures() -> None:
    operations = run(network(IF), torch.rand(5, 2, 6), 2)
    total = {name: energy(operations, name).total_pj for name in ("45nm_fp32", "45nm_fp16", "45nm_int8")}
    additions = (operations.additions + operations.updates) / 2
    for name, pj in total.items():
        technology = TECHNOLOGIES[name]
        assert pj == pytest.approx(5 * 6 * 9 * (technology.mac_pj or 0) + additions * technology.add_pj)
    assert total["45nm_fp32"] > total["45nm_fp16"] > total["45nm_int8"] > 0
    assert all(technology.source for technology in TECHNOLOGIES.values())


def test_a_hidden_float_costs_more_than_publications_say() -> None:
    torch.manual_seed(0)
    honest = SpikingSequential(
        nn.Linear(6, 9), IF(threshold=0.2), nn.Linear(9, 20), IF(threshold=0.1), nn.Linear(20, 4)
    )
    hiding = SpikingSequential(*honest.layers[:3], nn.Identity(), honest.layers[4])
    x = torch.rand(5, 2, 6)
    spiking, floats = energy(run(honest, x, 2)), energy(run(hiding, x, 2))
    assert spiking.published_pj == pytest.approx(spiking.total_pj - spiking.neurons_pj)
    extra = floats.total_pj - floats.neurons_pj - floats.published_pj
    assert extra == pytest.approx(5 * 20 * 4 * (4.6 - 0.9))


def test_memory_is_counted_apart() -> None:
    operations = run(network(IF), torch.rand(5, 2, 6), 2)
    first, second = operations.layers
    words = first.weights + first.entered + second.additions + 2 * operations.updates
    assert traffic_bytes(operations, 4) == pytest.approx((4 * words + operations.updates / 8) / 2)
    found = energy(operations)
    assert found.memory_pj == pytest.approx(found.memory_bytes * 24.96)
    assert found.total_pj == energy(operations, replace(TECHNOLOGIES["45nm_fp32"], byte_pj=None)).total_pj


def test_normalisations_that_stay_are_charged() -> None:
    net = nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 3)).eval()
    found = energy(run(net, torch.rand(4, 6), 4))
    assert found.norms_pj == pytest.approx(6 * 4.6)


def test_a_chip_without_multipliers_has_no_figure_for_them() -> None:
    net, x = network(IF), torch.rand(5, 2, 6)
    with pytest.raises(ValueError, match=r"28nm_chip has no figure for multiplications, and layers.0 multiply"):
        energy(run(net, x, 2), "28nm_chip")
    spikes = (x > 0.5).float()
    found = energy(run(net, spikes, 2), "28nm_chip")
    assert found.total_pj == pytest.approx((run(net, spikes, 2).additions / 2 + 5 * 9) * 1.5)
    assert found.memory_pj is None


def test_an_unknown_technology_is_refused() -> None:
    operations = run(network(IF), torch.rand(5, 2, 6), 2)
    with pytest.raises(ValueError, match="no technology is called '7nm'; there are 28nm_chip, 45nm_fp16"):
        energy(operations, "7nm")
