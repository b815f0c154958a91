"""Meta-SpikeFormer: published counts, steps, state inside of the call, and what it refuses."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lilliput.core.errors import BadSetting
from lilliput.layers.spiking import Neuron
from lilliput.models import create_model, example_input
from lilliput.models.cost import count_params, macs_by_layer
from lilliput.models.meta_spikeformer import Heads, MetaSpikeFormer
from lilliput.models.package import load_model, save_model
from lilliput.spiking import OperationCounter

PUBLISHED = [  # the authors' code: parameters, with two heads, multiply-accumulates of a step without attention, of it
    ("15m", 15_112_208, None, 6.441, 0.032),
    ("31m", 31_333_864, 31_814_864, 13.951, 0.066),
    ("55m", 55_350_248, 55_991_248, 24.699, 0.117),
    ("8_768", 123_741_160, 124_702_160, None, None),
]


def network(name: str = "nano", seed: int = 0, **changes: Any) -> MetaSpikeFormer:
    """With statistics of one batch, in evaluation."""
    torch.manual_seed(seed)
    model = create_model(f"meta_spikeformer_{name}", **changes)
    assert isinstance(model, MetaSpikeFormer)
    with torch.no_grad():
        model(example_input(model, 8))
    return model.eval()


@pytest.mark.parametrize(("name", "params", "two", "dense", "attention"), PUBLISHED)
def test_counts_are_the_published_ones(
    name: str, params: int, two: int | None, dense: float | None, attention: float | None
) -> None:
    with torch.device("meta"):
        model = create_model(f"meta_spikeformer_{name}")
        taught = create_model(f"meta_spikeformer_{name}", distillation=True)
    assert count_params(model).trainable == params
    assert two is None or count_params(taught).trainable == two
    if dense is not None:
        by_layer = macs_by_layer(model, (3, 224, 224))
        met = sum(macs for layer, macs in by_layer.items() if layer.endswith(".meeting"))
        assert round((sum(by_layer.values()) - met) / 1e9, 3) == dense
        assert round(met / 1e9, 3) == attention


def test_the_smallest_published_network_to_the_last_operation() -> None:
    with torch.device("meta"):
        model = create_model("meta_spikeformer_15m")
    by_layer = macs_by_layer(model, (3, 224, 224))
    assert by_layer["downsamples.0.synapses.conv"] == 112 * 112 * 49 * 3 * 32
    met = sum(macs for layer, macs in by_layer.items() if layer.endswith(".meeting"))
    assert met == 2 * 196 * (6 * 256 * 32 + 2 * 360 * 45)
    repconvs = sum(macs for layer, macs in by_layer.items() if "first" in layer)
    assert repconvs == 4 * 196 * (6 * 256**2 + 2 * 360**2)
    assert sum(by_layer.values()) == 6_472_781_760
    assert sum(isinstance(m, Neuron) for m in model.modules()) == 77
    assert sum(isinstance(m, nn.Conv2d | nn.Linear) for m in model.modules()) == 138


def test_the_same_batch_twice_and_in_another_order_gives_the_same() -> None:
    model, x = network(steps=3), torch.randn(6, 1, 28, 28)
    first = model(x)
    assert torch.equal(model(x), first)
    order = torch.tensor([3, 1, 5, 0, 4, 2])
    torch.testing.assert_close(model(x[order]), first[order])
    torch.testing.assert_close(torch.cat([model(x[:2]), model(x[2:])]), first)


def test_steps_are_a_setting_and_weights_stay() -> None:
    one = network()
    x = torch.randn(4, 1, 28, 28)
    before = one(x)
    four = create_model("meta_spikeformer_nano", steps=4).eval()
    four.load_state_dict(one.state_dict())  # each key there, none left
    one.set_steps(4)
    assert (one.steps, one.config.steps) == (4, 4)
    assert torch.equal(one(x), four(x))
    assert not torch.allclose(one(x), before)
    one.set_steps(1)
    assert torch.equal(one(x), before), "running statistics have not moved"
    with pytest.raises(ValueError, match=r"`steps` must be in \[1, 4096\], got 0"):
        one.set_steps(0)


@pytest.mark.parametrize("shortcut", ["membrane", "sew", "vanilla"])
def test_a_picture_is_the_same_frame_at_each_step(shortcut: str) -> None:
    # In float64, where convolutions of other batch sizes do not round a current over its threshold.
    model, x = network(steps=3, shortcut=shortcut).double(), torch.randn(2, 1, 28, 28, dtype=torch.float64)
    torch.testing.assert_close(model(x.expand(3, -1, -1, -1, -1)), model(x))
    moving = torch.stack([x, x.flip(-1), 0 * x])
    assert not torch.allclose(model(moving), model(x))


def test_later_frames_do_not_reach_earlier_steps() -> None:
    model = network(steps=3)
    x = torch.randn(3, 2, 1, 28, 28)
    other = x.clone()
    other[2] = torch.randn(2, 1, 28, 28)
    found, changed = list(model.maps(x))[-1], list(model.maps(other))[-1]
    torch.testing.assert_close(found[:2], changed[:2])
    assert not torch.allclose(found[2], changed[2])


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_neurons_give_nothing_but_spikes(mode: str) -> None:
    model = network(steps=2)
    seen: set[float] = set()
    for module in model.modules():
        if isinstance(module, Neuron):
            module.register_forward_hook(lambda _, args, fired: seen.update(fired.spikes.unique().tolist()))
    getattr(model, mode)()(torch.randn(4, 1, 28, 28))
    assert seen == {0.0, 1.0}


def _kinds(model: MetaSpikeFormer) -> dict[str, str]:
    with torch.no_grad(), OperationCounter(model) as counter:
        model(torch.randn(4, 1, 28, 28, generator=torch.Generator().manual_seed(0)))
    return {c.name: c.kind for c in counter.report(4).layers if not c.is_first}


def test_shortcuts_decide_what_layers_are_fed_with(caplog: pytest.LogCaptureFixture) -> None:
    entered = "blocks.2.0.branch.widen.conv"  # behind the shortcuts of no block, and then of one
    later = "blocks.2.1.branch.widen.conv"
    kinds = {name: _kinds(network(shortcut=name, steps=2)) for name in ("membrane", "sew", "vanilla")}
    assert {name: (found[entered], found[later]) for name, found in kinds.items()} == {
        "membrane": ("spikes", "spikes"),
        "sew": ("spikes", "counts"),
        "vanilla": ("spikes", "spikes"),
    }
    assert kinds["sew"]["downsamples.4.synapses.conv"] == "counts"


def test_hidden_floats_of_the_unfolded_network_are_named(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        real = {name for name, kind in _kinds(network()).items() if kind == "real"}
    ends = {name.split(".branch.")[1] for name in real}
    assert ends == {
        "narrow.pointwise", "q.depthwise", "q.second", "k.depthwise", "k.second", "v.depthwise", "v.second",
        "project.depthwise", "project.second",
    }  # fmt: skip
    assert "blocks.0.0.branch.narrow.pointwise multiplies: what enters it is no spikes" in caplog.text


def test_a_network_without_statistics_is_silent_and_said_to_be(caplog: pytest.LogCaptureFixture) -> None:
    torch.manual_seed(0)
    model = create_model("meta_spikeformer_nano").eval()
    x = torch.randn(4, 1, 28, 28)
    with caplog.at_level(logging.WARNING), torch.no_grad(), OperationCounter(model) as counter:
        y = model(x)
    assert len(counter.report(4).dead) > 20
    assert "are dead" in caplog.text
    assert torch.equal(y, model.classifier.bias.expand(4, -1)), "nothing but the head's bias"
    alive = network()
    with torch.no_grad(), OperationCounter(alive) as counter:
        alive(x)
    assert counter.report(4).dead == ()


def test_the_second_head_is_averaged_in_evaluation_only() -> None:
    model, x = network(distillation=True), torch.randn(3, 1, 28, 28)
    both = model(x, heads=True)
    assert isinstance(both, Heads)
    assert not torch.allclose(both.classes, both.teacher)
    torch.testing.assert_close(model(x), (both.classes + both.teacher) / 2)
    # Normalisations stay as they are, so that only the head's own mode differs.
    model.training = True
    assert torch.equal(model(x), both.classes)


def test_a_teachers_head_can_be_added_to_a_trained_network() -> None:
    model, x = network(), torch.randn(3, 1, 28, 28)
    before = model(x)
    model.add_teacher_head()
    assert torch.equal(model(x, heads=True).classes, before)
    assert model.config.distillation
    model.reset_classifier(4)
    assert tuple(model(x, heads=True).teacher.shape) == (3, 4)
    with pytest.raises(ValueError, match="one classifier is needed to add another, got distillation=True"):
        model.add_teacher_head()
    with pytest.raises(ValueError, match="needs a network with distillation=True"):
        network()(x, heads=True)


@pytest.mark.parametrize("kind", ["sdsa1", "sdsa2", "sdsa3", "sdsa4"])
def test_every_parameter_of_every_attention_learns(kind: str) -> None:
    model = network(attention=kind, steps=2)
    model(example_input(model, 4)).square().sum().backward()
    assert [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_it_is_saved_with_its_steps(tmp_path: Any) -> None:
    model, x = network(steps=2), torch.randn(2, 1, 28, 28)
    model.set_steps(3)
    save_model(model, tmp_path / "net")
    again = load_model(tmp_path / "net")
    assert torch.equal(again(x), model(x))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"heads": 5}, "`heads` must divide the channels of each attention stage, got 5 and 32"),
        ({"height": 30}, "`height` must be a multiple of 4, the strides' product, got 30"),
        ({"steps": 0}, r"`steps` must be in \[1, 4096\], got 0"),
        ({"widths": "15 24 32 48"}, "`widths` must start with an even number, got 15"),
        ({"layers": "1 1 1 1"}, "`layers` must be 5 whole numbers above 0, got '1 1 1 1'"),
        ({"attention": "softmax"}, "`attention` 'softmax' is none of sdsa1"),
        ({"neuron": "tanh"}, "`neuron` 'tanh' is none of lif, relu"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadSetting, match=words):
        create_model("meta_spikeformer_nano", **changes)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (torch.zeros(2, 28, 28), r"`x` must be \(B, C, H, W\) or \(T, B, C, H, W\), got \(2, 28, 28\)"),
        (torch.zeros(3, 2, 1, 28, 28), r"`x` has 3 time steps, the network 2: set_steps\(3\)"),
        (torch.zeros(2, 3, 28, 28), "`x` has 3 channels, the network takes 1"),
        (torch.zeros(2, 1, 30, 28), "`x` is 30x28, both must be multiples of 4"),
        (torch.full((2, 1, 28, 28), torch.nan), "`x` holds numbers that are not finite"),
        (torch.zeros(2, 1, 28, 28, dtype=torch.uint8), r"`x` must be floats, got torch.uint8: scale pictures first"),
    ],
)
def test_inputs_that_it_cannot_take_are_refused(x: Tensor, words: str) -> None:
    model = network(steps=2)
    with pytest.raises(ValueError, match=words):
        model(x)
