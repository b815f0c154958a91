import numpy as np
import pytest

from lilliput.compiler.builder import GraphBuilder
from lilliput.compiler.graph import Quant, Value
from lilliput.compiler.interpret import run_integer
from lilliput.compress.quantise import (
    QuantiseSettings,
    float_graph_accuracy,
    integer_graph_accuracy,
    quantise,
    quantised,
)
from lilliput.compress.quantise.layers import data_of
from lilliput.core.errors import BadSetting, BadValue
from tests.compress.quantise.nets import Trained, conv_net, dense, images, outputs, random_dense
from tests.runtime.harness import assert_c_equals_reference


@pytest.mark.parametrize("calibration", ["minmax", "percentile", "mse"])
def test_int8_answers_as_float_does(digits: Trained, calibration):
    made = quantise(digits.graph, digits.x, QuantiseSettings(calibration=calibration))
    expected = float_graph_accuracy(digits.graph, digits.x_test, digits.y_test)
    assert expected > 0.9
    assert integer_graph_accuracy(made.graph, digits.x_test, digits.y_test) > expected - 0.01


def test_the_integer_graph_runs_in_c_bit_for_bit(digits: Trained, tmp_path):
    made = quantise(digits.graph, digits.x)
    rows = quantised(made.graph, "x", digits.x_test[:40])
    logits = assert_c_equals_reference(made.graph, tmp_path, given={"x": rows})
    assert (logits.argmax(1) == digits.y_test[:40]).mean() > 0.85


def test_the_report_goes_from_close_to_far_and_sees_coarse_weights(digits: Trained):
    fine = quantise(digits.graph, digits.x).layers
    coarse = quantise(digits.graph, digits.x, QuantiseSettings(weight_bits=3)).layers
    assert [layer.name for layer in fine] == ["fc0", "fc1", "fc2"]
    assert all(layer.sqnr_db > 35 and layer.cosine > 0.999 for layer in fine)
    assert all(a.sqnr_db > b.sqnr_db + 10 and a.cosine > b.cosine for a, b in zip(fine, coarse, strict=True))


def test_the_input_keeps_the_quantisation_of_the_preprocessing(digits: Trained):
    given = Quant.per_tensor(1 / 16, -128)
    made = quantise(digits.graph, digits.x, input_quant={"x": given})
    assert made.graph.values["x"].quant == given
    assert integer_graph_accuracy(made.graph, digits.x_test, digits.y_test) > 0.9


def test_twice_gives_the_same_integers(digits: Trained):
    first, second = (quantise(digits.graph, digits.x).graph for _ in range(2))
    for name in first.values:
        assert first.values[name].quant == second.values[name].quant
        np.testing.assert_array_equal(first.values[name].data, second.values[name].data)


def test_relu_outputs_start_at_minus_128(digits: Trained):
    made = quantise(digits.graph, digits.x)
    assert {made.graph.values[name].zero_point for name in ("fc0", "fc1")} == {-128}
    assert made.graph.values["fc2"].zero_point != -128


def test_the_float_graph_given_is_not_changed(digits: Trained):
    before = {name: data_of(digits.graph, name).copy() for name in ("w0", "b0")}
    quantise(digits.graph, digits.x)
    for name, data in before.items():
        np.testing.assert_array_equal(data_of(digits.graph, name), data)


def test_tied_weights_get_integers_of_their_own():
    build = GraphBuilder("tied")
    value = build.input(Value("x", (1, 4), "float32"))
    w = build.constant("w", np.random.default_rng(0).normal(0, 1, (4, 4)).astype(np.float32))
    for index in range(2):
        value = build.node("fully_connected", f"fc{index}", [value, w], activation="none")
    x = np.random.default_rng(1).normal(0, 1, (64, 4)).astype(np.float32)
    made = quantise(build.graph([value]), x)
    first, second = made.graph.nodes
    assert first.inputs[1] != second.inputs[1]
    assert made.layers[-1].sqnr_db > 35


def test_rows_are_spread_over_all_items():
    graph = random_dense([4, 2])
    x = np.zeros((1000, 4), np.float32)
    x[900:] = 5.0  # only late items are large
    found = quantise(graph, x, QuantiseSettings(calibration="minmax", rows=20))
    assert found.ranges["x"].high == 5.0


def test_progress_is_told(digits: Trained):
    events = []
    quantise(digits.graph, digits.x, emit=events.append)
    assert [event.kind for event in events] == ["started", "step", "step", "done"]
    assert events[2].step == events[0].total == 2
    assert events[3].value > 35


class TestConvolutions:
    def test_int8_is_close_to_float_in_every_layer(self):
        made = quantise(conv_net(), images(64))
        assert [layer.op for layer in made.layers].count("conv2d") == 3
        assert min(layer.sqnr_db for layer in made.layers) > 28

    def test_the_answers_are_those_of_float(self):
        x = images(200, seed=5)
        made = quantise(conv_net(), images(64))
        answers = run_integer(made.graph, {"x": quantised(made.graph, "x", x)})["share"].argmax(1)
        assert (answers == outputs(conv_net(), x).argmax(1)).mean() > 0.97

    def test_the_integer_graph_runs_in_c_bit_for_bit(self, tmp_path):
        made = quantise(conv_net(), images(64))
        shares = assert_c_equals_reference(made.graph, tmp_path, rows=16)
        assert len(np.unique(shares)) > 5


class TestBadCalibration:
    graph = dense([(np.eye(4), np.zeros(4))], ["none"])

    def test_no_items(self):
        with pytest.raises(BadSetting, match="there are 0 calibration items"):
            quantise(self.graph, np.zeros((0, 4), np.float32))

    def test_nan_names_the_first_item(self):
        x = np.zeros((10, 4), np.float32)
        x[3, 1] = np.nan
        x[7, 0] = np.inf
        with pytest.raises(BadValue, match=r"LP207: calibration item 3 of 'x' holds NaN or infinity \(2 of 10"):
            quantise(self.graph, x)

    def test_another_shape(self):
        with pytest.raises(BadSetting, match=r"'x' are float32\['N', 5\], the input is \['N', 4\]"):
            quantise(self.graph, np.zeros((2, 5), np.float32))

    def test_another_name(self):
        with pytest.raises(BadSetting, match=r"given for \['z'\], the inputs are \['x'\]"):
            quantise(self.graph, {"z": np.zeros((2, 4), np.float32)})

    def test_all_zeros_still_gives_a_legal_graph(self):
        made = quantise(self.graph, np.zeros((2, 4), np.float32))
        assert made.graph.values["x"].scale == np.float32(1 / 255)
