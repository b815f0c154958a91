"""The measure of the comparison: counts as events, fewer bits, fronts."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lilliput.layers.spiking import IF
from lilliput.spiking.comparison import Hardware, at_bits, front, parameters, run_at, some_steps
from lilliput.spiking.networks.fully_connected import SpikingLayers
from lilliput.spiking.networks.wrapped import Plain
from tests.spiking.networks.digits import digits


def spiking() -> SpikingLayers:
    return SpikingLayers((64, 12, 10), IF(reset_to="subtract"), 7, scale=1.0, brightness=0.3, seed=0)


def test_operations_are_those_of_a_run_event_by_event() -> None:
    net, (x, _) = spiking(), digits("test", 8)
    point = run_at(net, x, 7, counted=8)
    seen, hidden, out = net.trains(x, 7, torch.Generator().manual_seed(0))
    first, last = (weight.double() for weight in net.weights)
    additions = 0
    for row in range(8):
        potential, answer = torch.zeros(12, dtype=torch.float64), torch.zeros(10, dtype=torch.float64)
        for step in range(7):
            for pixel in seen[step, row].nonzero().flatten():
                potential += first[:, pixel]
                additions += 12
            fired = potential >= 1
            assert torch.equal(fired, hidden[step, row] > 0)
            potential -= fired.double()
            for neuron in fired.nonzero().flatten():
                answer += last[:, neuron]
                additions += 10
            answered = answer >= 1
            assert torch.equal(answered, out[step, row] > 0)
            answer -= answered.double()
    assert point.additions == additions / 8
    assert point.spikes == float(seen.sum() + hidden.sum() + out.sum()) / 8
    assert point.updates == 7 * 22
    assert point.macs == 0
    assert not point.operations.hidden_floats


def test_fewer_steps_cost_less_and_counted_pictures_do_not_change_answers() -> None:
    net, (x, _) = spiking(), digits("test", 30)
    points = [run_at(net, x, steps, counted=counted) for steps, counted in ((2, 30), (7, 30), (7, 5))]
    assert points[0].additions < points[1].additions
    assert points[0].energy_nj() < points[1].energy_nj()
    assert torch.equal(points[1].predicted, points[2].predicted)


def test_an_ordinary_network_multiplies_behind_its_first_layer() -> None:
    net = Plain(nn.Sequential(nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 10)))
    point = run_at(net, digits("test", 10)[0], 1)
    assert (point.macs, point.additions) == (64 * 12 + 12 * 10, 0)
    assert point.operations.hidden_floats == ("body.2",)
    assert point.energy_nj() == pytest.approx(888 * 4.6e-3)
    assert parameters(net) == 888 + 22


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_weights_of_few_bits_have_few_levels_and_more_are_nearer(bits: int) -> None:
    net = spiking()
    coarse, finer = at_bits(net, bits), at_bits(net, min(8, bits + 1))
    for name, weight in net.synapses().items():
        found = coarse.synapses()[name]
        assert len(found.unique()) <= 2**bits
        assert (finer.synapses()[name] - weight).square().sum() <= (found - weight).square().sum()
        assert weight is not found


def test_zero_stays_zero_where_weights_have_both_signs() -> None:
    net = Plain(nn.Linear(64, 10))
    with torch.no_grad():
        net.synapses()["body.weight"][0, :5] = 0
    assert (at_bits(net, 3).synapses()["body.weight"][0, :5] == 0).all()


def test_the_front_is_what_nothing_cheaper_reaches() -> None:
    assert front([(3, 0.9), (1, 0.5), (2, 0.4), (2, 0.7), (9, 0.9), (5, 0.95)]) == [1, 3, 0, 5]


def test_steps_are_halved() -> None:
    assert some_steps(20, 4) == [2, 5, 10, 20]
    assert some_steps(1) == [1]


def test_what_is_out_of_range_is_refused() -> None:
    net, x = spiking(), digits("test", 3)[0]
    with pytest.raises(ValueError, match=r"`steps` must be in \[1, 7\], got 8"):
        run_at(net, x, 8)
    with pytest.raises(ValueError, match=r"pictures must be in \[0, 1\], got 0 to 2"):
        run_at(net, 2 * x / x.max(), 7)
    with pytest.raises(ValueError, match=r"`bits` must be in \[1, 8\], got 0"):
        at_bits(net, 0)
    with pytest.raises(ValueError, match="`locality` must be one of no rule, synapse"):
        Hardware("far away", True, True, True, True, True, 1, 1, 1)  # type: ignore[arg-type]
