"""The convolutional network of first spikes: who fires, what is learnt, and that nothing later is looked at."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from lilliput.spiking.comparison import run_at
from lilliput.spiking.networks.sdnn import SDNN, FireOnce, SDNNSettings, earliest, patches, teach
from lilliput.spiking.networks.wrapped import Read, all_features, large
from lilliput.spiking.rules.simplified import Winners, convergence
from lilliput.train.svm import fit_svm
from tests.spiking.networks.digits import CLASSES, accuracy, digits

SMALL = SDNNSettings(maps=(8, 20), thresholds=(8.0, 1.0), pictures=(400, 400), double_every=100)


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def bars(count: int, seed: int) -> Tensor:
    """Lines that lie or stand, 16×16."""
    g = chance(seed)
    stands, at = torch.randint(2, (count,), generator=g), torch.randint(4, 12, (count,), generator=g)
    pictures = torch.zeros(count, 16, 16)
    for picture, place, upright in zip(pictures, at, stands, strict=True):
        (picture.T if upright else picture)[place] = 1
    return pictures


def test_at_most_one_spike_a_place_and_steps_in_two_calls_are_the_steps_in_one() -> None:
    current = torch.rand(6, 2, 3, 4, 4, generator=chance())
    whole, _ = FireOnce(1.5, 6)(current)
    neurons = FireOnce(1.5, 6)
    first, state = neurons(current[:2])
    rest, _ = neurons(current[2:], state)
    assert torch.equal(whole, torch.cat([first, rest]))
    assert whole.sum((0, 2)).max() == 1
    assert whole.sum() > 10


def test_the_code_has_equal_bins_and_on_and_off_apart() -> None:
    x, _ = digits("train", 20)
    times = SDNN(SMALL, chance()).encode(large(x))
    assert times.shape == (20, 2, 16, 16)
    fired = times < SMALL.steps
    assert not (fired[:, 0] & fired[:, 1]).any()
    for row in times:
        counts = torch.bincount(row.flatten(), minlength=SMALL.steps + 1)[: SMALL.steps]
        full = counts[counts > 0][:-1]
        assert int(full.max() - full.min()) == 0


def test_what_a_winner_looked_at_is_its_patch() -> None:
    times = torch.randint(0, 9, (3, 2, 6, 6), generator=chance())
    won = Winners(*(torch.tensor(v) for v in ([0, 2], [1, 0], [0, 3], [5, 2], [1, 1])))
    found = patches(times, won, 3, 8)
    assert torch.equal(found[1], times[2, :, 2:5, 1:4])
    assert torch.equal(found[0][:, 1:, :2], times[0, :, :2, 4:])
    assert (found[0][:, 0] == 9).all()


def test_pooling_keeps_the_earliest() -> None:
    times = torch.tensor([[3, 1, 9], [2, 5, 4], [7, 7, 0]]).reshape(1, 1, 3, 3)
    assert earliest(times).flatten().tolist() == [1, 4, 7, 0]


def test_later_steps_change_no_earlier_feature() -> None:
    net = SDNN(SMALL, chance())
    x = large(digits("train", 10)[0])
    early, all_of_them = net.features(x, 6), net.features(x)
    in_time = all_of_them > (SMALL.steps - 6) / SMALL.steps
    assert torch.equal(early, torch.where(in_time, all_of_them, 0))
    assert 0 < int((early > 0).sum()) < int((all_of_them > 0).sum())


def test_fewer_steps_cost_less() -> None:
    net = SDNN(SMALL, chance())
    x = digits("test", 20)[0]
    read = Read(net, torch.ones(CLASSES, net.features(large(x)).shape[1]), torch.zeros(CLASSES))
    assert run_at(read, x, 6).additions < 0.8 * run_at(read, x, SMALL.steps).additions


def test_filters_become_the_lines_that_are_shown() -> None:
    settings = SDNNSettings(maps=(8,), kernels=(5,), thresholds=(6.0,), winners=(1,), radius=(2,), pictures=(800,),
                            double_every=100)  # fmt: skip
    net = SDNN(settings, chance(1))
    assert all(convergence(weight) > 0.1 for weight in net.weights[0])
    teach(net, bars(200, 0), chance(2))
    on = [(weight[0] > 0.5).int() for weight in net.weights[0] if convergence(weight) < 0.01]
    lies = [int(filt.sum()) == int(filt.sum(1).max()) == 5 for filt in on]
    stands = [int(filt.sum()) == int(filt.sum(0).max()) == 5 for filt in on]
    assert sum(lies) == sum(stands) == 1
    assert len(on) == 2


def test_untaught_weights_stay_and_what_is_taught_reads_better() -> None:
    x, y = digits("train", 600)
    x = large(x)
    found = {}
    for name, pictures in (("first", (0, 0)), ("taught", SMALL.pictures)):
        settings = SDNNSettings(maps=SMALL.maps, thresholds=SMALL.thresholds, pictures=pictures, double_every=100)
        net = SDNN(settings, chance())
        first = [weight.clone() for weight in net.weights]
        won = teach(net, x, chance(1))
        assert all(torch.equal(a, b) for a, b in zip(first, net.weights, strict=True)) == (name == "first")
        assert all(w.min() >= 0 and w.max() <= 1 for w in net.weights)
        assert (min(won) > 0.5) == (name == "taught")
        found[name] = accuracy(Read(net, *fit_svm(all_features(net, x), y, CLASSES, 0.1)))
    assert found["taught"] > 0.85
    assert found["taught"] > found["first"] + 0.05


def test_what_is_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="must be of one length: one value a layer"):
        SDNNSettings(maps=(3,))
    with pytest.raises(ValueError, match="`steps` must be at least 2"):
        SDNNSettings(steps=1)
    with pytest.raises(ValueError, match="`threshold` must be above 0, got 0"):
        FireOnce(0, 3)
