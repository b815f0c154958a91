"""Neurons that compete, with thresholds that rise: one a step, later nothing, and learning without labels."""

from __future__ import annotations

from dataclasses import replace

import torch

from lilliput.spiking.networks.diehl_cook import DiehlCook, DiehlCookSettings, Excitatory, learn_diehl_cook
from tests.spiking.networks.digits import CLASSES, accuracy, digits

SMALL = DiehlCookSettings(neurons=40, steps=150)


def test_one_neuron_a_row_and_step_fires_the_highest_above_its_own_threshold() -> None:
    neurons = Excitatory(3, 100.0, 5)
    neurons.get_buffer("theta").copy_(torch.tensor([0.0, 0.0, 30.0]))
    spikes, (v, waits) = neurons(torch.tensor([[[14.0, 15.0, 40.0], [0.0, 0.0, 0.0]]]))
    assert spikes.tolist() == [[[0, 1, 0], [0, 0, 0]]]
    assert v[0].tolist() == [-51, -60, -25]
    assert waits[0].tolist() == [-1, 5, -1]


def test_a_neuron_rests_after_its_spike() -> None:
    spikes, _ = Excitatory(1, 100.0, 5)(torch.full((20, 1, 1), 100.0))
    assert spikes.flatten().nonzero().flatten().diff().tolist() == [6, 6, 6]


def test_the_potential_leaks_to_rest() -> None:
    neurons = Excitatory(1, 10.0, 5)
    _, (v, _) = neurons(torch.cat([torch.full((1, 1, 1), 10.0), torch.zeros(10, 1, 1)]))
    assert torch.allclose(v + 65, torch.tensor(10 * torch.e**-1.0))


def test_small_pictures_are_amplified_and_weights_scaled_to_one_sum() -> None:
    net = DiehlCook(64, CLASSES, SMALL, 0)
    net.normalise()
    assert torch.allclose(net.inputs.weight.sum(1), torch.full((40,), 6.4))
    assert net.gain == 784 / 64


def test_later_steps_change_no_earlier_count() -> None:
    net = DiehlCook(64, CLASSES, SMALL, 0)
    x = digits("test")[0][:5]
    assert (net.counts(x, 75) <= net.counts(x, 150)).all()
    assert float(net.counts(x, 150).sum()) > 0


def test_competition_learns_digits_and_labels_come_after() -> None:
    x, y = digits("train", 800)
    net = learn_diehl_cook(x, y, CLASSES, SMALL, 0)
    untaught = learn_diehl_cook(x, y, CLASSES, replace(SMALL, epochs=0), 0)
    assert accuracy(net) > 0.55
    assert accuracy(net) > accuracy(untaught) + 0.3
    assert float(net.neurons.get_buffer("theta").min()) >= 0
    assert torch.allclose(net.inputs.weight.sum(1), torch.full((40,), 6.4), atol=1e-3)
    # Other labels change who stands for what, and no weight.
    other = learn_diehl_cook(x, y.roll(3), CLASSES, SMALL, 0)
    assert torch.equal(other.inputs.weight, net.inputs.weight)
