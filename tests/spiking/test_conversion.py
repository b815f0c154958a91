"""Converted networks against the ones that they were made from."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.core.errors import NoSpikingRule
from lilliput.models import create_model, example_input
from lilliput.spiking.conversion import anytime, convert, correct_bias, replace_relus
from lilliput.spiking.converted import Neurons, RecordMaximum, SignedNeurons, SpikingNetwork
from lilliput.spiking.operations import OperationCounter


def mlp(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 5)).double()
    for layer in net[::2]:
        nn.init.kaiming_normal_(layer.weight)
    return net


def items(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def neurons(network: SpikingNetwork, x: Tensor, steps: int) -> dict[str, Tensor]:
    """Spikes by layer of neurons, (T, B, ...)."""
    seen: dict[str, Tensor] = {}
    hooks = [
        layer.register_forward_hook(lambda _, __, fired, name=name: seen.update({name: fired[0]}))
        for name, layer in network.neurons().items()
    ]
    with torch.no_grad():
        network(x, steps)
    for hook in hooks:
        hook.remove()
    return seen


@pytest.mark.parametrize("steps", [1, 7, 16, 100])
@pytest.mark.parametrize("balance", ["max", "model"])
def test_the_share_of_spikes_is_within_one_step_of_the_activation(steps: int, balance: str) -> None:
    """The exact bound: constant currents up to the threshold, subtraction, from rest; every neuron of the layer."""
    net = nn.Sequential(nn.Linear(30, 50), nn.ReLU()).double()
    x = items(64, 30) * 2 - 1
    made = convert(net, x, read_out="count", balance=balance)  # type: ignore[arg-type]
    (layer,) = made.neurons().values()
    shares = neurons(made, x, steps)["1"].mean(0)
    error = net(x).detach() / layer.threshold - shares
    assert float(error.min()) >= -1e-9
    assert float(error.max()) < 1 / steps + 1e-9
    assert balance == "model" or float(error.max()) > 0.5 / steps  # and it is no tighter than that
    torch.testing.assert_close(made(x, steps)[-1], shares * layer.threshold)


def test_starting_half_way_halves_the_bound() -> None:
    net = nn.Sequential(nn.Linear(30, 50), nn.ReLU()).double()
    x = items(64, 30)
    made = convert(net, x, read_out="count", start=0.5)
    (layer,) = made.neurons().values()
    error = net(x).detach() / layer.threshold - neurons(made, x, 16)["1"].mean(0)
    assert float(error.abs().max()) <= 0.5 / 16 + 1e-9
    assert float(error.min()) < -0.3 / 16


def test_a_reset_to_zero_loses_what_lies_above() -> None:
    net, x = nn.Sequential(nn.Linear(30, 50), nn.ReLU()).double(), items(64, 30)
    lost = [
        (net(x).detach() - convert(net, x, read_out="count", reset_to=reset)(x, 200)[-1]).mean().detach()
        for reset in ("subtract", "zero")
    ]
    assert float(lost[1]) > 5 * float(lost[0]) > 0


def test_what_it_says_nears_what_the_network_says() -> None:
    net, x = mlp(), items(40, 20)
    wanted = net(x).detach()
    said = convert(net, x)(x, 400).detach()
    errors = [(said[step - 1] - wanted).abs().mean() for step in (4, 40, 400)]
    assert errors[0] > 3 * errors[1] > 9 * errors[2]
    assert errors[2] < 0.02 * wanted.abs().mean()


class _Tutorial(nn.Module):
    """Functions, a maximum before and one behind the ReLU, a view by the size of the batch, a log of a softmax."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.norm = nn.Conv2d(1, 6, 3, bias=False), nn.BatchNorm2d(6)
        self.two, self.last = nn.Conv2d(6, 8, 3, padding=1), nn.Linear(8 * 9, 10)

    def logits(self, x: Tensor) -> Tensor:
        x = F.relu(F.max_pool2d(self.norm(self.one(x)), 2))
        x = F.avg_pool2d(F.max_pool2d(F.relu(self.two(x)), 2, 1), 2)
        y: Tensor = self.last(x.view(x.size(0), -1))
        return y

    def forward(self, x: Tensor) -> Tensor:
        return F.log_softmax(self.logits(x), dim=1)


def _with_statistics(net: nn.Module, seed: int = 1) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    for module in net.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            for tensor, low in ((module.running_mean, -0.2), (module.running_var, 0.5)):
                assert tensor is not None
                tensor.copy_(low + torch.rand(tensor.shape, generator=generator))
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.1, 0.3)
    return net.eval()


def test_functions_maxima_normalisation_and_a_softmax_at_the_end_have_rules() -> None:
    torch.manual_seed(0)
    net, x = _with_statistics(_Tutorial()), items(12, 1, 16, 16).float()
    made = convert(net, x)
    assert isinstance(net, _Tutorial)
    wanted = net.logits(x).detach()
    assert (made(x, 300)[-1] - wanted).abs().max() < 0.03 * wanted.abs().max()
    assert sum(isinstance(layer, RecordMaximum) for layer in made.layers.values()) == 2
    # Nothing but spikes, or counts of them behind the mean, enters the layers with weights; the first one is still.
    with OperationCounter(made) as counter, torch.no_grad():
        made(x, 20)
    found = counter.report(len(x))
    assert [c.kind for c in found.layers] == ["real", "spikes", "counts"]
    assert (found.hidden_floats, found.dead) == ((), ())
    assert found.layers[0].macs == 12 * 14 * 14 * 6 * 9  # once an item, not once a step


def test_residual_sums_convert() -> None:
    torch.manual_seed(0)
    net = _with_statistics(create_model("resnet8", height=16, width=16, filters=4))
    x = example_input(net, 8)[:, :, :16, :16]
    made = convert(net, x)
    wanted = net(x).detach()
    assert (made(x, 400)[-1] - wanted).abs().max() < 0.06 * wanted.abs().max()
    with OperationCounter(made) as counter, torch.no_grad():
        made(x, 20)
    assert counter.report(len(x)).hidden_floats == ()


@pytest.mark.parametrize("name", ["ds_cnn", "mobilenet_v1_025", "fc_autoencoder"])
def test_networks_of_the_house_convert(name: str) -> None:
    torch.manual_seed(0)
    net = _with_statistics(create_model(name))
    x = example_input(net, 2)
    made = convert(net, x)
    wanted = net(x).detach()
    assert (made(x, 300)[-1] - wanted).abs().mean() < 0.1 * wanted.abs().mean()
    with OperationCounter(made) as counter, torch.no_grad():
        made(x, 3)
    assert counter.so_far(2).hidden_floats == ()


def test_linear_bottlenecks_need_neurons_that_fire_both_ways() -> None:
    torch.manual_seed(0)
    net = _with_statistics(create_model("mcunet_in0", height=32, width=32, classes=10))
    x = example_input(net, 2)
    with pytest.raises(NoSpikingRule, match=r"(?s)takes currents.*signed=True"):
        convert(net, x)
    made = convert(net, x, signed=True)
    wanted = net(x).detach()
    said = made(x, 500).detach()
    early, late = ((said[step - 1] - wanted).abs().mean() / wanted.abs().mean() for step in (50, 500))
    assert early > 3 * late  # forty layers take their time
    assert late < 0.2
    with OperationCounter(made) as counter, torch.no_grad():
        made(x, 3)
    assert counter.so_far(2).hidden_floats == ()


def test_signed_neurons_follow_the_sum_of_their_currents_both_ways() -> None:
    x = items(400, 50, seed=3) * 4 - 2
    x[200:] -= 0.7
    spikes, (left,) = SignedNeurons(2.0)(x)
    assert set(spikes.unique().tolist()) == {-1, 0, 1}
    torch.testing.assert_close(2 * spikes.sum(0) + left, x.sum(0))
    assert float(left.abs().max()) < 2


def test_a_record_maximum_has_the_count_of_the_largest_after_each_step() -> None:
    spikes = (items(40, 3, 2, 6, 6) < items(3, 2, 6, 6, seed=1)).float()
    pool = RecordMaximum(nn.MaxPool2d(2))
    passed, _ = pool(spikes)
    assert set(passed.unique().tolist()) == {0, 1}
    wanted = F.max_pool2d(spikes.cumsum(0).flatten(0, 1), 2).unflatten(0, (40, 3))
    assert torch.equal(passed.cumsum(0), wanted)
    one, state = pool(spikes[:13])
    assert torch.equal(torch.cat([one, pool(spikes[13:], state)[0]]), passed)


def test_a_run_goes_on_where_it_stands() -> None:
    torch.manual_seed(0)
    net, x = _with_statistics(_Tutorial()), items(5, 1, 16, 16).float()
    made = convert(net, x)
    whole = made(x, 12)
    first, so_far = made.run(x, 5)
    then, so_far = made.run(x, 7, so_far)
    torch.testing.assert_close(torch.cat([first, then]), whole)
    assert so_far.steps == 12
    torch.testing.assert_close(made(x.flip(0), 12), whole.flip(1))


def test_a_percentile_fires_sooner_and_cuts_off_what_lies_above() -> None:
    net, x = mlp(), items(200, 20)
    largest = convert(net, x).neurons()
    made = convert(net, x, balance="percentile", percentile=90).neurons()
    above = net[1](net[0](x)).detach()
    above = above[above > 0].sort().values
    assert made["1"].threshold == pytest.approx(float(above[int(0.9 * (len(above) - 1))]), rel=0.01)
    assert all(made[name].threshold < largest[name].threshold for name in made)
    assert largest["1"].threshold == pytest.approx(float(above[-1]))
    assert convert(net, x, balance="percentile", percentile=100).neurons()["3"].threshold == largest["3"].threshold


def test_weights_bound_what_any_input_of_the_range_can_give() -> None:
    net, x = mlp(), items(50, 20)
    made = convert(net, x, balance="model").neurons()
    first = net[0]
    assert isinstance(first, nn.Linear)
    first.requires_grad_(False)
    low, high = float(x.min()), float(x.max())
    by_hand = first.weight.clamp(min=0).sum(1) * high + first.weight.clamp(max=0).sum(1) * low + first.bias
    assert made["1"].threshold == pytest.approx(float(by_hand.max()), rel=1e-9)
    assert made["3"].threshold > convert(net, x).neurons()["3"].threshold
    worst = torch.where(first.weight > 0, high * torch.ones_like(first.weight), low)
    assert float(first(worst).max()) == pytest.approx(made["1"].threshold, rel=1e-9)


def test_a_rate_code_is_drawn_anew_at_each_step_and_its_spikes_are_charged() -> None:
    net, x = mlp(), items(40, 20)
    made = convert(net, x, code="rate")
    said = made(x, 3000, torch.Generator().manual_seed(0))[-1].detach()
    assert (said - net(x).detach()).abs().mean() < 0.05 * net(x).abs().mean()
    with OperationCounter(made) as counter, torch.no_grad():
        made(x, 50, torch.Generator().manual_seed(0))
    found = counter.report(40)
    assert found.macs == 0
    assert found.layers[0].additions == pytest.approx(float(x.sum()) * 50 * 32, rel=0.02)
    with pytest.raises(ValueError, match=r"values must be in \[0, 1\], got 0\.\d+ to 2"):
        made(x * 2 / x.max(), 3)
    with pytest.raises(ValueError, match=r"items must be in \[0, 1\], got -1"):
        convert(net, -x / x.max(), code="rate")


def test_counts_read_out_spikes_and_nothing_else() -> None:
    net, x = mlp(), items(40, 20)
    made = convert(net, x, read_out="count")
    layer = made.layers["read_out"]
    assert isinstance(layer, Neurons)
    said = made(x, 16)
    counted = neurons(made, x, 16)["read_out"].cumsum(0)
    torch.testing.assert_close(said, counted / torch.arange(1, 17).reshape(-1, 1, 1) * layer.threshold)
    assert float(said.detach().min()) == 0


def test_a_trained_ceiling_is_the_threshold_and_few_steps_are_exact() -> None:
    net = replace_relus(nn.Sequential(nn.Linear(20, 32), nn.ReLU()).double(), levels=4, ceiling=0.7)
    x = items(100, 20)
    made = convert(net, x, read_out="count")
    (layer,) = made.neurons().values()
    assert layer.threshold == pytest.approx(0.7)
    torch.testing.assert_close(made(x, 4)[-1], net(x).detach(), rtol=0, atol=1e-6)
    with pytest.raises(ValueError, match=r"Linear has no module nn\.ReLU"):
        replace_relus(nn.Linear(2, 2))


def test_correcting_biases_takes_out_the_mean_error() -> None:
    torch.manual_seed(0)
    net, x = _with_statistics(_Tutorial()), items(32, 1, 16, 16).float()
    assert isinstance(net, _Tutorial)
    made = convert(net, x)
    fitted = correct_bias(made, net, x, steps=8)
    wanted, fresh = net.logits(x).detach(), items(32, 1, 16, 16, seed=5).float()
    before, after = ((network(x, 8)[-1] - wanted).abs().mean() for network in (made, fitted))
    assert after < 0.6 * before
    unseen = net.logits(fresh).detach()
    assert (fitted(fresh, 8)[-1] - unseen).abs().mean() < 0.7 * (made(fresh, 8)[-1] - unseen).abs().mean()
    with pytest.raises(ValueError, match="`steps` and `rounds` must be at least 1, got 0"):
        correct_bias(made, net, x, steps=0)


def test_the_anytime_curve_is_that_of_runs_of_each_length() -> None:
    net, x = mlp(), items(30, 20)
    y = net(x).argmax(1)
    made = convert(net, x)
    curve = anytime(made, x, y, 9, batch=11)
    assert [moment.step for moment in curve] == list(range(1, 10))
    for steps in (1, 4, 9):
        with OperationCounter(made) as counter, torch.no_grad():
            said = made(x, steps)[-1]
        found = counter.so_far(len(x))
        moment = curve[steps - 1]
        assert moment.accuracy == pytest.approx(float((said.argmax(1) == y).float().mean()))
        assert moment.additions == pytest.approx(found.additions / 30)
        assert moment.macs == 20 * 32
        assert moment.spikes == pytest.approx(sum(n.fired for n in found.neurons) / 30)
    assert curve[-1].accuracy > curve[0].accuracy


class _Shapes(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (nn.Sequential(nn.Linear(4, 4), nn.Sigmoid()), r"Sigmoid \(1\) has no rule.*\n.*curve: use ReLU"),
        (nn.Sequential(nn.Linear(4, 4), nn.Tanh()), r"Tanh \(1\).*\n.*no negative spikes"),
        (nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4)), r"LayerNorm \(1\).*\n.*batch normalisation"),
        (nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.BatchNorm1d(4)), "2 has no rule.*no layer stands right before"),
        (nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)), "1 takes currents: there is no ReLU"),
        (nn.Sequential(nn.Linear(4, 4), nn.ReLU()), 'ends in 1.*\n.*read_out="count"'),
        (nn.Sequential(nn.Linear(4, 4), nn.Softmax(1), nn.Linear(4, 4)), "at the end only"),
        (_Shapes(), "cannot be read as a list"),
        (nn.Sequential(nn.Unflatten(1, (1, 4)), nn.Conv1d(1, 2, 1), nn.MaxPool1d(2)), "maximum of currents"),
        (nn.Sequential(nn.Unflatten(1, (1, 4)), nn.AvgPool1d(2, padding=1, count_include_pad=False)), "at the border"),
        (nn.Sequential(nn.Unflatten(1, (1, 4)), nn.AdaptiveAvgPool1d(3)), "of several sizes"),
        (nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4, track_running_stats=False)), "statistics of a batch"),
    ],
)  # fmt: skip
def test_what_has_no_rule_is_refused_by_name(net: nn.Module, words: str) -> None:
    with pytest.raises(NoSpikingRule, match=f"(?s)LP320: .*{words}"):
        convert(net, torch.rand(8, 4))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"balance": "mean"}, "`balance` must be one of max, percentile, model, got 'mean'"),
        ({"percentile": 0.0}, r"`percentile` must be in \(0, 100\], got 0"),
        ({"start": 1.0}, r"`start` must be in \[0, 1\), got 1"),
        ({"code": "phase"}, "`code` is direct or rate"),
        ({"reset_to": "half"}, "`reset_to` must be one of"),
    ],
)
def test_arguments_out_of_range_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        convert(mlp(), items(4, 20), **options)  # type: ignore[arg-type]


def test_calibration_and_input_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"`calibration` must be floats \(N, ...\), got \(0, 20\)"):
        convert(mlp(), items(0, 20))
    with pytest.raises(ValueError, match="not finite"):
        convert(mlp(), items(4, 20) * torch.nan)
    made = convert(mlp(), items(4, 20))
    with pytest.raises(ValueError, match=r"`x` must be \(B, 20\), got \(4, 19\)"):
        made(items(4, 19), 3)
    with pytest.raises(ValueError, match="`steps` must be at least 1, got 0"):
        made(items(4, 20), 0)


def test_a_layer_that_never_fires_is_named(caplog: pytest.LogCaptureFixture) -> None:
    net = mlp()
    with torch.no_grad():
        net[0].bias.sub_(100)  # type: ignore[operator]
    convert(net, items(4, 20))
    assert "1 is never above 0 on the calibration data" in caplog.text


@cache
def _mnist(folder: Path) -> tuple[nn.Sequential, Tensor, Tensor, Tensor]:
    """784-256-10 without biases, trained for seconds: network, training items, test items, classes."""
    with np.load(folder / "mnist_t10k_8k.npz") as file:
        x, y, x_test, y_test = (torch.from_numpy(file[k]) for k in ("x_train", "y_train", "x_test", "y_test"))
    x, x_test = x.flatten(1).float() / 255, x_test.flatten(1).float() / 255
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(784, 256, bias=False), nn.ReLU(), nn.Linear(256, 10, bias=False))
    adam = torch.optim.Adam(net.parameters(), 1e-3)
    for _ in range(10):
        for rows in torch.randperm(len(x)).split(64):
            adam.zero_grad()
            F.cross_entropy(net(x[rows]), y[rows].long()).backward()  # type: ignore[no-untyped-call]
            adam.step()
    return net, x, x_test, y_test.long()


def _accuracy(scores: Tensor, y: Tensor) -> float:
    return float((scores.argmax(1) == y).float().mean())


@pytest.mark.shared
def test_on_real_digits_a_converted_network_keeps_its_accuracy(shared_data: Path) -> None:
    net, x, x_test, y = _mnist(shared_data)
    wanted = _accuracy(net(x_test), y)
    for read_out in ("membrane", "count"):
        found = _accuracy(convert(net, x, read_out=read_out)(x_test, 32)[-1], y)
        assert found >= 0.93
        assert abs(found - wanted) <= 0.005


@pytest.mark.shared
def test_on_real_digits_a_start_half_way_is_worth_points_in_few_steps(shared_data: Path) -> None:
    net, x, x_test, y = _mnist(shared_data)
    found = [_accuracy(convert(net, x, start=v, read_out="count")(x_test, 8)[-1], y) for v in (0.0, 0.5)]
    assert found[1] >= found[0] + 0.02
