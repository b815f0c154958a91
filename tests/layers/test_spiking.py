"""What each kind of neuron does, against hand values and published behaviour."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from lilliput.layers.multi_step import fused
from lilliput.layers.spiking import (
    ALIF,
    IF,
    IZHIKEVICH,
    LIF,
    PLIF,
    SRM,
    IntegerLIF,
    Izhikevich,
    Neuron,
    Pattern,
    SpikingSequential,
    over_steps,
)


@pytest.fixture(autouse=True)
def _tensor_form() -> Iterator[None]:
    with fused(None):
        yield


def spike_times(neuron: Neuron, current: float, steps: int) -> list[int]:
    spikes = neuron(torch.full((steps, 1), current))[0]
    return spikes[:, 0].nonzero().flatten().tolist()


def test_without_a_leak_the_rate_is_the_input() -> None:
    x = torch.tensor([0.1, 0.25, 0.5, 0.999, 1.0]).repeat(128, 1)
    rate = IF(reset_to="subtract")(x.double())[0].mean(0)
    assert (rate - x[0]).abs().max() <= 1 / 128


def test_reset_to_zero_forgets_what_lay_above_and_subtract_keeps_it() -> None:
    x = torch.tensor([[1.75], [0.5], [0.0]])
    spikes, (v,) = IF(reset_to="zero")(x)
    assert (spikes.flatten().tolist(), float(v)) == ([1, 0, 0], 0.5)
    spikes, (v,) = IF(reset_to="subtract")(x)
    assert (spikes.flatten().tolist(), float(v)) == ([1, 1, 0], 0.25)


def test_a_leak_decays_towards_rest_and_its_input_may_be_decayed_or_not() -> None:
    x = torch.tensor([[0.8], [0.0], [0.0]])
    assert float(LIF(tau=4.0)(x)[1][0]) == pytest.approx(0.8 / 4 * 0.75**2)
    assert float(LIF(tau=4.0, decays_input=False)(x)[1][0]) == pytest.approx(0.8 * 0.75**2)
    resting = LIF(tau=4.0, rest=-1.0)(torch.zeros(3, 1) - 1.0)
    assert float(resting[1][0]) == pytest.approx(-1 - (1 - 0.75**3))


def test_events_and_clocks_give_the_same_spikes() -> None:
    """Without a leak nothing happens between events, so that only arriving spikes need to be looked at."""
    torch.manual_seed(0)
    arrivals = (torch.rand(60, 12) < 0.15).double()
    weight = torch.randint(-2, 5, (12, 7)).double() / 4
    clocked = IF(reset_to="subtract")(arrivals @ weight)[0]
    potential, events = torch.zeros(7, dtype=torch.float64), []
    for step, row in enumerate(arrivals):
        touched: set[int] = set()
        for source in row.nonzero().flatten().tolist():
            for target in range(7):
                potential[target] += weight[source, target]
                touched.add(target)
        # What stayed above the threshold after a spike fires again without a new event.
        waiting = (potential >= 1).nonzero().flatten().tolist()
        for target in sorted(touched | set(waiting)):
            if potential[target] >= 1:
                potential[target] -= 1
                events.append((step, target))
    assert events == [tuple(pair) for pair in clocked.nonzero().tolist()]
    assert len(events) > 30


def test_a_time_constant_is_learnt() -> None:
    torch.manual_seed(0)
    x = torch.rand(20, 40)
    wanted = LIF(tau=6.0, threshold=0.4)(x)[0].mean(0)
    neuron = PLIF(tau=2.0, threshold=0.4)
    assert float(neuron.tau.detach()) == pytest.approx(2.0)
    optimiser = torch.optim.Adam(neuron.parameters(), lr=0.1)
    for _ in range(80):
        optimiser.zero_grad()
        (neuron(x)[0].mean(0) - wanted).square().sum().backward()
        optimiser.step()
    assert float(neuron.tau.detach()) == pytest.approx(6.0, abs=0.6)


def test_channels_may_have_time_constants_of_their_own() -> None:
    neuron = PLIF(channels=3)
    with torch.no_grad():
        neuron.weight.copy_(torch.tensor([3.0, 0.0, -3.0]))
    x = torch.rand(8, 2, 3, 4, 4)
    spikes = neuron(x)[0]
    for channel, tau in enumerate(neuron.tau.detach().tolist()):
        torch.testing.assert_close(spikes[:, :, channel], LIF(tau=tau)(x[:, :, channel])[0])
    spikes.sum().backward()
    assert neuron.weight.grad is not None
    assert neuron.weight.grad.all()


def test_an_adaptive_neuron_tires_and_recovers() -> None:
    times = spike_times(ALIF(tau=5.0, tau_adaptation=40.0, strength=1.7), 2.0, 400)
    gaps = [b - a for a, b in pairwise(times)]
    assert gaps[0] < gaps[-1]
    plain = spike_times(ALIF(tau=5.0, strength=0.0), 2.0, 400)
    steady = {b - a for a, b in pairwise(plain)}
    assert len(steady) <= 2
    assert len(times) < len(plain)
    pulses = torch.cat([torch.full((100, 1), 2.0), torch.zeros(400, 1), torch.full((100, 1), 2.0)])
    spikes = ALIF(tau=5.0, tau_adaptation=40.0)(pulses)[0]
    assert abs(int(spikes[:100].sum()) - int(spikes[500:].sum())) <= 1


def test_the_response_is_the_sum_of_its_kernels() -> None:
    torch.manual_seed(0)
    x = torch.rand(40, dtype=torch.float64) * (torch.rand(40) < 0.4)
    neuron = SRM(tau=4.0, tau_refractory=3.0, dip=0.7, threshold=0.8)
    spikes = neuron(x.unsqueeze(1))[0][:, 0]
    fired: list[int] = []
    for t in range(40):
        arriving = sum(x[t - n] * (n / 4) * math.exp(1 - n / 4) for n in range(t + 1))
        after = sum(-0.7 * math.exp(-(t - f) / 3) for f in fired)
        if arriving + after >= 0.8:
            fired.append(t)
    assert spikes.nonzero().flatten().tolist() == fired
    assert len(fired) > 3


def _gaps(times: list[int]) -> list[int]:
    return [b - a for a, b in pairwise(times)]


PATTERNS: dict[str, Callable[[list[int]], bool]] = {
    # Adapts: gaps grow, then stay.
    "regular_spiking": lambda t: 10 <= len(t) <= 30 and _gaps(t)[0] < _gaps(t)[-1],
    # A burst at first, single spikes then.
    "intrinsically_bursting": lambda t: _gaps(t)[0] <= 6 and min(_gaps(t)[5:]) > 3 * _gaps(t)[0],
    # Bursts again and again: gaps are short or long, many of both, and nothing between.
    "chattering": lambda t: (
        sum(g <= 5 for g in _gaps(t)) > 8
        and sum(g > 40 for g in _gaps(t)) > 8
        and not any(5 < g <= 40 for g in _gaps(t))
    ),
    # Fast, and not slower with time.
    "fast_spiking": lambda t: len(t) > 30 and sum(_gaps(t)[-10:]) < 1.2 * sum(_gaps(t)[3:13]),
    # Fires at currents at which regular ones stay silent: see below.
    "low_threshold_spiking": lambda t: len(t) > 20,
    "resonator": lambda t: len(t) > 20,
}


@pytest.mark.parametrize("pattern", sorted(IZHIKEVICH))
def test_published_patterns_appear(pattern: str) -> None:
    assert PATTERNS[pattern](spike_times(Izhikevich(pattern), 10.0, 500))


def after_rest(pattern: str, x: Tensor) -> list[int]:
    """When a neuron that had settled fires; x (T,)."""
    neuron = Izhikevich(pattern)
    _, rest = neuron(torch.zeros(600, 1))
    return neuron(x.unsqueeze(1), rest)[0][:, 0].nonzero().flatten().tolist()  # type: ignore[no-any-return]


def test_a_resonator_fires_at_pairs_in_its_own_time() -> None:
    """It swings with a period of about 40 ms: a second pulse helps then, and not half a period later."""

    def pair(pattern: str, gap: int, size: float) -> list[int]:
        x = torch.zeros(120)
        x[5] = x[5 + gap] = size
        return after_rest(pattern, x)

    (spike,) = pair("resonator", 38, 2.5)
    assert 43 <= spike < 65
    assert pair("resonator", 20, 2.5) == []
    assert [pair("regular_spiking", gap, 2.5) for gap in (3, 20, 38)] == [[], [], []]


def test_a_low_threshold_rebounds_when_it_is_let_go() -> None:
    x = torch.zeros(200)
    x[20:120] = -10
    (spike,) = after_rest("low_threshold_spiking", x)
    assert 120 <= spike < 140
    assert after_rest("regular_spiking", x) == []


def test_a_low_threshold_fires_where_a_regular_neuron_rests() -> None:
    assert spike_times(Izhikevich("regular_spiking"), 2.0, 500) == []
    assert len(spike_times(Izhikevich("low_threshold_spiking"), 2.0, 500)) > 3


def test_counts_unroll_to_spikes_of_a_neuron_that_fires_several_times() -> None:
    torch.manual_seed(0)
    # Quarters, so that sums are exact and halves happen.
    x = torch.randint(-8, 24, (12, 50)).double() / 4
    neuron = IntegerLIF(levels=3, decay=0.5)
    counts, (left,) = neuron(x)
    assert set(counts.unique().tolist()) == {0.0, 1.0, 2.0, 3.0}
    unrolled = neuron.unroll(counts)
    assert unrolled.shape == (36, 50)
    assert set(unrolled.unique().tolist()) == {0.0, 1.0}
    potential, found = torch.zeros(50, dtype=torch.float64), []
    for now in x:
        potential = 0.5 * potential + now
        # Half a threshold ahead, it fires where the potential is nearer to the next count.
        spikes, (ahead,) = IF(reset_to="subtract")(torch.zeros(3, 50).double(), (potential + 0.5,))
        potential = ahead - 0.5
        found.append(spikes)
    assert torch.equal(torch.cat(found), unrolled)
    assert torch.equal(potential, left)
    layer = nn.Linear(50, 4).double()
    bias = layer.bias
    summed = (layer(unrolled) - bias).unflatten(0, (12, 3)).sum(1) + bias
    torch.testing.assert_close(summed, layer(counts))


def test_layers_in_a_row_share_steps_and_hand_over_states() -> None:
    torch.manual_seed(0)
    net = SpikingSequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), LIF(), nn.Flatten(), nn.Linear(64, 3), IF()).eval()
    x = torch.rand(7, 2, 1, 6, 6) * 6
    whole, last = net(x)
    assert whole.shape == (7, 2, 3)
    assert len(last) == 2
    first, states = net(x[:3])
    second, end = net(x[3:], states)
    assert torch.equal(torch.cat([first, second]), whole)
    assert torch.equal(end[1][0], last[1][0])
    with pytest.raises(ValueError, match="there are 2 layers of neurons, got 1 states"):
        net(x, states[:1])
    assert torch.equal(over_steps(net.layers[0], x)[4], net.layers[0](x[4]))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: LIF(tau=0.5), "`tau` must be at least 1 step, got 0.5"),
        (lambda: PLIF(tau=1.0), "`tau` must be above 1 step, got 1.0"),
        (lambda: IF(threshold=0.0), "`threshold` must be above 0, where the potential rests, got 0.0"),
        (lambda: LIF(threshold=-2.0, rest=-1.0), "`threshold` must be above -1, where"),
        (lambda: LIF(reset_to="hard"), "`reset_to` must be one of zero, subtract, got 'hard'"),
        (lambda: ALIF(strength=-1.0), "`strength` must be at least 0, got -1.0"),
        (lambda: ALIF(tau_adaptation=0.0), "`tau_adaptation` must be above 0, got 0.0"),
        (lambda: SRM(tau=-1.0), "`tau` must be above 0, got -1.0"),
        (lambda: SRM(dip=-0.1), "`dip` must be at least 0, got -0.1"),
        (lambda: IntegerLIF(levels=0), "`levels` must be at least 1, got 0"),
        (lambda: IntegerLIF(decay=1.5), r"`decay` must be in \[0, 1\], got 1.5"),
        (lambda: Izhikevich("sleepy"), "no pattern is called 'sleepy'; there are chattering, fast_spiking"),
    ],
)
def test_what_is_out_of_range_is_refused(make: Callable[[], Neuron], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_own_constants_are_taken() -> None:
    own: Tensor = Izhikevich(Pattern(0.02, 0.2, -65.0, 8.0))(torch.full((200, 1), 10.0))[0]
    assert torch.equal(own, Izhikevich("regular_spiking")(torch.full((200, 1), 10.0))[0])
