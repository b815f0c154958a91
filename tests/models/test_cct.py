"""ViT-Lite, CVT and CCT: published counts to the unit, what each step changes, other sizes, bad sizes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from lilliput.core.errors import BadSetting
from lilliput.models import create_model, example_input, list_models
from lilliput.models.cct import CCT, CompactTransformer
from lilliput.models.cost import count_macs, count_params, macs_by_layer
from lilliput.models.shapes import shapes_only

COUNTS = [  # trainable parameters, MACs of convolutions and linear layers, MACs with the products of attention
    ("vit_6_4_32", 3_190_538, 205_261_312, 218_240_512),
    ("vit_7_4_32", 3_716_874, 239_340_032, 254_482_432),
    ("cvt_6_4_32", 3_190_283, 202_131_968, 214_731_264),
    ("cvt_7_4_32", 3_716_619, 235_686_400, 250_382_848),
    ("cct_2_3x2_32", 283_723, 33_236_224, 35_341_568),
    ("cct_4_3x2_32", 482_123, 45_819_136, 50_021_632),
    ("cct_6_3x2_32", 3_326_923, 240_863_744, 253_463_040),
    ("cct_7_3x2_32", 3_853_259, 274_418_176, 289_114_624),
    ("cct_6_3x1_32", 3_233_803, 812_452_352, 1_013_844_480),
    ("cct_7_3x1_32", 3_760_139, 946_670_080, 1_181_616_640),
    ("cct_14_7x2_224", 22_367_273, 5_108_777_472, 5_521_901_568),
    ("cct_14_7x2_384", 22_513_193, 15_012_805_632, 18_580_282_368),
    ("cct_7_7x2_224", 4_573_735, 1_466_821_120, 1_604_554_240),
]
PARAMS = {"vit_2_4_32": 214_666, "cvt_2_4_32": 214_539, "vit_4_4_32": 413_066, "cvt_4_4_32": 412_939}
TOKENS = {"cct_7_3x1_32": 256, "cct_7_3x2_32": 64, "cct_14_7x2_224": 196, "cct_14_7x2_384": 576, "vit_7_4_32": 64}
SINES = [name for name in list_models("c[cv]t_*") + list_models("vit_*") if "_sine" in name]


def _shadow(name: str, **changes: object) -> CompactTransformer:
    with shapes_only():
        model = create_model(name, **changes)  # type: ignore[arg-type]
    assert isinstance(model, CompactTransformer)
    return model


def _model(name: str, **changes: object) -> CompactTransformer:
    torch.manual_seed(0)
    model = create_model(name, **changes).eval()  # type: ignore[arg-type]
    assert isinstance(model, CompactTransformer)
    return model


@pytest.mark.parametrize(("name", "params", "layers", "whole"), COUNTS)
def test_counts_are_the_published_ones(name: str, params: int, layers: int, whole: int) -> None:
    model = _shadow(name)
    shape = model.config.input_shape
    assert count_params(model).trainable == params
    assert sum(macs_by_layer(model, shape).values()) == layers, "convolutions and linear layers"
    assert count_macs(model, shape) == whole, "with the products of attention"


@pytest.mark.parametrize("name", PARAMS)
def test_parameters_of_the_small_ones(name: str) -> None:
    assert count_params(_shadow(name)).trainable == PARAMS[name]


@pytest.mark.parametrize("name", TOKENS)
def test_tokens_of_a_picture(name: str) -> None:
    height, width = _shadow(name).grid
    assert height * width == TOKENS[name]


@pytest.mark.parametrize("name", SINES)
def test_sines_are_fixed(name: str) -> None:
    fixed, learnt = _shadow(name), _shadow(name.replace("_sine", ""))
    table = learnt.encoder.positions
    assert table is not None
    assert count_params(learnt).trainable - count_params(fixed).trainable == table.numel()
    assert "encoder.positions" not in dict(fixed.named_parameters())
    assert "encoder.positions" not in fixed.state_dict(), "worked out, not stored"


def test_what_fixed_positions_save() -> None:
    for name, saved in (("cct_7_3x2_32", 16_384), ("cct_7_3x1_32", 65_536)):
        fixed, learnt = (count_params(_shadow(end)).trainable for end in (f"{name}_sine", name))
        assert learnt - fixed == saved


def test_sines_stay_as_they_are_in_a_step_of_training() -> None:
    model = _model("cct", pos="sine", convs=1, height=8, width=8)
    before = model.encoder.positions.clone()  # type: ignore[union-attr]
    optimiser = torch.optim.SGD(model.parameters(), lr=1.0)
    model(example_input(model, 2)).square().sum().backward()
    optimiser.step()
    assert torch.equal(model.encoder.positions, before)  # type: ignore[arg-type]
    assert before.any()


@pytest.mark.parametrize(
    ("name", "pos", "learnt"),
    [
        ("cct", "sine", True),
        ("cvt", "sine", True),
        ("cct", "none", True),
        ("vit_lite", "sine", False),
        ("vit_lite", "none", False),
    ],
)
def test_the_published_builder_can_be_repeated(name: str, pos: str, learnt: bool) -> None:
    model = _shadow(name, pos=pos, official=True)
    assert ("encoder.positions" in dict(model.named_parameters())) == learnt


def test_learnt_positions_start_with_the_published_spread() -> None:
    positions = _model("cct_7_3x2_32").encoder.positions
    assert positions is not None
    assert positions.std().item() == pytest.approx(0.2, rel=0.03)


def test_convolutions_of_the_tokeniser_have_no_bias_and_patches_have() -> None:
    assert [key for key in _shadow("cct").state_dict() if "tokeniser" in key and "bias" in key] == []
    assert "tokeniser.bias" in _shadow("cvt").state_dict()


def test_the_tokeniser_is_convolution_rectifier_and_pooling() -> None:
    model, x = _model("cct"), example_input("cct", 2)
    y = x
    for conv in (m for m in model.tokeniser.modules() if isinstance(m, nn.Conv2d)):
        y = nn.functional.conv2d(y, conv.weight, padding=1).clamp(min=0)
        y = nn.functional.max_pool2d(nn.functional.pad(y, (1, 1, 1, 1)), 3, 2)  # zeros: nothing is below them
    assert torch.equal(model.tokeniser(x), y)


def test_kernels_of_seven_step_by_two() -> None:
    conv = next(m for m in _shadow("cct_7_7x2_224").modules() if isinstance(m, nn.Conv2d))
    assert (conv.stride, conv.padding, conv.out_channels) == ((2, 2), (3, 3), 64)


def _encoded(model: CompactTransformer, tokens: Tensor) -> Tensor:
    return model.classifier(model.pool(model.encoder(tokens)))  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", ["vit_lite", "cvt"])
def test_without_positions_the_order_of_tokens_does_not_matter(name: str) -> None:
    model = _model(name, pos="none")
    tokens = torch.randn(2, 64, 128, generator=torch.Generator().manual_seed(0))
    mixed = tokens[:, torch.randperm(64, generator=torch.Generator().manual_seed(1))]
    assert (_encoded(model, tokens) - _encoded(model, mixed)).abs().max() < 1e-5
    placed = _model(name)
    assert (_encoded(placed, tokens) - _encoded(placed, mixed)).abs().max() > 1e-4


def test_patches_that_change_places_change_nothing_without_positions() -> None:
    model, x = _model("cvt", pos="none"), example_input("cvt", 1)
    assert (model(x) - model(torch.cat([x[..., 16:], x[..., :16]], -1))).abs().max() < 1e-5


def test_a_class_token_starts_at_zero_and_is_read() -> None:
    model = _model("vit_lite")
    assert not model.encoder.class_token.any()  # type: ignore[union-attr]
    x = example_input(model, 2)
    tokens = model.forward_features(x)
    assert tokens.shape == (2, 65, 128)
    assert torch.equal(model.pool(tokens), tokens[:, 0])


def test_attention_maps_add_up_to_one_and_follow_the_picture() -> None:
    model = _model("cct", height=32, width=48)
    model.encoder.sequence_pool.score.weight.data.mul_(50)  # type: ignore[union-attr]
    x = example_input(model, 2)
    maps = model.attention_map(x)
    assert maps.shape == (2, 8, 12)
    torch.testing.assert_close(maps.sum((1, 2)), torch.ones(2))
    tokens = model.forward_features(x)
    torch.testing.assert_close(model.pool(tokens), torch.einsum("bn,bnd->bd", maps.flatten(1), tokens))
    assert not torch.allclose(maps[0], maps[1])


def test_a_network_with_a_class_token_has_no_attention_map() -> None:
    with pytest.raises(ValueError, match="a network with a class token pools nothing"):
        _model("vit_lite").attention_map(example_input("vit_lite"))


@pytest.mark.parametrize("name", ["cvt", "vit_lite"])
def test_the_map_of_tokens_lies_as_the_picture(name: str) -> None:
    """One bright patch is the place of the map that differs most from a dark picture's."""
    model = _model(name, pos="none", height=32, width=48)
    dark, bright = torch.zeros(1, 3, 32, 48), torch.zeros(1, 3, 32, 48)
    bright[:, :, 8:12, 20:24] = 3.0
    dark_map, bright_map = (model.forward_intermediates(x)[0] for x in (dark, bright))
    assert dark_map.shape == (1, 128, 8, 12)
    place = (bright_map - dark_map).square().sum(1).flatten().argmax().item()
    assert divmod(int(place), 12) == (2, 5)


def test_a_free_form_of_any_size() -> None:
    changes = {"layers": 3, "dim": 96, "heads": 3, "mlp": 2.0, "height": 32, "width": 48}
    model = _model("cct", convs=2, pos="sine", drop_path=0.2, **changes)
    assert isinstance(model, CCT)
    assert (model.grid, len(model.encoder.blocks), model.num_features) == ((8, 12), 3, 96)
    assert [block.drop_path.rate for block in model.encoder.blocks] == [0.0, 0.1, 0.2]
    assert model(example_input(model, 2)).shape == (2, 10)
    assert _model("vit_lite", patch=8, **changes)(example_input(model, 2)).shape == (2, 10)


@pytest.mark.parametrize(
    ("name", "changes", "text"),
    [
        ("vit_lite", {"height": 30}, "`height` 30 is no multiple of the patch, 4: 28 or 32 would do"),
        ("cvt", {"width": 3}, "`width` 3 is no multiple of the patch, 4: 4 would do"),
        ("cct", {"kernel": 7, "padding": 0, "height": 5}, "a picture of 5x32 gives no token: 2 convolutions of 7x7"),
        ("cct", {"heads": 3}, "`heads` 3 do not divide `dim` 128: 126 or 129 would do"),
        ("cct", {"pos": "fourier"}, "`pos` 'fourier' is none of learnable, sine, none"),
        ("cct", {"drop_path": 1.0}, r"`drop_path` must be in \[0, 0.99\]"),
    ],
)
def test_sizes_that_cannot_be_are_refused(name: str, changes: dict[str, object], text: str) -> None:
    with pytest.raises(BadSetting, match=text):
        create_model(name, **changes)
