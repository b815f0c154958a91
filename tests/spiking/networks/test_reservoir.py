"""A liquid: wired by distance, causal, apart for inputs that are apart, and read by a line."""

from __future__ import annotations

import itertools

import numpy as np
import torch

from lilliput.spiking.networks.answering import in_batches
from lilliput.spiking.networks.reservoir import Reservoir, ReservoirSettings, wire
from lilliput.tasks import get_task
from lilliput.train.svm import fit_svm


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_near_neurons_are_joined_more_often_and_none_with_itself() -> None:
    settings = ReservoirSettings(grid=(12, 6, 6))
    weight = wire(settings, chance())
    axes = torch.meshgrid(*(torch.arange(n, dtype=torch.float32) for n in settings.grid), indexing="ij")
    place = torch.stack(axes, -1).reshape(-1, 3)
    distance = torch.cdist(place, place)
    near, far = ((weight != 0)[(distance > low) & (distance < high)].float().mean() for low, high in ((0, 1.1), (3, 4)))
    assert float(near) > 10 * float(far) > 0
    assert (weight.diagonal() == 0).all()


def test_a_neuron_excites_or_inhibits_all_and_four_of_five_excite() -> None:
    weight = wire(ReservoirSettings(), chance(1))
    excites, inhibits = (weight > 0).any(0), (weight < 0).any(0)
    assert not (excites & inhibits).any()
    assert 0.7 < float(excites.float().sum() / (excites | inhibits).float().sum()) < 0.9


def test_what_comes_later_changes_no_earlier_state() -> None:
    net = Reservoir((20, 5), 3, ReservoirSettings(), 0)
    x = torch.rand(4, 20, 5, generator=chance())
    other = x.clone()
    other[:, 10:] = 1 - other[:, 10:]
    a, b = net.states(x), net.states(other)
    assert torch.equal(a[:, :5], b[:, :5])
    assert not torch.equal(a[:, 6:], b[:, 6:])
    assert torch.equal(net.states(x, 40)[:, :5], a[:, :5])
    assert not net.states(x, 40)[:, 5:].any()


def test_states_lie_further_apart_for_inputs_that_do() -> None:
    net = Reservoir((20, 5), 3, ReservoirSettings(), 0)
    x, noise = torch.rand(40, 20, 5, generator=chance()), torch.randn(40, 20, 5, generator=chance(1))
    apart = [
        float((net.states(x + size * noise) - net.states(x)).norm(dim=2)[:, -1].mean())
        for size in (0.0, 0.003, 0.03, 0.3)
    ]
    assert apart[0] == 0
    assert all(a < b for a, b in itertools.pairwise(apart))


def test_spoken_digits_of_an_unheard_speaker_are_told_better_than_by_mean_features() -> None:
    task = get_task("spoken-digits")
    splits = task.load()
    x, x_test = (
        torch.from_numpy(task.preprocess.dequantise(task.preprocess.integer(splits[n].x))).squeeze(-1)
        for n in ("train", "test")
    )
    low, high = x.min(), x.max()
    x, x_test = ((part - low) / (high - low) for part in (x, x_test))
    y, y_test = (torch.from_numpy(splits[n].y) for n in ("train", "test"))
    weight, bias = fit_svm(x.mean(1), y, 10, 1.0)
    by_mean = float(((x_test.mean(1) @ weight.T + bias).argmax(1) == y_test).float().mean())
    net = Reservoir((x.shape[1], x.shape[2]), 10, ReservoirSettings(repeat=2), 0)
    net.fit(x, y)
    answered = in_batches(net, x_test, net.steps)
    found = float((answered.argmax(1) == y_test).float().mean())
    assert found > 0.8
    assert found > by_mean + 0.1
    # At half of the word it knows less, and more than nothing.
    half = float((in_batches(net, x_test, net.steps // 2).argmax(1) == y_test).float().mean())
    assert 0.2 < half < found
    assert np.isfinite(answered.numpy()).all()
