"""Structure against the published networks: their own weights, layer by layer, and their counts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from torch import nn

from lilliput.models import create_model
from lilliput.models.cost import count_macs, count_params
from lilliput.models.shapes import shapes_only
from tests.models.published import numbers, weight_shapes

FILES = {
    "ds_cnn": "kws_ref_model_float32.tflite",
    "resnet8": "pretrainedResnet.tflite",
    "mobilenet_v1_025": "vww_96_float.tflite",
    "fc_autoencoder": "ad01_fp32.tflite",
}
MACS = {  # MLPerf Tiny, per inference
    "ds_cnn": 2_656_768,
    "resnet8": 12_501_632,
    "resnet8_large": 76_473_920,
    "mobilenet_v1_025": 7_489_664,
    "fc_autoencoder": 264_192,
    # The MCUNet family, from the published lists of blocks.
    "mcunet_in0": 6_364_224,
    "mcunet_in1": 12_790_096,
    "mcunet_in2": 67_287_200,
    "mcunet_in3": 81_785_520,
    "mcunet_in4": 125_874_400,
    "mcunet_vww1": 11_578_816,
    "mobilenet_v2": 300_774_272,
    "mobilenet_v2_w030_r80": 7_299_968,
    "mobilenet_v2_w035_r144": 23_499_152,
    "proxyless_w025_r112": 10_691_008,
}


def _shapes(model: nn.Module) -> Counter[tuple[int, ...]]:
    layers = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    return Counter(tuple(p.shape) for layer in layers for p in layer.parameters())


@pytest.mark.parametrize("name", MACS)
def test_macs_equal_the_published_count(name: str) -> None:
    model = create_model(name)
    assert count_macs(model, model.config.input_shape) == MACS[name]


@pytest.mark.shared
@pytest.mark.parametrize("name", FILES)
def test_each_weight_and_bias_has_the_published_shape(name: str, shared_data: Path) -> None:
    assert _shapes(create_model(name)) == weight_shapes(shared_data / "models" / FILES[name])


@pytest.mark.shared
@pytest.mark.parametrize("name", FILES)
def test_parameters_are_the_published_weights_and_the_normalisations(name: str, shared_data: Path) -> None:
    """The published files have their normalisations folded in: four numbers a channel come on top."""
    model = create_model(name)
    channels = sum(m.num_features for m in model.modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)))
    folded = numbers(weight_shapes(shared_data / "models" / FILES[name]))
    count = count_params(model)
    assert (count.trainable, count.total) == (folded + 2 * channels, folded + 4 * channels)


@pytest.mark.parametrize(
    ("name", "trainable", "total"),
    [
        ("ds_cnn", 23_756, 24_908),
        ("resnet8", 78_186, 78_666),
        ("mobilenet_v1_025", 216_322, 221_794),
        ("fc_autoencoder", 267_928, 269_992),
    ],
)
def test_parameter_counts_stay(name: str, trainable: int, total: int) -> None:
    count = count_params(create_model(name))
    assert (count.trainable, count.total) == (trainable, total)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("mcunet_in0", 749_840),
        ("mcunet_in1", 636_232),
        ("mcunet_in2", 729_392),
        ("mcunet_in3", 737_408),
        ("mcunet_in4", 1_732_640),
        ("mobilenet_v2", 3_504_872),
        ("mobilenet_v2_w030_r80", 634_408),
        ("mobilenet_v2_w035_r144", 750_280),
        ("proxyless_w025_r112", 569_600),
    ],
)
def test_parameters_equal_the_published_count(name: str, params: int) -> None:
    with shapes_only():
        assert count_params(create_model(name)).trainable == params
