"""Rules with a teacher: exact where they can be, and learning what their papers say they learn."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from lilliput.layers.spiking import IF, LIF
from lilliput.models import create_model
from lilliput.models.spiking_recurrent import LSNN, frames_first
from lilliput.spiking.rules import (
    BPSTDP,
    BayesianSTDP,
    RandomBackprop,
    ReSuMe,
    SpikeProp,
    Tempotron,
    draw_winner,
    eprop,
    feedback_weights,
)


def chance(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_bayesian_stdp_comes_to_rest_at_logarithms_of_probabilities() -> None:
    g = chance(0)
    given = torch.tensor([[0.9, 0.2, 0.5, 0.1, 0.7], [0.1, 0.6, 0.5, 0.8, 0.3]])
    prior = torch.tensor([0.3, 0.7])
    weight, bias = torch.full((2, 5), -1.0), torch.full((2,), -1.0)
    for n in range(1500):
        cause = torch.multinomial(prior, 64, replacement=True, generator=g)
        seen = (torch.rand(64, 5, generator=g) < given[cause]).float()
        fired = nn.functional.one_hot(cause, 2).float()
        weight, bias = BayesianSTDP(0.002 / (1 + n / 100)).step(weight, bias, seen, fired)
    assert float((weight - given.log()).abs().max()) < 0.05
    assert float((bias - prior.log()).abs().max()) < 0.05


def test_winner_take_all_finds_the_causes_by_itself() -> None:
    g = chance(1)
    given = torch.full((2, 8), 0.05)
    given[0, :4], given[1, 4:] = 0.95, 0.95
    weight, bias = -1 + 0.2 * torch.rand(2, 8, generator=g), torch.full((2,), math.log(0.5))
    for n in range(800):
        cause = torch.randint(2, (16,), generator=g)
        seen = (torch.rand(16, 8, generator=g) < given[cause]).float()
        weight, bias = BayesianSTDP(0.02 / (1 + n / 100)).step(weight, bias, seen, draw_winner(weight, bias, seen, g))
    found = weight.exp()
    one = int(found[0, 0] < found[1, 0])
    assert float((found[[one, 1 - one]] - given).abs().max()) < 0.1


XOR = torch.tensor([[6.0, 6, 0], [6, 0, 0], [0, 6, 0], [0, 0, 0]])  # 0 is a spike at 6 ms, 1 at 0 ms; bias at 0
XOR_TIMES = torch.tensor([[16.0], [10], [10], [16]])


def test_spikeprop_gradients_are_those_of_spike_times() -> None:
    net = SpikeProp([3, 4, 2], generator=chance(1))
    target = torch.tensor([[16.0, 10], [10, 16], [16, 16], [10, 10]])
    _, gradients = net.gradients(XOR, target)
    for layer, weight in enumerate(net.weights):
        for o, i, k in ((0, 0, 0), (1, 2, 3), (0, 1, 4), (1, 0, 2), (1, 1, 1)):
            kept = float(weight[o, i, k])
            errors = []
            for step in (1e-6, -1e-6):
                weight[o, i, k] = kept + step
                errors.append(net.gradients(XOR, target)[0])
            weight[o, i, k] = kept
            slope = (errors[0] - errors[1]) / 2e-6
            assert float(gradients[layer][o, i, k]) == pytest.approx(slope, rel=1e-3, abs=1e-6)


def test_spikeprop_learns_xor_on_eight_of_ten_seeds() -> None:
    solved = 0
    for seed in range(10):
        net = SpikeProp([3, 8, 1], horizon=30, resolution=0.5, generator=chance(seed))
        assert float((net.times(XOR)[-1] - XOR_TIMES).abs().max()) > 3
        for _ in range(30):
            for _ in range(10):
                net.learn(XOR, XOR_TIMES, 2e-3)
            if float((net.times(XOR)[-1] - XOR_TIMES).abs().max()) < 1:
                solved += 1
                break
    assert solved >= 8


def test_silent_neurons_of_spikeprop_wake_up() -> None:
    net = SpikeProp([3, 2, 1], generator=chance(0))
    net.weights = [torch.zeros_like(w) for w in net.weights]
    assert not net.times(XOR)[-1].isfinite().any()
    for _ in range(120):
        net.learn(XOR, XOR_TIMES, 0.0)
    assert net.times(XOR)[-1].isfinite().all()


def patterns(count: int, inputs: int, steps: int, seed: int) -> tuple[Tensor, Tensor]:
    """Each input fires once at a random step; classes by chance."""
    g = chance(seed)
    at = torch.randint(0, steps, (1, count, inputs), generator=g)
    return torch.zeros(steps, count, inputs).scatter_(0, at, 1.0), torch.rand(count, 1, generator=g) < 0.5


def learn_tempotron(load: float, inputs: int, epochs: int, seed: int = 0) -> int:
    """Errors that are left."""
    spikes, wanted = patterns(round(load * inputs), inputs, 500, seed)
    neuron, weight = Tempotron(), 0.05 * torch.randn(1, inputs, generator=chance(seed + 1))
    for _ in range(epochs):
        change, wrong = neuron.change(weight, spikes, wanted)
        if not wrong.any():
            break
        weight = weight + 0.01 * change
    return int((neuron.fires(weight, spikes) != wanted).sum())


def test_a_tempotron_separates_as_many_patterns_as_it_has_inputs() -> None:
    assert learn_tempotron(1, 200, epochs=100) == 0


def test_a_tempotron_fails_above_its_capacity() -> None:
    assert learn_tempotron(1, 50, epochs=200) == 0
    assert learn_tempotron(5, 50, epochs=200) > 50


def test_a_tempotron_shunts_what_comes_after_its_spike() -> None:
    neuron = Tempotron()
    spikes = torch.zeros(60, 1, 2)
    spikes[5, 0, 0], spikes[30, 0, 1] = 1, 1
    plain, shunted = (f(torch.tensor([[1.2, 5.0]]), spikes)[:, 0, 0] for f in (neuron.potential, neuron.shunted))
    assert float(shunted.max()) == pytest.approx(1.2, rel=0.01)
    assert float(plain.max()) > 4
    assert float(neuron.kernel(torch.arange(0, 40, 0.01)).max()) == pytest.approx(1, abs=1e-4)


def test_resume_makes_a_neuron_fire_at_five_given_times() -> None:
    wanted_at = [50, 120, 200, 270, 350]
    for seed in range(2):
        g = chance(seed)
        pre = (torch.rand(400, 1, 300, generator=g) < 0.01).float()
        wanted = torch.zeros(400, 1, 1)
        wanted[wanted_at] = 1
        weight, neuron = 0.02 * torch.rand(1, 300, generator=g), LIF(tau=10.0, decays_input=False)
        rule = ReSuMe(0.004, 0.02, tau=7.0)
        for _ in range(30):
            with torch.no_grad():
                post = neuron(pre @ weight.T)[0]
            weight = weight + rule.change(pre, post, wanted)
        with torch.no_grad():
            found = neuron(pre @ weight.T)[0][:, 0, 0].nonzero().flatten().tolist()
        assert len(found) == 5
        assert max(abs(a - b) for a, b in zip(found, wanted_at, strict=True)) <= 2


def test_resume_changes_nothing_where_the_trains_are_equal() -> None:
    pre, post = (torch.rand(2, 30, 2, 4, generator=chance(0)) < 0.3).float()
    assert float(ReSuMe().change(pre, post, post).abs().max()) == 0
    extra = post.clone()
    extra[10, 0, 1] = 1 - extra[10, 0, 1]
    changed = ReSuMe().change(pre, post, extra)
    assert float(changed[1].abs().min()) > 0
    assert float(changed[[0, 2, 3]].abs().max()) == 0


def test_bp_stdp_is_the_hand_computation() -> None:
    # One input, two hidden, two outputs; two windows of two steps.
    x = torch.tensor([1.0, 1, 0, 1]).reshape(4, 1, 1)
    hidden = torch.tensor([[1.0, 0], [1, 0], [0, 0], [1, 1]]).reshape(4, 1, 2)
    out = torch.tensor([[0.0, 1], [0, 0], [1, 0], [0, 0]]).reshape(4, 1, 2)
    second = torch.tensor([[0.5, -1.0], [2.0, 3.0]])
    first, last = BPSTDP(2).changes([torch.zeros(2, 1), second], [x, hidden, out], torch.tensor([[1.0, 0]]))
    # Window 1: output 0 should have fired (1), output 1 should not have (-1). Window 2: all is as wanted.
    assert last.tolist() == [[2, 0], [-2, 0]]
    assert first.flatten().tolist() == [(0.5 - 2.0) * 2, 0]  # hidden 1 did not fire in the first window


def test_bp_stdp_learns_what_one_layer_cannot() -> None:
    bits = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    spikes = torch.cat([bits, 1 - bits], 1).expand(20, 4, 4)  # a bit and its opposite: (T, B, I)
    wanted = torch.tensor([[1.0, 0], [0, 1], [0, 1], [1, 0]])
    g, neuron = chance(0), IF(reset_to="subtract")
    weights = [0.3 * torch.randn(20, 4, generator=g), 0.3 * torch.randn(2, 20, generator=g)]

    def trains() -> list[Tensor]:
        found = [spikes]
        for weight in weights:
            found.append(neuron(found[-1] @ weight.T)[0])
        return found

    for _ in range(200):
        for weight, change in zip(weights, BPSTDP(5).changes(weights, trains(), wanted), strict=True):
            weight += 0.002 * change
    assert torch.equal(trains()[-1].sum(0).argmax(1), wanted.argmax(1))
    counts = trains()[-1].sum(0)
    assert float(counts[wanted > 0].min()) > 2 * float(counts[wanted < 1].max())


def test_error_neurons_send_what_they_hold() -> None:
    rule = RandomBackprop(error_threshold=0.5)
    held, sent = torch.zeros(1, 2), []
    fired = torch.tensor([[1.0, 0.0]])
    for _ in range(10):
        now, held = rule.error_spikes(held, fired, torch.tensor([[0.2, 0.6]]))
        sent.append(now)
    total = torch.stack(sent).sum(0) * 0.5 + held
    assert total.flatten().tolist() == pytest.approx([8.0, -6.0], abs=1e-5)
    assert set(torch.stack(sent).unique().tolist()) <= {-1.0, 0.0, 1.0}


def test_random_feedback_changes_at_input_spikes_inside_of_the_boxcar_only() -> None:
    rule = RandomBackprop(-0.5, 1.0)
    potential = torch.tensor([[0.2, 1.5, -0.6]])
    changed = rule.change(torch.tensor([[2.0, 1.0, 1.0]]), potential, torch.tensor([[1.0, 0.0]]))
    assert changed.tolist() == [[-2, 0], [0, 0], [0, 0]]


@pytest.mark.parametrize("kind", ["symmetric", "random", "uniform"])
def test_feedback_is_as_large_as_the_weights(kind: str) -> None:
    weight = 3 * torch.randn(40, 50, generator=chance(0))
    back = feedback_weights(kind, weight, chance(1))  # type: ignore[arg-type]
    assert back.shape == weight.shape
    assert float(back.std()) == pytest.approx(3, rel=0.1)
    assert torch.equal(back, weight) == (kind == "symmetric")
    assert back.data_ptr() != weight.data_ptr()
    assert len(back.unique()) == (2 if kind == "uniform" else 2000)


def recurrent(**changes: object) -> tuple[LSNN, Tensor, Tensor]:
    torch.manual_seed(0)
    net = create_model("lsnn", frames=12, bands=5, hidden=9, classes=3, **changes)
    assert isinstance(net, LSNN)
    return net, 2 * torch.randn(4, 1, 12, 5), torch.tensor([0, 1, 2, 1])


def through_time(net: LSNN, x: Tensor, target: Tensor, *, detached: bool) -> Tensor:
    """The loss of e-prop by automatic derivatives; `detached`: spikes that reach other neurons carry none."""
    current, state = net.inputs(frames_first(x)), None
    fired, found = torch.zeros_like(current[0]), []
    for now in current.unbind():
        back = fired.detach() if detached else fired
        (fired,), state = net.neurons((now + net.recurrent(back)).unsqueeze(0), state)
        found.append(fired)
    y = net.outputs(torch.stack(found))
    return nn.functional.cross_entropy(y.flatten(0, 1), target.repeat(len(y)))


def test_eprop_is_the_exact_gradient_but_for_the_way_through_other_neurons() -> None:
    net, x, target = recurrent()
    found = eprop(net, x, target)
    loss = through_time(net, x, target, detached=True)
    loss.backward()
    assert found.loss == pytest.approx(float(loss.detach()), abs=1e-6)
    wanted = (net.inputs.weight, net.inputs.bias, net.recurrent.weight, net.readout.weight, net.readout.bias)
    for ours, parameter in zip(found[1:], wanted, strict=True):
        assert isinstance(ours, Tensor)
        assert parameter.grad is not None
        assert float(parameter.grad.abs().max()) > 1e-3
        torch.testing.assert_close(ours, parameter.grad, atol=1e-7, rtol=1e-4)


def test_eprop_points_where_the_whole_gradient_does() -> None:
    net, x, target = recurrent()
    through_time(net, x, target, detached=False).backward()
    for ours, parameter in zip(eprop(net, x, target)[1:4], net.parameters(), strict=False):
        assert isinstance(ours, Tensor)
        assert parameter.grad is not None
        assert float(nn.functional.cosine_similarity(ours.flatten(), parameter.grad.flatten(), dim=0)) > 0.8


def test_eprop_keeps_no_graph_and_leaves_the_network_alone() -> None:
    net, x, target = recurrent()
    before = [p.clone() for p in net.parameters()]
    found = eprop(net, x, target, torch.randn(9, 3, generator=chance(0)))
    assert not any(isinstance(g, Tensor) and g.requires_grad for g in found)
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))
    assert all(p.grad is None for p in net.parameters())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: BayesianSTDP(rate=0), r"`rate` must be in \(0, 1\] and `lowest` below 0, got 0"),
        (lambda: SpikeProp([3]), "`sizes` must be two or more"),
        (lambda: SpikeProp([3, 1], tau=0), "`tau` must be above 0, got 0"),
        (lambda: Tempotron(3.0, 5.0), "`tau_membrane` must be above `tau_synapse`"),
        (lambda: ReSuMe(rate=-1), "`rate` and `amplitude` must be above 0"),
        (lambda: ReSuMe().change(*torch.zeros(2, 4, 1, 2), torch.zeros(4, 1, 3)), r"`wanted` \(T, B, O\) are needed"),
        (lambda: BPSTDP(0), "`window` must be at least 1 step, got 0"),
        (
            lambda: BPSTDP(3).changes([torch.zeros(1, 1)], [torch.zeros(4, 1, 1)] * 2, torch.zeros(1, 1)),
            "4 steps whole windows of 3",
        ),
        (lambda: RandomBackprop(1.0, 1.0), "`low` must be below `high`"),
        (lambda: feedback_weights("true", torch.ones(2, 2)), "symmetric, random or uniform"),  # type: ignore[arg-type]
        (lambda: eprop(*recurrent(), torch.zeros(2, 2)), r"`feedback` must be \(9, 3\), got \(2, 2\)"),
    ],
)
def test_what_is_out_of_range_is_refused(call: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
