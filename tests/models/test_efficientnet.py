"""EfficientNet-B0 and TinyNet: the published counts to the unit, stages, and scaling by the published rules."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from lilliput.core.errors import BadSetting
from lilliput.models import create_model
from lilliput.models.cost import count_macs, count_params
from lilliput.models.efficientnet import EfficientNet, EfficientNetConfig
from lilliput.models.shapes import shapes_only

COUNTS = [
    ("efficientnet_b0", 5_288_548, 385_814_752, 224, (1, 2, 2, 3, 3, 4, 1), (16, 24, 40, 80, 112, 192, 320)),
    ("tinynet_a", 6_187_972, 336_867_712, 192, (1, 2, 2, 4, 4, 5, 1), (16, 24, 40, 80, 112, 192, 320)),
    ("tinynet_b", 3_730_562, 200_709_360, 188, (1, 2, 2, 3, 3, 4, 1), (16, 24, 32, 64, 88, 144, 240)),
    ("tinynet_c", 2_457_234, 99_536_432, 184, (1, 2, 2, 3, 3, 3, 1), (8, 16, 24, 40, 64, 104, 176)),
    ("tinynet_d", 2_338_446, 51_580_656, 152, (1, 1, 1, 2, 2, 3, 1), (8, 16, 24, 40, 64, 104, 176)),
    ("tinynet_e", 2_042_972, 24_356_848, 106, (1, 1, 1, 2, 2, 2, 1), (8, 16, 24, 40, 56, 96, 160)),
]
INVERSE = [  # EfficientNet's own formula turned round: steps down, ceil or round, MACs in millions, parameters, side
    (1, "round", 245.5, 3.79, 194), (2, "round", 131.8, 3.21, 169), (3, "round", 82.6, 2.43, 147),
    (4, "round", 38.1, 1.89, 128), (1, "ceil", 300.9, None, 194), (2, "ceil", 176.8, None, 169),
    (3, "ceil", 106.8, None, 147), (4, "ceil", 46.4, None, 128),
]  # fmt: skip


def _shadow(name: str, **changes: object) -> nn.Module:
    with shapes_only():
        return create_model(name, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "params", "macs", "side", "repeats", "channels"), COUNTS)
def test_counts_and_stages_are_the_published_ones(
    name: str, params: int, macs: int, side: int, repeats: tuple[int, ...], channels: tuple[int, ...]
) -> None:
    model = _shadow(name)
    assert (count_params(model).trainable, count_macs(model, (3, side, side))) == (params, macs)
    config = model.config
    assert isinstance(config, EfficientNetConfig)
    assert config.input_shape == (3, side, side)
    assert tuple(len(blocks) for blocks in config.block_lists) == repeats
    assert tuple(blocks[-1].channels_out for blocks in config.block_lists) == channels


def test_squeezing_follows_the_input_of_a_block() -> None:
    model = _shadow("tinynet_e")
    widths = [m.out_channels for name, m in model.named_modules() if name.endswith("gate.reduce")]
    assert widths == [8, 2, 4, 6, 10, 10, 14, 14, 24, 24]


@pytest.mark.parametrize(("steps", "rounding", "macs", "params", "side"), INVERSE)
def test_the_formula_of_efficientnet_turned_round(
    steps: int, rounding: str, macs: float, params: float | None, side: int
) -> None:
    base = EfficientNetConfig(scale_ends=True, depth_rounding=rounding)
    config = base.scaled(1.15**-steps, 1.2**-steps, 1.1**-steps)
    with shapes_only():
        model = EfficientNet(config)
    assert config.height == side
    assert round(count_macs(model, config.input_shape) / 1e6, 1) == macs
    if params is not None:
        assert round(count_params(model).trainable / 1e6, 2) == params


def test_a_side_below_the_stride_is_refused() -> None:
    with pytest.raises(ValueError, match="gives 22x22: below 32, the network's stride"):
        EfficientNetConfig().scaled(0.1, 1, 1)
    with pytest.raises(BadSetting, match="`height` must be in"):
        create_model("tinynet_e", height=31)


def test_unknown_words_are_refused() -> None:
    with pytest.raises(BadSetting, match="`act` 'gelu' is none of silu, hard_swish, relu6"):
        create_model("tinynet_e", act="gelu")
    with pytest.raises(BadSetting, match="`depth_rounding` 'up' is none of round, ceil"):
        create_model("tinynet_e", depth_rounding="up")


def test_gates_and_activations_can_be_left_to_simpler_ones() -> None:
    plain = _shadow("tinynet_e", squeeze=0.0, act="relu6")
    gates = sum(p.numel() for name, p in _shadow("tinynet_e").named_parameters() if ".gate." in name)
    assert count_params(plain).trainable == 2_042_972 - gates
    assert not [m for m in plain.modules() if isinstance(m, nn.SiLU | nn.Sigmoid)]


def test_drop_path_is_the_same_for_each_residual_block() -> None:
    model = create_model("tinynet_b", height=64, width=64, drop_path=0.1)
    rates = [m.rate for m in model.modules() if type(m).__name__ == "DropPath"]
    config = replace(model.config)
    assert rates == [0.1] * sum(b.is_residual for blocks in config.block_lists for b in blocks)


def test_training_with_drop_path_varies_and_evaluation_does_not() -> None:
    torch.manual_seed(0)
    model = create_model("tinynet_e", height=32, width=32, classes=4, drop_path=0.5)
    x = torch.randn(8, 3, 32, 32)
    assert not torch.equal(model.train()(x), model(x))
    model.eval()
    assert torch.equal(model(x), model(x))
