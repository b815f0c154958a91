"""Operations that were counted against each event followed one by one, and networks broken on purpose."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.spiking import IF, LIF, IntegerLIF, SpikingSequential
from lilliput.spiking.fan_out import convolution_of
from lilliput.spiking.operations import LayerCost, OperationCounter, Operations


def spikes(*shape: int, share: float = 0.3, seed: int = 0) -> Tensor:
    return (torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < share).float()


def counted(model: nn.Module, *inputs: Tensor, samples: int = 1) -> Operations:
    with torch.no_grad(), OperationCounter(model) as counter:
        for x in inputs:
            model(x)
    return counter.report(samples)


def layer(found: Operations, name: str) -> LayerCost:
    return next(c for c in found.layers if c.name == name)


def convolve_by_events(conv: nn.Conv2d, x: Tensor) -> tuple[Tensor, int]:
    """One image: each number that is not zero walks to every output it reaches. Output, and steps walked."""
    (step, _), (pad, _), (gap, _), groups = conv.stride, conv.padding, conv.dilation, conv.groups
    assert isinstance(pad, int)
    made = torch.zeros_like(conv(x[None])[0]) + (0 if conv.bias is None else conv.bias.detach()[:, None, None])
    height, width = made.shape[1:]
    walked, per_group, own = 0, conv.in_channels // groups, conv.out_channels // groups
    for channel, row, column in x.nonzero().tolist():
        group = channel // per_group
        for a, b in itertools.product(range(conv.kernel_size[0]), range(conv.kernel_size[1])):
            y, rest_y = divmod(row + pad - a * gap, step)
            z, rest_z = divmod(column + pad - b * gap, step)
            if rest_y or rest_z or not 0 <= y < height or not 0 <= z < width:
                continue
            for out in range(group * own, (group + 1) * own):
                made[out, y, z] += x[channel, row, column] * conv.weight.detach()[out, channel % per_group, a, b]
                walked += 1
    return made, walked


def linear_by_events(linear: nn.Linear, x: Tensor) -> tuple[Tensor, int]:
    made, walked = linear.bias.detach().clone(), 0
    for (source,) in x.nonzero().tolist():
        for target in range(linear.out_features):
            made[target] += x[source] * linear.weight.detach()[target, source]
            walked += 1
    return made, walked


def test_a_network_of_three_layers_is_counted_as_its_events() -> None:
    torch.manual_seed(0)
    first = nn.Conv2d(2, 4, 3, padding=1, stride=2)
    second = nn.Conv2d(4, 6, 3, padding=1, groups=2, bias=False)
    third = nn.Linear(6 * 16, 5)
    net = SpikingSequential(first, IF(threshold=0.2), second, IF(threshold=0.1), nn.Flatten(), third)
    x = spikes(5, 2, 2, 8, 8)
    found = counted(net, x, samples=2)
    walked, y = [0, 0, 0], []
    for sample in range(2):
        state: list[Tensor | None] = [None, None]
        for now in x[:, sample]:
            a, one = convolve_by_events(first, now)
            s, (state[0],) = net.layers[1](a[None], None if state[0] is None else (state[0],))
            b, two = convolve_by_events(second, s[0])
            s, (state[1],) = net.layers[3](b[None], None if state[1] is None else (state[1],))
            c, three = linear_by_events(third, s[0].flatten())
            y.append(c)
            walked = [have + more for have, more in zip(walked, (one, two, three), strict=True)]
    torch.testing.assert_close(torch.stack(y).unflatten(0, (2, 5)).transpose(0, 1), net(x)[0].detach())
    assert [c.additions for c in found.layers] == walked
    assert [c.kind for c in found.layers] == ["spikes"] * 3
    assert all(walked)
    # Every event of a linear layer reaches every output, so that the formula of publications is exact there; padding
    # is never reached by an event, so that it is too much for convolutions with borders.
    assert found.layers[2].by_rate == pytest.approx(walked[2], rel=1e-12)
    assert found.layers[1].by_rate > walked[1] * 1.02
    assert (found.updates, found.samples, found.macs) == (5 * 2 * (4 * 16 + 6 * 16), 2, 0)
    currents = first(x.flatten(0, 1)).unflatten(0, (5, 2)).detach()
    assert found.neurons[0].fired == float(net.layers[1](currents)[0].sum())


def test_rates_are_exact_where_every_event_reaches_as_much() -> None:
    conv = nn.Conv2d(3, 7, 1)
    found = counted(conv, spikes(4, 3, 9, 9)).layers[0]
    assert found.by_rate == pytest.approx(found.additions, rel=1e-12)
    assert found.additions == int(spikes(4, 3, 9, 9).sum()) * 7
    # A valid convolution is not among them: numbers at the border meet fewer outputs, those inside all nine taps.
    valid = counted(nn.Conv2d(1, 1, 3), torch.ones(1, 1, 5, 5)).layers[0]
    assert (valid.additions, valid.macs) == (81, 81)
    corner = torch.zeros(1, 1, 5, 5)
    corner[0, 0, 0, 0] = 1
    assert counted(nn.Conv2d(1, 1, 3), corner).layers[0].additions == 1


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2, "padding": 1},
        {"padding": 2, "dilation": 2},
        {"stride": 3, "padding": 1, "dilation": 2, "groups": 2},
        {"groups": 4},
    ],
)
@pytest.mark.parametrize("kind", [F.conv1d, F.conv2d, F.conv3d, F.conv_transpose1d, F.conv_transpose2d])
def test_products_are_what_a_convolution_of_ones_sums_to(kind: Callable[..., Tensor], options: dict[str, int]) -> None:
    axes, transposed = int(kind.__name__[-2]), "transpose" in kind.__name__
    groups = options.get("groups", 1)
    x = torch.randint(0, 4, (2, 4, *[7, 8, 6][:axes]))
    shape = (4, 8 // groups) if transposed else (8, 4 // groups)
    weight = torch.ones(*shape, *[3] * axes, dtype=torch.float64)
    made = kind(x.double(), weight, **options)
    given = [options.get("stride", 1)], [options.get("padding", 0)], [options.get("dilation", 1)]
    found = convolution_of(x, weight, made, *given, transposed, groups)
    assert found.products(x) == int(made.sum())
    assert 0 < found.products(x) <= 3 * found.macs(len(x))


def _kinds(found: Operations) -> dict[str, str]:
    return {c.name: c.kind for c in found.layers}


class _SepConv(nn.Module):
    """A pointwise convolution, and a depthwise one right behind it."""

    def __init__(self, pool: nn.Module) -> None:
        super().__init__()
        self.stem, self.fire = nn.Conv2d(1, 4, 3, padding=1), LIF(threshold=0.05)
        self.pool = pool
        self.wide = nn.Conv2d(4, 8, 1, bias=False)
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        s = self.fire(self.stem(x)[None])[0][0]
        return self.depthwise(self.wide(self.pool(s)))  # type: ignore[no-any-return]


def test_a_layer_that_is_fed_by_a_layer_multiplies(caplog: pytest.LogCaptureFixture) -> None:
    torch.manual_seed(0)
    x = torch.rand(2, 1, 8, 8)
    with caplog.at_level(logging.WARNING):
        found = counted(_SepConv(nn.MaxPool2d(2)), x)
    assert _kinds(found) == {"stem": "real", "wide": "spikes", "depthwise": "real"}
    assert found.hidden_floats == ("depthwise",)
    assert found.macs == layer(found, "stem").macs + layer(found, "depthwise").macs
    assert found.additions == layer(found, "wide").additions > 0
    assert [r.getMessage() for r in caplog.records] == ["depthwise multiplies: what enters it is no spikes"]


def test_means_of_spikes_are_no_spikes() -> None:
    torch.manual_seed(0)
    found = counted(_SepConv(nn.AvgPool2d(2)), torch.rand(2, 1, 8, 8))
    assert found.hidden_floats == ("wide", "depthwise")
    assert counted(_SepConv(nn.Upsample(scale_factor=2)), torch.rand(2, 1, 8, 8)).hidden_floats == ("depthwise",)


def test_neurons_that_never_fire_are_named(caplog: pytest.LogCaptureFixture) -> None:
    net = SpikingSequential(nn.Linear(6, 9), LIF(threshold=1e6), nn.Linear(9, 4), LIF(threshold=0.01))
    with torch.no_grad():
        net.layers[2].bias.fill_(1.0)
    with caplog.at_level(logging.WARNING):
        found = counted(net, torch.rand(4, 3, 6))
    assert found.dead == ("layers.1",)
    assert [r.getMessage() for r in caplog.records] == ["the neurons of layers.1 are dead: their rate is below 1e-05"]
    assert _kinds(found) == {"layers.0": "real", "layers.2": "silent"}
    assert layer(found, "layers.2").charged_additions == 0
    with torch.no_grad():
        net.layers[0].weight.fill_(1.0)
    net.layers[1].threshold = 0.5
    assert counted(net, torch.rand(4, 3, 6)).dead == ()


def test_counts_cost_what_their_spikes_cost() -> None:
    torch.manual_seed(0)
    neuron, conv = IntegerLIF(levels=3), nn.Conv2d(2, 5, 3, stride=2, padding=1)
    counts = neuron(3 * torch.randn(4, 1, 2, 7, 7))[0].flatten(0, 1)
    whole = counted(conv, counts).layers[0]
    unrolled = counted(conv, neuron.unroll(counts[:, None])[:, 0]).layers[0]
    assert (whole.kind, unrolled.kind) == ("counts", "spikes")
    assert whole.additions == unrolled.additions > int((counts != 0).sum())


def test_counts_are_charged_in_full_even_where_one_call_looks_like_spikes() -> None:
    linear, twos, mixed = nn.Linear(4, 3), torch.tensor([[0.0, 2, 2, 0]]), torch.tensor([[1.0, 2, 0, 0]])
    assert counted(linear, twos).layers[0].additions == 2 * 3
    assert counted(linear, twos, mixed).layers[0].additions == (4 + 3) * 3
    assert counted(linear, -mixed).layers[0].additions == 3 * 3


@pytest.mark.parametrize(
    ("inputs", "kind"),
    [
        ([spikes(3, 4)], "spikes"),
        ([spikes(3, 4) * 0.125], "spikes"),
        ([spikes(3, 4) * -0.5], "spikes"),
        ([spikes(3, 4) * 0.5, spikes(3, 4) * 0.25], "real"),
        ([spikes(9, 4) + spikes(9, 4, seed=1)], "counts"),
        ([spikes(9, 4) - spikes(9, 4, seed=1)], "counts"),
        ([torch.zeros(3, 4)], "silent"),
        ([torch.zeros(3, 4), spikes(3, 4)], "spikes"),
        ([torch.rand(3, 4)], "real"),
    ],
)
def test_what_enters_decides(inputs: list[Tensor], kind: str) -> None:
    assert counted(nn.Linear(4, 3), *inputs).layers[0].kind == kind


class _Attention(nn.Module):
    def __init__(self, *, keys_first: bool) -> None:
        super().__init__()
        self.keys_first = keys_first

    def forward(self, qkv: Tensor) -> Tensor:
        q, k, v = qkv
        return q @ (k.transpose(-1, -2) @ v) if self.keys_first else (q @ k.transpose(-1, -2)) @ v


def test_attention_of_spikes_adds_in_either_order() -> None:
    qkv = spikes(3, 2, 4, 20, 8)  # batch 2, heads 4, tokens 20, width 8
    first, second = _Attention(keys_first=True), _Attention(keys_first=False)
    assert torch.equal(first(qkv), second(qkv))
    by_keys, by_tokens = counted(first, qkv), counted(second, qkv)
    assert [c.macs for c in by_keys.layers] == [2 * 4 * 20 * 8 * 8] * 2
    assert [c.macs for c in by_tokens.layers] == [2 * 4 * 20 * 20 * 8] * 2
    assert [c.kind for c in by_keys.layers] == ["spikes"] * 2
    _, k, v = qkv
    pairs = sum(
        int((k[b, h, t] != 0).sum() * (v[b, h, t] != 0).sum()) for b in range(2) for h in range(4) for t in range(20)
    )
    assert by_keys.layers[0].additions == pairs
    real = counted(_Attention(keys_first=True), torch.rand(3, 2, 4, 20, 8))
    assert (real.additions, real.macs) == (0, 2 * 2 * 4 * 20 * 8 * 8)
    # Products of counts with counts are multiplications, though all numbers are whole.
    assert counted(_Attention(keys_first=True), spikes(3, 2, 4, 20, 8) + spikes(3, 2, 4, 20, 8, seed=1)).additions == 0


class _Custom(nn.Module):
    def __init__(self, run: Callable[[Tensor, nn.Module], Tensor]) -> None:
        super().__init__()
        self.run = run
        self.weight = nn.Parameter(torch.randn(4, 4, 3, 3))
        self.conv, self.norm, self.again = nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> Tensor:
        return self.run(x, self)


NORMS: list[tuple[Callable[[Tensor, Any], Tensor], list[bool]]] = [
    (lambda x, m: m.norm(m.conv(x)), [True]),
    (lambda x, m: m.again(m.norm(m.conv(x))), [True, True]),
    (lambda x, m: m.norm(x), [False]),
    (lambda x, m: m.norm(m.conv(x).relu()), [False]),
    (lambda x, m: m.norm(m.conv(x).relu_()), [False]),
    (lambda x, m: F.layer_norm(m.conv(x), [6, 6]), [False]),
]


@pytest.mark.parametrize(("run", "foldable"), NORMS)
def test_only_normalisations_that_can_be_folded_are_free(
    run: Callable[[Tensor, nn.Module], Tensor], foldable: list[bool]
) -> None:
    x = spikes(2, 4, 8, 8)
    model = _Custom(lambda x, m: m.conv(run(x, m)) if foldable == [False] else run(x, m)).eval()
    found = counted(model, x)
    assert [n.is_foldable for n in found.norms] == foldable
    elements = sum(n.elements for n in found.norms if not n.is_foldable)
    assert found.macs - sum(c.charged_macs for c in found.layers) == elements
    assert bool(elements) != all(foldable)


def test_functions_are_seen_like_modules_and_calls_in_one_module_apart() -> None:
    def run(x: Tensor, m: Any) -> Tensor:
        return F.conv2d(F.conv2d(x, m.weight), m.weight)

    found = counted(_Custom(run), spikes(2, 4, 8, 8))
    assert _kinds(found) == {"_Custom": "spikes", "_Custom (2)": "real"}
    assert found.hidden_floats == ("_Custom (2)",)


def test_every_way_to_write_a_product_is_seen() -> None:
    torch.manual_seed(0)
    linear, x = nn.Linear(6, 5), spikes(3, 2, 6)
    ways: list[Callable[[Tensor, Any], Tensor]] = [
        lambda x, m: linear(x),
        lambda x, m: F.linear(x, linear.weight),
        lambda x, m: x @ linear.weight.T,
        lambda x, m: torch.einsum("tbi,oi->tbo", x, linear.weight),
        lambda x, m: torch.stack([torch.stack([linear.weight @ row for row in rows]) for rows in x]),
        lambda x, m: torch.baddbmm(torch.zeros(3, 2, 5), x, linear.weight.T.expand(3, 6, 5)),
    ]
    for way in ways:
        model = _Custom(way)
        model.linear = linear
        found = counted(model, x)
        assert sum(c.additions for c in found.layers) == int(x.sum()) * 5
        assert sum(c.macs for c in found.layers) == 3 * 2 * 6 * 5
        assert found.macs == 0


def test_what_hides_its_products_is_refused() -> None:
    x = torch.rand(1, 2, 8, 16)
    model = _Custom(lambda x, m: F.scaled_dot_product_attention(x, x, x))
    with pytest.raises(ValueError, match=r"in _Custom hides what enters its products: write it as matrix products"):
        counted(model, x)


def test_counting_leaves_nothing_behind() -> None:
    net = SpikingSequential(nn.Linear(6, 9), LIF())
    x = torch.rand(4, 3, 6)
    before = net(x)[0]
    counted(net, x)
    assert torch.equal(net(x)[0], before)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())
    one, two = counted(net, x), counted(net, x, x)
    assert two.layers[0].macs == 2 * one.layers[0].macs
    assert two.updates == 2 * one.updates


def test_nothing_counted_is_no_result() -> None:
    with OperationCounter(nn.Linear(2, 2)) as counter:
        pass
    with pytest.raises(ValueError, match="nothing was counted: run the network inside"):
        counter.report(1)
    with pytest.raises(ValueError, match="`samples` must be at least 1, got 0"):
        counter.report(0)
