"""Neurons that fire by chance."""

from __future__ import annotations

import math

import pytest
import torch

from lilliput.layers.spiking import LIF
from lilliput.layers.stochastic import Stochastic


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("potential", [0.6, 1.0, 1.3])
def test_how_often_it_fires_is_the_probability_it_says(potential: float) -> None:
    x = torch.full((1, 40_000), 2 * potential, dtype=torch.float64)  # one step from rest, tau 2
    for neuron, wanted in (
        (Stochastic(width=0.2), 1 / (1 + math.exp(-(potential - 1) / 0.2))),
        (Stochastic(width=0.3, escape="exponential", rate=0.4), 1 - math.exp(-0.4 * math.exp((potential - 1) / 0.3))),
    ):
        spikes = neuron(x, generator=chance())[0]
        assert set(spikes.unique().tolist()) <= {0.0, 1.0}
        assert float(spikes.mean()) == pytest.approx(wanted, abs=0.01)


def test_without_width_it_is_the_leaky_neuron() -> None:
    x = torch.rand(30, 50, generator=chance(1)) * 3
    for reset_to in ("zero", "subtract"):
        found, (left,) = Stochastic(width=1e-6, reset_to=reset_to)(x, generator=chance())  # type: ignore[arg-type]
        wanted, (potential,) = LIF(reset_to=reset_to)(x)  # type: ignore[arg-type]
        assert torch.equal(found, wanted)
        torch.testing.assert_close(left, potential)


def test_the_same_generator_gives_the_same_spikes_in_one_call_or_two() -> None:
    x, neuron = torch.rand(20, 30, generator=chance(1)) * 2, Stochastic()
    whole, _ = neuron(x, generator=chance())
    own = chance()
    first, state = neuron(x[:8], generator=own)
    assert torch.equal(torch.cat([first, neuron(x[8:], state, own)[0]]), whole)
    assert not torch.equal(neuron(x, generator=chance(5))[0], whole)


def test_what_is_passed_back_is_the_derivative_of_the_probability() -> None:
    x = torch.tensor([[1.5, 2.0, 2.6]], requires_grad=True)
    Stochastic(width=0.5)(x, generator=chance())[0].sum().backward()
    share = torch.sigmoid((x.detach() / 2 - 1) / 0.5)
    assert x.grad is not None
    torch.testing.assert_close(x.grad, share * (1 - share) / 0.5 / 2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tau": 0.5}, "`tau` must be at least 1 step, got 0.5"),
        ({"width": 0.0}, "`width` must be above 0, got 0"),
        ({"escape": "linear"}, "zero or subtract: 'linear', 'zero'"),
    ],
)
def test_what_is_out_of_range_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Stochastic(**options)  # type: ignore[arg-type]
