"""Spiking Boltzmann machines: sampling is what it says, contrast teaches, and one machine on another answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from lilliput.spiking.networks.answering import in_batches
from lilliput.spiking.networks.boltzmann import (
    BoltzmannSettings,
    Sampling,
    SpikingDBN,
    held_by,
    learn_dbn,
    learn_rbm,
)
from tests.spiking.networks.digits import CLASSES, accuracy, digits

SMALL = BoltzmannSettings(hidden=50, epochs=5, steps=12, settle=3, answer=60)


@pytest.mark.parametrize("u", [-2.0, 0.0, 1.0])
def test_the_share_of_time_on_is_the_sigmoid_of_a_still_potential(u: float) -> None:
    neurons = Sampling(4)
    neurons.chance.manual_seed(0)
    state, on = None, torch.zeros(())
    for step in range(600):
        _, state = neurons(torch.full((1, 400), u), state)
        on += (state[0] > 0).float().mean() if step >= 100 else 0
    assert float(on / 500) == pytest.approx(float(torch.sigmoid(torch.tensor(u))), abs=0.01)


def test_no_neuron_fires_in_its_shadow() -> None:
    neurons = Sampling(4)
    neurons.chance.manual_seed(0)
    spikes, _ = neurons(torch.full((200, 50), 3.0))
    gaps = [int(gap) for row in spikes.T for gap in row.nonzero().flatten().diff()]
    assert min(gaps) == 4


def test_held_neurons_have_the_share_of_the_data() -> None:
    assert torch.allclose(torch.sigmoid(held_by(torch.tensor([0.2, 0.9]))), torch.tensor([0.2, 0.9]))
    assert held_by(torch.tensor([0.0, 1.0])).isfinite().all()


def test_a_machine_learns_digits_and_answers_from_the_picture_alone() -> None:
    x, y = digits("train")
    net = learn_rbm(x, y, CLASSES, SMALL, 0)
    untaught = learn_rbm(x, y, CLASSES, replace(SMALL, epochs=0), 0)
    assert accuracy(net) > 0.55 > 0.3 > accuracy(untaught)
    seen = digits("test")[0][:50]
    assert torch.equal(in_batches(net, seen, 40), in_batches(net, seen, 40))


def test_a_machine_on_another_learns_digits() -> None:
    x, y = digits("train")
    net = learn_dbn(x, y, CLASSES, replace(SMALL, epochs=8), 0)
    assert isinstance(net, SpikingDBN)
    assert accuracy(net) > 0.35
    # What the lower machine learnt is what the upper one stands on.
    net.lower.up.weight.zero_()
    assert accuracy(net) < 0.2
