import numpy as np
import pytest

from lilliput.compress.quantise import QuantiseSettings, integer_graph_accuracy, quantise
from lilliput.compress.quantise.equalise import equalise, pairs_of
from lilliput.compress.quantise.layers import data_of, with_constants
from tests.compress.quantise.nets import Trained, conv_net, dense, images, outputs, random_dense


def unbalanced(graph, seed=0):
    """The same function with channels of very different ranges."""
    rng = np.random.default_rng(seed)
    arrays = {name: data_of(graph, name).copy() for name in ("w0", "b0", "w1", "b1", "w2")}
    for w, b, after in (("w0", "b0", "w1"), ("w1", "b1", "w2")):
        factor = np.exp(rng.uniform(-4, 4, len(arrays[b]))).astype(np.float32)
        arrays[w] *= factor[:, None]
        arrays[b] *= factor
        arrays[after] /= factor
    return with_constants(graph, arrays)


@pytest.mark.parametrize("activation", ["relu", "none"])
def test_the_float_outputs_are_unchanged(activation):
    graph = random_dense([8, 16, 16, 4], activation=activation)
    x = np.random.default_rng(1).normal(0, 1, (32, 8)).astype(np.float32)
    made = equalise(unbalanced(graph))
    np.testing.assert_allclose(outputs(made, x), outputs(graph, x), rtol=1e-5, atol=1e-5)
    assert not np.allclose(data_of(made, "w0"), data_of(unbalanced(graph), "w0"))


def test_both_layers_have_the_same_range_in_each_channel_afterwards():
    made = equalise(unbalanced(random_dense([8, 16, 16, 4])))
    for w, b, after in (("w0", "b0", "w1"), ("w1", "b1", "w2")):
        rows = np.maximum(np.abs(data_of(made, w)).max(1), np.abs(data_of(made, b)))
        np.testing.assert_allclose(rows, np.abs(data_of(made, after)).max(0), rtol=5e-3)


def test_one_pair_by_hand():
    graph = dense([([[4.0]], [0.0]), ([[0.25]], [1.0])], ["relu", "none"])
    made = equalise(graph)
    assert data_of(made, "w0").item() == pytest.approx(1.0)
    assert data_of(made, "w1").item() == pytest.approx(1.0)


def test_relu6_is_left_alone_because_its_ceiling_does_not_scale():
    graph = unbalanced(random_dense([8, 16, 16, 4], activation="relu6"))
    assert pairs_of(graph) == ()
    np.testing.assert_array_equal(data_of(equalise(graph), "w1"), data_of(graph, "w1"))


def test_a_value_that_is_an_output_is_left_alone():
    graph = random_dense([4, 4, 4])
    graph = graph.replace(outputs=("fc0", "fc1"))
    assert pairs_of(graph) == ()


def test_dead_channels_are_left_alone():
    graph = dense([([[0.0], [1.0]], [0.0, 0.0]), ([[3.0, 4.0]], [0.0])], ["relu", "none"])
    made = equalise(graph)
    assert data_of(made, "w0")[0].item() == 0
    assert data_of(made, "w1")[0, 0] == 3
    assert data_of(made, "w1")[0, 1] == pytest.approx(2.0)


def test_it_rescues_a_network_with_bad_channel_ranges(digits: Trained):
    bad = unbalanced(digits.graph)
    accuracy = {
        on: integer_graph_accuracy(
            quantise(
                bad,
                digits.x,
                QuantiseSettings(per_channel=False, equalise=on, bias_correction=False),
            ).graph,
            digits.x_test,
            digits.y_test,
        )
        for on in (False, True)
    }
    assert accuracy[True] > 0.90
    assert accuracy[True] > accuracy[False] + 0.2


def test_convolutions_are_paired_through_pools_and_means_but_not_past_branches():
    graph = conv_net()
    assert [(pair.first.name, pair.second.name) for pair in pairs_of(graph)] == [("depth", "thin"), ("wide", "logits")]
    skewed = with_constants(
        graph, {"wide.w": data_of(graph, "wide.w") * np.geomspace(0.1, 10, 16).reshape(-1, 1, 1, 1)}
    )
    x = images(16)
    made = equalise(skewed)
    np.testing.assert_allclose(outputs(made, x), outputs(skewed, x), rtol=1e-5, atol=1e-5)
    spread = [np.ptp(np.log(np.abs(data_of(g, "wide.w")).max((1, 2, 3)))) for g in (skewed, made)]
    assert spread[1] < spread[0] / 1.5


def test_auto_equalises_only_where_it_makes_a_clear_difference(digits: Trained):
    good, bad = digits.graph, unbalanced(digits.graph)
    made = {name: quantise(graph, digits.x) for name, graph in (("good", good), ("bad", bad))}
    assert not made["good"].equalised
    assert made["bad"].equalised
    off = quantise(bad, digits.x, QuantiseSettings(equalise=False))
    assert made["bad"].layers[-1].sqnr_db > off.layers[-1].sqnr_db + 5
