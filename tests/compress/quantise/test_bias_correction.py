import numpy as np
import torch

from lilliput.compiler.interpret import run_float, run_integer
from lilliput.compress.quantise import QuantiseSettings, integer_graph_accuracy, quantise, quantised
from tests.compress.quantise.nets import Trained

COARSE = {"weight_bits": 3, "equalise": False}


def means(graph, x, integer=None):
    """Mean of each channel of each layer: float, or dequantised."""
    found = {}
    if integer is None:
        with torch.no_grad():
            run_float(graph, {"x": torch.from_numpy(x)}, hook=lambda n, y: (found.update({n: y.numpy().mean(0)}), y)[1])
    else:
        run_integer(
            integer,
            {"x": quantised(integer, "x", x)},
            watch=lambda n, y: found.update({n: integer.values[n].quant.dequantise(y).mean(0)}),
        )
    return found


def test_the_mean_of_every_channel_comes_back(digits: Trained):
    wanted = means(digits.graph, digits.x)
    worst = {}
    for on in (False, True):
        made = quantise(digits.graph, digits.x, QuantiseSettings(bias_correction=on, rows=0, **COARSE))
        given = means(digits.graph, digits.x, made.graph)
        worst[on] = {name: float(np.abs(given[name] - wanted[name]).max()) for name in ("fc0", "fc1", "fc2")}
    # Means of relu outputs move a little even where those before relu are equal.
    assert worst[True]["fc2"] < worst[False]["fc2"] / 20
    assert worst[True]["fc0"] < worst[False]["fc0"] / 3
    assert worst[True]["fc1"] < worst[False]["fc1"] / 3


def test_accuracy_with_coarse_weights_is_better_with_it(digits: Trained):
    accuracy = [
        integer_graph_accuracy(
            quantise(digits.graph, digits.x, QuantiseSettings(bias_correction=on, **COARSE)).graph,
            digits.x_test,
            digits.y_test,
        )
        for on in (False, True)
    ]
    assert accuracy[1] > accuracy[0] + 0.02


def test_only_biases_change(digits: Trained):
    made = quantise(digits.graph, digits.x, QuantiseSettings(**COARSE))
    for index in range(3):
        np.testing.assert_array_equal(made.float_graph.values[f"w{index}"].data, digits.graph.values[f"w{index}"].data)
        assert (made.float_graph.values[f"b{index}"].data != digits.graph.values[f"b{index}"].data).any()
