import numpy as np
import pytest

from lilliput.compress.quantise.weights import quantise_bias, quantise_layer, weight_scales
from lilliput.core.errors import UnsafeRange


def test_scales_and_integers_per_channel_by_hand():
    w = np.float32([[1.27, -0.635, 0.02], [-0.254, 0.1, 0.0]])
    made = quantise_layer(w, np.float32([0.5, -0.25]), 0.5, "fc", axis=0)
    np.testing.assert_allclose(made.weight_quant.scale, [0.01, 0.002], rtol=1e-6)
    assert made.weights.tolist() == [[127, -64, 2], [-127, 50, 0]]  # -63.5 goes away from zero
    assert made.bias.tolist() == [100, -250]  # 0.5 / (0.5 · 0.01), -0.25 / (0.5 · 0.002)
    assert made.bias.dtype == np.int32
    np.testing.assert_allclose(made.bias_quant.scale, [0.005, 0.001], rtol=1e-6)


def test_one_scale_for_the_layer_is_the_largest():
    w = np.float32([[1.27, 0.0], [0.02, -0.127]])
    made = quantise_layer(w, np.zeros(2, np.float32), 1.0, "fc", axis=0, per_channel=False)
    assert made.weight_quant.scale == (np.float32(0.01),)
    assert made.weight_quant.axis is None
    assert made.weights.tolist() == [[127, 0], [2, -13]]


def test_depthwise_weights_have_their_channels_last():
    w = np.float32([[[[1.0, 10.0]], [[-0.5, 2.0]]]])  # (1, 2, 1, 2)
    made = quantise_layer(w, np.zeros(2, np.float32), 1.0, "dw", axis=3)
    assert made.weight_quant.axis == 3
    np.testing.assert_allclose(made.weight_quant.scale, np.array([1.0, 10.0]) / 127, rtol=1e-6)
    assert made.weights[0, :, 0, :].tolist() == [[127, 127], [-64, 25]]


def test_minus_128_is_never_used():
    w = np.random.default_rng(0).normal(0, 1, (16, 64)).astype(np.float32)
    assert quantise_layer(w, np.zeros(16, np.float32), 1.0, "fc", axis=0).weights.min() == -127


def test_fewer_bits_use_fewer_integers():
    w = np.random.default_rng(0).normal(0, 1, (4, 64)).astype(np.float32)
    weights = quantise_layer(w, np.zeros(4, np.float32), 1.0, "fc", axis=0, bits=4).weights
    assert (weights.min(), weights.max()) == (-7, 7)


def test_a_dead_channel_borrows_a_scale_and_keeps_its_bias():
    w = np.float32([[0.0, 0.0], [1.27, 0.0]])
    made = quantise_layer(w, np.float32([3.0, 0.0]), 0.1, "fc", axis=0)
    assert made.weight_quant.scale[0] == np.float32(0.01)
    assert made.weights[0].tolist() == [0, 0]
    assert made.bias_quant.dequantise(made.bias)[0] == pytest.approx(3.0, rel=1e-5)


def test_a_layer_of_zeros_is_quantised():
    made = quantise_layer(np.zeros((2, 3), np.float32), np.zeros(2, np.float32), 0.1, "fc", axis=0)
    assert not made.weights.any()
    assert not made.bias.any()


def test_a_tiny_weight_beside_a_large_bias_leaves_the_bias_room():
    w, b = np.float32([[1e-20, 0.0]]), np.float32([0.5])
    made = quantise_layer(w, b, 0.01, "fc", axis=0)
    assert abs(int(made.bias[0])) <= 2**30 + 64
    assert made.bias_quant.dequantise(made.bias)[0] == pytest.approx(0.5, rel=1e-6)


def test_a_bias_that_needs_more_than_32_bits_is_refused_with_its_channel():
    with pytest.raises(UnsafeRange, match=r"LP312: bias 3 of channel 1 at 'head' is \d+ steps"):
        quantise_bias(np.float32([0.0, 3.0]), 1e-8, np.float32([1e-4, 1e-4]), "head")


def test_the_error_of_a_weight_is_at_most_half_a_step():
    w = np.random.default_rng(1).normal(0, 1, (8, 32)).astype(np.float32)
    scales = weight_scales(w, np.zeros(8, np.float32), 1.0, axis=0)
    made = quantise_layer(w, np.zeros(8, np.float32), 1.0, "fc", axis=0)
    assert (np.abs(made.weight_quant.dequantise(made.weights) - w) <= scales[:, None] * 0.501).all()
