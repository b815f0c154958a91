"""The neuron of Hodgkin and Huxley against its published behaviour."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from lilliput.layers.hodgkin_huxley import HodgkinHuxley, HodgkinHuxley1952
from lilliput.layers.multi_step import run_steps
from tests.layers.test_multi_step import Relaxed


@pytest.fixture(scope="module")
def run() -> tuple[Tensor, Tensor, Tensor]:
    """160 ms at 0, 2, 6.8 and 10 µA/cm² from 10 ms on, and a pulse of 20 for 1 ms: spikes, voltages, peaks, (T, 5)."""
    x = torch.zeros(160, 5, dtype=torch.float64)
    x[10:] = torch.tensor([0, 2, 6.8, 10, 0])
    x[10, 4] = 20
    neuron, state, found = HodgkinHuxley(), None, []
    for now in x:
        spikes, state = neuron(now[None], state)
        found.append((spikes[0], state[1], state[0]))
    spikes, voltages, peaks = (torch.stack(part) for part in zip(*found, strict=True))
    return spikes, voltages, peaks


def test_it_rests_at_65_millivolts(run: tuple[Tensor, Tensor, Tensor]) -> None:
    spikes, voltages, _ = run
    assert (voltages[:100, 0] + 65).abs().max() <= 0.1
    assert not spikes[:, 0].any()
    assert not spikes[:, 1].any()
    assert voltages[100:, 1].min() > -64


def test_it_fires_again_and_again_above_its_rheobase(run: tuple[Tensor, Tensor, Tensor]) -> None:
    spikes = run[0]
    counts = spikes.sum(0).tolist()
    assert counts[2] >= 7
    assert counts[3] > counts[2]
    gaps = spikes[:, 3].nonzero().flatten().diff()[2:].double()
    assert 1000 / float(gaps.mean()) == pytest.approx(68, abs=5)  # Hz at 10 µA/cm²


def test_a_short_pulse_gives_one_spike_and_spikes_have_their_height(run: tuple[Tensor, Tensor, Tensor]) -> None:
    spikes, voltages, peaks = run
    assert spikes[:, 4].nonzero().flatten().tolist() == [11]
    for column in (2, 3, 4):
        assert 30 <= float(peaks[:, column].max()) <= 45
    assert voltages[20:40, 4].min() < -70  # it falls below its rest afterwards


def test_smaller_steps_change_little_and_steps_in_two_calls_are_the_steps_in_one() -> None:
    x = torch.full((12, 1), 10.0, dtype=torch.float64)
    spikes, (_, coarse, *_) = HodgkinHuxley()(x)
    fine, (_, exact, *_) = HodgkinHuxley(small=0.002)(x)
    assert torch.equal(spikes, fine)
    assert (coarse - exact).abs().max() < 1.5
    half, state = HodgkinHuxley()(x[:7])
    rest, state = HodgkinHuxley()(x[7:], state)
    assert torch.equal(torch.cat([half, rest]), spikes)
    assert float(state[1]) == float(coarse)


def test_gradients_are_those_of_finite_differences() -> None:
    cell = HodgkinHuxley1952(Relaxed(slope=0.05), step=0.1)
    torch.manual_seed(0)
    x = (8 * torch.rand(3, 2, dtype=torch.float64)).requires_grad_()
    given: list[Any] = [
        torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (1.0, 120.0, 36.0, 0.3, -60.0)
    ]
    start = [part + torch.rand(2, dtype=torch.float64) * size for part, size in zip(
        cell.initial(x[0].detach()), (0, 3, 0.05, 0.05, 0.05, 0), strict=True)]  # fmt: skip
    start = [part.requires_grad_(0 < index < 5) for index, part in enumerate(start)]

    def call(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        spikes, state = run_steps(cell, x, (start[0], *rest[:4], start[5]), rest[4:])
        return spikes, *state[1:5]

    torch.autograd.gradcheck(call, (x, *start[1:5], *given), eps=1e-5, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"capacitance": 0.0}, "`capacitance` must be above 0, got 0"),
        ({"sodium": -1.0}, "conductances must be at least 0, got -1"),
        ({"small": 0.05}, "`small` must be at most 0.02 ms, got 0.05: the equations are stiff"),
    ],
)
def test_what_is_out_of_range_is_refused(options: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        HodgkinHuxley(**options)
