import numpy as np
import pytest
import torch

from lilliput.compiler.frontends.torch_export import from_torch
from lilliput.compiler.graph import Quant
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.passes import simplify
from lilliput.compress.quantise import (
    FakeQuantised,
    QuantiseSettings,
    fine_tune,
    integer_graph_accuracy,
    quantise,
    quantise_to_accuracy,
    quantised,
)
from lilliput.compress.quantise.layers import data_of
from lilliput.compress.quantise.lower import lower
from lilliput.train.data import Tensors, TrainData
from lilliput.train.settings import TrainSettings
from tests.compiler.compact_transformer import CompactTransformer
from tests.compress.quantise.nets import Trained, conv_net, images, outputs

COARSE = QuantiseSettings(weight_bits=3, per_channel=False, bias_correction=False, qat_epochs=6, qat_lr=2e-3)


def changed(settings, **changes):
    return QuantiseSettings(**{**settings.__dict__, **changes})


@pytest.mark.parametrize("settings", [QuantiseSettings(), COARSE])
def test_the_forward_agrees_with_the_integer_graph(digits: Trained, settings):
    made = quantise(digits.graph, digits.x, settings)
    module = FakeQuantised(made.float_graph, made.quants, settings).eval()
    with torch.no_grad():
        real = module(torch.from_numpy(digits.x_test)).numpy()
    integer = run_integer(made.graph, {"x": quantised(made.graph, "x", digits.x_test)})["fc2"]
    steps = made.graph.values["fc2"].quant.quantise(real, "int8")
    assert np.abs(steps.astype(int) - integer).max() <= 2
    assert (real.argmax(1) == integer.argmax(1)).mean() >= 0.99


def test_the_forward_agrees_with_the_integer_graph_of_a_convolutional_network():
    made = quantise(conv_net(), images(64))
    module = FakeQuantised(made.float_graph, made.quants, QuantiseSettings()).eval()
    x = images(200, seed=7)
    with torch.no_grad():
        real = module(torch.from_numpy(x)).numpy()
    integer = run_integer(made.graph, {"x": quantised(made.graph, "x", x)})["share"]
    steps = made.graph.values["share"].quant.quantise(real, "int8")
    off = np.abs(steps.astype(int) - integer)
    assert off.max() <= 4  # of 256, after eight roundings in a row
    assert off.mean() < 0.5


def test_the_training_loop_feeds_images_channels_first():
    x, graph = images(96), conv_net()
    made = quantise(graph, x)
    target = torch.from_numpy(outputs(graph, x).argmax(1))
    source = Tensors(torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(), target)
    train = TrainSettings(batch_size=16, loss="cross_entropy")
    settings = QuantiseSettings(qat_epochs=1)
    tuned = fine_tune(made.float_graph, made.quants, TrainData(source, source), settings, train=train)
    assert tuned.training.best.value > 0.9  # no worse than the network that gave the labels
    assert (data_of(tuned.graph, "depth.w") != data_of(made.float_graph, "depth.w")).any()


@pytest.mark.parametrize("mode", ["fixed", "ema", "learned"])
def test_fine_tuning_wins_back_what_coarse_weights_lost(digits: Trained, mode):
    settings = changed(COARSE, qat_ranges=mode)
    before = quantise(digits.graph, digits.x, settings)
    tuned = fine_tune(before.float_graph, before.quants, digits.data, settings)
    after = lower(tuned.graph, tuned.quants, settings)
    accuracy = [integer_graph_accuracy(graph, digits.x_test, digits.y_test) for graph in (before.graph, after)]
    assert accuracy[1] > accuracy[0] + 0.01
    assert accuracy[1] > 0.9


def test_ranges_stay_follow_or_are_learned(digits: Trained):
    before = quantise(digits.graph, digits.x, COARSE)
    given = Quant.per_tensor(1 / 16, -128)
    quants = {**before.quants, "x": given}
    moved = {}
    for mode in ("fixed", "ema", "learned"):
        settings = changed(COARSE, qat_ranges=mode, qat_epochs=1)
        found = fine_tune(before.float_graph, quants, digits.data, settings, frozen=("x",)).quants
        assert found["x"] == given
        assert found["fc0"].zero_point == (-128,)
        moved[mode] = found["fc0"] != quants["fc0"]
    assert moved == {"fixed": False, "ema": True, "learned": True}


def test_every_weight_and_bias_gets_a_gradient(digits: Trained):
    made = quantise(digits.graph, digits.x, QuantiseSettings())
    module = FakeQuantised(made.float_graph, made.quants, QuantiseSettings())
    module(torch.from_numpy(digits.x[:64])).square().sum().backward()
    assert [name for name, p in module.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_what_is_written_back_is_what_was_trained(digits: Trained):
    made = quantise(digits.graph, digits.x, QuantiseSettings())
    module = FakeQuantised(made.float_graph, made.quants, QuantiseSettings())
    assert module.quants() == dict(made.quants)
    with torch.no_grad():
        module.weights[1].mul_(2)
    np.testing.assert_array_equal(data_of(module.to_graph(), "w1"), 2 * data_of(made.float_graph, "w1"))


def test_a_network_that_lost_nothing_is_not_trained(digits: Trained):
    made = quantise_to_accuracy(digits.graph, digits.x, digits.data)
    assert made.training is None
    assert made.measure == made.post_training
    assert made.measure.value > made.float_measure.value - 0.01


def test_a_network_that_lost_too_much_is_trained_and_told(digits: Trained):
    events = []
    made = quantise_to_accuracy(digits.graph, digits.x, digits.data, COARSE, emit=events.append)
    assert made.post_training.value < made.float_measure.value - 0.01
    assert made.measure.value > made.post_training.value
    assert integer_graph_accuracy(made.quantised.graph, digits.x_test, digits.y_test) == made.measure.value
    assert any("more than 1" in event.text for event in events if event.kind == "note")


@pytest.mark.parametrize("ranges", ["learned", "ema", "fixed"])
def test_a_transformer_is_fine_tuned(ranges):
    torch.manual_seed(0)
    graph = simplify(from_torch(CompactTransformer(8, 1, 8, classes=2).eval(), torch.zeros(1, 1, 8, 8)))
    x, y = torch.randn(32, 1, 8, 8), torch.arange(32) % 2
    x[y == 1] += 1.0
    last = np.ascontiguousarray(x.permute(0, 2, 3, 1).numpy())
    settings = QuantiseSettings(qat_epochs=4, qat_lr=5e-3, qat_ranges=ranges, equalise=False)
    made = quantise(graph, last, settings)
    data, train = TrainData(Tensors(x, y), Tensors(x, y)), TrainSettings(batch_size=16)
    tuned = fine_tune(made.float_graph, made.quants, data, settings, train=train)
    integer = lower(tuned.graph, tuned.quants, settings)
    assert integer_graph_accuracy(made.graph, last, y.numpy()) <= 0.6
    assert integer_graph_accuracy(integer, last, y.numpy()) >= 0.9
